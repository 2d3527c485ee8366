//! An operator is not ready while the API server does not serve one of its kinds, and is ready again once it does.

use std::time::Duration;

use fake_apiserver::{Effect, Fault};
use serde_json::json;
use tokio::time::sleep;

use crate::support::{Keeper, OperatedCluster, assert_no_canary, value, world};

const KINDS: [&str; 4] = ["pamcredentials", "mysafepasswords", "pamconnections", "clusterpamconnections"];
/// Longer than a watch lasts, and than the pause after a failure.
const A_WHILE: Duration = Duration::from_mins(5);

fn serves(cluster: &OperatedCluster, kind: &'static str, is_served: bool) {
    cluster.api.clear_faults();
    if !is_served {
        for verb in ["list", "watch"] {
            cluster.api.inject(Fault::on(verb, kind, Effect::Refused(404)).always());
        }
    }
}

fn missing(cluster: &OperatedCluster) -> Vec<String> {
    cluster.readiness.missing().iter().map(ToString::to_string).collect()
}

#[test]
fn a_crd_that_goes_makes_the_operator_unready_by_its_name_until_it_is_back() {
    for (keeper, kind) in KINDS.into_iter().flat_map(|kind| Keeper::ALL.map(|keeper| (keeper, kind))) {
        world(keeper.pam(), async |world| {
            let mut cluster = keeper.cluster(&world, &json!({}));
            cluster.put_value("svc", &value("svc", 1));
            keeper.put(&cluster, "svc", &json!({}));
            cluster.start().await;
            sleep(A_WHILE).await;
            assert_eq!(missing(&cluster), [""; 0], "{kind}");
            for _ in 0..2 {
                serves(&cluster, kind, false);
                sleep(A_WHILE).await;
                assert_eq!(missing(&cluster), [format!("the CRD {kind}.pam-operator.io")]);
                serves(&cluster, kind, true);
                sleep(A_WHILE).await;
                assert_eq!(missing(&cluster), [""; 0], "{kind}");
            }
            assert_eq!((keeper.kept(&world), keeper.reason(&cluster, "svc")), ((1, 1), "Synced".to_owned()));
            assert_no_canary(&(cluster.said() + &world.logs()));
        });
    }
}

#[test]
fn an_operator_that_starts_without_a_crd_is_not_ready_before_the_crd_is_there() {
    for kind in KINDS {
        world(Keeper::ALL[0].pam(), async |world| {
            let mut cluster = Keeper::ALL[0].cluster(&world, &json!({}));
            serves(&cluster, kind, false);
            cluster.start().await;
            sleep(A_WHILE).await;
            let waits = missing(&cluster);
            assert!(waits.contains(&format!("the CRD {kind}.pam-operator.io")), "{waits:?}");
            serves(&cluster, kind, true);
            sleep(A_WHILE).await;
            assert_eq!(missing(&cluster), [""; 0], "{kind}");
        });
    }
}

/// A list that fails otherwise, or is not permitted, says nothing about the CRD.
#[test]
fn another_failure_of_a_list_leaves_a_ready_operator_ready() {
    for code in [403, 410, 429, 500] {
        world(Keeper::ALL[0].pam(), async |world| {
            let mut cluster = Keeper::ALL[0].cluster(&world, &json!({}));
            cluster.start().await;
            sleep(A_WHILE).await;
            for verb in ["list", "watch"] {
                cluster.api.inject(Fault::on(verb, "pamcredentials", Effect::Refused(code)).always());
            }
            sleep(A_WHILE).await;
            assert_eq!(missing(&cluster), [""; 0], "{code}");
        });
    }
}
