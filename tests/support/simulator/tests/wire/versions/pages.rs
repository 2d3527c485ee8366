//! Answers and samples as the pages of 3.32, 3.33 and 4.0 print them.

use pam_simulator::{Config, ProductVersion, Seed};
use serde_json::{Value, json};

use super::{new, old};
use crate::common::{HOST, IP, Pam, Reply, full};

fn second_key(reply: &Reply) -> &'static str {
    let response = reply.json()["response"].clone();
    let found = ["mensagem", "Message"].into_iter().filter(|key| response.get(*key) == Some(&response["message"]));
    let found: Vec<_> = found.collect();
    assert_eq!(found.len(), 1, "{}", reply.text);
    found[0]
}

#[tokio::test]
async fn capital_message_is_on_the_enable_page_of_3_33_and_later_alone() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        let posted = pam.post(&full("k8s-a", "svc", "one")).await;
        let (listed, got) = (pam.list().await, pam.item("GET", "101").await);
        let (released, disabled) = (pam.item("DELETE", "custody/101").await, pam.item("DELETE", "101").await);
        for reply in [posted, listed, got, released, disabled] {
            assert_eq!(second_key(&reply), "mensagem", "{version} {}", reply.text);
        }
        let capital = if version < ProductVersion::V3_33 { "mensagem" } else { "Message" };
        assert_eq!(second_key(&pam.item("PUT", "101").await), capital, "{version}");
    }
}

#[tokio::test]
async fn the_lists_envelope_has_eight_keys_from_3_33_on_and_five_before() {
    let text = "0 credentials found";
    let five = json!({ "response":
        { "status": 200, "mensagem": text, "erro": false, "message": text, "error": false }, "credentials": [] });
    let eight = json!({ "code": 200, "response":
        { "status": 200, "message": text, "error": false, "error_code": 0, "detail": "", "mensagem": text, "erro": false,
          "cod_erro": 0 }, "credentials": [] });
    for (versions, expected) in [(old(), five), (new(), eight)] {
        for version in versions {
            let pam = Pam::of(version).await;
            assert_eq!(pam.list().await.json(), expected, "{version}");
            pam.sim.change_behaviour(|knobs| knobs.short_list = true);
            assert_eq!(pam.list().await.json()["response"], json!({ "status": 200, "message": text }), "by a knob");
        }
    }
}

#[tokio::test]
async fn a_record_of_3_32_comes_in_an_envelope_of_five_keys() {
    for version in old() {
        let pam = Pam::of(version).await;
        pam.post(&full("k8s-a", "svc", "one")).await;
        let text = "Credential 101";
        let five = json!({ "status": 200, "mensagem": text, "erro": false, "message": text, "error": false });
        assert_eq!(pam.item("GET", "101").await.json()["response"], five, "{version}");
    }
}

#[tokio::test]
async fn errors_of_delete_put_and_custody_have_the_full_envelope_in_every_version() {
    let text = "1007: Credential not found";
    let full = json!({
        "code": 400,
        "response": { "status": 400, "message": text, "error": true, "error_code": 1, "detail": "",
                      "mensagem": text, "erro": true, "cod_erro": 1 },
        "exception": { "code": 1007, "message": text, "detail": null },
    });
    let bare = json!({
        "response": { "status": 400, "mensagem": text, "erro": true, "message": text, "error": true },
        "exception": { "code": 1007, "message": text, "detail": null },
    });
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        let mut renamed = full.clone();
        let response = renamed["response"].as_object_mut().unwrap();
        let told = response.remove("mensagem").unwrap();
        response.insert("Message".to_owned(), told);
        let of_put = if version < ProductVersion::V3_33 { &full } else { &renamed };
        let of_get = if version < ProductVersion::V3_33 { &bare } else { &full };
        for (method, key, expected) in [
            ("DELETE", "999", &full),
            ("DELETE", "nobody@db01", &full),
            ("DELETE", "custody/999", &full),
            ("PUT", "999", of_put),
            ("GET", "999", of_get),
        ] {
            assert_eq!(&pam.item(method, key).await.json(), expected, "{version} {method} {key}");
        }
    }
}

/// The sample of the page of 3.32, as it is printed there.
fn jit_sample() -> Value {
    json!({
        "username": "exemplo caderno 3.32", "hostname": "API-Testing", "ip": "128.0.0.1",
        "jit_settings": {
            "jit": false, "credential_creation_and_deletion": true, "enable_disable_credential": false,
            "use_own_credential_to_connect": false, "authentication_credential": "cred2",
            "authentication_hostname": "gmail", "authentication_ip": "https://www.gmail.com",
            "credential_creation_plugin": "Windows RM",
            "credential_creation_template": "Create credential Windows server",
            "credential_deletion_plugin": "Windows RM",
            "credential_deletion_template": "Delete credential Windows server",
            "credential_enable_plugin": "Windows RM",
            "credential_enable_template": "Enable credential Windows server",
            "credential_disable_plugin": "Windows RM",
            "credential_disable_template": "Disable credential Windows server",
        },
    })
}

#[tokio::test]
async fn the_jit_sample_of_3_32_is_taken_in_every_version() {
    for version in ProductVersion::ALL {
        let parent = Seed::new("cred2", "gmail", "https://www.gmail.com");
        let pam = Pam::with(Config::of(version).device("API-Testing", "128.0.0.1").seed(parent)).await;
        let reply = pam.post(&jit_sample()).await;
        assert!(reply.created(), "{version}");
        let kept = pam.sim.record(&reply.id()).unwrap().fields["jit_settings"].clone();
        assert_eq!(kept, jit_sample()["jit_settings"]);
        pam.sim.change_behaviour(|knobs| _ = knobs.plugins.remove("Windows RM"));
        assert_eq!(pam.post(&jit_sample()).await.code(), 1046, "a strict vault knows fewer");
    }
}

#[tokio::test]
async fn single_records_are_refused_in_the_words_of_the_pages() {
    let pam = Pam::with(Config::default().seed(Seed::new("svc", HOST, IP))).await;
    assert_eq!(pam.item("PUT", "101").await.message(), "1043: Credential is already activated!");
    pam.item("DELETE", "101").await;
    assert_eq!(pam.item("DELETE", "101").await.message(), "1008: Credential inactive");
}
