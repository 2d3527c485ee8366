//! P10: each failure has its reason and its message, is retried slowly, and heals when its cause is gone, on each
//! version.

use std::time::{Duration, Instant};

use pam_simulator::{Effect, Fault, Kind, ProductVersion};
use serde_json::{Value, json};

use crate::support::{CANARY, Plan, World, assert_no_canary, merge, ready};

/// A credential that something is wrong with.
struct Case {
    name: &'static str,
    change: Value,
    /// What the PAM answers to its POSTs.
    answer: Option<Effect>,
    reason: &'static str,
    words: &'static [&'static str],
}

fn case(name: &'static str, answer: Option<Effect>, reason: &'static str, words: &'static [&'static str]) -> Case {
    Case { name, change: json!({}), answer, reason, words }
}

fn cases() -> Vec<Case> {
    let coded = |code| Some(Effect::Code(code));
    let other_key = json!({"contentSecretRef": {"name": "keyless", "key": "other"}});
    vec![
        Case {
            change: json!({"contentSecretRef": {"name": "missing"}}),
            ..case("secretless", None, "SecretNotFound", &["Secret missing", "create it"])
        },
        Case { change: other_key, ..case("keyless", None, "SecretKeyNotFound", &["Secret keyless", "key other"]) },
        Case {
            change: json!({"hostname": "new01", "ip": "10.9.9.9"}),
            ..case("deviceless", None, "DeviceNotFound", &["1011", "device"])
        },
        case("rejected", coded(1029), "PamRejected", &["1029"]),
        case("duplicate", coded(1052), "PamRejected", &["1052"]),
        case("forbidden", Some(Effect::NotAuthorized), "PamPermissionDenied", &["PAM Core"]),
        case("inaccessible", coded(1009), "PamPermissionDenied", &["1009"]),
    ]
}

pub async fn what_goes_wrong_is_told_left_alone_and_heals(version: ProductVersion) {
    let world = Plan::default().version(version).start().await;
    let cases = cases();
    world.synced("svc").await;
    all_fail(&world, &cases).await;
    all_heal(&world, &cases).await;
    a_read_only_authorization(&world).await;
    faults_on_the_way(&world).await;
    a_pam_that_asks_for_peace(&world).await;
    a_refused_login(&world).await;
    a_pam_that_is_down(&world).await;
    assert_eq!(world.sim.records().len(), cases.len() + 1, "one record each");
    assert!(world.sim.journal().secrets_handed_out().is_empty(), "P5");
    assert_no_canary(&world.everything_said().await);
}

async fn all_fail(world: &World, cases: &[Case]) {
    for case in cases {
        if let Some(effect) = case.answer.clone() {
            let identifier = format!("c1_{}_{}", world.namespace, case.name);
            world.sim.inject(Fault::on(Kind::PostCredential, effect).always().only(&identifier));
        }
    }
    let objects =
        |case: &Case| [world.secret_json(case.name, CANARY), world.credential_json(case.name, case.change.clone())];
    world.apply(cases.iter().flat_map(objects)).await;
    for case in cases {
        let message = ready(&world.becomes(case.name, case.reason).await).2;
        for word in case.words {
            assert!(message.contains(word), "{}: {word} is missing: {message}", case.name);
        }
    }
    let mark = world.sim.mark();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let journal = world.sim.since(mark);
    for case in cases {
        let posts = journal.posts_for(&format!("c1_{}_{}", world.namespace, case.name)).len();
        assert!(posts <= 3, "{} was retried hot: {posts}", case.name);
    }
}

async fn all_heal(world: &World, cases: &[Case]) {
    world.sim.clear_faults();
    world.sim.add_device("new01", "10.9.9.9");
    world.put_secret("missing", json!({"password": CANARY})).await;
    world.put_secret("keyless", json!({"other": CANARY})).await;
    // That they heal by themselves does not depend on the wire (`recovery.rs`): an edit saves the wait for it.
    for case in cases {
        world.put_credential(case.name, merged(&case.change, json!({"tags": ["mended"]}))).await;
    }
    let started = Instant::now();
    world.all_become(cases.len() + 1, &["Synced"]).await;
    eprintln!("all healed in {:?}", started.elapsed());
}

fn merged(change: &Value, more: Value) -> Value {
    let mut whole = change.clone();
    merge(&mut whole, more);
    whole
}

/// A rotation of `svc` fails with that reason and these words.
async fn rotation_fails(world: &World, value: &str, reason: &str, words: &[&str]) {
    world.put_secret("svc", json!({"password": value})).await;
    let message = ready(&world.becomes("svc", reason).await).2;
    for word in words {
        assert!(message.contains(word), "{word} is missing: {message}");
    }
}

async fn rotation_arrives(world: &World, value: &str) {
    let started = Instant::now();
    world.pam_holds("svc", value).await;
    world.becomes("svc", "Synced").await;
    eprintln!("healed in {:?}", started.elapsed());
}

async fn a_read_only_authorization(world: &World) {
    let id = world.sim.client_id();
    world.sim.change_authorization(&id, |authorization| authorization.read_only = true);
    rotation_fails(world, &format!("{CANARY}-read-only"), "PamPermissionDenied", &["1039", "write"]).await;
    world.sim.change_authorization(&id, |authorization| authorization.read_only = false);
    let value = format!("{CANARY}-writable");
    world.put_secret("svc", json!({"password": value})).await;
    rotation_arrives(world, &value).await;
}

/// Each hits one call, which may have been executed or not; with a record that is known, no list has to be waited for.
async fn faults_on_the_way(world: &World) {
    for (round, effect) in [Effect::UnexpectedError, Effect::gateway(502), Effect::Garbage].into_iter().enumerate() {
        let value = format!("{CANARY}-fault-{round}");
        world.sim.inject(Fault::on(Kind::PostCredential, effect));
        rotation_fails(world, &value, "PamUnavailable", &[]).await;
        rotation_arrives(world, &value).await;
    }
}

async fn a_pam_that_asks_for_peace(world: &World) {
    let value = format!("{CANARY}-peace");
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::rate_limited(Some("3"))));
    let mark = world.sim.mark();
    rotation_fails(world, &value, "RateLimited", &[]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.sim.since(mark).posts().len(), 1, "Retry-After wins");
    rotation_arrives(world, &value).await;
}

async fn a_refused_login(world: &World) {
    let (id, value) = (world.sim.client_id(), format!("{CANARY}-login"));
    world.sim.change_authorization(&id, |authorization| authorization.client_secret = "renewed".into());
    world.sim.revoke_tokens();
    rotation_fails(world, &value, "PamAuthenticationFailed", &["client"]).await;
    world.connection_becomes("PamAuthenticationFailed").await;
    let mark = world.sim.mark();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.sim.since(mark).len(), 0, "nothing is asked with a refused login (P10)");
    world.put_login(&id, "renewed").await;
    rotation_arrives(world, &value).await;
}

async fn a_pam_that_is_down(world: &World) {
    let value = format!("{CANARY}-down");
    world.sim.set_down(true);
    rotation_fails(world, &value, "PamUnavailable", &[]).await;
    world.sim.set_down(false);
    rotation_arrives(world, &value).await;
}
