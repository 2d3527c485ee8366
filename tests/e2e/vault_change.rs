//! *Another place* (design 5): a connection that leads somewhere else than before, or a credential that is pointed at
//! another connection. Ids prove nothing there, so it is looked at first; what is the same vault is not written again.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::steps::{A_MOMENT, another_pam, leading_to};
use crate::support::{CANARY, PATIENCE, World, assert_no_canary, ready};
use kube::api::{DeleteParams, ListParams};
use local_cluster::wait_until;
use pam_operator::api::PamCredential;
use pam_simulator::{Authorization, Device, Journal, Kind, Mark, Seed, Simulator};
use serde_json::{Value, json};

const OTHER_TENANT: &str = "umbrella";

/// So many calls of each kind that writes: POST, PUT, DELETE.
fn writes(journal: &Journal) -> [usize; 3] {
    assert_eq!(journal.count(Kind::GetCredential), 0, "P5");
    [Kind::PostCredential, Kind::PutCredential, Kind::DeleteCredential].map(|kind| journal.count(kind))
}

fn writes_since(sim: &Simulator, mark: Mark) -> [usize; 3] {
    writes(&sim.since(mark))
}

/// Puts records of others into a PAM, so that ids there are not those of the other one by accident.
fn with_others(sim: &Simulator, count: usize) {
    for number in 0..count {
        sim.seed(Seed::new(&format!("others-{number}"), "db01", "10.0.0.7").value("canary-7f3a-others"));
    }
}

async fn many(world: &World, count: usize, change: &Value) {
    let names = (0..count).map(|number| format!("svc-{number:02}"));
    let objects = names
        .flat_map(|name| [world.secret_json(&name, CANARY), world.credential_json(&name, change.clone())])
        .collect::<Vec<_>>();
    world.apply(objects).await;
    world.all_become(count, &["Synced"]).await;
}

fn ids(all: &[PamCredential]) -> BTreeMap<String, String> {
    let id = |one: &PamCredential| one.status.as_ref().unwrap().id.clone().unwrap();
    all.iter().map(|one| (crate::support::name_of(one), id(one))).collect()
}

/// Waits until all credentials are ready, and their records are in the PAM of that origin.
async fn all_are_in(world: &World, origin: &str) -> Vec<PamCredential> {
    wait_until(&format!("all to be in {origin}"), PATIENCE * 2, async || {
        let all = world.credentials().list(&ListParams::default()).await?.items;
        for one in &all {
            let place = one.status.clone().unwrap_or_default().connection.unwrap_or_default();
            anyhow::ensure!(place.origin == origin && ready(one).0 == "True", "{:?} in {place:?}", ready(one));
        }
        Ok(all)
    })
    .await
    .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()))
}

async fn is_in(world: &World, name: &str, what: impl Fn(&pam_operator::api::ConnectionStatus) -> bool) -> String {
    wait_until(&format!("{name} to be in the other place"), PATIENCE, async || {
        let found = world.get(name).await;
        let status = found.status.clone().unwrap();
        let place = status.connection.unwrap_or_default();
        anyhow::ensure!(what(&place) && ready(&found).0 == "True", "{:?} in {place:?}", ready(&found));
        Ok(status.id.unwrap())
    })
    .await
    .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()))
}

/// Deletes the connection and makes it anew under the same name.
async fn made_anew(world: &World, change: Value) {
    world.connections().delete(&world.connection, &DeleteParams::default()).await.unwrap();
    tokio::time::sleep(A_MOMENT).await;
    world.put_connection(change).await;
    world.connection_becomes("Authenticated").await;
}

