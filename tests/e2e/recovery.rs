//! P1, P10: each failure has a reason and a remedy, heals within seconds when its cause is gone, and is not retried
//! hot.

use std::time::{Duration, Instant};

use crate::support::{CANARY, Plan, World, assert_no_canary, base64, ready};
use pam_simulator::{Config, Effect, Fault, Kind, Simulator};
use serde_json::json;

/// `svc` fails with that reason, and its message names what it must; `kubectl get` shows both. Returns the message.
async fn fails(world: &World, reason: &str, words: &[&str]) -> String {
    let message = ready(&world.becomes("svc", reason).await).2;
    for word in words {
        assert!(message.contains(word), "{word} is missing: {message}");
    }
    let table = ["get", "pamcred", "svc", "-n", &world.namespace, "-o", "wide"];
    let shown = world.cluster.kubectl(&table).await.unwrap();
    assert!(shown.contains(reason) && shown.contains(&message), "{shown}");
    message
}

/// Nothing is tried more than a few times in so long.
async fn is_left_alone(world: &World) {
    tokio::time::sleep(Duration::from_secs(1)).await;
    let count = world.count().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (journal, writes) = (world.journal(&count), world.requests(&count).await.writes());
    assert!(journal.len() <= 4, "retried hot: {journal:?}");
    assert!(writes.resource("pamcredentials/status").len() <= 1, "{writes}");
}

