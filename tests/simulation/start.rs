//! P2, P3: a start fetches its lists at the same time, and no pass begins before all that it needs is there.

use std::time::Duration;

use fake_apiserver::{Effect, Fault};
use serde_json::json;

use crate::support::{Keeper, assert_no_canary, value, world};

const PATIENCE: Duration = Duration::from_mins(2);

fn begin_no_pass_without(keeper: Keeper, missing: &'static str) {
    world(keeper.pam(), async |world| {
        let mut cluster = keeper.cluster(&world, &json!({}));
        cluster.put_value("svc", &value("svc", 1));
        keeper.put(&cluster, "svc", &json!({}));
        cluster.api.inject(Fault::on("list", missing, Effect::Refused(500)).always());
        let (asked, called) = (cluster.api.mark(), world.sim.mark());
        cluster.start().await;
        tokio::time::sleep(Duration::from_secs(10)).await;

        let requests = cluster.api.since(asked);
        let listed = |resource: &str| requests.verb("list").resource(resource).iter().any(|list| list.code == 200);
        for resource in ["pamcredentials", "mysafepasswords", "pamconnections", "namespaces"] {
            assert!(listed(resource), "{resource}: {requests}");
        }
        let written = requests.writes().filter(|write| write.resource.ends_with("/status"));
        assert!(written.is_empty(), "{written}");
        assert!(world.journal(called).is_empty(), "{:?}", world.journal(called));

        cluster.api.clear_faults();
        world.until("the object is synced", PATIENCE, || keeper.reason(&cluster, "svc") == "Synced").await;
        assert_eq!(keeper.kept(&world), (1, 1));
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

#[test]
fn objects_are_listed_while_secrets_are_and_no_pass_begins_before() {
    for keeper in Keeper::ALL {
        begin_no_pass_without(keeper, "secrets");
    }
}

#[test]
fn objects_are_listed_while_connections_are_and_no_pass_begins_before() {
    for keeper in Keeper::ALL {
        begin_no_pass_without(keeper, "clusterpamconnections");
    }
}
