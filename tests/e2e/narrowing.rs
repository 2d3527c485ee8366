//! P1, P7: an object that no operator serves any more, since its namespace or its connection left the operator, says so and can
//! be deleted; and it is served again as before once either is back.

use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use local_cluster::{Installation, Operator, unique_name};
use pam_simulator::Kind;
use serde_json::{Value, json};

use crate::support::steps::A_MOMENT;
use crate::support::{CANARY, PATIENCE, PROGRAM, Plan, World, assert_no_canary, merge, ready};

fn value(number: u32) -> String {
    format!("{CANARY}-{number}")
}

// === A connection that lost its label

/// The connection has that value of the label by which operators select.
async fn label(world: &World, value: &str) {
    let patch = json!({"metadata": {"labels": {"world": value}}});
    world.connections().patch_metadata(&world.connection, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
}

#[tokio::test]
async fn an_object_whose_connection_lost_its_label_says_so_once_and_is_served_again_with_the_label() {
    let world = World::start().await;
    world.synced("svc").await;
    world.put_credential("svc", json!({"suspend": false})).await;
    let count = world.count().await;
    label(&world, "nobody").await;
    let message = ready(&world.becomes("svc", "NotServed").await).2;
    assert!(message.contains("connectionSelector") && message.contains(&world.connection), "{message}");
    world.put_secret("svc", json!({"password": value(2)})).await;
    tokio::time::sleep(A_MOMENT * 2).await;
    assert_eq!(ready(&world.get("svc").await).1, "NotServed");
    let writes = world.requests(&count).await.resource("pamcredentials/status").writes();
    assert_eq!((writes.len(), world.journal(&count).posts().len()), (1, 0), "{writes}");

    label(&world, &world.connection).await;
    world.becomes("svc", "Synced").await;
    world.pam_holds("svc", &value(2)).await;
    assert_eq!((world.journal(&count).posts().len(), world.sim.records().len()), (1, 1));
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn an_object_that_is_deleted_without_an_operator_can_be_let_go() {
    let world = World::start().await;
    world.put_secret("svc", json!({"password": value(1)})).await;
    world.put_credential("svc", json!({"deletionPolicy": "Disable"})).await;
    world.becomes("svc", "Synced").await;
    label(&world, "nobody").await;
    world.becomes("svc", "NotServed").await;
    world.delete("svc").await;
    let message = ready(&world.becomes("svc", "Deleting").await).2;
    assert!(message.contains("connectionSelector") && message.contains("Retain"), "{message}");
    world.put_credential("svc", json!({"deletionPolicy": "Retain"})).await;
    world.is_gone("svc").await;
    assert!(world.sim.records()[0].active && world.sim.count(Kind::DeleteCredential) == 0);
    assert_no_canary(&world.everything_said().await);
}

/// An operator in a namespace of its own, with a digest key of its own.
async fn another_operator(world: &World, label: &str) -> (Installation<'static>, Operator) {
    let install = Installation::of(world.cluster, &unique_name("ops"))
        .named(&unique_name("rel"))
        .set("watchNamespaces", json!([world.namespace]))
        .set("connectionSelector", format!("world={label}"))
        .set("clusterName", "c1")
        .set("log.filter", "trace")
        .install()
        .await
        .unwrap();
    let login = json!({"clientId": world.sim.client_id(), "clientSecret": world.sim.client_secret()});
    world.put_secret_in(install.namespace(), "login", login).await;
    let mut operator = install.start_operator(PROGRAM, &[]).await.unwrap();
    operator.ready(PATIENCE).await.unwrap();
    (install, operator)
}

#[tokio::test]
async fn the_operator_that_takes_a_connection_over_has_the_last_word() {
    let world = World::start().await;
    world.synced("svc").await;
    let theirs = unique_name("theirs");
    let (install, mut operator) = another_operator(&world, &theirs).await;
    let count = world.count().await;
    label(&world, &theirs).await;
    // The operator that served before may be the first to speak.
    tokio::time::sleep(A_MOMENT).await;
    // It cannot compare the value with digests of another key, and sends the value only where no list showed the record since.
    world.becomes_in(&world.namespace, "svc", &["Synced", "Adopted"]).await;
    world.put_secret("svc", json!({"password": value(2)})).await;
    world.pam_holds("svc", &value(2)).await;
    world.becomes("svc", "Synced").await;
    tokio::time::sleep(A_MOMENT * 2).await;
    assert_eq!(ready(&world.get("svc").await).1, "Synced");
    let all = world.cluster.audit().since(count.audit_mark()).await.unwrap();
    let by = |user: &str| all.by(user).resource("pamcredentials/status").writes().len();
    assert!(by(&world.install.user()) <= 1, "{}", all.by(&world.install.user()).writes());
    assert!(by(&install.user()) <= 3, "{}", all.by(&install.user()).writes());
    assert_eq!((world.journal(&count).posts().len(), world.sim.records().len()), (1, 1));
    assert!(operator.stop().await.unwrap().success());
    assert_no_canary(&(world.everything_said().await + &operator.logs().unwrap()));
}

// === A namespace that left `watchNamespaces`

/// `helm upgrade` to these namespaces, and the process that follows.
async fn watch_only(world: &mut World, namespaces: Value) {
    world.stop_operator().await;
    world.install = Installation::of(world.cluster, world.install.namespace())
        .named(world.install.release())
        .set("watchNamespaces", namespaces)
        .set("connectionSelector", format!("world={}", world.connection))
        .set("clusterName", "c1")
        .set("log.filter", "trace")
        .install()
        .await
        .unwrap();
    world.start_operator().await;
}

/// A synced credential in the neighbouring namespace.
async fn neighbour(world: &World, namespace: &str, name: &str, change: Value) {
    world.put_secret_in(namespace, name, json!({"password": format!("{CANARY}-{name}")})).await;
    let mut object = world.credential_json(name, change);
    merge(&mut object, json!({"metadata": {"namespace": namespace}}));
    let params = PatchParams::apply("test").force();
    world.credentials_in(namespace).patch(name, &params, &Patch::Apply(object)).await.unwrap();
    world.becomes_in(namespace, name, &["Synced"]).await;
}

#[tokio::test]
async fn a_namespace_that_is_watched_no_more_is_told_by_the_next_process_and_served_again_when_it_is_back() {
    let mut world = Plan::default().neighbour().start().await;
    let (left, stays) = (world.neighbour.clone().unwrap(), world.namespace.clone());
    world.synced("stays").await;
    neighbour(&world, &left, "kept", json!({})).await;
    neighbour(&world, &left, "going", json!({"deletionPolicy": "Disable"})).await;
    let count = world.count().await;
    watch_only(&mut world, json!([stays])).await;
    for name in ["kept", "going"] {
        let message = ready(&world.becomes_in(&left, name, &["NotServed"]).await).2;
        assert!(message.contains(&left) && message.contains("watchNamespaces"), "{message}");
    }
    world.put_secret_in(&left, "kept", json!({"password": value(2)})).await;
    world.credentials_in(&left).delete("going", &DeleteParams::default()).await.unwrap();
    let message = ready(&world.becomes_in(&left, "going", &["Deleting"]).await).2;
    assert!(message.contains("watchNamespaces") && message.contains("Retain"), "{message}");
    let retain = json!({"spec": {"deletionPolicy": "Retain"}});
    world.credentials_in(&left).patch("going", &PatchParams::default(), &Patch::Merge(retain)).await.unwrap();
    tokio::time::sleep(A_MOMENT * 2).await;
    let all = world.credentials_in(&left).list(&ListParams::default()).await.unwrap();
    assert_eq!(all.items.iter().map(|found| ready(found).1).collect::<Vec<_>>(), ["NotServed"], "one is gone");
    let requests = world.requests(&count).await.namespace(&left);
    assert_eq!(requests.resource("pamcredentials/status").writes().len(), 3, "{requests}");
    assert_eq!(requests.resource("secrets").len(), 0, "{requests}");
    assert_eq!(world.journal(&count).posts().len() + world.sim.count(Kind::DeleteCredential), 0);
    assert_eq!(ready(&world.get("stays").await).1, "Synced");

    watch_only(&mut world, json!([stays, left])).await;
    world.becomes_in(&left, "kept", &["Synced"]).await;
    assert_eq!((world.journal(&count).posts().len(), world.sim.records().len()), (1, 3), "the new value");
    assert_no_canary(&world.everything_said().await);
}