/// `svc` is well within seconds.
async fn heals(world: &World) {
    let started = Instant::now();
    world.becomes("svc", "Synced").await;
    eprintln!("healed in {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(30));
    assert_eq!(world.sim.records().len(), 1);
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_missing_secret() {
    let world = World::start().await;
    world.put_credential("svc", json!({})).await;
    fails(&world, "SecretNotFound", &["Secret svc", "create it"]).await;
    is_left_alone(&world).await;
    world.put_secret("svc", json!({"password": CANARY})).await;
    heals(&world).await;
}

#[tokio::test]
async fn a_missing_key() {
    let world = World::start().await;
    world.put_secret("svc", json!({"other": CANARY})).await;
    world.put_credential("svc", json!({})).await;
    fails(&world, "SecretKeyNotFound", &["Secret svc", "key password"]).await;
    is_left_alone(&world).await;
    world.put_secret("svc", json!({"password": CANARY})).await;
    heals(&world).await;
}

#[tokio::test]
async fn values_that_cannot_be_sent() {
    let world = World::start().await;
    world.put_credential("svc", json!({})).await;
    let undecodable = [CANARY.as_bytes(), b"\xff\xfe"].concat();
    let long = CANARY.repeat(40);
    let cases: [(&[u8], &str); 3] = [(b"", "is empty"), (&undecodable, "not UTF-8"), (long.as_bytes(), "at most 256")];
    for (bytes, words) in cases {
        world.put_bytes("svc", "password", bytes).await;
        local_cluster::wait_until(words, crate::support::PATIENCE, async || {
            let message = ready(&world.get("svc").await).2;
            anyhow::ensure!(message.contains(words), "{message}");
            Ok(())
        })
        .await
        .unwrap();
        fails(&world, "SecretInvalid", &[words, "spec.contentSecretRef"]).await;
        assert_eq!(world.sim.count(Kind::PostCredential), 0);
    }
    is_left_alone(&world).await;
    world.put_bytes("svc", "password", CANARY.as_bytes()).await;
    heals(&world).await;
}

#[tokio::test]
async fn an_unknown_connection() {
    let world = World::start().await;
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", json!({"connectionRef": {"name": "nowhere"}})).await;
    fails(&world, "ConnectionNotFound", &["nowhere", "spec.connectionRef"]).await;
    is_left_alone(&world).await;
    world.put_credential("svc", json!({})).await;
    heals(&world).await;
}

#[tokio::test]
async fn a_wrong_ca() {
    let world = World::start().await;
    let other = Simulator::start(Config::default()).await.unwrap();
    world.put_connection(json!({"tls": {"caBundle": base64(other.ca_pem().as_bytes())}})).await;
    world.connection_becomes("PamUnavailable").await;
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", json!({})).await;
    fails(&world, "PamUnavailable", &["certificate", "caBundle"]).await;
    is_left_alone(&world).await;
    world.put_connection(json!({})).await;
    heals(&world).await;
}

#[tokio::test]
async fn a_wrong_client_secret() {
    let world = World::start().await;
    world.put_login(&world.sim.client_id(), "wrong-canary-7f3a").await;
    world.connection_becomes("PamAuthenticationFailed").await;
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", json!({})).await;
    fails(&world, "PamAuthenticationFailed", &["client"]).await;
    let mut world = world;
    let count = world.count().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    world.stop_operator().await;
    world.start_operator().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.journal(&count).len(), 0, "a refused login is honoured across a restart (P10)");
    world.put_login(&world.sim.client_id(), &world.sim.client_secret()).await;
    heals(&world).await;
}

#[tokio::test]
async fn a_client_secret_that_is_revoked_later() {
    let world = World::start().await;
    world.synced("svc").await;
    let id = world.sim.client_id();
    world.sim.change_authorization(&id, |authorization| {
        authorization.client_secret = "renewed".into();
    });
    world.sim.revoke_tokens();
    world.put_secret("svc", json!({"password": format!("{CANARY}-2")})).await;
    fails(&world, "PamAuthenticationFailed", &["client"]).await;
    world.connection_becomes("PamAuthenticationFailed").await;
    let count = world.count().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(world.journal(&count).len(), 0, "nothing is asked with a refused login");
    world.put_login(&id, "renewed").await;
    heals(&world).await;
    world.pam_holds("svc", &format!("{CANARY}-2")).await;
}

#[tokio::test]
async fn a_wrong_prefix_is_not_taken_for_deleted() {
    let world = World::start().await;
    world.synced("svc").await;
    let count = world.count().await;
    let url = format!("{}/wrong", world.sim.url());
    world.put_connection(json!({"url": url})).await;
    world.connection_becomes("PamRejected").await;
    world.put_secret("svc", json!({"password": format!("{CANARY}-2")})).await;
    fails(&world, "PamRejected", &["url"]).await;
    assert_eq!(world.journal(&count).count(Kind::PostCredential), 0);
    is_left_alone(&world).await;
    world.put_connection(json!({})).await;
    heals(&world).await;
    world.pam_holds("svc", &format!("{CANARY}-2")).await;
}

#[tokio::test]
async fn an_unknown_device() {
    let world = World::start().await;
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", json!({"hostname": "new01", "ip": "10.9.9.9"})).await;
    fails(&world, "DeviceNotFound", &["1011", "device"]).await;
    is_left_alone(&world).await;
    world.sim.add_device("new01", "10.9.9.9");
    heals(&world).await;
}

#[tokio::test]
async fn a_read_only_authorization() {
    let world = World::start().await;
    let id = world.sim.client_id();
    world.sim.change_authorization(&id, |authorization| authorization.read_only = true);
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", json!({})).await;
    fails(&world, "PamPermissionDenied", &["1039", "write"]).await;
    is_left_alone(&world).await;
    world.sim.change_authorization(&id, |authorization| authorization.read_only = false);
    heals(&world).await;
}

#[tokio::test]
async fn a_pam_that_is_down_comes_back_and_is_not_hammered() {
    let world = World::start().await;
    world.sim.set_down(true);
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", json!({})).await;
    fails(&world, "PamUnavailable", &[]).await;
    world.sim.set_down(false);
    heals(&world).await;
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_record() {
    let world = World::start().await;
    for effect in [Effect::Reset, Effect::gateway(504), Effect::Garbage, Effect::UnexpectedError] {
        let name = "svc";
        world.sim.inject(Fault::on(Kind::PostCredential, effect.clone()).after_commit());
        world.put_secret(name, json!({"password": format!("{CANARY}-{effect:?}")})).await;
        world.put_credential(name, json!({})).await;
        world.becomes(name, "Synced").await;
        let id = world.sim.find(&format!("c1_{}_svc", world.namespace)).unwrap().id;
        local_cluster::wait_until("the value", crate::support::PATIENCE, async || {
            anyhow::ensure!(world.sim.value_of(&id) == Some(format!("{CANARY}-{effect:?}")), "another");
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(world.sim.records().len(), 1, "after {effect:?}");
    }
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_pam_that_asks_for_peace_is_given_it() {
    let world = World::start().await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::rate_limited(Some("4"))));
    world.put_secret("svc", json!({"password": CANARY})).await;
    let count = world.count().await;
    world.put_credential("svc", json!({})).await;
    fails(&world, "RateLimited", &[]).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.journal(&count).posts().len(), 1, "Retry-After wins");
    heals(&world).await;
}

#[tokio::test]
async fn with_the_operator_off_nothing_counts_as_ready() {
    let world = Plan::default().operator_off().start().await;
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", json!({})).await;
    let (status, reason, _) = ready(&world.get("svc").await);
    assert_eq!((status.as_str(), reason.as_str()), ("Unknown", "Progressing"));
    let wait = ["wait", "--for=condition=Ready", "--timeout=2s", "pamcred/svc", "-n", &world.namespace];
    let error = world.cluster.kubectl(&wait).await.unwrap_err().to_string();
    assert!(error.contains("timed out"), "{error}");
}
