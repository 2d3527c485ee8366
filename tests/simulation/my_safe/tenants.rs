//! P4, P8: what a tenant tries who may write objects of one namespace.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pam_simulator::{Clock, Config, EntrySeed, ProductVersion, Simulator};
use serde_json::json;
use tokio::time::sleep;

use super::{SECRET, assert_secret, becomes, cluster, config};
use crate::support::{NAMESPACE, OperatedCluster, merge, value, world};

const VERSION: ProductVersion = ProductVersion::V4_2;

#[test]
fn p8_a_plan_does_not_tell_whether_another_secret_holds_the_value() {
    world(config(VERSION), async |world| {
        let cluster = cluster(&world).await;
        cluster.put_value("svc1", &value("svc1", 1));
        cluster.put_entry("svc1", &json!({}));
        becomes(&world, &cluster, "svc1", "Synced").await;
        let mut plans = Vec::new();
        for (name, guess) in [("right", value("svc1", 1)), ("wrong", value("svc1", 2))] {
            cluster.put_value(name, &guess);
            cluster.put_entry("svc1", &json!({"mode": "Plan", "contentSecretRef": {"name": name}}));
            becomes(&world, &cluster, "svc1", "Planned").await;
            sleep(Duration::from_secs(30)).await;
            let status = serde_json::to_value(cluster.entry("svc1").unwrap().status.unwrap()).unwrap();
            plans.push((status["plan"].clone(), status["conditions"][0]["message"].clone()));
        }
        assert_eq!(plans[0], plans[1]);
        // Of the Secret that was sent it tells.
        cluster.put_entry("svc1", &json!({"mode": "Plan"}));
        becomes(&world, &cluster, "svc1", "Planned").await;
        let plan = || serde_json::to_value(cluster.entry("svc1").unwrap().status.unwrap().plan).unwrap();
        world.until("the plan", Duration::from_mins(1), || plan()["action"] == "Nothing").await;
        assert_secret(&world, &cluster);
    });
}

/// A connection of the tenant's own, to a MySafe of the tenant's own.
fn put_own_connection(cluster: &OperatedCluster, own: &Simulator) {
    let meta = |name: &str| json!({"name": name, "namespace": NAMESPACE});
    let login = json!({"clientId": "key", "clientSecret": SECRET});
    cluster.api.put("secrets", &json!({"metadata": meta("own-login"), "stringData": login}));
    let spec = json!({
        "url": own.url(), "productVersion": own.version().to_string(), "product": "MySafe",
        "auth": {"oauth2": {"clientSecretRef": {"name": "own-login"}}},
        "tls": {"caBundle": STANDARD.encode(own.ca_pem())},
    });
    cluster.api.put("pamconnections", &json!({"metadata": meta("mine"), "spec": spec}));
}

/// The tenant makes an entry in a safe of his own that has the identifier and the looks of somebody else's entry in the safe that
/// all namespaces share, and then has his object lead there.
#[test]
fn p4_p7_a_tenant_without_take_over_gets_no_entry_by_a_detour() {
    world(config(VERSION), async |world| {
        let cluster = cluster(&world).await;
        cluster.put_connection(&json!({"product": "MySafe", "access": [{"allow": ["MySafe"]}]}));
        let time = world.time.clone();
        let own = Config { clock: Clock::new(move || time.now()), ..config(VERSION) };
        let own = Simulator::start(own).await.unwrap();
        put_own_connection(&cluster, &own);
        let theirs = world.sim.plant(EntrySeed::new("svc", "bank", "cfo").url("https://bank.example"));
        cluster.put_value("svc1", &value("svc1", 1));
        let looks = json!({"name": "bank", "username": "cfo", "url": "https://bank.example"});
        let with = |change| {
            let mut spec = looks.clone();
            merge(&mut spec, &change);
            spec
        };
        cluster.put_entry("svc1", &with(json!({"connectionRef": {"kind": "PamConnection", "name": "mine"}})));
        becomes(&world, &cluster, "svc1", "Synced").await;
        assert_eq!(cluster.entry_id("svc1"), theirs);
        let shared = json!({"usersAllowed": [{"name": "ana", "canEdit": true}], "deletionPolicy": "Deactivate"});
        cluster.put_entry("svc1", &with(shared));
        becomes(&world, &cluster, "svc1", "AccessDenied").await;
        sleep(Duration::from_hours(1)).await;
        let entry = world.sim.entry(&theirs).unwrap();
        assert_eq!((entry.value_writes, entry.users), (1, vec![]), "it was written to and shared with the tenant");
        cluster.api.delete("mysafepasswords", NAMESPACE, "svc1");
        sleep(Duration::from_hours(1)).await;
        assert!(world.sim.entry(&theirs).unwrap().active, "it was deactivated");
        assert_secret(&world, &cluster);
    });
}
