//! P1, P7: `ensureEnabled` enables an adopted record by one PUT, whatever happens between the push and the PUT.

use std::time::Duration;

use local_cluster::wait_until;
use pam_simulator::{Effect, Fault, Kind, ProductVersion};
use serde_json::{Value, json};

use super::{THEIRS, apply, ends, message, seed, status};
use crate::support::{CANARY, PATIENCE, Plan, World, ready};

fn enabled() -> Value {
    json!({"ensureEnabled": true})
}

async fn says_enabled(world: &World) {
    wait_until("the event Enabled", PATIENCE, async || {
        let events = world.events().await;
        anyhow::ensure!(events.iter().any(|event| event.reason.as_deref() == Some("Enabled")), "{}", events.len());
        Ok(())
    })
    .await
    .unwrap();
}

/// Posts and puts since the start.
fn writes(world: &World) -> (usize, usize) {
    (world.sim.count(Kind::PostCredential), world.sim.count(Kind::PutCredential))
}

/// Nothing is asked any more, not by a restart either.
async fn nothing_more_is_asked(world: &mut World) {
    assert!(status(&world.get("svc").await).ensured_enabled);
    // The event of the transition follows the status; a process that has ended writes no more.
    world.stop_operator().await;
    let count = world.count().await;
    world.start_operator().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.assert_nothing_done(&count).await;
}

async fn a_disabled_record_is_enabled_after_the_push(version: ProductVersion) {
    let mut world = Plan::default().version(version).start().await;
    let id = world.sim.seed(seed().identifier("ours").disabled());
    apply(&world, enabled()).await;
    let found = world.becomes("svc", "Synced").await;
    assert!(world.sim.record(&id).unwrap().active);
    assert!(!message(&found).contains("existed before"), "{}", message(&found));
    assert_eq!(writes(&world), (1, 1));
    let journal = world.sim.journal();
    let about: Vec<Kind> = journal.about(&id).iter().map(|entry| entry.kind).collect();
    assert_eq!(about, [Kind::PostCredential, Kind::PutCredential]);
    says_enabled(&world).await;
    nothing_more_is_asked(&mut world).await;
    ends(&world).await;
}

#[tokio::test]
async fn a_disabled_record_is_enabled_after_the_push_on_3_32() {
    a_disabled_record_is_enabled_after_the_push(ProductVersion::V3_32).await;
}

#[tokio::test]
async fn a_disabled_record_is_enabled_after_the_push_on_4_2() {
    a_disabled_record_is_enabled_after_the_push(ProductVersion::V4_2).await;
}

async fn one_that_is_enabled_already_is_left_so(version: ProductVersion, code: u16) {
    let mut world = Plan::default().version(version).start().await;
    world.sim.seed(seed().identifier("ours"));
    apply(&world, enabled()).await;
    world.becomes("svc", "Synced").await;
    let journal = world.sim.journal();
    let answers: Vec<_> = journal.of(Kind::PutCredential).map(|put| put.code).collect();
    assert_eq!(answers, [Some(code)]);
    nothing_more_is_asked(&mut world).await;
    ends(&world).await;
}

#[tokio::test]
async fn one_that_is_enabled_already_is_left_so_on_3_32() {
    one_that_is_enabled_already_is_left_so(ProductVersion::V3_32, 1017).await;
}

#[tokio::test]
async fn one_that_is_enabled_already_is_left_so_on_4_2() {
    one_that_is_enabled_already_is_left_so(ProductVersion::V4_2, 1043).await;
}

