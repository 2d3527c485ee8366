//! P3, P4: another tenant at the same URL is another vault; another client of the same tenant costs one look.

use std::time::Duration;

use pam_simulator::{Authorization, Device, Kind};
use serde_json::{Value, json};

use super::{OTHER_TENANT, all_are_in, ids, is_in, many, writes, writes_since};
use crate::support::steps::A_MOMENT;
use crate::support::{CANARY, PATIENCE, World, assert_no_canary, ready};

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
async fn another_tenant_at_the_same_url_is_another_vault() {
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
        is_in(&world, &name, |vault| vault.requested_tenant.as_deref() == Some(OTHER_TENANT)).await;
    }
    let there: Vec<_> = world.sim.records().into_iter().filter(|record| record.tenant == OTHER_TENANT).collect();
    assert_eq!((there.len(), writes_since(&world.sim, mark)), (3, [3, 0, 0]));
    assert!(there.iter().all(|record| !before.values().any(|id| *id == record.id)));

    // A change goes there alone, and the way back updates each once: nothing is remembered of a vault that was left.
    world.put_secret("svc-00", json!({"password": format!("{CANARY}-2")})).await;
    let id = world.get("svc-00").await.status.unwrap().id.unwrap();
    world.record_holds(&id, &format!("{CANARY}-2")).await;
    assert_eq!(world.sim.value_of(&before["svc-00"]).as_deref(), Some(CANARY));
    let mark = world.sim.mark();
    moves_to(&world, "acme");
    world.put_connection(asking_for("acme")).await;
    for name in ["00", "01", "02"].map(moved) {
        let id = is_in(&world, &name, |vault| vault.requested_tenant.as_deref() == Some("acme")).await;
        assert_eq!(id, before[&name]);
    }
    world.record_holds(&before["svc-00"], &format!("{CANARY}-2")).await;
    assert_eq!((writes_since(&world.sim, mark), world.sim.records().len()), ([3, 0, 0], 6));
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
    let there = is_in(&world, "svc", |vault| vault.requested_tenant.as_deref() == Some(OTHER_TENANT)).await;
    assert_eq!(world.sim.record(&there).unwrap().tenant, OTHER_TENANT);
    assert_eq!(writes_since(&world.sim, mark), [1, 0, 0]);
    assert_no_canary(&world.everything_said().await);
}
