//! Faults hit the calls of MySafe as they hit all others; and the admin port knows entries.

use std::time::Duration;

use pam_simulator::{Authorization, Config, Effect, Fault, Kind, ProductVersion};
use serde_json::{Value, json};

use super::{SECRET, Safe, least, token};
use crate::common::Pam;

async fn try_post(safe: &Safe, name: &str) -> Option<u16> {
    let answer = safe.pam.call_as(&safe.token, "POST", "/api/mysafe/password", Some(&least(name))).await;
    answer.ok().map(|reply| reply.status)
}

#[tokio::test]
async fn an_answer_is_lost_before_or_after_the_commit_and_a_commit_comes_late() {
    for version in [ProductVersion::V3_32, ProductVersion::V4_2] {
        let safe = Safe::of(version).await;
        let sim = &safe.pam.sim;
        sim.inject(Fault::on(Kind::PostSafePassword, Effect::Reset).only("one"));
        assert_eq!((try_post(&safe, "one").await, sim.entries().len()), (None, 0));
        sim.inject(Fault::on(Kind::PostSafePassword, Effect::Reset).only("one").after_commit());
        assert_eq!((try_post(&safe, "one").await, sim.entries().len()), (None, 1));
        sim.inject(Fault::on(Kind::PostSafePassword, Effect::LateCommit(Duration::from_millis(200))));
        assert_eq!((try_post(&safe, "two").await, sim.entries().len()), (None, 1));
        assert_eq!(try_post(&safe, "three").await, Some(201));
        assert!(sim.wait_for(Duration::from_secs(5), |journal| journal.commits().len() == 3).await);
        assert_eq!(sim.entry("9003").unwrap().name, "two", "the late one has the greater identifier");
        sim.inject(Fault::on(Kind::PutSafePassword, Effect::HeldCommit).only("9001"));
        let path = "/api/mysafe/password/update/9001";
        safe.pam.call_as(&safe.token, "PUT", path, Some(&json!({ "password": "held" }))).await.unwrap_err();
        assert_eq!(sim.entry("9001").unwrap().value_writes, 1);
        assert!(sim.commit_held(sim.held()[0]));
        assert_eq!(sim.value_of_entry("9001").as_deref(), Some("held"));
    }
}

#[tokio::test]
async fn codes_have_the_words_of_my_safe_and_answers_can_be_edited() {
    let safe = Safe::start().await;
    for (code, words) in [(1005, "1005: Password not found"), (1006, "1006: User does not have access")] {
        safe.pam.sim.inject(Fault::on(Kind::PostSafePassword, Effect::Code(code)));
        let refused = safe.post(&least("one")).await;
        assert_eq!((refused.status, refused.message()), (400, words.to_owned()));
    }
    let answered = async |effect| {
        safe.pam.sim.inject(Fault::on(Kind::PostSafePassword, effect));
        safe.post(&least("one")).await.json()["password_entity"].get("identifier").cloned()
    };
    assert_eq!(answered(Effect::WithoutId).await, None);
    assert_eq!(answered(Effect::NullIdentifier).await, Some(Value::Null));
    assert_eq!(answered(Effect::OtherIdentifier("7".into())).await, Some(json!("7")));
    safe.pam.sim.inject(Fault::on(Kind::PostSafePassword, Effect::Empty));
    assert_eq!(safe.post(&least("one")).await.status, 201);
}

#[tokio::test]
async fn a_backup_has_the_entries_and_the_admin_port_shows_them() {
    let key = Authorization::access_key("key", SECRET, "svc");
    let pam = Pam::with(Config::default().authorization(key).admin()).await;
    let safe = Safe { token: token(&pam, "key").await, pam };
    let backup = safe.pam.sim.backup();
    let id = safe.make(&least("one")).await;
    let admin = safe.pam.sim.admin_url().unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |path: &str| http.get(format!("{admin}{path}")).send().await.unwrap().text().await.unwrap();
    let shown = get("/entries").await;
    assert!(shown.contains(&id) && !shown.contains("8jhfy"), "{shown}");
    assert_eq!(get(&format!("/entries/{id}/value")).await, "8jhfy@3789");
    let seed = json!({ "owner": "stranger", "name": "theirs", "username": "x", "password": "y",
        "users": [{ "name": "svc", "can_edit": true }] });
    let sent = http.post(format!("{admin}/entries")).header("content-type", "application/json").body(seed.to_string());
    let planted: Value = serde_json::from_str(&sent.send().await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(safe.listed("").await, [&*id, planted["identifier"].as_str().unwrap()]);
    assert_eq!(get("/mails").await, "{}");
    safe.pam.sim.restore(&backup);
    assert!(safe.listed("").await.is_empty());
    assert!(get("/authorizations").await.contains("\"user\":\"svc\""));
}