/// Each refusal has its reason, is left alone or tried again, and heals.
async fn every_other_answer_has_its_reason(version: ProductVersion) {
    let world = Plan::default().version(version).start().await;
    let cases = [
        ("unknown", Effect::Code(1007), "PamRejected", "1007"),
        ("closed", Effect::Code(1009), "PamPermissionDenied", "1009"),
        ("reader", Effect::Code(1039), "PamPermissionDenied", "1039"),
        ("no-credential", Effect::Code(1010), "PamRejected", "1010"),
        ("failing", Effect::UnexpectedError, "PamUnavailable", "500"),
        ("unreached", Effect::gateway(503), "PamUnavailable", "503"),
        ("limited", Effect::gateway(429), "RateLimited", "429"),
    ];
    // All are there before the list that the first pushes go by.
    let seed = |name| pam_simulator::Seed::new(name, "db01", "10.0.0.7").identifier(name).disabled();
    let ids = cases.clone().map(|(name, ..)| world.sim.seed(seed(name)));
    for ((name, effect, reason, said), id) in cases.into_iter().zip(ids) {
        let fault = world.sim.inject(Fault::on(Kind::PutCredential, effect).only(&id).always());
        world.put_secret(name, json!({"password": format!("{CANARY}-{name}")})).await;
        world.put_credential(name, json!({"identifier": name, "ensureEnabled": true})).await;
        let found = world.becomes(name, reason).await;
        let words = message(&found);
        assert!(words.contains(said) && words.contains("ensureEnabled") && words.contains(&id), "{name}: {words}");
        assert!(!status(&found).ensured_enabled && !world.sim.record(&id).unwrap().active);
        assert_eq!(world.sim.value_of(&id), Some(format!("{CANARY}-{name}")), "the push was made");
        // A value that changes is not held up by that.
        world.put_secret(name, json!({"password": format!("rotated-{name}")})).await;
        world.pam_holds(name, &format!("rotated-{name}")).await;
        world.sim.remove_fault(fault);
        world.becomes(name, "Synced").await;
        assert!(world.sim.record(&id).unwrap().active, "{name}");
        assert_eq!(world.sim.journal().posts_for(name).len(), 2, "one for each value");
    }
    ends(&world).await;
}

#[tokio::test]
async fn every_other_answer_has_its_reason_on_3_32() {
    Box::pin(every_other_answer_has_its_reason(ProductVersion::V3_32)).await;
}

#[tokio::test]
async fn every_other_answer_has_its_reason_on_4_2() {
    Box::pin(every_other_answer_has_its_reason(ProductVersion::V4_2)).await;
}

#[tokio::test]
async fn what_fails_for_a_while_mends_by_itself_and_keeps_what_it_said_of_the_value() {
    let world = World::start().await;
    let id = world.sim.seed(seed().identifier("ours").automatic_change().disabled());
    world.sim.inject(Fault::on(Kind::PutCredential, Effect::gateway(503)).times(2));
    apply(&world, enabled()).await;
    let found = world.becomes("svc", "Adopted").await;
    assert!(message(&found).contains("push-value-requested-at"), "{}", message(&found));
    assert!(world.sim.record(&id).unwrap().active);
    assert_eq!(world.sim.value_of(&id).as_deref(), Some(THEIRS), "P6");
    assert_eq!(writes(&world), (1, 3));
    ends(&world).await;
}

