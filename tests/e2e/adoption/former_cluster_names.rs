//! P4: a renamed cluster adopts the records that it made under a name listed in `--former-cluster-names`.

use pam_simulator::{Kind, Seed};
use serde_json::json;

use super::{THEIRS, ends, message, restart_with, status};
use crate::support::{CANARY, Plan, World};

async fn apply(world: &World) {
    world.put_secret("db.main", json!({"password": format!("{CANARY}-new")})).await;
    world.put_credential("db.main", json!({"username": "svc"})).await;
}

#[tokio::test]
async fn a_rebuilt_cluster_is_told_the_name_to_give_and_goes_on_with_its_record() {
    let mut world = Plan::default().operator_off().start().await;
    restart_with(&mut world, &[("clusterName", json!("0a1b2c3d"))]).await;
    apply(&world).await;
    let old = status(&world.becomes("db.main", "Synced").await);
    let identifier = old.identifier.unwrap();
    assert!(identifier.starts_with("0a1b2c3d_"), "{identifier}");

    // Rebuilt: the objects come from Git, and the cluster has another name.
    world.credentials().delete("db.main", &kube::api::DeleteParams::default()).await.unwrap();
    restart_with(&mut world, &[("clusterName", json!("d3c2b1a0"))]).await;
    let count = world.count().await;
    apply(&world).await;
    let found = world.becomes("db.main", "RecordConflict").await;
    for flag in ["--former-cluster-names=0a1b2c3d", "--cluster-name=0a1b2c3d"] {
        assert!(message(&found).contains(flag), "{}", message(&found));
    }
    assert_eq!(world.journal(&count).posts().len(), 0);

    restart_with(&mut world, &[("clusterName", json!("d3c2b1a0")), ("formerClusterNames", json!(["0a1b2c3d"]))]).await;
    let found = status(&world.becomes("db.main", "Synced").await);
    assert_eq!((found.id, found.identifier.as_ref()), (old.id, Some(&identifier)));
    assert_eq!((found.former_identifier, world.sim.records().len()), (None, 1));
    assert_eq!(world.sim.records()[0].identifier.as_ref(), Some(&identifier));

    // The name is no longer needed: status has the identifier.
    restart_with(&mut world, &[("clusterName", json!("d3c2b1a0"))]).await;
    world.put_secret("db.main", json!({"password": "rotated"})).await;
    world.pam_holds("db.main", "rotated").await;
    let posts = world.sim.journal().posts_for(&identifier).len();
    assert_eq!((posts, world.sim.count(Kind::PostCredential)), (3, 3), "never under another one");
    ends(&world).await;
}

#[tokio::test]
async fn the_former_identifier_is_claimed_as_it_is_sent() {
    let mut world = Plan::default().operator_off().start().await;
    let former = format!("old_{}_svc", world.namespace);
    let id = world.sim.seed(Seed::new("svc", "db01", "10.0.0.7").identifier(&former).value(THEIRS));
    restart_with(&mut world, &[("clusterName", json!("c2")), ("formerClusterNames", json!(["old"]))]).await;
    assert_eq!(status(&world.synced("svc").await).id, Some(id.clone()));
    // Another object cannot have it, nor its account.
    for (name, change, reason) in [
        ("one", json!({"username": "svc", "identifier": former}), "IdentifierConflict"),
        ("two", json!({"username": "svc", "adoptionPolicy": "TakeOver"}), "AccountConflict"),
    ] {
        world.put_secret(name, json!({"password": format!("{CANARY}-{name}")})).await;
        world.put_credential(name, change).await;
        world.becomes(name, reason).await;
    }
    // The identifier in status may be written down, as for any other.
    world.put_credential("svc", json!({"identifier": former})).await;
    assert_eq!(status(&world.becomes("svc", "Synced").await).identifier, Some(former));
    assert_eq!((world.sim.value_of(&id), world.sim.records().len()), (Some(format!("{CANARY}-svc")), 1));
    assert_eq!(world.sim.count(Kind::PostCredential), 1);
    ends(&world).await;
}

#[tokio::test]
async fn an_identifier_of_the_users_own_leaves_former_names_out_of_it() {
    let mut world = Plan::default().operator_off().start().await;
    let former = format!("old_{}_svc", world.namespace);
    let id = world.sim.seed(Seed::new("svc", "db01", "10.0.0.7").identifier(&former).value(THEIRS));
    restart_with(&mut world, &[("clusterName", json!("c2")), ("formerClusterNames", json!(["old"]))]).await;
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", json!({"identifier": "mine"})).await;
    let found = world.becomes("svc", "RecordConflict").await;
    assert!(!message(&found).contains("cluster-name"), "{}", message(&found));
    assert_eq!(world.sim.value_of(&id).as_deref(), Some(THEIRS));
    ends(&world).await;
}

#[tokio::test]
async fn a_former_name_is_no_obstacle_where_nothing_was_made_under_it() {
    let mut world = Plan::default().operator_off().start().await;
    // Made under it, and for another account: the object was changed since, and that record is let be.
    let former = format!("old_{}_svc", world.namespace);
    let id = world.sim.seed(Seed::new("another", "db01", "10.0.0.7").identifier(&former).value(THEIRS));
    let before = world.sim.record(&id);
    restart_with(&mut world, &[("clusterName", json!("c2")), ("formerClusterNames", json!(["old"]))]).await;
    let found = status(&world.synced("svc").await);
    assert_eq!(found.identifier, Some(format!("c2_{}_svc", world.namespace)));
    assert_eq!(world.sim.record(&id), before);
    ends(&world).await;
}
