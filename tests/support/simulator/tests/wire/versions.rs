//! What differs between product versions: each of them over the wire (API 2.9, 3, 6.1).

use pam_simulator::{
    Answered, Config, Effect, Fault, Kind, Messages, NotesPlace, ProductVersion, Reach, Seed, SettingsForm,
};
use serde_json::{Value, json};

use crate::common::{HOST, IP, Pam, Reply, body, full, log_in, reply};

/// The versions under `/iso` and those under `/api`.
fn old() -> Vec<ProductVersion> {
    ProductVersion::ALL.into_iter().filter(|&version| version <= ProductVersion::V3_32).collect()
}

fn new() -> Vec<ProductVersion> {
    ProductVersion::ALL.into_iter().filter(|&version| version > ProductVersion::V3_32).collect()
}

fn no_route() -> Value {
    json!({ "message": "no Route matched with those values" })
}

async fn ask_token(pam: &Pam, path: &str) -> Reply {
    let (id, secret) = (pam.sim.client_id(), pam.sim.client_secret());
    let form = [("grant_type", "client_credentials"), ("client_id", id.as_str()), ("client_secret", secret.as_str())];
    reply(pam.http.post(pam.url(path)).form(&form)).await.unwrap()
}

#[tokio::test]
async fn up_to_3_32_everything_is_under_iso_and_nothing_under_api() {
    for version in old() {
        let pam = Pam::of(version).await;
        assert!(pam.post(&full("k8s-a", "svc", "one")).await.created());
        assert_eq!(ask_token(&pam, "/api/oauth2/token").await.json(), no_route());
        let other = pam.call("GET", "/api/pam/credential", None).await.unwrap();
        assert_eq!((other.status, other.json()), (404, no_route()), "{version}");
    }
}

#[tokio::test]
async fn from_3_33_on_iso_has_the_token_endpoint_and_with_a_knob_the_same_records() {
    for version in new() {
        let pam = Pam::of(version).await;
        let id = pam.post(&full("k8s-a", "svc", "one")).await.id();
        let token = ask_token(&pam, "/iso/oauth2/token").await.json()["access_token"].as_str().unwrap().to_owned();
        let listed = async |path: &str| pam.call_as(&token, "GET", path, None).await.unwrap();
        assert_eq!(listed("/api/pam/credential").await.status, 200, "a token of either prefix is good for both");
        assert_eq!(listed("/iso/pam/credential").await.json(), no_route());
        pam.sim.change_behaviour(|knobs| knobs.iso = Some(Reach::Everything));
        assert_eq!(listed("/iso/pam/credential").await.json()["credentials"][0]["id"], id.as_str());
        pam.sim.change_behaviour(|knobs| (knobs.iso, knobs.api) = (Some(Reach::Nothing), Some(Reach::Nothing)));
        assert_eq!(ask_token(&pam, "/iso/oauth2/token").await.status, 404);
        assert_eq!(pam.list().await.json(), no_route());
    }
}

#[tokio::test]
async fn the_token_endpoint_may_be_somewhere_else_altogether() {
    let pam = Pam::start().await;
    pam.sim.change_behaviour(|knobs| knobs.token_path = Some("/Segura/api/oauth2/token".to_owned()));
    assert_eq!(ask_token(&pam, "/Segura/api/oauth2/token").await.status, 200);
    for path in ["/api/oauth2/token", "/iso/oauth2/token"] {
        assert_eq!(ask_token(&pam, path).await.json(), no_route());
    }
    assert_eq!(pam.list().await.status, 200);
}

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
async fn a_blank_identifier_stays_null_up_to_3_32_and_becomes_a_uuid_later() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        let mut blank = body("svc");
        blank["identifier"] = "".into();
        let id = pam.post(&blank).await.id();
        let identifier = pam.sim.record(&id).unwrap().identifier;
        assert_eq!(identifier.is_some(), version >= ProductVersion::V3_33, "{version}");
        assert_eq!(pam.rows().await[0]["identifier"], json!(identifier));
    }
}

