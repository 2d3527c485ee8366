//! P3, P4, P7: a throwaway says what would be done for an entry, and makes, changes and holds nothing.

use std::time::Duration;

use pam_operator::api::{EntryPlan, EntryPlanAction, MySafePasswordStatus};
use pam_simulator::{Kind, ProductVersion};
use serde_json::{Value, json};

use super::{PATIENCE, assert_secret, becomes, cluster, config};
use crate::support::{NAMESPACE, OperatedCluster, World, merge, value, world};

/// Makes a throwaway that asks what would be done for the object `of`.
fn ask(cluster: &OperatedCluster, name: &str, of: &str, change: &Value) {
    let mut spec = json!({"username": of, "contentSecretRef": {"name": of}, "connectionRef": {"name": "default"}});
    merge(&mut spec, change);
    let meta = json!({"name": name, "namespace": NAMESPACE, "annotations": {"pam-operator.io/throwaway": of}});
    cluster.api.put("mysafepasswords", &json!({"metadata": meta, "spec": spec}));
}

/// Waits for the plan, and sees that the throwaway has nothing else.
async fn planned(world: &World, cluster: &OperatedCluster, name: &str) -> EntryPlan {
    let plan = || cluster.entry(name).and_then(|entry| entry.status?.plan);
    world.until("a plan", PATIENCE, || plan().is_some()).await;
    let object = cluster.entry(name).unwrap();
    assert_eq!(object.metadata.finalizers.unwrap_or_default(), [""; 0]);
    let rest = MySafePasswordStatus { plan: None, conditions: Vec::new(), ..object.status.unwrap() };
    let observed_generation = object.metadata.generation;
    assert_eq!(rest, MySafePasswordStatus { observed_generation, ..MySafePasswordStatus::default() });
    plan().unwrap()
}

#[test]
fn the_plan_of_an_edit_says_what_the_edit_then_does() {
    world(config(ProductVersion::V4_2), async |world| {
        let cluster = cluster(&world).await;
        cluster.put_value("svc1", &value("svc1", 1));
        ask(&cluster, "first", "svc1", &json!({"deletionPolicy": "Deactivate"}));
        assert_eq!(planned(&world, &cluster, "first").await.action, EntryPlanAction::Create);
        assert_eq!(world.sim.entries().len(), 0);

        cluster.put_entry("svc1", &json!({"deletionPolicy": "Deactivate"}));
        becomes(&world, &cluster, "svc1", "Synced").await;
        let mark = world.sim.mark();
        ask(&cluster, "edited", "svc1", &json!({"notes": "owned", "deletionPolicy": "Deactivate", "mode": "Apply"}));
        let plan = planned(&world, &cluster, "edited").await;
        assert_eq!((plan.action, plan.identifier), (EntryPlanAction::Update, Some(cluster.entry_id("svc1"))));
        assert_eq!(plan.groups, ["notes"]);
        ask(&cluster, "same", "svc1", &json!({"deletionPolicy": "Deactivate"}));
        assert_eq!(planned(&world, &cluster, "same").await.action, EntryPlanAction::Nothing);

        tokio::time::sleep(Duration::from_hours(2)).await;
        let journal = world.journal(mark);
        let reads = journal.count(Kind::ListSafePasswords) + journal.count(Kind::Token);
        assert_eq!(journal.entries().len(), reads, "nothing but lists: {journal:?}");
        cluster.api.delete("mysafepasswords", NAMESPACE, "edited");
        assert!(cluster.entry("edited").is_none(), "nothing holds a throwaway");
        becomes(&world, &cluster, "svc1", "Synced").await;
        assert_eq!(world.sim.entries().len(), 1);
        assert_secret(&world, &cluster);
    });
}
