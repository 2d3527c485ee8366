//! P1, P2: a credential is pushed once, and a changed value within a second, on each version.

use pam_simulator::{Kind, ProductVersion};
use serde_json::{Value, json};

use crate::support::{CANARY, Plan, World, assert_no_canary};

pub async fn a_credential_is_created_rotated_edited_and_then_left_alone(version: ProductVersion) {
    let mut world = Plan::default().version(version).start().await;
    is_created(&world, version).await;
    world.rotates_within_a_second(3).await;
    an_edited_field_goes_alone(&world).await;
    let object = world.credential_json("svc", fields(&["a", "b"]));
    world.does_nothing_whatever_is_touched(object, &["svc"]).await;
    assert_eq!(world.sim.records().len(), 1);
    assert!(world.sim.journal().secrets_handed_out().is_empty(), "P5");
    assert_no_canary(&world.everything_said().await);
}

fn fields(tags: &[&str]) -> Value {
    json!({"tags": tags, "notes": "a note"})
}

/// The budget of design 4: one POST, one Secret read, one status write, one event.
async fn is_created(world: &World, version: ProductVersion) {
    let count = world.count().await;
    world.put_secret("svc", json!({"password": CANARY})).await;
    world.put_credential("svc", fields(&["a"])).await;
    let status = world.becomes("svc", "Synced").await.status.unwrap();
    world.event_of("svc", "Pushed").await;
    let identifier = format!("c1_{}_svc", world.namespace);
    let record = world.sim.find(&identifier).expect("a record under the generated identifier");
    assert_eq!((status.id, status.identifier), (Some(record.id.clone()), Some(identifier)));
    assert_eq!(world.sim.value_of(&record.id).as_deref(), Some(CANARY));

    let journal = world.journal(&count);
    assert_eq!((journal.posts().len(), journal.count(Kind::ListCredentials), journal.len()), (1, 1, 2), "{journal:?}");
    let requests = world.requests_within(&count).await;
    assert_eq!(requests.resource("secrets").named("svc").verb("get").len(), 1, "{requests}");
    assert_eq!(requests.resource("pamcredentials/status").writes().len(), 1, "{requests}");
    assert_eq!(requests.resource("events").writes().len(), 1, "{requests}");
    assert_eq!(requests.len(), 3, "and nothing else: {requests}");
    notes_are_where_the_version_has_them(world, version);
}

fn notes_are_where_the_version_has_them(world: &World, version: ProductVersion) {
    let body = world.sim.body_of(world.sim.journal().posts()[0].seq).unwrap();
    let place = if version < ProductVersion::V3_33 { &body["additional_settings"]["notes"] } else { &body["notes"] };
    assert_eq!(place, "a note", "the keys are {:?}", body.as_object().unwrap().keys());
}

async fn an_edited_field_goes_alone(world: &World) {
    let count = world.count().await;
    world.put_credential("svc", fields(&["a", "b"])).await;
    world.becomes("svc", "Synced").await;
    let journal = world.journal(&count);
    assert_eq!(journal.len(), 1, "{journal:?}");
    let keys = &journal.posts()[0].keys;
    assert_eq!(*keys, ["hostname", "identifier", "ip", "tags", "username"], "no value, and no other field");
}

pub async fn two_hundred_at_once_take_one_token_and_one_post_each(version: ProductVersion) {
    let world = Plan::default().version(version).start().await;
    world.syncs_two_hundred().await;
    assert_no_canary(&world.everything_said().await);
}