#[tokio::test]
async fn row_4_keeps_the_identifier_but_in_3_33_bug_4522_replaces_it() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        let id = pam.post(&full("k8s-a", "svc", "one")).await.id();
        let updated = pam.post(&body("svc")).await;
        assert!(!updated.created());
        let identifier = pam.sim.record(&id).unwrap().identifier.unwrap();
        assert_eq!(identifier != "k8s-a", version == ProductVersion::V3_33, "{version}");
        let told = &updated.json()["credential"];
        assert_eq!(told.get("tag").or(told.get("identifier")), Some(&json!(identifier)));
    }
}

#[tokio::test]
async fn identifiers_are_held_to_their_characters_from_4_0_on() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        let reply = pam.post(&full("a b/é", "svc", "one")).await;
        if version >= ProductVersion::V4_0 {
            assert_eq!(reply.code(), 1053, "{version}");
        } else {
            assert!(reply.created(), "{version}");
            assert_eq!(pam.rows().await[0]["identifier"], "a b/é");
        }
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
    assert_eq!(keys_of(&pam.item("DELETE", "101").await), ["message", "Message"]);
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

#[tokio::test]
async fn disabling_and_enabling_twice_is_1017_up_to_3_32_and_1008_and_1043_later() {
    for version in ProductVersion::ALL {
        let (inactive, active) = if version <= ProductVersion::V3_32 { (1017, 1017) } else { (1008, 1043) };
        let pam = Pam::of(version).await;
        let id = pam.post(&full("k8s-a", "svc", "one")).await.id();
        assert_eq!(pam.item("PUT", &id).await.code(), u64::from(active), "{version}");
        assert_eq!(pam.item("DELETE", &id).await.status, 200);
        assert_eq!(pam.item("DELETE", &id).await.code(), u64::from(inactive), "{version}");
        assert_eq!(pam.item("PUT", &id).await.status, 200);
        assert!(pam.sim.record(&id).unwrap().active);
        let about = pam.sim.journal();
        let told: Vec<_> = about.about(&id).iter().map(|entry| (entry.client_id.as_deref(), entry.code)).collect();
        let by = Some("operator");
        assert_eq!(told, [(by, None), (by, Some(active)), (by, None), (by, Some(inactive)), (by, None)]);
    }
}

#[tokio::test]
async fn every_error_of_a_single_record_in_every_version() {
    for version in ProductVersion::ALL {
        let hidden = Seed::new("hidden", HOST, IP).visible_to(&[]);
        let pam = Pam::with(Config::of(version).seed(hidden).seed(Seed::new("key", HOST, IP).ssh_key())).await;
        for method in ["DELETE", "PUT"] {
            for (key, code, record) in
                [("999", 1007, None), ("101", 1009, Some("101")), ("102", 1010, Some("102")), ("k8s-a", 1003, None)]
            {
                let mark = pam.sim.mark();
                let reply = pam.item(method, key).await;
                assert_eq!((reply.status, reply.code()), (400, code), "{version} {method} {key}");
                let entry = &pam.sim.since(mark).entries()[0].clone();
                assert_eq!((entry.record.as_deref(), entry.target.as_deref()), (record, Some(key)));
                assert_eq!((entry.client_id.as_deref(), entry.committed()), (Some("operator"), false));
            }
            pam.sim.change_authorization("operator", |client| client.read_only = true);
            assert_eq!(pam.item(method, "101").await.code(), 1039);
            pam.sim.change_authorization("operator", |client| client.read_only = false);
        }
        pam.sim.change_behaviour(|knobs| knobs.outside_is_unknown = true);
        assert_eq!(pam.item("DELETE", "101").await.code(), 1007);
    }
}

/// What becomes of a POST with this beside the usual fields: `None` if it is taken.
async fn refusal(pam: &Pam, key: &str, value: Value) -> Option<String> {
    let mut post = full("k8s-a", "svc", "one");
    post[key] = value;
    let reply = pam.post(&post).await;
    if reply.status == 201 {
        return None;
    }
    assert_eq!((reply.status, reply.code()), (400, 0));
    Some(reply.message())
}

