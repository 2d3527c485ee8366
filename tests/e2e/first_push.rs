//! P1: an applied `PamCredential` reaches the PAM, and the record's id arrives in its status.

use crate::support::{CANARY, World, assert_no_canary, ready, shown};
use pam_simulator::Kind;
use serde_json::json;

#[tokio::test]
async fn an_applied_credential_reaches_the_pam_and_its_id_comes_back() {
    let world = World::start().await;
    let count = world.count().await;
    let credential = world.synced("svc-orders").await;
    let status = credential.status.clone().unwrap();
    let identifier = format!("c1_{}_svc-orders", world.namespace);
    let record = world.sim.find(&identifier).expect("a record under the generated identifier");
    assert_eq!(status.id.as_deref(), Some(record.id.as_str()));
    assert_eq!(status.identifier.as_deref(), Some(identifier.as_str()));
    assert_eq!(ready(&credential).0, "True");
    assert_eq!(status.observed_generation, credential.metadata.generation);
    assert!(status.last_sync_time.is_some());
    assert_eq!(status.connection.unwrap().origin, world.sim.url());
    assert_eq!(world.sim.value_of(&record.id), Some(format!("{CANARY}-svc-orders")));

    // The budget of design 4: one POST, one Secret read, one status write, at most one event.
    let journal = world.journal(&count);
    assert_eq!(journal.count(Kind::PostCredential), 1, "{journal:?}");
    assert_eq!(journal.count(Kind::ListCredentials), 1, "{journal:?}");
    let requests = world.requests_within(&count).await;
    let of = |resource| requests.named("svc-orders").resource(resource);
    assert_eq!(of("secrets").verb("get").len(), 1, "{requests}");
    assert_eq!(of("pamcredentials/status").writes().len(), 1, "{requests}");
    assert!(requests.resource("events").writes().len() <= 1, "{requests}");
    assert_eq!(requests.len(), 2 + requests.resource("events").len(), "nothing else was asked: {requests}");
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn every_field_arrives_under_its_own_key() {
    let world = World::start().await;
    world.put_secret("acc", json!({"username": "from-secret", "password": CANARY})).await;
    let fields = json!({
        "identifier": "my.own_identifier-1",
        "username": null,
        "usernameSecretRef": {"name": "acc"},
        "additional": "first\nsecond",
        "tags": ["one", "two words"],
        "credentialType": "Local administrator",
        "notes": "a note",
    });
    world.put_credential("acc", fields).await;
    let credential = world.becomes("acc", "Synced").await;
    let posts = world.sim.journal();
    let post = posts.posts_for("my.own_identifier-1")[0].clone();
    let body = world.sim.body_of(post.seq).unwrap();
    assert_eq!(
        body,
        json!({
            "identifier": "my.own_identifier-1",
            "username": "from-secret",
            "hostname": "db01",
            "ip": "10.0.0.7",
            "content": CANARY,
            "additional": "first\nsecond",
            "tags": "one,two words",
            "credential_type": "Local administrator",
            "notes": "a note",
        })
    );
    assert_eq!(credential.status.unwrap().identifier.as_deref(), Some("my.own_identifier-1"));
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_credential_without_a_value_is_pushed_without_one() {
    let world = World::start().await;
    world.put_credential("keyed", json!({"contentSecretRef": null})).await;
    world.becomes("keyed", "Synced").await;
    let journal = world.sim.journal();
    assert_eq!(journal.posts().len(), 1);
    assert!(!journal.posts()[0].sent("content"), "{}", shown(&journal));
}
