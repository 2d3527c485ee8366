//! P7: an object that cannot write does not keep another one, whose record it would have, in deletion for ever.

use std::time::Duration;

use crate::support::leaving::{pam, put, with_record};
use crate::support::{NAMESPACE, OperatedCluster, World, assert_no_canary, world};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pam_operator::api::{ConditionType, HAND_OVER_TO, find};
use pam_simulator::{Effect, Fault, Kind, Shape};
use serde_json::{Value, json};
use tokio::time::sleep;

const A_WHILE: Duration = Duration::from_mins(5);

/// A connection of the heir's own, to the same PAM, with that client secret.
fn put_connection(world: &World, cluster: &OperatedCluster, secret: &str) {
    let login = json!({"clientId": world.sim.client_id(), "clientSecret": secret});
    let meta = |name: &str| json!({"name": name, "namespace": NAMESPACE});
    cluster.api.put("secrets", &json!({"metadata": meta("own-login"), "stringData": login}));
    let spec = json!({
        "url": world.sim.url(), "productVersion": world.sim.version().to_string(),
        "auth": {"oauth2": {"clientSecretRef": {"name": "own-login"}}},
        "tls": {"caBundle": STANDARD.encode(world.sim.ca_pem())},
    });
    cluster.api.put("pamconnections", &json!({"metadata": meta("own"), "spec": spec}));
}

/// The old one goes within that time, with its record disabled.
async fn goes(world: &World, cluster: &OperatedCluster, id: &str, what: &str) {
    cluster.api.delete("pamcredentials", NAMESPACE, "old");
    world.until(&format!("the old one to go: {what}"), A_WHILE, || cluster.credential("old").is_none()).await;
    assert!(!world.sim.record(id).unwrap().active, "{what}");
    assert_no_canary(&(cluster.said() + &world.logs()));
}

#[test]
fn a_refused_login_of_the_heirs_own_connection_keeps_nothing_from_being_disabled() {
    world(pam(), async |world| {
        let (cluster, id) = with_record(&world).await;
        put_connection(&world, &cluster, "wrong");
        let own = json!({"kind": "PamConnection", "name": "own"});
        put(&cluster, "new", &json!({"connectionRef": own, "adoptionPolicy": "TakeOver"}));
        world.until("the refusal", A_WHILE, || cluster.reason("new") == "PamAuthenticationFailed").await;
        goes(&world, &cluster, &id, "a refused login").await;
        // Once its login is mended, the heir writes onto the record and enables it.
        put_connection(&world, &cluster, &world.sim.client_secret());
        world.until("the heir to write", A_WHILE, || cluster.reason("new") == "Synced").await;
        assert_eq!(cluster.status("new").id.as_ref(), Some(&id));
        assert!(world.sim.record(&id).unwrap().active);
    });
}

