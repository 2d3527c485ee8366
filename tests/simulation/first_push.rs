//! P1, P6, P10: what a first push costs the API server, and what is known of the record afterwards.

use std::time::Duration;

use crate::support::{ACCESS_KEY, Keeper, OperatedCluster, World, assert_no_canary, value, world};
use fake_apiserver::Requests;
use pam_operator::api::{ConditionType, find};
use pam_simulator::{Authorization, Device, Effect, Fault, Kind, VaultEdit};
use serde_json::json;
use tokio::time::sleep;

const OBJECTS: usize = 50;
const INTERVAL: Duration = Duration::from_mins(10);
const PATIENCE: Duration = Duration::from_mins(1);

fn names() -> impl Iterator<Item = String> {
    (0..OBJECTS).map(|number| format!("svc{number}"))
}

/// Objects and a connection that are all new, and an operator that is not running yet.
fn all_new(keeper: Keeper, world: &World) -> OperatedCluster {
    let cluster = keeper.cluster(world, &json!({"inventory": {"interval": "10m"}}));
    for name in names() {
        cluster.put_value(&name, &value(&name, 1));
        keeper.put(&cluster, &name, &json!({}));
    }
    cluster
}

async fn all_synced(keeper: Keeper, world: &World, cluster: &OperatedCluster) {
    let synced = || names().all(|name| keeper.reason(cluster, &name) == "Synced");
    world.until("all to be synced", PATIENCE, synced).await;
    assert_eq!(keeper.kept(world).0, OBJECTS);
}

/// How often each kind of request was made for the objects.
fn of_objects(keeper: Keeper, requests: &Requests) -> [usize; 2] {
    let reads = requests.verb("get").resource("secrets").filter(|read| read.name.starts_with("svc"));
    [reads.len(), requests.verb("patch").resource(keeper.status()).len()]
}

fn events(cluster: &OperatedCluster, about: &str) -> Vec<String> {
    let about =
        |event: &serde_json::Value| event["regarding"]["name"].as_str().is_some_and(|name| name.starts_with(about));
    let all = cluster.api.list("events").into_iter().filter(about);
    all.map(|event| event["reason"].as_str().unwrap_or_default().to_owned()).collect()
}

fn quiet(cluster: &OperatedCluster, world: &World) {
    assert_no_canary(&(cluster.said() + &world.logs()));
}

#[test]
fn p10_of_objects_that_are_new_together_with_their_connection_each_is_read_written_and_told_once() {
    for keeper in Keeper::ALL {
        world(keeper.pam(), async |world| {
            let calls = keeper.calls();
            let (list, create) = ((calls.list, Duration::from_secs(1)), (calls.create, Duration::from_millis(40)));
            world.take_time([(Kind::Token, Duration::from_secs(2)), list, create]);
            let mut cluster = all_new(keeper, &world);
            cluster.start().await;
            all_synced(keeper, &world, &cluster).await;
            sleep(Duration::from_secs(5)).await;
            // Before an entry is made, the status tells of it: its POST is no upsert.
            let statuses = if keeper == Keeper::Entry { 2 * OBJECTS } else { OBJECTS };
            let requests = cluster.api.requests();
            assert_eq!(of_objects(keeper, &requests), [OBJECTS, statuses], "{keeper:?}: {:?}", requests.tally());
            let told = events(&cluster, "svc");
            assert!(told.len() == OBJECTS && told.iter().all(|reason| reason != "ConnectionNotReady"), "{told:?}");
            quiet(&cluster, &world);
        });
    }
}

#[test]
fn p9_an_object_says_that_its_connection_was_not_tried_yet_once_that_takes_long() {
    for keeper in Keeper::ALL {
        world(keeper.pam(), async |world| {
            world.sim.inject(Fault::on(Kind::Token, Effect::Suspend));
            let mut cluster = all_new(keeper, &world);
            cluster.start().await;
            let waits = || names().all(|name| keeper.reason(&cluster, &name) == "ConnectionNotReady");
            world.until("all to say that they wait", Duration::from_secs(10), waits).await;
            assert!(keeper.message(&cluster, "svc7").contains("has not been checked yet"));
            world.sim.suspended().into_iter().for_each(|(seq, _)| _ = world.sim.resume(seq));
            all_synced(keeper, &world, &cluster).await;
            let statuses = cluster.api.requests().verb("patch").resource(keeper.status()).len();
            assert!(statuses <= 3 * OBJECTS, "{keeper:?}: {statuses}");
            quiet(&cluster, &world);
        });
    }
}

