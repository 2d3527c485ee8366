//! The table of API 2.6, row by row, and what an answer looks like.

use pam_simulator::{Config, Seed};
use serde_json::{Value, json};

use crate::common::{HOST, IP, Pam, body, full};

#[tokio::test]
async fn row_1_a_known_identifier_updates_its_record_and_beats_the_username() {
    let pam = Pam::start().await;
    let made = pam.post(&full("k8s-a", "svc", "one")).await;
    assert!(made.created());

    let renamed = pam.post(&full("k8s-a", "renamed", "two")).await;
    assert!(!renamed.created());
    assert_eq!((renamed.id(), renamed.identifier()), (made.id(), json!("k8s-a")));
    let record = pam.sim.record(&made.id()).unwrap();
    assert_eq!((record.username.as_str(), record.value_writes), ("renamed", 2));
    assert_eq!(pam.sim.value_of(&made.id()).as_deref(), Some("two"));
    assert_eq!(pam.sim.records().len(), 1);
}

#[tokio::test]
async fn row_1_moves_the_record_to_another_device() {
    let pam = Pam::with(Config::default().device(HOST, IP).device("db02", "10.0.0.8")).await;
    let made = pam.post(&full("k8s-a", "svc", "one")).await;
    let mut moved = full("k8s-a", "svc", "one");
    (moved["hostname"], moved["ip"]) = (json!("db02"), json!("10.0.0.8"));
    assert!(!pam.post(&moved).await.created());
    let record = pam.sim.record(&made.id()).unwrap();
    assert_eq!((record.hostname.as_str(), record.ip.as_str()), ("db02", "10.0.0.8"));
    assert!(pam.post(&full("k8s-b", "svc", "x")).await.created(), "the old account is free again");
}

#[tokio::test]
async fn row_2_a_new_identifier_on_a_known_account_replaces_the_former_one() {
    let pam = Pam::start().await;
    let made = pam.post(&full("old", "svc", "one")).await;
    let taken_over = pam.post(&full("new", "SVC", "two")).await;
    assert!(!taken_over.created());
    assert_eq!((taken_over.id(), taken_over.identifier()), (made.id(), json!("new")));
    assert!(pam.sim.find("old").is_none());
    assert_eq!(pam.sim.find("new").unwrap().id, made.id());
}

#[tokio::test]
async fn row_3_a_new_identifier_on_a_new_account_creates() {
    let pam = Pam::start().await;
    let made = pam.post(&full("k8s-a", "svc", "one")).await;
    assert!(made.created());
    assert_eq!(made.identifier(), "k8s-a");
    assert_ne!(pam.post(&full("k8s-b", "other", "one")).await.id(), made.id());
}

#[tokio::test]
async fn row_4_without_identifier_a_known_account_is_updated_and_keeps_its_own() {
    let pam = Pam::start().await;
    let made = pam.post(&full("k8s-a", "svc", "one")).await;
    for blank in [None, Some("")] {
        let mut again = body("svc");
        if let Some(blank) = blank {
            again["identifier"] = blank.into();
        }
        let updated = pam.post(&again).await;
        assert!(!updated.created());
        assert_eq!((updated.id(), updated.identifier()), (made.id(), json!("k8s-a")));
    }
    assert_eq!(pam.sim.value_of(&made.id()).as_deref(), Some("one"), "a value that is not sent stays");
}

#[tokio::test]
async fn row_4_on_a_record_that_never_had_an_identifier_answers_null() {
    let pam = Pam::with(Config::default().seed(Seed::new("svc", HOST, IP).value("one"))).await;
    let updated = pam.post(&body("svc")).await;
    assert!(!updated.created());
    assert_eq!(updated.identifier(), Value::Null);
}

#[tokio::test]
async fn row_5_without_identifier_a_new_account_gets_a_uuid() {
    let pam = Pam::start().await;
    let first = pam.post(&body("svc")).await;
    assert!(first.created());
    let identifier = first.identifier().as_str().unwrap().to_owned();
    let lengths: Vec<usize> = identifier.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12]);
    assert_eq!(&identifier[14..15], "7", "version 7: {identifier}");
    assert_ne!(pam.post(&body("other")).await.identifier(), identifier.as_str());
}