#[tokio::test]
async fn up_to_3_32_additional_settings_are_an_object_with_the_notes_inside() {
    for version in old() {
        let pam = Pam::of(version).await;
        assert_eq!(refusal(&pam, "additional_settings", json!({ "notes": "n" })).await, None);
        let array = refusal(&pam, "additional_settings", json!([{ "server_path": "/x" }])).await.unwrap();
        assert!(array.contains("\"additional_settings\" must be an object"), "{version}: {array}");
        let notes = refusal(&pam, "notes", json!("n")).await.unwrap();
        assert!(notes.contains("unknown key \"notes\""), "{version}: {notes}");
    }
}

#[tokio::test]
async fn from_3_33_on_either_form_and_either_place_is_taken() {
    for version in new() {
        let pam = Pam::of(version).await;
        for settings in [json!({ "notes": "n" }), json!([{ "notes": "n" }])] {
            assert_eq!(refusal(&pam, "additional_settings", settings).await, None, "{version}");
        }
        assert_eq!(refusal(&pam, "notes", json!("n")).await, None, "{version}");
    }
}

#[tokio::test]
async fn knobs_hold_a_version_to_one_form_and_one_place() {
    let pam = Pam::start().await;
    pam.sim.change_behaviour(|knobs| {
        knobs.additional_settings = Some(SettingsForm::Array);
        knobs.notes = Some(NotesPlace::Outside);
    });
    let object = refusal(&pam, "additional_settings", json!({ "server_path": "/x" })).await.unwrap();
    assert!(object.contains("must be an array"), "{object}");
    let inside = refusal(&pam, "additional_settings", json!([{ "notes": "n" }])).await.unwrap();
    assert!(inside.contains("unknown key \"additional_settings.notes\""), "{inside}");
    assert_eq!(refusal(&pam, "notes", json!("n")).await, None);
    pam.sim.change_behaviour(|knobs| knobs.notes = Some(NotesPlace::Inside));
    assert!(refusal(&pam, "notes", json!("n")).await.is_some());
}

#[tokio::test]
async fn another_credential_to_connect_with_must_be_named_from_3_33_on() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        for block in ["execution_settings", "session_settings", "jit_settings"] {
            let mut settings = json!({ "use_own_credential_to_connect": false });
            let needed = refusal(&pam, block, settings.clone()).await.is_some();
            assert_eq!(needed, version >= ProductVersion::V3_33, "{version} {block}");
            for key in ["authentication_credential", "authentication_hostname", "authentication_ip"] {
                settings[key] = "x".into();
            }
            assert_eq!(refusal(&pam, block, settings).await, None);
            assert_eq!(refusal(&pam, block, json!({ "use_own_credential_to_connect": true })).await, None);
        }
        pam.sim.change_behaviour(|knobs| knobs.authentication_required = Some(false));
        assert_eq!(refusal(&pam, "jit_settings", json!({ "use_own_credential_to_connect": false })).await, None);
    }
}

#[tokio::test]
async fn the_table_holds_in_every_version() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        let first = pam.post(&full("k8s-a", "svc", "one")).await;
        assert!(first.created(), "row 3");
        let renamed = pam.post(&full("k8s-a", "renamed", "two")).await;
        assert!(!renamed.created(), "row 1");
        let replaced = pam.post(&full("k8s-b", "renamed", "three")).await;
        assert!(!replaced.created(), "row 2");
        assert_eq!((renamed.id(), replaced.id()), (first.id(), first.id()));
        assert_eq!(pam.sim.record(&first.id()).unwrap().identifier.as_deref(), Some("k8s-b"));
        assert!(pam.post(&body("other")).await.created(), "row 5");
        assert!(!pam.post(&body("other")).await.created(), "row 4");
        let token = log_in(&pam.sim, &pam.http).await;
        pam.sim.expire_tokens();
        let path = format!("{}/pam/credential", pam.prefix);
        assert_eq!(pam.call_as(&token, "GET", &path, None).await.unwrap().status, 401, "{version}");
    }
}
