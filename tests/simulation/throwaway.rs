//! P3, P4, P7: an object that only asks what would be done for another says just that, and takes and changes nothing.

use std::time::Duration;

use fake_apiserver::{Effect, Fault};
use pam_operator::api::{PamCredentialStatus, Plan, PlanAction, PlannedValue};
use pam_simulator::Kind;
use serde_json::{Value, json};

use crate::support::leaving::pam;
use crate::support::{Keeper, NAMESPACE, OperatedCluster, World, assert_no_canary, merge, value, world};

const THROWAWAY: &str = "pam-operator.io/throwaway";
const PATIENCE: Duration = Duration::from_mins(10);

/// Makes a throwaway that asks what would be done for the credential `of`, if its spec were that of
/// [`OperatedCluster::put_credential`] with `change`.
fn ask(cluster: &OperatedCluster, name: &str, of: &str, change: &Value) {
    let mut spec = json!({
        "username": of, "hostname": "db01", "ip": "10.0.0.7", "contentSecretRef": {"name": of}, "mode": "Plan",
    });
    merge(&mut spec, change);
    let meta = json!({"name": name, "namespace": NAMESPACE, "annotations": {THROWAWAY: of}});
    cluster.api.put("pamcredentials", &json!({"metadata": meta, "spec": spec}));
}

/// Waits for the plan, and sees that the throwaway has nothing else.
async fn planned(world: &World, cluster: &OperatedCluster, name: &str) -> Plan {
    world.until("a plan", PATIENCE, || cluster.status(name).plan.is_some()).await;
    let object = cluster.credential(name).unwrap();
    assert_eq!(object.metadata.finalizers.unwrap_or_default(), [""; 0]);
    let mut status = object.status.unwrap();
    assert_eq!(status.observed_generation, object.metadata.generation);
    status.conditions.clear();
    let (plan, generation) = (status.plan.take().unwrap(), status.observed_generation.take());
    assert_eq!((status, generation), (PamCredentialStatus::default(), object.metadata.generation));
    plan
}

async fn synced(world: &World, cluster: &OperatedCluster, name: &str) {
    world.until("the credential to be synced", PATIENCE, || cluster.reason(name) == "Synced").await;
}

fn writes(world: &World) -> usize {
    let journal = world.sim.journal();
    [Kind::PostCredential, Kind::PutCredential, Kind::DeleteCredential]
        .into_iter()
        .map(|kind| journal.count(kind))
        .sum()
}