#[tokio::test]
async fn an_empty_username_becomes_usr_on_creation_and_on_update() {
    let pam = Pam::start().await;
    let made = pam.post(&full("k8s-a", "", "one")).await;
    assert!(made.created());
    assert_eq!(pam.sim.record(&made.id()).unwrap().username, "usr");
    pam.post(&full("k8s-a", "svc", "one")).await;
    pam.post(&full("k8s-a", "", "one")).await;
    assert_eq!(pam.sim.record(&made.id()).unwrap().username, "usr");
}

#[tokio::test]
async fn fields_that_are_not_sent_stay_as_they_are() {
    let pam = Pam::start().await;
    let mut first = full("k8s-a", "svc", "one");
    first["tags"] = "prod,db".into();
    first["additional"] = "made by hand".into();
    first["execution_settings"] = json!({ "automatic_change": true, "change_plugin": "SSH" });
    let made = pam.post(&first).await;
    let mut second = body("svc");
    second["identifier"] = "k8s-a".into();
    second["tags"] = "prod".into();
    second["execution_settings"] = json!({ "change_plugin": "LDAP" });
    pam.post(&second).await;
    let record = pam.sim.record(&made.id()).unwrap();
    assert_eq!(record.fields["tags"], "prod");
    assert_eq!(record.fields["additional"], "made by hand");
    assert_eq!(record.fields["execution_settings"], json!({ "automatic_change": true, "change_plugin": "LDAP" }));
    assert!(record.automatic_change);
}

#[tokio::test]
async fn device_side_fields_rewrite_the_shared_device() {
    let pam = Pam::start().await;
    let mut post = full("k8s-a", "svc", "one");
    post["model"] = "Debian".into();
    pam.post(&post).await;
    assert_eq!(pam.rows().await[0]["device_model"], "Debian");
    assert!(pam.sim.records()[0].fields.is_empty());
}

#[tokio::test]
async fn the_answer_has_the_documented_envelope() {
    let pam = Pam::start().await;
    let answer = pam.post(&full("k8s-a", "svc", "one")).await;
    let text = "Credential successfully registered!";
    let expected = json!({
        "code": 201,
        "response": { "status": 201, "message": text, "error": false, "error_code": 0, "detail": "",
                      "mensagem": text, "erro": false, "cod_erro": 0 },
        "tenant": "acme",
        "credential": { "id": "101", "identifier": "k8s-a" },
    });
    assert_eq!(answer.json(), expected);
}

#[tokio::test]
async fn the_list_shows_visible_records_and_no_secret() {
    let hidden = Seed::new("hidden", HOST, IP).value("canary-1").visible_to(&[]);
    let key = Seed::new("key", HOST, IP).value("canary-2").ssh_key();
    let pam = Pam::with(Config::default().device(HOST, IP).seed(hidden).seed(key)).await;
    pam.post(&full("k8s-a", "svc", "canary-3")).await;
    let list = pam.list().await;
    assert!(!list.text.contains("canary"));
    assert_eq!(list.json()["response"]["message"], "2 credentials found");
    let rows = pam.rows().await;
    assert_eq!((&rows[0]["username"], &rows[0]["type"]), (&json!("key"), &json!("SSH Key")));
    let mut row = rows[1].clone();
    row["change"].take();
    let expected = json!({
        "id": "103", "identifier": "k8s-a", "username": "svc", "expiration": null, "change": null, "view": null,
        "hostname": HOST, "management_ip": IP, "type": "Local User", "type_code": "1", "device_model": "Ubuntu",
        "device_type": "Server", "device_vendor": "Canonical", "automatic_change": false, "connectivity": "SSH",
        "connectivity_code": "1",
    });
    assert_eq!(row, expected);
}

#[tokio::test]
async fn an_ssh_keys_row_is_no_credential_to_the_upsert() {
    let key = Seed::new("svc", HOST, IP).identifier("k8s-a").ssh_key();
    let pam = Pam::with(Config::default().seed(key)).await;
    assert!(pam.post(&full("k8s-a", "svc", "one")).await.created());
}

#[tokio::test]
async fn thousands_of_records_do_not_slow_it_down() {
    let pam = Pam::start().await;
    for n in 0..20_000 {
        pam.sim.seed(Seed::new(&format!("user-{n}"), HOST, IP).identifier(&format!("id-{n}")).value("x"));
    }
    let begin = std::time::Instant::now();
    for n in 0..50 {
        assert!(!pam.post(&full(&format!("id-{n}"), &format!("user-{n}"), "y")).await.created());
    }
    assert!(begin.elapsed().as_secs() < 2, "{:?}", begin.elapsed());
    assert_eq!(pam.rows().await.len(), 20_000);
}
