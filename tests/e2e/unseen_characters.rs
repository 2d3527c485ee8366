//! P1, P3, P8: what a Secret has and nobody sees makes no second account and no other value; it is trimmed, sent with one
//! Warning event, or refused with its key and position.

use pam_operator::api::{PUSH_VALUE_REQUESTED_AT, RECONCILE_REQUESTED_AT};
use pam_simulator::{Effect, Fault, Kind};
use serde_json::{Value, json};

use crate::support::steps::A_MOMENT;
use crate::support::{CANARY, PATIENCE, SETTLED, World, assert_no_canary, ready};

/// The event of a value with ends that cannot be seen.
const WARNING: &str = "UnseenCharacter";

fn by_secret() -> Value {
    json!({"username": null, "usernameSecretRef": {"name": "svc"}})
}

/// Waits until the message of `Ready` of `svc` contains all of these.
async fn says(world: &World, reason: &str, words: &[&str]) {
    local_cluster::wait_until(&format!("{reason} with {words:?}"), PATIENCE, async || {
        let (_, found, message) = ready(&world.get("svc").await);
        anyhow::ensure!(found == reason && words.iter().all(|word| message.contains(word)), "{found}: {message}");
        Ok(())
    })
    .await
    .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()));
}

/// The Secret of `svc` as `echo` or an editor leaves it, with a value beside.
async fn put_username(world: &World, username: &str) {
    world.put_secret("svc", json!({"username": username, "password": CANARY})).await;
}

