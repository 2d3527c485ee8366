//! P4: what strangers share with the access key's user is never written to.

use std::time::Duration;

use pam_simulator::{EntrySeed, Kind, ProductVersion, Share};
use serde_json::json;

use super::{assert_secret, becomes, cluster, config};
use crate::support::{Keeper, value, world};

#[test]
fn p4_an_entry_with_our_looks_is_never_written_to() {
    world(config(ProductVersion::V4_2), async |world| {
        let cluster = cluster(&world).await;
        let alike = EntrySeed::new("stranger", "svc1", "svc1").url("https://a.example");
        let theirs = [
            world.sim.plant(alike.clone().shared_with(Share::editor("svc"))),
            world.sim.plant(alike.tags("k8s-0123456789abcdef").shared_with(Share::editor("svc"))),
        ];
        cluster.put_value("svc1", &value("svc1", 1));
        cluster.put_entry("svc1", &json!({"url": "https://a.example", "usersAllowed": [{"name": "ana"}]}));
        becomes(&world, &cluster, "svc1", "Synced").await;
        cluster.put_value("svc1", &value("svc1", 2));
        tokio::time::sleep(Duration::from_hours(1)).await;
        let own = cluster.entry_id("svc1");
        assert_eq!(world.sim.value_of_entry(&own), Some(value("svc1", 2)));
        for id in &theirs {
            assert_ne!(*id, own);
            assert_eq!(world.sim.entry(id).unwrap().value_writes, 1, "a stranger's entry was written to");
        }
        assert_secret(&world, &cluster);
    });
}

#[test]
fn p4_an_entry_that_a_stranger_shares_while_an_answer_is_missing_is_not_taken_for_ours() {
    world(config(ProductVersion::V4_2), async |world| {
        let cluster = cluster(&world).await;
        world.sim.inject(pam_simulator::Fault::on(Kind::PostSafePassword, pam_simulator::Effect::Reset));
        cluster.put_value("svc1", &value("svc1", 1));
        cluster.put_entry("svc1", &json!({}));
        tokio::time::sleep(Duration::from_secs(20)).await;
        let alike = EntrySeed::new("stranger", "svc1", "svc1").tags("k8s-0123456789abcdef");
        let theirs = world.sim.plant(alike.shared_with(Share::editor("svc")));
        becomes(&world, &cluster, "svc1", "RecordConflict").await;
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert_eq!(world.sim.entry(&theirs).unwrap().value_writes, 1);
        assert_eq!(world.sim.entries().len(), 1, "whether it is ours is not known");
        world.sim.remove_entry(&theirs);
        becomes(&world, &cluster, "svc1", "Synced").await;
        assert_eq!(world.sim.entries().len(), 1);
        assert_secret(&world, &cluster);
    });
}

/// Nothing but the statuses tells after a restart which object has an entry, and they come one namespace after the other.
#[test]
fn p4_after_a_restart_an_object_of_another_namespace_does_not_take_an_entry_that_one_has() {
    const OTHER: &str = "other";
    for is_deleted in [false, true] {
        world(config(ProductVersion::V4_2), async |world| {
            let mut cluster = cluster(&world).await;
            cluster.api.put("namespaces", &json!({"metadata": {"name": OTHER}}));
            cluster.put_value("svc1", &value("svc1", 1));
            cluster.put_entry("svc1", &json!({"deletionPolicy": "Deactivate"}));
            becomes(&world, &cluster, "svc1", "Synced").await;
            let id = cluster.entry_id("svc1");
            cluster.kill().await;
            let secret =
                json!({"metadata": {"name": "svc1", "namespace": OTHER}, "stringData": {"password": value("svc1", 9)}});
            cluster.api.put("secrets", &secret);
            let adopts = json!({"identifier": id, "adoptionPolicy": "ByIdentifier"});
            Keeper::Entry.put_in(&cluster, OTHER, "svc1", &adopts);
            // The watch of one kind is one: the objects of both namespaces may come in any order, and late.
            cluster.api.hold_watches_of("mysafepasswords", true);
            if is_deleted {
                Keeper::Entry.delete(&cluster, "svc1");
            }
            cluster.start().await;
            tokio::time::sleep(Duration::from_secs(5)).await;
            cluster.api.hold_watches_of("mysafepasswords", false);
            tokio::time::sleep(Duration::from_hours(1)).await;
            if is_deleted {
                // The deleted one deactivates its entry first.
                assert!(Keeper::Entry.is_gone(&cluster, "svc1"));
                let journal = world.sim.journal();
                let at = |kind| journal.of(kind).map(|call| call.at).next();
                assert!(at(Kind::DeactivateSafePassword).is_some(), "{journal:?}");
                assert!(at(Kind::PutSafePassword) >= at(Kind::DeactivateSafePassword), "{journal:?}");
            } else {
                assert_eq!(
                    (Keeper::Entry.ready_in(&cluster, OTHER, "svc1").0.as_str(), world.sim.value_of_entry(&id)),
                    ("IdentifierConflict", Some(value("svc1", 1)))
                );
                assert_eq!(world.sim.count(Kind::PutSafePassword), 0);
            }
            assert_eq!(world.sim.entries().len(), 1);
            assert_secret(&world, &cluster);
        });
    }
}