#[test]
fn the_plan_of_an_edit_says_what_the_edit_then_does_and_nothing_is_sent_before() {
    world(pam(), async |world| {
        let mut cluster = world.cluster("c1");
        cluster.put_value("svc", &value("svc", 1));
        cluster.put_credential("svc", &json!({"tags": ["one"], "deletionPolicy": "Disable"}));
        cluster.start().await;
        synced(&world, &cluster, "svc").await;
        let (before, sent) = (cluster.credential("svc").unwrap(), writes(&world));

        let edit = json!({"tags": ["two"], "notes": "a note", "deletionPolicy": "Disable"});
        ask(&cluster, "edited", "svc", &edit);
        let plan = planned(&world, &cluster, "edited").await;
        assert_eq!((plan.action, plan.id.clone()), (PlanAction::Update, cluster.status("svc").id));
        assert_eq!(
            (plan.groups.clone(), plan.value),
            (vec!["tags".to_owned(), "notes".to_owned()], PlannedValue::Unchanged)
        );
        assert_eq!(plan.identifier, Some(cluster.identifier("svc")));

        ask(&cluster, "same", "svc", &json!({"tags": ["one"], "deletionPolicy": "Disable"}));
        assert_eq!(planned(&world, &cluster, "same").await.action, PlanAction::Nothing);
        ask(&cluster, "moved", "svc", &json!({"username": "another", "tags": ["one"]}));
        assert_eq!(planned(&world, &cluster, "moved").await.action, PlanAction::Update);

        tokio::time::sleep(Duration::from_hours(2)).await;
        assert_eq!(writes(&world), sent, "{:?}", world.sim.journal());
        let now = cluster.credential("svc").unwrap();
        assert_eq!((now.spec, now.metadata.finalizers), (before.spec, before.metadata.finalizers));
        let wrote = |status: Option<PamCredentialStatus>| {
            let status = status.unwrap();
            (status.id, status.digests, status.last_sync_time, status.in_flight, status.observed_generation)
        };
        assert_eq!(wrote(now.status), wrote(before.status));

        cluster.put_credential("svc", &edit);
        synced(&world, &cluster, "svc").await;
        assert_eq!(writes(&world), sent + 1);
        ask(&cluster, "again", "svc", &edit);
        assert_eq!(planned(&world, &cluster, "again").await.action, PlanAction::Nothing);
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

#[test]
fn the_plan_of_an_object_that_is_not_there_names_the_record_that_it_then_makes_though_the_throwaway_stays() {
    world(pam(), async |world| {
        let mut cluster = world.cluster("c1");
        cluster.put_value("svc", &value("svc", 1));
        ask(&cluster, "first", "svc", &json!({"deletionPolicy": "Disable"}));
        cluster.start().await;
        let plan = planned(&world, &cluster, "first").await;
        assert_eq!((plan.action, plan.value), (PlanAction::Create, PlannedValue::Sent));
        assert_eq!(plan.identifier, Some(cluster.identifier("svc")));
        assert_eq!((writes(&world), world.sim.records().len()), (0, 0));

        cluster.put_credential("svc", &json!({"deletionPolicy": "Disable"}));
        synced(&world, &cluster, "svc").await;
        cluster.restart(Duration::from_mins(5)).await;
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert_eq!((cluster.reason("svc").as_str(), world.sim.records().len()), ("Synced", 1));

        cluster.api.delete("pamcredentials", NAMESPACE, "first");
        assert!(cluster.credential("first").is_none(), "nothing holds a throwaway");
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert_eq!((writes(&world), cluster.reason("svc").as_str()), (1, "Synced"), "{:?}", world.sim.journal());
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

#[test]
fn a_throwaway_that_says_apply_sends_nothing_either() {
    world(pam(), async |world| {
        let mut cluster = world.cluster("c1");
        cluster.put_value("svc", &value("svc", 1));
        ask(&cluster, "hasty", "svc", &json!({"mode": "Apply", "deletionPolicy": "Disable"}));
        cluster.start().await;
        assert_eq!(planned(&world, &cluster, "hasty").await.action, PlanAction::Create);
        tokio::time::sleep(Duration::from_hours(2)).await;
        assert_eq!((writes(&world), world.sim.records().len()), (0, 0));
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

#[test]
fn a_plan_meets_the_claims_of_others_and_a_throwaway_stands_in_nobodys_way() {
    world(pam(), async |world| {
        let mut cluster = world.cluster("c1");
        for name in ["holder", "later"] {
            cluster.put_value(name, &value(name, 1));
        }
        cluster.put_credential("holder", &json!({"username": "svc"}));
        cluster.start().await;
        synced(&world, &cluster, "holder").await;

        ask(&cluster, "asks", "another", &json!({"username": "svc", "contentSecretRef": {"name": "holder"}}));
        let plan = planned(&world, &cluster, "asks").await;
        assert_eq!((plan.action, cluster.reason("asks").as_str()), (PlanAction::Blocked, "AccountConflict"));

        let later = json!({"username": "later", "contentSecretRef": {"name": "later"}});
        ask(&cluster, "waits", "third", &later);
        assert_eq!(planned(&world, &cluster, "waits").await.action, PlanAction::Create);
        cluster.put_credential("later", &json!({}));
        synced(&world, &cluster, "later").await;
        assert_eq!(world.sim.records().len(), 2);
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

/// Says of an object that it asks what would be done for the object `of`.
fn annotate(keeper: Keeper, cluster: &OperatedCluster, name: &str, of: &str) {
    let annotate = |object: &mut Value| merge(object, &json!({"metadata": {"annotations": {THROWAWAY: of}}}));
    assert!(cluster.api.edit(keeper.plural(), NAMESPACE, name, annotate));
}

#[test]
fn an_object_that_has_something_in_the_pam_is_no_throwaway_whatever_its_annotations_say() {
    for keeper in Keeper::ALL {
        for policy in [keeper.policy(), "Retain"] {
            world(keeper.pam(), async |world| {
                let mut cluster = keeper.cluster(&world, &json!({}));
                cluster.put_value("svc", &value("svc", 1));
                keeper.put(&cluster, "svc", &json!({"deletionPolicy": policy}));
                cluster.start().await;
                world.until("it to be synced", PATIENCE, || keeper.reason(&cluster, "svc") == "Synced").await;
                let before = keeper.get(&cluster, "svc").unwrap()["status"].clone();

                for of in ["svc", "another"] {
                    annotate(keeper, &cluster, "svc", of);
                    tokio::time::sleep(Duration::from_hours(1)).await;
                    let status = keeper.get(&cluster, "svc").unwrap()["status"].clone();
                    for field in ["id", "identifier", "digests", "connection", "plan"] {
                        assert_eq!(status[field], before[field], "{keeper:?} {policy} {field}");
                    }
                }
                cluster.restart(Duration::from_mins(5)).await;
                cluster.put_value("svc", &value("svc", 2));
                let is_pushed = || keeper.values(&world).values().eq([&value("svc", 2)]);
                world.until("the new value to be there", PATIENCE, is_pushed).await;

                keeper.delete(&cluster, "svc");
                world.until("it to go", PATIENCE, || keeper.is_gone(&cluster, "svc")).await;
                let on = usize::from(policy == "Retain");
                assert_eq!(keeper.kept(&world), (1, on), "{keeper:?} {policy}");
                assert_no_canary(&(cluster.said() + &world.logs()));
            });
        }
    }
}

#[test]
fn an_object_that_waits_for_a_record_and_becomes_a_throwaway_is_handed_none() {
    world(pam(), async |world| {
        let mut cluster = world.cluster("c1");
        cluster.put_value("old", &value("old", 1));
        cluster.put_credential("old", &json!({"username": "svc", "deletionPolicy": "Disable"}));
        cluster.start().await;
        synced(&world, &cluster, "old").await;
        cluster.put_value("new", &value("new", 1));
        cluster.put_credential("new", &json!({"username": "svc", "deletionPolicy": "Disable"}));
        world.until("the conflict", PATIENCE, || cluster.reason("new") == "AccountConflict").await;

        annotate(Keeper::Credential, &cluster, "new", "new");
        planned(&world, &cluster, "new").await;
        assert!(cluster.api.delete("pamcredentials", NAMESPACE, "old"));
        world.until("it to go", PATIENCE, || cluster.credential("old").is_none()).await;
        assert_eq!(Keeper::Credential.kept(&world), (1, 0), "nobody is left who has the record");
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

#[test]
fn an_annotation_that_can_name_no_object_makes_a_throwaway_all_the_same() {
    for keeper in Keeper::ALL {
        world(keeper.pam(), async |world| {
            let mut cluster = keeper.cluster(&world, &json!({}));
            cluster.put_value("svc", &value("svc", 1));
            let names = ["", "../../secrets/svc", "svc?watch=1", &"x".repeat(5000)];
            for (number, of) in names.into_iter().enumerate() {
                let name = format!("odd{number}");
                keeper.put(&cluster, &name, &json!({"username": "svc", "contentSecretRef": {"name": "svc"}}));
                annotate(keeper, &cluster, &name, of);
            }
            cluster.start().await;
            for number in 0..4 {
                let plan = || keeper.get(&cluster, &format!("odd{number}")).unwrap()["status"]["plan"].is_object();
                world.until("a plan", PATIENCE, plan).await;
            }
            tokio::time::sleep(Duration::from_hours(1)).await;
            assert_eq!(keeper.kept(&world), (0, 0), "{keeper:?}");
            assert_no_canary(&(cluster.said() + &world.logs()));
        });
    }
}

#[test]
fn what_a_throwaway_waits_for_is_told_though_the_api_server_fails() {
    for keeper in Keeper::ALL {
        world(keeper.pam(), async |world| {
            let mut cluster = keeper.cluster(&world, &json!({}));
            cluster.start().await;
            cluster.api.inject(Fault::on("patch", keeper.status(), Effect::Refused(500)));
            keeper.put_throwaway(&cluster, "asks", "svc");
            world.until("told", PATIENCE, || keeper.reason(&cluster, "asks") == "SecretNotFound").await;
            assert_no_canary(&(cluster.said() + &world.logs()));
        });
    }
}