#[tokio::test]
async fn a_username_with_what_cannot_be_seen_makes_no_second_account() {
    let world = World::start().await;
    put_username(&world, "svc").await;
    world.put_credential("svc", by_secret()).await;
    world.becomes("svc", "Synced").await;
    let mark = world.sim.mark();
    let cases = [
        ("\u{feff}svc", "a byte order mark (U+FEFF) at position 1"),
        ("sv\u{200b}c", "an invisible character (U+200B) at position 3"),
        ("svc\u{2060}", "(U+2060) at position 4"),
        ("s\u{a0}vc", "(U+00A0) at position 2"),
        ("svc\0", "a NUL (U+0000) at position 4"),
        ("s\0v\0c\0", "is UTF-16 text"),
        ("svc ", "a space (U+0020) at position 4: take it out of the Secret, or set spec.usernameSecretRef.trim"),
        ("svc\n\n", "a line break (U+000A) at position 4"),
    ];
    for (username, words) in cases {
        put_username(&world, username).await;
        says(&world, "SecretInvalid", &["key username of Secret svc (spec.usernameSecretRef)", words]).await;
    }
    assert_eq!(world.sim.since(mark).count(Kind::PostCredential), 0, "nothing was sent");
    world
        .put_credential("svc", json!({"username": null, "usernameSecretRef": {"name": "svc", "trim": "Whitespace"}}))
        .await;
    world.becomes("svc", "Synced").await;
    let records = world.sim.records();
    assert_eq!(records.iter().map(|record| record.username.as_str()).collect::<Vec<_>>(), ["svc"]);
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_username_made_with_echo_works_and_is_no_rename() {
    let mut world = World::start().await;
    put_username(&world, "svc\n").await;
    world.put_credential("svc", by_secret()).await;
    world.becomes("svc", "Synced").await;
    assert_eq!(world.sim.records()[0].username, "svc");
    let mark = world.sim.mark();
    for username in ["svc", "svc\r\n", "svc\n"] {
        put_username(&world, username).await;
        tokio::time::sleep(A_MOMENT).await;
        world.becomes("svc", "Synced").await;
    }
    assert_eq!(world.sim.since(mark).count(Kind::PostCredential), 0, "the name is the same");
    // As with an upgrade: the digest is of the name as it was sent.
    world.stop_operator().await;
    put_username(&world, "svc").await;
    world.start_operator().await;
    tokio::time::sleep(A_MOMENT).await;
    world.becomes("svc", "Synced").await;
    // No list came since the first push: the newest state may be sent once.
    let journal = world.sim.since(mark);
    assert!(journal.posts().len() <= 1, "{journal:?}");
    let names: Vec<_> = world.sim.records().into_iter().map(|record| record.username).collect();
    assert_eq!(names, ["svc"]);
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_value_that_may_be_meant_is_sent_with_one_warning() {
    let mut world = World::start().await;
    let ends = [("blank", " "), ("tab", "\t"), ("return", "\r"), ("newline", "\n")];
    for (name, end) in ends {
        world.put_secret(name, json!({"password": format!("{CANARY}{end}")})).await;
        world.put_credential(name, json!({})).await;
        world.becomes(name, "Synced").await;
        world.pam_holds(name, &format!("{CANARY}{end}")).await;
        world.event_of(name, WARNING).await;
    }
    let events = world.events().await;
    let notes =
        events.iter().filter(|event| event.reason.as_deref() == Some(WARNING)).map(|event| event.note.as_deref());
    assert!(notes.flatten().all(|note| note.contains("spec.contentSecretRef") && note.contains("set trim")));
    // Sent again, for itself and with the fields, and not sent at all: that is no news.
    world.annotate("blank", PUSH_VALUE_REQUESTED_AT, "1").await;
    world.annotate("tab", RECONCILE_REQUESTED_AT, "1").await;
    world.stop_operator().await;
    world.start_operator().await;
    world.annotate("blank", PUSH_VALUE_REQUESTED_AT, "2").await;
    world.put_secret("return", json!({"other": "x"})).await;
    let mark = world.sim.mark();
    world.put_credential("newline", json!({"contentSecretRef": {"name": "newline", "trim": "TrailingNewline"}})).await;
    world.pam_holds("newline", CANARY).await;
    tokio::time::sleep(A_MOMENT).await;
    for (name, _) in ends {
        assert_eq!(world.events_of(name, WARNING).await, 1, "{name}");
    }
    assert!(world.sim.since(mark).count(Kind::PostCredential) >= 1);
    // The next value is.
    world.put_secret("blank", json!({"password": format!(" {CANARY}")})).await;
    world.pam_holds("blank", &format!(" {CANARY}")).await;
    local_cluster::wait_until("the second warning", PATIENCE, async || {
        let count = world.events_of("blank", WARNING).await;
        anyhow::ensure!(count == 2, "{count}");
        Ok(())
    })
    .await
    .unwrap();
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_value_that_is_sent_again_after_a_lost_answer_is_warned_of_once() {
    let world = World::start().await;
    world.sim.inject(Fault::on(Kind::PostCredential, Effect::Reset).after_commit());
    world.put_secret("svc", json!({"password": format!("{CANARY}\n")})).await;
    world.put_credential("svc", json!({})).await;
    world.event_of("svc", WARNING).await;
    // Once at once, and once more when the write without an answer can no longer come.
    local_cluster::wait_until("the value to be sent again", SETTLED, async || {
        let sent = world.sim.count(Kind::PostCredential);
        anyhow::ensure!(sent >= 3, "sent {sent} times");
        Ok(())
    })
    .await
    .unwrap();
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(world.events_of("svc", WARNING).await, 1);
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_value_that_can_only_be_a_mistake_is_not_sent() {
    let world = World::start().await;
    world.put_credential("svc", json!({})).await;
    let utf16: Vec<u8> = CANARY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(Vec<u8>, &str); 4] = [
        (format!("{CANARY}\0").into_bytes(), "a NUL (U+0000) at position 18: take it out of the Secret"),
        (format!("\u{feff}{CANARY}").into_bytes(), "a byte order mark (U+FEFF) at position 1"),
        ([&b"\xff\xfe"[..], &utf16].concat(), "is UTF-16 text"),
        (utf16, "is UTF-16 text"),
    ];
    for (bytes, words) in cases {
        world.put_bytes("svc", "password", &bytes).await;
        says(&world, "SecretInvalid", &["key password of Secret svc (spec.contentSecretRef)", words]).await;
    }
    assert_eq!(world.sim.count(Kind::PostCredential), 0);
    let trimmed = json!({"contentSecretRef": {"name": "svc", "trim": "Whitespace"}});
    world.put_credential("svc", trimmed).await;
    world.put_bytes("svc", "password", format!(" \t{CANARY}\r\n").as_bytes()).await;
    world.becomes("svc", "Synced").await;
    world.pam_holds("svc", CANARY).await;
    world.event_of("svc", "Pushed").await;
    assert_eq!(world.events_of("svc", WARNING).await, 0);
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_further_field_of_a_login_has_the_same_rule() {
    let world = World::start().await;
    world
        .put_secret("svc", json!({"password": CANARY, "pin": format!("{CANARY}\n"), "cut": format!("{CANARY}\n")}))
        .await;
    let field = |name: &str, trim: Value| {
        let reference = json!({"name": "svc", "key": name, "trim": trim});
        json!({"name": name, "shortName": name, "valueSecretRef": reference})
    };
    let fields = json!([field("pin", json!("None")), field("cut", json!("TrailingNewline"))]);
    world.put_credential("svc", json!({"additionalSettings": {"additionalAuthenticationFields": fields}})).await;
    let id = world.becomes("svc", "Synced").await.status.unwrap().id.unwrap();
    for (index, expected) in [(0, format!("{CANARY}\n")), (1, CANARY.to_owned())] {
        let pointer = format!("/additional_settings/additional_authentication_fields/{index}/value");
        assert!(world.sim.secret_of(&id, &pointer).unwrap().reveal() == expected, "field {index}");
    }
    world.event_of("svc", WARNING).await;
    let events = world.events().await;
    let note = events.iter().find(|event| event.reason.as_deref() == Some(WARNING)).unwrap().note.clone().unwrap();
    assert!(note.contains("additionalAuthenticationFields (pin, valueSecretRef)") && !note.contains("cut,"), "{note}");
    // An edit of something else tells nothing again.
    world.put_secret("svc", json!({"password": format!("{CANARY}-2")})).await;
    world.pam_holds("svc", &format!("{CANARY}-2")).await;
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(world.events_of("svc", WARNING).await, 1);
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn a_login_with_line_breaks_logs_in_and_one_with_a_mistake_is_named() {
    let world = World::start().await;
    world.connection_becomes("Authenticated").await;
    let (id, secret) = (world.sim.client_id(), world.sim.client_secret());
    let mark = world.sim.mark();
    let cases = [
        (format!("\u{feff}{id}"), secret.clone(), "clientId", "a byte order mark (U+FEFF) at position 1"),
        (id.clone(), format!(" {secret}"), "clientSecret", "a space (U+0020) at position 1"),
        (id.clone(), format!("a\u{200b}{secret}"), "clientSecret", "(U+200B) at position 2"),
    ];
    for (id, secret, key, words) in cases {
        world.put_login(&id, &secret).await;
        local_cluster::wait_until(words, PATIENCE, async || {
            let status = world.connections().get(&world.connection).await?.status.unwrap_or_default();
            let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready").unwrap();
            let place = format!("key {key} of Secret login (spec.auth.oauth2.clientSecretRef)");
            let told = ready.message.contains(&place) && ready.message.contains(words);
            anyhow::ensure!(ready.reason == "SecretInvalid" && told, "{}: {}", ready.reason, ready.message);
            Ok(())
        })
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", world.logs()));
    }
    assert_eq!(world.sim.since(mark).count(Kind::Token), 0, "no login was tried with it");
    world.put_login(&format!("{id}\r\n"), &format!("{secret}\r\n")).await;
    world.connection_becomes("Authenticated").await;
    world.put_login(&format!(" {id}"), &format!("{secret}\t")).await;
    world.connection_becomes("SecretInvalid").await;
    world.put_connection(json!({"auth": {"oauth2": {"clientSecretRef": {"trim": "Whitespace"}}}})).await;
    world.connection_becomes("Authenticated").await;
    world.synced("svc").await;
    assert_no_canary(&world.everything_said().await);
}
