//! Every error of the POST (API 2.8), their order (API 10.7), and the simulator's own.

use pam_simulator::{Config, Kind};
use serde_json::{Value, json};

use crate::common::{HOST, IP, Pam, full};

/// Posts a body changed so, and expects this code; nothing may change.
async fn refused(pam: &Pam, code: u64, change: impl FnOnce(&mut Value)) {
    let mut body = full("k8s-a", "svc", "one");
    change(&mut body);
    let mark = pam.sim.mark();
    let reply = pam.post(&body).await;
    assert_eq!((reply.status, reply.code()), (400, code), "{}", reply.text);
    let journal = pam.sim.since(mark);
    assert_eq!(u64::from(journal.posts()[0].code.unwrap()), code);
    assert!(!journal.posts()[0].committed());
    assert!(pam.sim.records().is_empty());
}

fn without(key: &'static str) -> impl FnOnce(&mut Value) {
    move |body| _ = body.as_object_mut().unwrap().remove(key)
}

fn with(key: &'static str, value: impl Into<Value>) -> impl FnOnce(&mut Value) {
    let value = value.into();
    move |body| body[key] = value
}

#[tokio::test]
async fn a_missing_username_is_1042() {
    refused(&Pam::start().await, 1042, without("username")).await;
}

#[tokio::test]
async fn a_missing_or_empty_hostname_is_1004() {
    let pam = Pam::start().await;
    refused(&pam, 1004, without("hostname")).await;
    refused(&pam, 1004, with("hostname", "")).await;
}

#[tokio::test]
async fn a_missing_or_empty_ip_is_1005() {
    let pam = Pam::start().await;
    refused(&pam, 1005, without("ip")).await;
    refused(&pam, 1005, with("ip", "")).await;
}

#[tokio::test]
async fn an_identifier_with_other_characters_is_1053() {
    let pam = Pam::start().await;
    for identifier in ["a b", "a/b", "é", "a\n"] {
        refused(&pam, 1053, with("identifier", identifier)).await;
    }
    refused(&pam, 1053, |body| {
        body["identifier"].take();
        body.as_object_mut().unwrap().remove("identifier");
        body["additional_settings"] = json!([{ "identifier": "a b" }]);
    })
    .await;
    assert!(pam.post(&full("A.b_c-9", "svc", "one")).await.created());
}

#[tokio::test]
async fn an_unknown_device_is_1011_and_a_new_one_heals_it() {
    let pam = Pam::start().await;
    refused(&pam, 1011, with("hostname", "db02")).await;
    refused(&pam, 1011, with("ip", "10.0.0.8")).await;
    pam.sim.add_device("db02", "10.0.0.8");
    let mut body = full("k8s-a", "svc", "one");
    (body["hostname"], body["ip"]) = (json!("DB02"), json!("10.0.0.8"));
    assert!(pam.post(&body).await.created());
    assert_eq!(pam.sim.records()[0].hostname, "db02", "the device's own spelling");
    assert_eq!(pam.sim.remove_device("db02"), 1);
    assert_eq!(pam.post(&body).await.code(), 1011);
}

#[tokio::test]
async fn an_unregistered_domain_or_a_blank_after_the_comma_is_1029() {
    let pam = Pam::start().await;
    refused(&pam, 1029, with("device_domain", "elsewhere.com")).await;
    refused(&pam, 1029, with("device_domain", "example.com, lab.example.com")).await;
    let mut body = full("k8s-a", "svc", "one");
    body["device_domain"] = "example.com,lab.example.com".into();
    body["domain"] = "anything".into();
    assert!(pam.post(&body).await.created());
}

#[tokio::test]
async fn jit_without_a_registered_plugin_is_1046_and_without_a_template_1047() {
    let pam = Pam::start().await;
    let jit = |change: fn(&mut Value)| {
        let mut jit = json!({
            "jit": true, "credential_creation_and_deletion": true,
            "credential_creation_plugin": "SSH", "credential_creation_template": "Linux - Create User",
            "credential_deletion_plugin": "SSH", "credential_deletion_template": "Linux - Remove User",
        });
        change(&mut jit);
        with("jit_settings", jit)
    };
    refused(&pam, 1046, jit(|jit| jit["credential_deletion_plugin"] = "Nonsense".into())).await;
    refused(&pam, 1046, jit(|jit| _ = jit.as_object_mut().unwrap().remove("credential_creation_plugin"))).await;
    refused(&pam, 1047, jit(|jit| jit["credential_creation_template"] = "Nonsense".into())).await;
    let mut body = full("k8s-a", "svc", "one");
    jit(|_| {})(&mut body);
    assert!(pam.post(&body).await.created());
}

