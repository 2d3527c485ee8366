//! P4: what strangers share with the access key's user is never written to.

use std::time::Duration;

use pam_simulator::{EntrySeed, Kind, ProductVersion, Share};
use serde_json::json;

use super::{assert_secret, becomes, cluster, config};
use crate::support::{value, world};

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