/// Has the connection lead to another vault: another tenant's, or what another access key sees.
async fn leads_elsewhere(keeper: Keeper, world: &World, cluster: &OperatedCluster) {
    let sim = &world.sim;
    match keeper {
        Keeper::Credential => {
            let tenant = "other".to_owned();
            sim.put_device(&Device { tenant: Some(tenant.clone()), ..Device::new("db01", "10.0.0.7") });
            assert!(sim.change_authorization(&sim.client_id(), |client| client.tenant = Some(tenant)));
            sim.revoke_tokens();
            cluster.edit_connection(&json!({"auth": {"oauth2": {"tenant": "other"}}}));
        }
        Keeper::Entry => {
            sim.authorize(Authorization::access_key("another", ACCESS_KEY, "svc"));
            cluster.put_login("another", ACCESS_KEY);
            sleep(Duration::from_secs(5)).await;
            // Another access key by itself changes nothing.
            names().for_each(|name| keeper.put(cluster, &name, &json!({"url": "https://db01.example.com"})));
        }
    }
}

#[test]
fn p10_where_a_connection_leads_to_another_vault_no_pass_reads_a_secret_in_vain() {
    for keeper in Keeper::ALL {
        world(keeper.pam(), async |world| {
            let mut cluster = all_new(keeper, &world);
            cluster.start().await;
            all_synced(keeper, &world, &cluster).await;
            sleep(PATIENCE).await;
            world.take_time([(keeper.calls().list, Duration::from_secs(2))]);
            let (asked, mark) = (cluster.api.mark(), world.sim.mark());
            leads_elsewhere(keeper, &world, &cluster).await;
            sleep(PATIENCE).await;
            assert!(world.journal(mark).count(keeper.calls().list) > 0, "{keeper:?}: it was looked for nowhere");
            let requests = cluster.api.since(asked);
            // One pass finds the entry again, and the next changes it.
            let reads = if keeper == Keeper::Entry { 2 * OBJECTS } else { OBJECTS };
            assert_eq!(of_objects(keeper, &requests)[0], reads, "{keeper:?}: {:?}", requests.tally());
            quiet(&cluster, &world);
        });
    }
}

// === What is known of a new record

fn is_drifted(cluster: &OperatedCluster, name: &str) -> bool {
    find(&cluster.status(name).conditions, ConditionType::Drifted).is_some()
}

/// Records that are new and were in a list, and how many requests there were by then.
async fn listed(world: &World) -> OperatedCluster {
    let mut cluster = all_new(Keeper::Credential, world);
    cluster.start().await;
    all_synced(Keeper::Credential, world, &cluster).await;
    sleep(2 * INTERVAL).await;
    cluster
}

fn edit(world: &World, username: &str) {
    let id = Keeper::Credential.id(world, username).unwrap();
    assert!(world.sim.edit(&id, VaultEdit::Rotate("CANARY-by-a-person".into())));
}

/// Nothing that is in the cluster before the first list tells what the PAM will call the time of the write: its clock and its
/// time zone are its own. A process that ends forgets what it saw. So the status is written again.
#[test]
fn p1_what_the_first_list_shows_of_a_record_is_written_once_and_outlives_the_process() {
    for while_down in [true, false] {
        world(Keeper::Credential.pam(), async |world| {
            let mut cluster = listed(&world).await;
            let (requests, mark) = (cluster.api.requests(), world.sim.mark());
            assert_eq!(of_objects(Keeper::Credential, &requests), [OBJECTS, 2 * OBJECTS], "{:?}", requests.tally());
            cluster.kill().await;
            if while_down {
                edit(&world, "svc7");
            }
            let asked = cluster.api.mark();
            cluster.start().await;
            if !while_down {
                sleep(Duration::from_secs(1)).await;
                edit(&world, "svc7");
            }
            sleep(2 * INTERVAL).await;
            let drifted: Vec<String> = names().filter(|name| is_drifted(&cluster, name)).collect();
            assert_eq!(drifted, ["svc7"]);
            assert!(world.journal(mark).posts().is_empty(), "no value is sent for it");
            assert_eq!(of_objects(Keeper::Credential, &cluster.api.since(asked))[1], 1);
            quiet(&cluster, &world);
        });
    }
}
