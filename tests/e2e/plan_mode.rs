//! P4: `mode: Plan` shows what `Apply` would do and does nothing; `Apply` then does exactly that.

use crate::support::steps::A_MOMENT;
use crate::support::vault::{assert_untouched, living, status_of};
use crate::support::{CANARY, Count, World, assert_no_canary, ready};
use pam_operator::api::{PamCredential, Plan, PlanAction, PlannedValue};
use pam_simulator::{Entry, Kind, Seed, VaultEdit};
use serde_json::{Value, json};

/// What there is before, what is asked for, and what is planned: action, groups, and whether the value goes along.
type Case = (&'static str, Value, PlanAction, &'static [&'static str], PlannedValue);

/// Those of which nothing was written yet.
fn fresh() -> Vec<Case> {
    use PlanAction::{Adopt, Blocked, Create, TakeOver};
    use PlannedValue::{HeldBack, None, Sent};
    let take_over = json!({"adoptionPolicy": "TakeOver"});
    vec![
        ("create", json!({"tags": ["one"], "deletionPolicy": "Disable"}), Create, &["tags"], Sent),
        ("never", json!({"adoptionPolicy": "Never"}), Create, &[], Sent),
        ("valueless", json!({"contentSecretRef": null, "notes": "a note"}), Create, &["notes"], None),
        ("near", json!({}), Create, &[], Sent),
        ("adopt", json!({"tags": ["one"]}), Adopt, &["tags"], Sent),
        ("held", json!({}), Adopt, &[], HeldBack),
        ("take-over", take_over, TakeOver, &[], Sent),
        ("blocked", json!({}), Blocked, &[], None),
    ]
}

/// Those that were written before, and what is edited together with the mode.
fn known() -> Vec<Case> {
    use PlanAction::{Correct, Disable, Enable, Nothing, Update};
    use PlannedValue::{None, Sent, Unchanged};
    vec![
        ("same", json!({}), Nothing, &[], Unchanged),
        ("fields", json!({"tags": ["one"], "notes": "a note"}), Update, &["notes", "tags"], Unchanged),
        ("renamed", json!({"username": "another"}), Update, &[], Unchanged),
        ("value", json!({}), Update, &[], Sent),
        ("correct", json!({"driftPolicy": "Correct"}), Correct, &[], Sent),
        ("enable", json!({"ensureEnabled": true}), Enable, &[], None),
        ("disable", json!({"deletionPolicy": "Disable"}), Disable, &[], None),
    ]
}

fn seeds(world: &World) -> Vec<(&'static str, String)> {
    let on = |name: &str| Seed::new(name, "db01", "10.0.0.7").value("canary-7f3a-of-old");
    let seed = |name: &'static str, seed: Seed| (name, world.sim.seed(seed));
    vec![
        seed("near", Seed::new("near", "web01", "10.0.0.7")),
        seed("adopt", on("adopt")),
        seed("held", on("held").automatic_change()),
        seed("take-over", on("take-over").identifier("of-old")),
        seed("blocked", on("blocked").identifier("theirs")),
        seed("enable", on("enable").disabled()),
    ]
}

fn merged(change: &Value, more: Value) -> Value {
    let mut all = change.clone();
    crate::support::merge(&mut all, more);
    all
}

async fn plan_of(world: &World, name: &str) -> Plan {
    let found = world.until(name, "planned", |found| {
        let status = status_of(found);
        status.plan.is_some() && status.observed_generation == found.metadata.generation
    });
    status_of(&found.await).plan.unwrap()
}

fn sorted<T: AsRef<str>>(all: &[T]) -> Vec<String> {
    let mut all: Vec<String> = all.iter().map(|one| one.as_ref().to_owned()).collect();
    all.sort_unstable();
    all
}

/// The groups of fields that a POST had.
fn body_groups(entry: &Entry) -> Vec<&str> {
    let always = ["identifier", "username", "hostname", "ip", "content"];
    entry.keys.iter().map(String::as_str).filter(|key| !always.contains(key)).collect()
}

/// What was sent for a credential is what was planned.
fn is_what_was_done(world: &World, count: &Count, name: &str, plan: &Plan) {
    let journal = world.journal(count);
    let posts = journal.posts_for(&world.identifier_of(name));
    let calls = |kind| journal.of(kind).filter(|entry| entry.record == plan.id).count();
    match plan.action {
        PlanAction::Nothing | PlanAction::Blocked => assert!(posts.is_empty(), "{name}: {posts:?}"),
        PlanAction::Enable => assert_eq!((posts.len(), calls(Kind::PutCredential)), (0, 1), "{name}"),
        PlanAction::Disable => assert_eq!((posts.len(), calls(Kind::DeleteCredential)), (0, 1), "{name}"),
        _ => {
            let [post] = posts.as_slice() else { panic!("{name}: {posts:?}") };
            assert_eq!(sorted(&body_groups(post)), sorted(&plan.groups), "{name}");
            assert_eq!(post.sent("content"), plan.value == PlannedValue::Sent, "{name}");
            let created = post.commit.as_ref().unwrap().created;
            assert_eq!(created, plan.action == PlanAction::Create, "{name}");
            assert!(plan.id.is_none() || plan.id == post.record, "{name}");
        }
    }
}

#[tokio::test]
async fn what_is_planned_is_shown_and_not_done_and_apply_does_just_that() {
    let world = living().await;
    let seeds = seeds(&world);
    let id_before = |name: &str| seeds.iter().find(|(seeded, _)| *seeded == name).map(|(_, id)| id.clone());
    for (name, edit, ..) in known() {
        world.put_secret(name, json!({"password": CANARY})).await;
        let policy = edit.get("deletionPolicy").cloned().unwrap_or(json!("Retain"));
        world.put_credential(name, json!({"deletionPolicy": policy})).await;
    }
    for (name, ..) in known() {
        world.becomes(name, "Synced").await;
    }
    world.have_baselines(&known().iter().map(|(name, ..)| *name).collect::<Vec<_>>()).await;
    // First the mode, and then what would be due.
    for (name, edit, ..) in known() {
        world.put_credential(name, merged(&edit, json!({"mode": "Plan"}))).await;
    }
    plan_of(&world, "value").await;
    let count = world.count().await;
    world.put_secret("value", json!({"password": format!("{CANARY}-2")})).await;
    world.edit("correct", VaultEdit::Username("somebody".into())).await;
    world.delete("disable").await;
    for (name, edit, ..) in fresh() {
        world.put_secret(name, json!({"password": CANARY})).await;
        world.put_credential(name, merged(&edit, json!({"mode": "Plan"}))).await;
    }
    let is_sent = |found: &PamCredential| status_of(found).plan.is_some_and(|plan| plan.value == PlannedValue::Sent);
    world.until("value", "planned anew", is_sent).await;
    let drifted = |found: &PamCredential| status_of(found).plan.is_some_and(|plan| plan.action == PlanAction::Correct);
    world.until("correct", "planned to be corrected", drifted).await;
    let going = |found: &PamCredential| status_of(found).plan.is_some_and(|plan| plan.action == PlanAction::Disable);
    world.until("disable", "planned to be disabled", going).await;

    let mut plans = Vec::new();
    for (name, _, action, groups, value) in fresh().into_iter().chain(known()) {
        let plan = plan_of(&world, name).await;
        let (_, reason, message) = ready(&world.get(name).await);
        eprintln!("{name}: {reason}: {message}\n    {}", serde_json::to_string(&plan).unwrap());
        assert_eq!(plan.action, action, "{name}");
        assert_eq!(sorted(&plan.groups), groups, "{name}");
        assert_eq!(plan.value, value, "{name}");
        let expected = if name == "near" || name == "blocked" { None } else { id_before(name) };
        if action != PlanAction::Create && expected.is_some() {
            assert_eq!(plan.id, expected, "{name}");
        }
        plans.push((name, plan));
    }
    let plan = |name: &str| plans.iter().find(|(planned, _)| *planned == name).unwrap().1.clone();
    assert_eq!(plan("near").possible_matches, [id_before("near").unwrap()]);
    assert_eq!(plan("take-over").former_identifier.as_deref(), Some("of-old"));
    for (name, words) in
        [("near", id_before("near").unwrap()), ("fields", "tags, notes".into()), ("renamed", "username".into())]
    {
        let message = ready(&world.get(name).await).2;
        assert!(message.contains(&words), "{name}: {message}");
    }
    assert_eq!(ready(&world.get("blocked").await).1, "RecordConflict");
    assert_eq!(ready(&world.get("disable").await).1, "DeletionBlocked");
    for args in [&["get", "pamcred"][..], &["get", "pamcred", "-o", "wide"], &["describe", "pamcred", "take-over"]] {
        eprintln!("{}", world.cluster.kubectl(&[args, &["-n", &world.namespace]].concat()).await.unwrap());
    }

    // Lists say nothing new of any of them.
    let quiet = world.count().await;
    world.next_list().await;
    assert_eq!(world.statuses_written(&quiet).await, 0);
    assert_untouched(&world.journal(&count));
    for (name, ..) in fresh() {
        let object = world.get(name).await;
        assert!(object.metadata.finalizers.is_none(), "{name}: {:?}", object.metadata.finalizers);
        assert!(status_of(&object).in_flight.is_none() && status_of(&object).id.is_none(), "{name}");
    }

    let count = world.count().await;
    for (name, edit, ..) in fresh().into_iter().chain(known()) {
        world.put_credential(name, edit).await;
    }
    for (name, _, action, ..) in fresh().into_iter().chain(known()) {
        match action {
            PlanAction::Disable => world.is_gone(name).await,
            PlanAction::Blocked => _ = world.becomes(name, "RecordConflict").await,
            _ => {
                let found = world.becomes_in(&world.namespace, name, &["Synced", "Adopted"]).await;
                assert!(status_of(&found).plan.is_none(), "{name}");
            }
        }
    }
    tokio::time::sleep(A_MOMENT).await;
    for (name, plan) in &plans {
        is_what_was_done(&world, &count, name, plan);
    }
    let held = id_before("held").and_then(|id| world.sim.value_of(&id));
    assert_eq!(held.as_deref(), Some("canary-7f3a-of-old"));
    assert!(world.sim.journal().secrets_handed_out().is_empty(), "P5");
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_plan_takes_nothing_away_from_those_who_write() {
    let world = living().await;
    let ours = json!({"identifier": "ours"});
    world.put_secret("first", json!({"password": CANARY})).await;
    world.put_secret("second", json!({"password": CANARY})).await;
    world.put_credential("first", merged(&ours, json!({"mode": "Plan"}))).await;
    assert_eq!(plan_of(&world, "first").await.action, PlanAction::Create);
    world.put_credential("second", ours.clone()).await;
    world.becomes("second", "Synced").await;
    let blocked = |found: &PamCredential| status_of(found).plan.is_some_and(|plan| plan.action == PlanAction::Blocked);
    let found = world.until("first", "blocked", blocked).await;
    assert_eq!(ready(&found).1, "IdentifierConflict", "{:?}", ready(&found));
    assert_eq!(world.sim.count(Kind::PostCredential), 1);
    assert_no_canary(&world.everything_said().await);
}

/// P8: readers of a plan may be people who may not read Secrets, and who may have made the Secret that the spec names now. In
/// `Apply` the value is sent or not, since P6 rests on that.
#[tokio::test]
async fn a_plan_does_not_tell_whether_another_secret_holds_the_value() {
    let world = living().await;
    let of = |secret: &str| {
        json!({
            "contentSecretRef": {"name": secret},
            "additionalSettings": {"secretKeySecretRef": {"name": secret, "key": "seed"}},
        })
    };
    let guesses = [("right", CANARY, "JBSWY3DPEHPK3PXP"), ("wrong", "canary-7f3a-wrong", "JBSWY3DPEHPK3PXQ")];
    for (name, value, seed) in guesses {
        world.put_secret(name, json!({"password": CANARY, "seed": "JBSWY3DPEHPK3PXP"})).await;
        world.put_secret(&format!("guess-{name}"), json!({"password": value, "seed": seed})).await;
        world.put_credential(name, of(name)).await;
    }
    for (name, ..) in guesses {
        world.becomes(name, "Synced").await;
    }
    let count = world.count().await;
    let mut told = Vec::new();
    for (name, ..) in guesses {
        let guess = of(&format!("guess-{name}"));
        world.put_credential(name, merged(&guess, json!({"mode": "Plan"}))).await;
        let plan = plan_of(&world, name).await;
        let (status, reason, message) = ready(&world.get(name).await);
        let id = plan.id.clone().unwrap();
        let message = message.replace(&id, "ID").replace(&world.identifier_of(name), "IDENTIFIER");
        told.push((plan.action, plan.groups, plan.value, status, reason, message));
    }
    eprintln!("{:?}", told[0]);
    assert_eq!(told[0], told[1]);
    assert_eq!((told[0].0, told[0].2), (PlanAction::Update, PlannedValue::Undisclosed));
    assert_untouched(&world.journal(&count));

    // The Secret that was sent from is compared as ever.
    world.put_credential("right", merged(&of("right"), json!({"mode": "Plan"}))).await;
    assert_eq!(plan_of(&world, "right").await.value, PlannedValue::Unchanged);

    let count = world.count().await;
    for (name, ..) in guesses {
        world.put_credential(name, of(&format!("guess-{name}"))).await;
        world.becomes(name, "Synced").await;
    }
    let journal = world.journal(&count);
    assert!(journal.posts_for(&world.identifier_of("right")).is_empty(), "the PAM has the value");
    assert!(journal.posts_for(&world.identifier_of("wrong"))[0].sent("content"));
    assert_no_canary(&world.everything_said().await);
}
