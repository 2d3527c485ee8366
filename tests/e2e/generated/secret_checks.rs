//! P8, P10: a Secret that lacks a key or holds an unusable value is reported before any call to the PAM.

use serde_json::{Value, json};

use crate::support::{CANARY, World, assert_no_canary, ready};

#[tokio::test]
async fn what_a_secret_lacks_or_has_wrong_is_told_before_any_call() {
    let world = World::start().await;
    world.put_secret("good", json!({"password": CANARY})).await;
    let mark = world.sim.mark();
    let seed = |key: &str| json!({"additionalSettings": {"secretKeySecretRef": {"name": "bad", "key": key}}});
    let field = |name: &str, key: &str| {
        let field = json!({"name": "PIN", "shortName": "pin", "valueSecretRef": {"name": name, "key": key}});
        json!({"additionalSettings": {"additionalAuthenticationFields": [field]}})
    };
    let (totp, fields) = ("spec.additionalSettings.secretKeySecretRef", "additionalAuthenticationFields");
    let cases: [(&str, Value, &str, [&str; 3]); 11] = [
        ("seed", seed("nobase32"), "SecretInvalid", [totp, "key nobase32 of Secret bad", "base32"]),
        ("seed-uri", seed("uri"), "SecretInvalid", [totp, "key uri of Secret bad", "base32"]),
        ("seed-empty", seed("empty"), "SecretInvalid", [totp, "key empty of Secret bad", "is empty"]),
        ("seed-keyless", seed("absent"), "SecretKeyNotFound", ["Secret bad", "no key absent", "add it"]),
        ("field-empty", field("bad", "empty"), "SecretInvalid", [fields, "key empty of Secret bad", "is empty"]),
        ("field-long", field("bad", "long"), "SecretInvalid", [fields, "257 characters", "256"]),
        ("field-keyless", field("bad", "absent"), "SecretKeyNotFound", ["Secret bad", "no key absent", "add it"]),
        ("field-secretless", field("gone", "k"), "SecretNotFound", ["Secret gone", "does not exist", "create it"]),
        ("value-empty", reference("empty"), "SecretInvalid", ["spec.contentSecretRef", "key empty", "is empty"]),
        ("value-long", reference("long"), "SecretInvalid", ["spec.contentSecretRef", "257 characters", "256"]),
        (
            "name",
            name("unclean"),
            "SecretInvalid",
            ["spec.usernameSecretRef", "key unclean", "(U+200B) at position 18"],
        ),
    ];
    let long = "ü".repeat(257 - CANARY.chars().count()) + CANARY;
    let bad = json!({"nobase32": format!("{CANARY}1"), "uri": format!("otpauth://totp/x?secret={CANARY}"),
        "empty": "", "long": long, "unclean": format!("{CANARY}\u{200b}")});
    world.put_secret("bad", bad).await;
    for (case, change, ..) in &cases {
        let mut object = world.credential_json(case, json!({"contentSecretRef": {"name": "good"}}));
        crate::support::merge(&mut object["spec"], change.clone());
        world.apply([object]).await;
    }
    for (case, _, reason, words) in &cases {
        let message = ready(&world.becomes(case, reason).await).2;
        for part in words {
            assert!(message.contains(part), "{case}: {part} is not in: {message}");
        }
    }
    assert!(world.sim.since(mark).is_empty(), "{:?}", world.sim.since(mark));
    assert_no_canary(&world.everything_said().await);

    // Mended, each goes on by itself.
    let seed = "JBSW Y3DP ehpk-3pxp";
    world
        .put_secret("bad", json!({"nobase32": seed, "uri": seed, "empty": CANARY, "long": CANARY, "unclean": "u"}))
        .await;
    for case in ["seed", "seed-uri", "field-empty", "field-long", "value-empty", "value-long", "name"] {
        world.becomes(case, "Synced").await;
    }
    let id = world.get("seed").await.status.unwrap().id.unwrap();
    let held = world.sim.secret_of(&id, "/additional_settings/secret_key").unwrap();
    assert_eq!(held.reveal(), "JBSWY3DPEHPK3PXP", "as the PAM writes it");
}

fn reference(key: &str) -> Value {
    json!({"contentSecretRef": {"name": "bad", "key": key}})
}

fn name(key: &str) -> Value {
    json!({"username": null, "usernameSecretRef": {"name": "bad", "key": key}})
}
