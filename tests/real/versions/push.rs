//! The main job, and that it is done once.

use std::time::{Duration, Instant};

use kube::api::{Patch, PatchParams};
use pam_simulator::{Kind, ProductVersion};
use serde_json::{Value, json};

use crate::support::steps::A_MOMENT;
use crate::support::{CANARY, Plan, World, assert_no_canary};

pub async fn a_credential_is_created_rotated_edited_and_then_left_alone(version: ProductVersion) {
    let mut world = Plan::default().version(version).start().await;
    is_created(&world, version).await;
    a_rotation_is_there_within_a_second(&world).await;
    an_edited_field_goes_alone(&world).await;
    nothing_changed_and_nothing_is_done(&mut world).await;
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
    let requests = world.requests(&count).await;
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

async fn a_rotation_is_there_within_a_second(world: &World) {
    let mut worst = Duration::ZERO;
    for round in 0..3 {
        let count = world.count().await;
        let value = format!("{CANARY}-{round}");
        let started = Instant::now();
        world.put_secret("svc", json!({"password": value})).await;
        world.pam_holds("svc", &value).await;
        worst = worst.max(started.elapsed());
        tokio::time::sleep(Duration::from_millis(300)).await;
        let journal = world.journal(&count);
        assert!(journal.len() == 1 && journal.posts().len() == 1, "{journal:?}");
    }
    eprintln!("the slowest of three rotations took {worst:?}");
    assert!(worst < Duration::from_secs(1), "P2: {worst:?}");
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

/// Applied again, annotated, labelled; a Secret of others; a restart.
async fn nothing_changed_and_nothing_is_done(world: &mut World) {
    let object = world.credential_json("svc", fields(&["a", "b"]));
    // kubectl takes the fields over from the test, which is a change of its own.
    world.apply([object.clone()]).await;
    tokio::time::sleep(A_MOMENT).await;
    let count = world.count().await;
    world.apply([object]).await;
    world.annotate("svc", "example.com/note", "unrelated").await;
    let label = Patch::Merge(json!({"metadata": {"labels": {"touched": "yes"}}}));
    world.secrets().patch_metadata("svc", &PatchParams::default(), &label).await.unwrap();
    world.put_secret("unrelated", json!({"password": CANARY})).await;
    tokio::time::sleep(A_MOMENT).await;
    world.assert_nothing_done(&count).await;

    assert_no_canary(&world.stop_operator().await);
    let count = world.count().await;
    world.start_operator().await;
    tokio::time::sleep(A_MOMENT).await;
    world.assert_nothing_done(&count).await;
}

pub async fn two_hundred_at_once_take_one_token_and_one_post_each(version: ProductVersion) {
    let world = Plan::default().version(version).start().await;
    let count = world.count().await;
    let names: Vec<String> = (0..200).map(|number| format!("svc-{number:03}")).collect();
    let started = Instant::now();
    let of =
        |name: &String| [world.secret_json(name, &format!("{CANARY}-{name}")), world.credential_json(name, json!({}))];
    world.apply(names.iter().flat_map(of)).await;
    world.all_become(200, &["Synced"]).await;
    eprintln!("200 credentials applied and synced in {:?}", started.elapsed());

    let journal = world.journal(&count);
    assert_eq!(journal.count(Kind::PostCredential), 200, "one POST each");
    assert!(journal.count(Kind::Token) <= 1, "{} tokens", journal.count(Kind::Token));
    let lists = journal.count(Kind::ListCredentials);
    assert!((1..=2).contains(&lists), "{lists} lists");
    assert_eq!(world.sim.records().len(), 200);
    let requests = world.requests(&count).await;
    // Once a credential is pushed, and once when a list that came later said when that was.
    let statuses = requests.resource("pamcredentials/status").writes().len();
    assert!((200..=200 * lists).contains(&statuses), "{statuses} status writes");
    assert!(requests.resource("events").writes().len() <= 200);
    assert_no_canary(&world.everything_said().await);
}
