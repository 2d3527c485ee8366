//! P3, P4: another PAM gets each record once. The way back finds the records of before by identifier and account, and updates
//! each once: nothing is remembered of a vault that was left.

use local_cluster::wait_until;
use pam_simulator::Kind;
use serde_json::json;

use super::{all_are_in, ids, is_in, many, recreated, with_others, writes, writes_since};
use crate::support::steps::{A_MOMENT, another_pam, leading_to};
use crate::support::{CANARY, PATIENCE, World, assert_no_canary, ready};

#[tokio::test]
async fn an_empty_second_pam_gets_every_credential_once_and_the_way_back_updates_each_once() {
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
    assert_eq!(writes_since(&world.sim, mark), [20, 0, 0], "{:?}", world.sim.since(mark));
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(writes_since(&world.sim, mark), [20, 0, 0]);

    // From now on the first PAM alone is written to.
    world.put_secret("svc-00", json!({"password": format!("{CANARY}-2")})).await;
    world.record_holds(&before["svc-00"], &format!("{CANARY}-2")).await;
    assert_eq!(writes_since(&world.sim, mark), [21, 0, 0]);
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
    let there = is_in(&world, "svc", |vault| vault.origin == other.url()).await;
    is_in(&world, "calm", |vault| vault.origin == other.url()).await;
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
    assert_eq!(is_in(&world, "svc", |vault| vault.origin == world.sim.url()).await, before);
    is_in(&world, "calm", |vault| vault.origin == world.sim.url()).await;
    world.record_holds(&before, &format!("{CANARY}-2")).await;
    assert_eq!(writes_since(&world.sim, mark), [2, 0, 0], "each of the two once");
    assert_eq!(world.sim.record(&before).unwrap().fields["tags"], "edited");
    assert_eq!(world.sim.records().len(), 2);
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_recreated_connection_is_the_same_vault_or_another_by_its_url() {
    let world = World::start().await;
    many(&world, 3, &json!({})).await;
    let before = ids(&all_are_in(&world, &world.sim.url()).await);
    let mark = world.sim.mark();
    recreated(&world, json!({})).await;
    tokio::time::sleep(A_MOMENT).await;
    let journal = world.sim.since(mark);
    assert_eq!((journal.count(Kind::Token), journal.len()), (1, 1), "one login, and nothing else: {journal:?}");
    assert_eq!(ids(&all_are_in(&world, &world.sim.url()).await), before);
    world.put_secret("svc-00", json!({"password": format!("{CANARY}-2")})).await;
    world.record_holds(&before["svc-00"], &format!("{CANARY}-2")).await;

    let (mark, other) = (world.sim.mark(), another_pam(&world).await);
    recreated(&world, leading_to(&other)).await;
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
    assert_eq!(is_in(&world, "svc", |vault| vault.name == same).await, id);
    assert_eq!(writes_since(&world.sim, mark), [0, 0, 0], "the same record, found by a look");
    assert!(world.sim.since(mark).count(Kind::ListCredentials) >= 1);
    world.put_secret("svc", json!({"password": format!("{CANARY}-2")})).await;
    world.record_holds(&id, &format!("{CANARY}-2")).await;

    let mark = world.sim.mark();
    world.put_credential("svc", json!({"connectionRef": {"name": elsewhere}})).await;
    let there = is_in(&world, "svc", |vault| vault.name == elsewhere).await;
    assert_ne!(there, id);
    assert_eq!(other.value_of(&there), Some(format!("{CANARY}-2")));
    assert_eq!((writes(&other.journal()), world.sim.since(mark).len()), ([1, 0, 0], 0));
    // Moved and edited at once, back to the first one by its first name.
    world.put_credential("svc", json!({"tags": ["x"]})).await;
    assert_eq!(is_in(&world, "svc", |vault| vault.name == world.connection).await, id);
    assert_eq!(writes_since(&world.sim, mark), [1, 0, 0]);
    assert_eq!(world.sim.records().len(), 1);
    assert_no_canary(&world.everything_said().await);
}
