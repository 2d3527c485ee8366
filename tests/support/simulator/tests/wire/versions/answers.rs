//! What the answers of a version look like.

use pam_simulator::{Answered, Config, Effect, Fault, Kind, Messages, ProductVersion, Seed};
use serde_json::json;

use super::{new, old};
use crate::common::{HOST, IP, Pam, Reply, body, full};

#[tokio::test]
async fn up_to_3_32_answers_say_tag_which_is_null_for_a_new_record() {
    for version in old() {
        let pam = Pam::of(version).await;
        let text = "Credential successfully registered!";
        let expected = json!({
            "code": 201,
            "response": { "status": 201, "message": text, "error": false, "error_code": 0, "detail": "",
                          "mensagem": text, "erro": false, "cod_erro": 0 },
            "credential": { "id": "101", "tag": null },
        });
        assert_eq!(pam.post(&full("k8s-a", "svc", "one")).await.json(), expected, "{version}");
        let updated = pam.post(&full("k8s-a", "svc", "two")).await.json();
        assert_eq!(updated["credential"], json!({ "id": "101", "tag": "k8s-a" }));
        assert_eq!(pam.rows().await[0]["identifier"], "k8s-a", "the list says identifier");
        assert_eq!(pam.item("GET", "101").await.json()["credential"]["tag"], "k8s-a");
    }
}

#[tokio::test]
async fn from_3_33_on_answers_say_identifier_and_tenant() {
    for version in new() {
        let pam = Pam::of(version).await;
        let answer = pam.post(&full("k8s-a", "svc", "one")).await.json();
        assert_eq!(answer["credential"], json!({ "id": "101", "identifier": "k8s-a" }), "{version}");
        assert_eq!(answer["tenant"], "acme");
    }
}

#[tokio::test]
async fn a_knob_says_what_an_answer_tells_of_the_identifier() {
    for (version, key) in [(ProductVersion::V3_32, "tag"), (ProductVersion::V4_2, "identifier")] {
        let pam = Pam::of(version).await;
        let told = async |answered| {
            pam.sim.change_behaviour(|knobs| knobs.answered_identifier = Some(answered));
            pam.post(&full("k8s-a", "svc", "one")).await.json()["credential"].clone()
        };
        assert_eq!(told(Answered::Stored).await[key], "k8s-a");
        assert_eq!(told(Answered::Null).await, json!({ "id": "101", key: null }));
        assert_eq!(told(Answered::Missing).await, json!({ "id": "101" }));
        pam.sim.change_behaviour(|knobs| knobs.answered_identifier = None);
        pam.sim.inject(Fault::on(Kind::PostCredential, Effect::OtherIdentifier("other".to_owned())));
        assert_eq!(pam.post(&full("k8s-a", "svc", "one")).await.json()["credential"][key], "other");
    }
}

#[tokio::test]
async fn errors_up_to_3_32_have_neither_code_nor_error_code_nor_detail() {
    let text = "1004: The device's hostname was not informed";
    let exception = json!({ "code": 1004, "message": text, "detail": null });
    let bare = json!({ "status": 400, "mensagem": text, "erro": true, "message": text, "error": true });
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        let mut post = body("svc");
        post["hostname"] = "".into();
        let mut answer = pam.post(&post).await.json();
        assert_eq!(answer["exception"], exception);
        let is_bare = version <= ProductVersion::V3_32;
        assert_eq!(answer.get("code").is_none(), is_bare, "{version}");
        assert_eq!(answer["response"] == bare, is_bare, "{version}");
        pam.sim.inject(Fault::on(Kind::PostCredential, Effect::Code(1011)));
        answer = pam.post(&post).await.json();
        assert_eq!(answer.get("code").is_none(), is_bare, "errors on request look the same");
    }
}

#[tokio::test]
async fn booleans_of_the_list_are_digits_up_to_3_32() {
    for version in ProductVersion::ALL {
        let seeds = [Seed::new("one", HOST, IP).automatic_change(), Seed::new("two", HOST, IP)];
        let config = seeds.into_iter().fold(Config::of(version), Config::seed);
        let pam = Pam::with(config).await;
        let said = async || pam.rows().await.iter().map(|row| row["automatic_change"].clone()).collect::<Vec<_>>();
        let digits = [json!("1"), json!("0")];
        let expected = if version <= ProductVersion::V3_32 { digits.clone() } else { [json!(true), json!(false)] };
        assert_eq!(said().await, expected, "{version}");
        pam.sim.change_behaviour(|knobs| knobs.envelope.digit_booleans = true);
        assert_eq!(said().await, digits);
    }
}

#[tokio::test]
async fn ids_are_numbers_with_a_knob_everywhere() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        pam.sim.change_behaviour(|knobs| knobs.envelope.numeric_ids = true);
        assert_eq!(pam.post(&full("k8s-a", "svc", "one")).await.json()["credential"]["id"], 101);
        assert_eq!(pam.rows().await[0]["id"], 101);
        assert_eq!(pam.item("GET", "101").await.json()["credential"]["id"], 101);
    }
}

#[tokio::test]
async fn messages_are_written_as_a_knob_says_for_each_kind_of_call() {
    let pam = Pam::start().await;
    let keys_of = |reply: &Reply| {
        let response = reply.json()["response"].clone();
        ["message", "mensagem", "Message"].into_iter().filter(|key| response.get(*key).is_some()).collect::<Vec<_>>()
    };
    pam.post(&full("k8s-a", "svc", "one")).await;
    assert_eq!(keys_of(&pam.item("DELETE", "101").await), ["message", "mensagem"]);
    for (messages, keys) in [
        (Messages::Both, ["message", "mensagem"].as_slice()),
        (Messages::Capital, &["message", "Message"]),
        (Messages::MensagemOnly, &["mensagem"]),
        (Messages::CapitalOnly, &["Message"]),
    ] {
        pam.sim.change_behaviour(|knobs| {
            knobs.messages.insert(Kind::PostCredential, messages);
            knobs.messages.insert(Kind::DeleteCredential, messages);
        });
        assert_eq!(keys_of(&pam.post(&full("k8s-a", "svc", "one")).await), keys);
        assert_eq!(keys_of(&pam.post(&json!({})).await), keys, "errors too");
        assert_eq!(keys_of(&pam.item("DELETE", "101").await), keys);
        assert_eq!(keys_of(&pam.item("PUT", "999").await), ["message", "Message"], "each kind by itself");
    }
}