#[tokio::test]
async fn a_read_only_authorization_is_1039_before_anything_else_but_may_list() {
    let pam = Pam::start().await;
    pam.sim.change_authorization("operator", |client| client.read_only = true);
    refused(&pam, 1039, without("username")).await;
    assert_eq!(pam.list().await.status, 200);
    pam.sim.change_authorization("operator", |client| client.read_only = false);
    assert!(pam.post(&full("k8s-a", "svc", "one")).await.created());
}

#[tokio::test]
async fn without_pam_core_every_call_is_500_not_authorized() {
    let pam = Pam::start().await;
    pam.sim.change_authorization("operator", |client| client.pam_core = false);
    for reply in [pam.post(&full("k8s-a", "svc", "one")).await, pam.list().await] {
        assert_eq!(reply.status, 500);
        assert_eq!(reply.message(), "You are not authorized to access this resource.");
    }
}

#[tokio::test]
async fn an_unknown_owner_is_500_unexpected_error() {
    let pam = Pam::start().await;
    let mut body = full("k8s-a", "svc", "one");
    body["additional_settings"] = json!([{ "user_credential_owner": "nobody" }]);
    let reply = pam.post(&body).await;
    assert_eq!((reply.status, reply.message().as_str()), (500, "Unexpected error."));
    body["additional_settings"] = json!({ "user_credential_owner": "admin" });
    assert!(pam.post(&body).await.created());
}

#[tokio::test]
async fn the_checks_come_in_the_order_of_the_notes() {
    let pam = Pam::start().await;
    let mut body = json!({ "identifier": "a b", "device_domain": "elsewhere.com" });
    for (code, key, value) in [
        (1042, "username", "svc"),
        (1004, "hostname", "nowhere"),
        (1005, "ip", "10.9.9.9"),
        (1053, "identifier", "fine"),
        (1011, "hostname", HOST),
    ] {
        assert_eq!(pam.post(&body).await.code(), code);
        body[key] = value.into();
    }
    body["ip"] = IP.into();
    assert_eq!(pam.post(&body).await.code(), 1029);
}

#[tokio::test]
async fn a_clients_slips_are_refused_by_name_and_without_values() {
    let pam = Pam::start().await;
    let slips: [(&str, Value, &str); 7] = [
        ("Content", json!("canary"), "unknown key \"Content\""),
        ("username", json!(null), "key \"username\" must be a string"),
        ("tags", json!(["canary"]), "key \"tags\" must be a string"),
        ("parent_password", json!("7"), "key \"parent_password\" must be an integer"),
        ("execution_settings", json!({ "automatic": true }), "unknown key \"execution_settings.automatic\""),
        ("additional_settings", json!([{}, {}]), "must be an object or an array of one object"),
        ("session_settings", json!({ "macros": [{ "app": "canary" }] }), "\"session_settings.macros[0].app\""),
    ];
    for (key, value, text) in slips {
        let mut body = full("k8s-a", "svc", "one");
        body[key] = value;
        let reply = pam.post(&body).await;
        assert_eq!((reply.status, reply.code()), (400, 0));
        assert!(reply.message().contains(text), "{}", reply.message());
        assert!(!reply.text.contains("canary"));
    }
}

#[tokio::test]
async fn another_media_type_no_json_and_a_query_with_a_post_are_slips_too() {
    let pam = Pam::start().await;
    let post = |body: &'static str, media: &'static str| {
        let request = pam.http.post(pam.url("/api/pam/credential")).bearer_auth(&pam.token);
        crate::common::reply(request.header("content-type", media).body(body))
    };
    let text = post("{}", "text/plain").await.unwrap();
    let disguised = post(r#"{"content":"canary"}"#, "application/x-www-form-urlencoded").await.unwrap();
    let broken_form = post(r#"{"content":"canary""#, "application/x-www-form-urlencoded").await.unwrap();
    let broken = post("{", "application/json").await.unwrap();
    let query = pam.call("POST", "/api/pam/credential?username=svc", Some(&full("k8s-a", "svc", "one"))).await.unwrap();
    for reply in [text, disguised, broken_form, broken, query] {
        assert_eq!((reply.status, reply.code()), (400, 0), "{}", reply.text);
        assert!(!reply.text.contains("canary"));
    }
    assert!(!format!("{:?}", pam.sim.journal()).contains("\"{"), "no body is taken for a key");
}

#[tokio::test]
async fn an_error_has_the_documented_envelope() {
    let pam = Pam::with(Config::default()).await;
    let reply = pam.post(&full("k8s-a", "svc", "one")).await;
    let text = "1011: Device not found";
    let expected = json!({
        "code": 400,
        "response": { "status": 400, "message": text, "error": true, "error_code": 1, "detail": "",
                      "mensagem": text, "erro": true, "cod_erro": 1 },
        "exception": { "code": 1011, "message": text, "detail": null },
    });
    assert_eq!(reply.json(), expected);
    assert_eq!(pam.sim.count(Kind::PostCredential), 1);
}