/// By the same connection, the old one could not disable the record either: the heir gets it once the login is mended.
#[test]
fn a_refused_login_of_the_connection_of_both_takes_no_record_from_the_heir() {
    world(pam(), async |world| {
        let (cluster, id) = with_record(&world).await;
        cluster.put_login(&world.sim.client_id(), "wrong");
        sleep(Duration::from_secs(5)).await;
        put(&cluster, "new", &json!({}));
        world.until("the refusal", A_WHILE, || cluster.reason("new") == "PamAuthenticationFailed").await;
        cluster.api.delete("pamcredentials", NAMESPACE, "old");
        sleep(A_WHILE).await;
        assert!(cluster.credential("old").is_some());
        let mark = world.sim.mark();
        cluster.put_login(&world.sim.client_id(), &world.sim.client_secret());
        world.until("the heir to write", A_WHILE, || cluster.reason("new") == "Synced").await;
        world.until("the old one to go", A_WHILE, || cluster.credential("old").is_none()).await;
        assert_eq!(cluster.status("new").id.as_ref(), Some(&id));
        assert_eq!(world.journal(mark).count(Kind::DeleteCredential), 0, "never disabled in between");
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

#[test]
fn an_heir_whose_write_is_refused_keeps_nothing_from_being_disabled() {
    let page = Effect::Status { status: 403, shape: Shape::Html, message: None, retry_after: None };
    for refusal in [Effect::Code(1053), Effect::Code(1039), Effect::Code(1011), page] {
        for own in [false, true] {
            world(pam(), async |world| {
                let (cluster, id) = with_record(&world).await;
                put_connection(&world, &cluster, &world.sim.client_secret());
                world.sim.inject(Fault::on(Kind::PostCredential, refusal.clone()).carrying("new-1").always());
                let reference = if own { json!({"kind": "PamConnection", "name": "own"}) } else { Value::Null };
                put(&cluster, "new", &json!({"connectionRef": reference}));
                world.until("the conflict", A_WHILE, || cluster.reason("new") == "AccountConflict").await;
                if refusal == Effect::Code(1039) && !own {
                    // The authorization of both may not write: nor may the old one disable.
                    return;
                }
                goes(&world, &cluster, &id, &format!("{refusal:?} own: {own}")).await;
            });
        }
    }
}

/// The PAM wrote the record and names another one: nobody knows whose it is now, and a person is told so.
#[test]
fn an_heir_whose_write_got_another_answer_keeps_no_deletion_without_a_word() {
    for own in [false, true] {
        world(pam(), async |world| {
            let (cluster, _) = with_record(&world).await;
            put_connection(&world, &cluster, &world.sim.client_secret());
            world.sim.inject(Fault::on(Kind::PostCredential, Effect::OtherId("999".into())).carrying("new-1").always());
            let reference = if own { json!({"kind": "PamConnection", "name": "own"}) } else { Value::Null };
            put(&cluster, "new", &json!({"connectionRef": reference}));
            world.until("the conflict", A_WHILE, || cluster.reason("new") == "AccountConflict").await;
            cluster.api.delete("pamcredentials", NAMESPACE, "old");
            let is_told = || cluster.credential("old").is_none() || cluster.reason("old") == "DeletionBlocked";
            world.until("the old one to go, or to say why not", A_WHILE, is_told).await;
            assert_eq!(cluster.reason("new"), "RecordConflict");
            assert_no_canary(&(cluster.said() + &world.logs()));
        });
    }
}

/// A third object writes something else onto the device that the heir would write onto.
#[test]
fn an_heir_that_waits_for_a_third_object_keeps_nothing_from_being_disabled() {
    world(pam(), async |world| {
        let (cluster, id) = with_record(&world).await;
        put(&cluster, "third", &json!({"username": "third", "device": {"site": "x"}}));
        world.until("the third", A_WHILE, || cluster.reason("third") == "Synced").await;
        put(&cluster, "new", &json!({"device": {"site": "y"}}));
        world.until("the conflict", A_WHILE, || cluster.reason("new").ends_with("Conflict")).await;
        goes(&world, &cluster, &id, "a third object").await;
    });
}

/// An annotation that names nobody who could come says what is wrong with it.
#[test]
fn an_annotation_that_can_name_no_heir_says_why() {
    let long = format!("{NAMESPACE}/{}", "x".repeat(600));
    for (to, says) in [
        ("old".to_owned(), "names no object"),
        (String::new(), "names no object"),
        (format!("{NAMESPACE}/"), "names no object"),
        ("a/b/c".to_owned(), "names no object"),
        (format!("{NAMESPACE}/old"), "names this very object"),
        ("elsewhere/new".to_owned(), "serves no namespace elsewhere"),
        (format!("{NAMESPACE}/new"), "no object of that <namespace>/<name> waits"),
        // A text that is too long is not kept.
        (long, "names no object"),
    ] {
        world(pam(), async |world| {
            let (cluster, id) = with_record(&world).await;
            cluster.api.edit("pamcredentials", NAMESPACE, "old", |object| {
                object["metadata"]["annotations"][HAND_OVER_TO] = to.clone().into();
            });
            cluster.api.delete("pamcredentials", NAMESPACE, "old");
            world.until("it to say so", A_WHILE, || cluster.reason("old") == "DeletionBlocked").await;
            let conditions = cluster.status("old").conditions;
            let message = find(&conditions, ConditionType::Ready).unwrap().message.clone();
            assert!(message.contains(says) && message.contains("remove the annotation"), "{to:?}: {message}");
            assert!(world.sim.record(&id).unwrap().active);
        });
    }
}