#[tokio::test]
async fn a_kill_between_the_push_and_the_enabling_costs_neither() {
    let mut world = World::start().await;
    let id = world.sim.seed(seed().identifier("ours").disabled());
    world.sim.inject(Fault::on(Kind::PutCredential, Effect::Hang(Duration::from_mins(1))));
    apply(&world, enabled()).await;
    assert!(world.sim.wait_for(PATIENCE, |journal| journal.count(Kind::PutCredential) == 1).await);
    let between = world.get("svc").await;
    assert_eq!((ready(&between).0.as_str(), ready(&between).1.as_str()), ("Unknown", "Progressing"));
    world.operator.as_mut().unwrap().kill().await.unwrap();
    world.start_operator().await;
    // The lease of a killed leader runs out first.
    tokio::time::sleep(Duration::from_secs(10)).await;
    world.becomes("svc", "Synced").await;
    assert!(world.sim.record(&id).unwrap().active);
    assert_eq!(writes(&world), (1, 2), "no second POST");
    nothing_more_is_asked(&mut world).await;
    ends(&world).await;
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again() {
    let world = World::start().await;
    world.sim.seed(seed().identifier("ours").disabled());
    world.sim.inject(Fault::on(Kind::PutCredential, Effect::Reset).after_commit());
    apply(&world, enabled()).await;
    world.becomes("svc", "Synced").await;
    assert_eq!(writes(&world), (1, 2));
    ends(&world).await;
}

#[tokio::test]
async fn asked_for_later_it_is_done_then_and_once() {
    let mut world = World::start().await;
    let id = world.sim.seed(seed().identifier("ours").disabled());
    apply(&world, json!({})).await;
    let found = world.becomes("svc", "Synced").await;
    assert!(message(&found).contains("disabled"), "{}", message(&found));
    world.put_secret("svc", json!({"password": "rotated"})).await;
    world.pam_holds("svc", "rotated").await;
    apply(&world, json!({"tags": ["a"]})).await;
    let found = world.becomes("svc", "Synced").await;
    assert!(message(&found).contains("disabled"), "it keeps saying so: {}", message(&found));
    assert!(!world.sim.record(&id).unwrap().active);
    assert_eq!(world.sim.count(Kind::PutCredential), 0);

    let posts = world.sim.count(Kind::PostCredential);
    apply(&world, json!({"tags": ["a"], "ensureEnabled": true})).await;
    wait_until("the record to be enabled", PATIENCE, async || {
        anyhow::ensure!(world.sim.record(&id).unwrap().active);
        Ok(())
    })
    .await
    .unwrap();
    let found = world.becomes("svc", "Synced").await;
    assert!(!message(&found).contains("disabled"), "{}", message(&found));
    assert_eq!(writes(&world).1, 1);

    // What somebody disables later stays so, and taking the field away and back changes nothing.
    world.sim.edit(&id, pam_simulator::VaultEdit::Active(false));
    for change in [json!({"tags": ["a"]}), json!({"tags": ["a"], "ensureEnabled": true})] {
        apply(&world, change).await;
        world.becomes("svc", "Synced").await;
    }
    assert_eq!(writes(&world).1, 1);
    assert_eq!(world.sim.count(Kind::PostCredential), posts);
    nothing_more_is_asked(&mut world).await;
    ends(&world).await;
}

#[tokio::test]
async fn a_record_that_we_made_needs_none() {
    let mut world = World::start().await;
    for (name, policy) in [("one", "ByIdentifier"), ("two", "Never"), ("svc", "TakeOver")] {
        world.put_secret(name, json!({"password": format!("{CANARY}-{name}")})).await;
        world.put_credential(name, json!({"adoptionPolicy": policy, "ensureEnabled": true})).await;
        world.becomes(name, "Synced").await;
    }
    assert_eq!(writes(&world), (3, 0));
    nothing_more_is_asked(&mut world).await;
    ends(&world).await;
}

#[tokio::test]
async fn a_suspended_object_enables_nothing_and_a_finalizer_comes_first() {
    let world = World::start().await;
    let id = world.sim.seed(seed().identifier("ours").disabled());
    apply(&world, json!({})).await;
    world.becomes("svc", "Synced").await;
    let count = world.count().await;
    apply(&world, json!({"ensureEnabled": true, "suspend": true, "deletionPolicy": "Disable"})).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(writes(&world), (1, 0));
    apply(&world, json!({"ensureEnabled": true, "deletionPolicy": "Disable"})).await;
    assert!(world.sim.wait_for(PATIENCE, |journal| journal.count(Kind::PutCredential) == 1).await);
    let finalized = world.requests(&count).await.resource("pamcredentials").writes().named("svc");
    let journal = world.journal(&count);
    let put = journal.of(Kind::PutCredential).next().unwrap();
    assert!(finalized.iter().any(|write| write.time < put.at), "{finalized}");
    assert!(world.sim.record(&id).unwrap().active);
    ends(&world).await;
}