#[tokio::test]
async fn an_empty_second_pam_gets_every_credential_once_and_the_way_back_writes_nothing() {
    let world = World::start().await;
    many(&world, 20, &json!({})).await;
    let before = ids(&all_are_in(&world, &world.sim.url()).await);
    let other = another_pam(&world).await;
    with_others(&other, 30);

    // There: each is created once, and the first PAM is not even asked.
    let mark = world.sim.mark();
    world.put_connection(leading_to(&other)).await;
    let there = ids(&all_are_in(&world, &other.url()).await);
    assert_eq!(writes(&other.journal()), [20, 0, 0]);
    assert_eq!(other.records().len(), 20 + 30);
    assert!(there.iter().all(|(name, id)| before[name] != *id));
    assert_eq!(world.sim.since(mark).len(), 0, "{:?}", world.sim.since(mark));

    // And back: rebound, with the ids of then.
    let there_mark = other.mark();
    world.put_connection(json!({})).await;
    let back = all_are_in(&world, &world.sim.url()).await;
    assert_eq!(ids(&back), before);
    for one in &back {
        let message = ready(one).2;
        assert!(message.contains(&format!("record {},", before[&crate::support::name_of(one)])), "{message}");
    }
    assert_eq!(writes_since(&world.sim, mark), [0, 0, 0], "{:?}", world.sim.since(mark));
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(writes_since(&world.sim, mark), [0, 0, 0]);

    // From now on the first PAM alone is written to.
    world.put_secret("svc-00", json!({"password": format!("{CANARY}-2")})).await;
    world.record_holds(&before["svc-00"], &format!("{CANARY}-2")).await;
    assert_eq!(writes_since(&world.sim, mark), [1, 0, 0]);
    assert_eq!(other.since(there_mark).len(), 0);
    assert_eq!(other.value_of(&there["svc-00"]).as_deref(), Some(CANARY));
    assert_eq!(world.sim.records().len(), 20);
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn what_changed_while_it_was_elsewhere_is_brought_back() {
    let world = World::start().await;
    let before = world.synced("svc").await.status.unwrap().id.unwrap();
    world.synced("calm").await;
    let other = another_pam(&world).await;
    with_others(&other, 3);
    world.put_connection(leading_to(&other)).await;
    let there = is_in(&world, "svc", |place| place.origin == other.url()).await;
    is_in(&world, "calm", |place| place.origin == other.url()).await;
    let mark = world.sim.mark();
    world.put_secret("svc", json!({"password": format!("{CANARY}-2")})).await;
    world.put_credential("svc", json!({"tags": ["edited"]})).await;
    world.becomes("svc", "Synced").await;
    wait_until("the value there", PATIENCE, async || {
        anyhow::ensure!(other.value_of(&there) == Some(format!("{CANARY}-2")), "another");
        Ok(())
    })
    .await
    .unwrap();

    world.put_connection(json!({})).await;
    assert_eq!(is_in(&world, "svc", |place| place.origin == world.sim.url()).await, before);
    is_in(&world, "calm", |place| place.origin == world.sim.url()).await;
    world.record_holds(&before, &format!("{CANARY}-2")).await;
    assert_eq!(writes_since(&world.sim, mark), [1, 0, 0], "svc, and not the one that stayed as it was");
    assert_eq!(world.sim.record(&before).unwrap().fields["tags"], "edited");
    assert_eq!(world.sim.records().len(), 2);
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_connection_that_is_made_anew_is_the_same_place_or_another_by_its_url() {
    let world = World::start().await;
    many(&world, 3, &json!({})).await;
    let before = ids(&all_are_in(&world, &world.sim.url()).await);
    let mark = world.sim.mark();
    made_anew(&world, json!({})).await;
    tokio::time::sleep(A_MOMENT).await;
    let journal = world.sim.since(mark);
    assert_eq!((journal.count(Kind::Token), journal.len()), (1, 1), "one login, and nothing else: {journal:?}");
    assert_eq!(ids(&all_are_in(&world, &world.sim.url()).await), before);
    world.put_secret("svc-00", json!({"password": format!("{CANARY}-2")})).await;
    world.record_holds(&before["svc-00"], &format!("{CANARY}-2")).await;

    let (mark, other) = (world.sim.mark(), another_pam(&world).await);
    made_anew(&world, leading_to(&other)).await;
    all_are_in(&world, &other.url()).await;
    assert_eq!((writes(&other.journal()), other.records().len()), ([3, 0, 0], 3));
    assert_eq!(world.sim.since(mark).len(), 0);
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn another_connection_to_the_same_pam_rebinds_and_one_to_another_creates() {
    let world = World::start().await;
    let id = world.synced("svc").await.status.unwrap().id.unwrap();
    let other = another_pam(&world).await;
    with_others(&other, 3);
    let same = world.put_another_connection("same", json!({})).await;
    let elsewhere = world.put_another_connection("elsewhere", leading_to(&other)).await;
    let mark = world.sim.mark();

    world.put_credential("svc", json!({"connectionRef": {"name": same}})).await;
    assert_eq!(is_in(&world, "svc", |place| place.name == same).await, id);
    assert_eq!(writes_since(&world.sim, mark), [0, 0, 0], "the same record, found by a look");
    assert!(world.sim.since(mark).count(Kind::ListCredentials) >= 1);
    world.put_secret("svc", json!({"password": format!("{CANARY}-2")})).await;
    world.record_holds(&id, &format!("{CANARY}-2")).await;

    let mark = world.sim.mark();
    world.put_credential("svc", json!({"connectionRef": {"name": elsewhere}})).await;
    let there = is_in(&world, "svc", |place| place.name == elsewhere).await;
    assert_ne!(there, id);
    assert_eq!(other.value_of(&there), Some(format!("{CANARY}-2")));
    assert_eq!((writes(&other.journal()), world.sim.since(mark).len()), ([1, 0, 0], 0));
    // Moved and edited at once, back to the first one by its first name.
    world.put_credential("svc", json!({"tags": ["x"]})).await;
    assert_eq!(is_in(&world, "svc", |place| place.name == world.connection).await, id);
    assert_eq!(writes_since(&world.sim, mark), [1, 0, 0]);
    assert_eq!(world.sim.records().len(), 1);
    assert_no_canary(&world.everything_said().await);
}

// === Tenants and logins

/// The world's client becomes another tenant's; the devices are there, too.
fn moves_to(world: &World, tenant: &str) {
    let id = world.sim.client_id();
    world.sim.put_device(&Device { tenant: Some(tenant.to_owned()), ..Device::new("db01", "10.0.0.7") });
    world.sim.change_authorization(&id, |authorization| authorization.tenant = Some(tenant.to_owned()));
    world.sim.revoke_tokens();
}

fn asking_for(tenant: &str) -> Value {
    json!({"auth": {"oauth2": {"tenant": tenant}}})
}

#[tokio::test]
async fn another_tenant_at_the_same_url_is_another_place() {
    let world = World::start().await;
    many(&world, 3, &json!({})).await;
    let before = ids(&all_are_in(&world, &world.sim.url()).await);
    // To write down the tenant that the PAM names anyway changes nothing.
    let mark = world.sim.mark();
    world.put_connection(asking_for("acme")).await;
    world.connection_becomes("Authenticated").await;
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!((world.sim.since(mark).count(Kind::ListCredentials), writes_since(&world.sim, mark)), (0, [0, 0, 0]));

    moves_to(&world, OTHER_TENANT);
    world.put_connection(asking_for(OTHER_TENANT)).await;
    let moved = |name: &str| format!("svc-{name}");
    for name in ["00", "01", "02"].map(moved) {
        is_in(&world, &name, |place| place.requested_tenant.as_deref() == Some(OTHER_TENANT)).await;
    }
    let there: Vec<_> = world.sim.records().into_iter().filter(|record| record.tenant == OTHER_TENANT).collect();
    assert_eq!((there.len(), writes_since(&world.sim, mark)), (3, [3, 0, 0]));
    assert!(there.iter().all(|record| !before.values().any(|id| *id == record.id)));

    // A change goes there alone, and the way back writes nothing but what changed.
    world.put_secret("svc-00", json!({"password": format!("{CANARY}-2")})).await;
    let id = world.get("svc-00").await.status.unwrap().id.unwrap();
    world.record_holds(&id, &format!("{CANARY}-2")).await;
    assert_eq!(world.sim.value_of(&before["svc-00"]).as_deref(), Some(CANARY));
    let mark = world.sim.mark();
    moves_to(&world, "acme");
    world.put_connection(asking_for("acme")).await;
    for name in ["00", "01", "02"].map(moved) {
        let id = is_in(&world, &name, |place| place.requested_tenant.as_deref() == Some("acme")).await;
        assert_eq!(id, before[&name]);
    }
    world.record_holds(&before["svc-00"], &format!("{CANARY}-2")).await;
    assert_eq!((writes_since(&world.sim, mark), world.sim.records().len()), ([1, 0, 0], 6));
    assert_no_canary(&world.everything_said().await);
}

/// Another client logs in from now on.
async fn logs_in_as(world: &World, client: Authorization) {
    let (id, secret) = (client.client_id.clone(), client.client_secret.reveal().to_owned());
    world.sim.authorize(client);
    let before = world.sim.count(Kind::Token);
    world.put_login(&id, &secret).await;
    assert!(world.sim.wait_for(PATIENCE, |journal| journal.count(Kind::Token) > before).await);
    tokio::time::sleep(Duration::from_millis(500)).await;
    world.connection_becomes("Authenticated").await;
}

#[tokio::test]
async fn another_client_of_the_same_tenant_costs_one_look_before_the_next_write() {
    let world = World::start().await;
    many(&world, 3, &json!({})).await;
    let ids = ids(&all_are_in(&world, &world.sim.url()).await);
    for id in ids.values() {
        world.sim.edit(id, pam_simulator::VaultEdit::ShowTo("renewed".into()));
    }
    let count = world.count().await;
    logs_in_as(&world, Authorization::new("renewed", "canary-7f3a-renewed")).await;
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(world.journal(&count).len(), 1, "a login, and nothing for the credentials: {:?}", world.journal(&count));

    for round in 2..4 {
        world.put_secret("svc-00", json!({"password": format!("{CANARY}-{round}")})).await;
        world.record_holds(&ids["svc-00"], &format!("{CANARY}-{round}")).await;
        world.becomes("svc-00", "Synced").await;
    }
    let journal = world.journal(&count);
    assert_eq!((journal.count(Kind::ListCredentials), writes(&journal)), (1, [2, 0, 0]), "looked at once");
    assert_eq!(world.sim.records().len(), 3);
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_client_of_another_tenant_writes_nothing_until_that_tenant_is_asked_for() {
    let world = World::start().await;
    let id = world.synced("svc").await.status.unwrap().id.unwrap();
    world.sim.put_device(&Device { tenant: Some(OTHER_TENANT.into()), ..Device::new("db01", "10.0.0.7") });
    let mark = world.sim.mark();
    logs_in_as(&world, Authorization::new("theirs", "canary-7f3a-theirs").tenant(OTHER_TENANT)).await;
    world.put_secret("svc", json!({"password": format!("{CANARY}-2")})).await;
    let message = ready(&world.becomes("svc", "RecordConflict").await).2;
    assert!(message.contains("auth.oauth2.tenant") && message.contains("access"), "{message}");
    world.put_credential("svc", json!({"tags": ["x"]})).await;
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(writes_since(&world.sim, mark), [0, 0, 0]);
    assert_eq!((world.sim.value_of(&id), world.sim.records().len()), (Some(format!("{CANARY}-svc")), 1));

    world.put_connection(asking_for(OTHER_TENANT)).await;
    let there = is_in(&world, "svc", |place| place.requested_tenant.as_deref() == Some(OTHER_TENANT)).await;
    assert_eq!(world.sim.record(&there).unwrap().tenant, OTHER_TENANT);
    assert_eq!(writes_since(&world.sim, mark), [1, 0, 0]);
    assert_no_canary(&world.everything_said().await);
}

// === Deleting in another place

#[tokio::test]
async fn a_deletion_in_another_place_disables_nothing_that_is_not_proven_to_be_the_record() {
    let mut world = World::start().await;
    many(&world, 2, &json!({"deletionPolicy": "Disable"})).await;
    // Its Secret is not read for a deletion.
    world.put_secret("unread", json!({"username": "unread", "password": CANARY})).await;
    let from_secret = json!({"username": null, "usernameSecretRef": {"name": "unread"}, "deletionPolicy": "Disable"});
    world.put_credential("unread", from_secret).await;
    world.becomes("unread", "Synced").await;
    let before = ids(&all_are_in(&world, &world.sim.url()).await);
    let other = another_pam(&world).await;
    // The ids of ours, on others' records; two of them even under our identifier.
    let mut in_order: Vec<_> = before.iter().collect();
    in_order.sort_by_key(|(_, id)| id.parse::<u64>().unwrap());
    for (name, id) in in_order {
        let identifier = (name != "svc-01").then(|| format!("c1_{}_{name}", world.namespace));
        let seed = Seed { identifier, ..Seed::new(&format!("other-{name}"), "web01", "10.0.0.8") };
        assert_eq!(&other.seed(seed), id, "the test rests on that");
    }
    world.stop_operator().await;
    for name in before.keys() {
        world.delete(name).await;
    }
    world.put_connection(leading_to(&other)).await;
    world.start_operator().await;
    for name in before.keys() {
        world.becomes(name, "DeletionBlocked").await;
    }
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(writes(&other.journal()), [0, 0, 0]);

    // Where they were written they are proven, and disabled.
    world.put_connection(json!({})).await;
    for (name, id) in &before {
        world.is_gone(name).await;
        assert!(!world.sim.record(id).unwrap().active);
    }
    assert_eq!(writes(&world.sim.journal()), [3, 0, 3]);
    assert!(other.records().iter().all(|record| record.active));
    assert_no_canary(&world.everything_said().await);
}
