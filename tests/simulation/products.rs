//! P9: a connection is for one product of the PAM, and a credential that names one for MySafe sends nothing.

use std::time::Duration;

use pam_operator::api::{ConditionType, find};
use pam_simulator::{Authorization, Config, Kind, ProductVersion};
use serde_json::json;

use crate::support::{assert_no_canary, value, world};

const PATIENCE: Duration = Duration::from_mins(10);
const SECRET: &str = "CANARY-access-key";

#[test]
fn a_credential_on_a_connection_for_my_safe_says_so_and_sends_nothing_on_every_version() {
    for version in ProductVersion::ALL {
        let config = Config::of(version).device("db01", "10.0.0.7");
        let config = config.authorization(Authorization::access_key("key", SECRET, "svc"));
        world(config, async |world| {
            let mut cluster = world.cluster_with("c1", &json!({"product": "MySafe", "inventory": {"interval": "1h"}}));
            cluster.put_login("key", SECRET);
            cluster.put_value("svc", &value("svc", 1));
            cluster.put_credential("svc", &json!({}));
            cluster.start().await;
            world.until("the reason", PATIENCE, || cluster.reason("svc") == "ConnectionNotReady").await;
            tokio::time::sleep(Duration::from_hours(3)).await;
            let status = cluster.status("svc");
            let message = &find(&status.conditions, ConditionType::Ready).unwrap().message;
            assert!(message.contains("is for MySafe") && message.contains("spec.product: PamCore"), "{message}");
            let connection = cluster.api.list("clusterpamconnections").remove(0);
            let ready = &connection["status"]["conditions"][0];
            assert_eq!(
                (&ready["type"], &ready["status"]),
                (&json!("Ready"), &json!("True")),
                "{version}: {connection}"
            );
            let journal = world.sim.journal();
            assert!(journal.entries().iter().all(|entry| entry.path == "/api/oauth2/token"), "{journal:?}");
            assert!(journal.count(Kind::Token) <= 2, "{journal:?}");

            cluster.put_login(&world.sim.client_id(), &world.sim.client_secret());
            cluster.put_connection(&json!({"product": "PamCore"}));
            world.until("the credential to be synced", PATIENCE, || cluster.reason("svc") == "Synced").await;
            assert_eq!((world.sim.records().len(), world.sim.entries().len()), (1, 0));
            assert_no_canary(&(cluster.said() + &world.logs()));
        });
    }
}
