//! P1, P2: another operator, a PAM that hangs, a long list and a deleted namespace hold up nobody else.

use std::time::{Duration, Instant};

use kube::api::{Patch, PatchParams};
use local_cluster::{Installation, unique_name, wait_until};
use pam_simulator::{Effect, Fault, Kind, Seed};
use serde_json::json;

use super::{A_MOMENT, another_pam, apply, ends, leading_to, rotate, value, wait_for_call};
use crate::support::{CANARY, PATIENCE, PROGRAM, Plan, World, assert_no_canary, ready};

#[tokio::test]
async fn an_operator_writes_nothing_for_the_connections_of_another() {
    let world = World::start().await;
    world.synced("svc").await;
    let other = Installation::of(world.cluster, &unique_name("ops"))
        .named(&unique_name("rel"))
        .set("watchNamespaces", json!([world.namespace]))
        .set("connectionSelector", "world=another")
        .set("clusterName", "c1")
        .set("log.filter", "trace")
        .install()
        .await
        .unwrap();
    let begin = world.cluster.audit().mark().await.unwrap();
    let mut second = other.start_operator(PROGRAM, &[]).await.unwrap();
    second.ready(PATIENCE).await.unwrap();
    for round in 2..5 {
        rotate(&world, round).await;
        world.pam_holds("svc", &value(round)).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(ready(&world.get("svc").await).1, "Synced");
    }
    assert!(second.stop().await.unwrap().success());
    let writes = world.cluster.audit().since(begin).await.unwrap().writes_by(&other.user()).without_leases();
    let of_objects = writes.filter(|write| write.resource.starts_with("pamcredentials") || write.resource == "events");
    assert_eq!(of_objects.len(), 0, "{writes}");
    assert_no_canary(&second.logs().unwrap());
    ends(&world).await;
}

#[tokio::test]
async fn a_pam_that_hangs_does_not_hold_up_another() {
    let world = World::start().await;
    let healthy = another_pam(&world).await;
    let name = format!("{}-healthy", world.connection);
    let mut spec = json!({"productVersion": "4.2", "auth": {"oauth2": {"clientSecretRef": {"name": "login"}}}});
    crate::support::merge(&mut spec, leading_to(&healthy));
    let object = json!({
        "apiVersion": "pam-operator.io/v1alpha1",
        "kind": "ClusterPamConnection",
        "metadata": {"name": name, "labels": {"world": world.connection}},
        "spec": spec,
    });
    let apply_as = PatchParams::apply("test").force();
    world.connections().patch(&name, &apply_as, &Patch::Apply(object)).await.unwrap();
    apply(&world, json!({"connectionRef": {"name": name}})).await;
    let id = world.becomes("svc", "Synced").await.status.unwrap().id.unwrap();

    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Hang(Duration::from_mins(1))).always());
    // More than are worked on at once: six, since one namespace leaves two of eight requests to the others.
    for number in 0..40 {
        let name = format!("stuck-{number}");
        world.put_secret(&name, json!({"password": CANARY})).await;
        world.put_credential(&name, json!({})).await;
    }
    wait_for_call(&world.sim, |journal| journal.posts().len() >= 6).await;
    tokio::time::sleep(A_MOMENT).await;
    rotate(&world, 2).await;
    wait_until("the value in the healthy PAM", Duration::from_secs(5), async || {
        anyhow::ensure!(healthy.value_of(&id) == Some(value(2)), "another");
        Ok(())
    })
    .await
    .unwrap();
    ends(&world).await;
}

#[tokio::test]
async fn what_another_wrote_into_the_status_is_gone_with_the_next_write_and_causes_no_others() {
    let world = World::start().await;
    world.synced("svc").await;
    let mut status = serde_json::to_value(world.get("svc").await.status).unwrap();
    status["digests"]["foreign"] = json!("x");
    status["conditions"].as_array_mut().unwrap().push(json!({
        "type": "Stalled", "status": "True", "reason": "Restored", "message": "from a backup",
        "lastTransitionTime": "2026-11-22T00:00:00Z",
    }));
    let somebody = PatchParams { field_manager: Some("a-backup".into()), ..PatchParams::default() };
    let restored = Patch::Merge(json!({"status": status}));
    world.credentials().patch_status("svc", &somebody, &restored).await.unwrap();

    rotate(&world, 2).await;
    world.pam_holds("svc", &value(2)).await;
    wait_until("a status of the operator's own", PATIENCE, async || {
        let status = world.get("svc").await.status.unwrap();
        let kinds: Vec<_> = status.conditions.iter().map(|condition| condition.type_.as_str()).collect();
        anyhow::ensure!(kinds == ["Ready"] && !status.digests.contains_key("foreign"), "{status:?}");
        Ok(())
    })
    .await
    .unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let count = world.count().await;
    tokio::time::sleep(A_MOMENT).await;
    world.assert_nothing_done(&count).await;
    ends(&world).await;
}

#[tokio::test]
async fn a_rotation_does_not_wait_behind_those_who_wait_for_a_list() {
    let world = Plan::default().limits(json!({"maxConcurrentRequests": 2, "requestsPerSecond": 0})).start().await;
    world.synced("calm").await;
    for name in ["one", "two"] {
        world.sim.seed(Seed::new(name, "db01", "10.0.0.7").identifier("theirs").visible_to(&["somebody-else"]));
        world.put_secret(name, json!({"password": CANARY})).await;
        world.put_credential(name, json!({})).await;
        world.becomes(name, "RecordConflict").await;
    }
    for name in ["one", "two"] {
        world.put_credential(name, json!({"tags": ["another look"]})).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let began = Instant::now();
    world.put_secret("calm", json!({"password": "rotated"})).await;
    world.pam_holds("calm", "rotated").await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    ends(&world).await;
}

/// One of the watched namespaces went away, and the operator starts again.
#[tokio::test]
async fn a_watched_namespace_that_is_gone_holds_up_no_other() {
    let mut world = Plan::default().neighbour().start().await;
    world.synced("svc").await;
    world.stop_operator().await;
    let gone = world.neighbour.clone().unwrap();
    world.cluster.kubectl(&["delete", "namespace", &gone, "--timeout=180s"]).await.unwrap();
    world.put_secret("svc", json!({"password": "rotated"})).await;
    let starting = Instant::now();
    let mut operator = world.install.operator(crate::support::PROGRAM).start().await.unwrap();
    world.pam_holds("svc", "rotated").await;
    eprintln!("served after {:?}", starting.elapsed());
    operator.ready(Duration::from_mins(1)).await.unwrap();
    assert!(operator.logs().unwrap().contains(&gone), "it is told");
    world.operator = Some(operator);
    // A list that never came is not waited for at the end.
    let stopping = Instant::now();
    world.stop_operator().await;
    assert!(stopping.elapsed() < PATIENCE, "{:?}", stopping.elapsed());
    assert_no_canary(&world.everything_said().await);
}
