//! What a value is answered in, who may view it, and who may give custody back.

use base64::Engine;
use pam_simulator::{Authorization, Config, KeyPair, ProductVersion, Reading, Seed, ValueKeys, VaultEdit};
use rsa::PrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use serde_json::{Value, json};
use sha1::Sha1;

use crate::common::{HOST, IP, Pam, full, log_in_as};

const SECRET: &str = "other-client-secret";

/// A vault with one record that two clients see.
async fn vault(version: ProductVersion) -> Pam {
    let config = Config::of(version).authorization(Authorization::new("other", SECRET));
    Pam::with(config.device(HOST, IP).seed(Seed::new("svc", HOST, IP).value("canary"))).await
}

fn set(pam: &Pam, change: impl FnOnce(&mut Reading)) {
    pam.sim.change_behaviour(|knobs| change(&mut knobs.reading));
}

#[tokio::test]
async fn a_value_is_in_both_keys_or_in_one_of_them_on_each_version() {
    for version in ProductVersion::ALL {
        let pam = vault(version).await;
        for (keys, password, content) in [
            (ValueKeys::Both, json!("canary"), json!("canary")),
            (ValueKeys::Password, json!("canary"), Value::Null),
            (ValueKeys::Content, Value::Null, json!("canary")),
        ] {
            set(&pam, |reading| reading.value_keys = keys);
            for key in ["101", "svc@db01"] {
                let shown = pam.item("GET", key).await.json();
                let credential = &shown["credential"];
                assert_eq!((&credential["password"], &credential["content"]), (&password, &content), "{version}");
                assert_eq!(shown["response"]["message"], "Credential 101");
                let name = if version < ProductVersion::V3_33 { "tag" } else { "identifier" };
                assert!(credential.as_object().unwrap().contains_key(name), "{version}");
            }
        }
    }
}

#[tokio::test]
async fn an_expiry_may_have_an_offset_and_a_second_name() {
    let pam = vault(ProductVersion::V4_2).await;
    pam.sim.edit("101", VaultEdit::Expires(Some("2031-01-16T17:31:39Z".parse().unwrap())));
    let plain = pam.item("GET", "101").await.json()["credential"].clone();
    assert_eq!((&plain["expiration_time"], plain.get("expiration")), (&json!("2031-01-16T17:31:39"), None));
    set(&pam, |reading| (reading.expiry_offset, reading.names_expiration) = (true, true));
    let long = pam.item("GET", "101").await.json()["credential"].clone();
    assert_eq!(
        (&long["expiration_time"], &long["expiration"]),
        (&json!("2031-01-16T17:31:39+00:00"), &long["expiration_time"])
    );
}

#[tokio::test]
async fn a_record_in_the_custody_of_another_may_be_viewed_or_not() {
    let pam = vault(ProductVersion::V4_2).await;
    let other = log_in_as(&pam.sim, &pam.http, "other", SECRET).await;
    pam.item("GET", "101").await;
    let taken = pam.call_as(&other, "GET", "/api/pam/credential/101", None).await.unwrap();
    assert_eq!((taken.status, pam.sim.record("101").unwrap().custody.as_deref()), (200, Some("other")));
    set(&pam, |reading| reading.simultaneous = false);
    let refused = pam.item("GET", "101").await;
    assert_eq!((refused.status, refused.code()), (400, 1099));
    assert_eq!(pam.item("DELETE", "custody/101").await.code(), 1018, "it is not in this one's custody");
    assert_eq!(pam.sim.journal().secrets_handed_out().len(), 2, "none with the refusal");
    let change = pam.sim.record("101").unwrap().change;
    pam.sim.edit("101", VaultEdit::Custody(Some("a person".to_owned())));
    assert_eq!(pam.call_as(&other, "GET", "/api/pam/credential/101", None).await.unwrap().code(), 1099);
    pam.sim.edit("101", VaultEdit::Custody(None));
    assert_eq!((pam.item("GET", "101").await.status, pam.sim.record("101").unwrap().change), (200, change));
}

#[tokio::test]
async fn a_second_view_by_the_holder_may_not_count() {
    let pam = vault(ProductVersion::V4_2).await;
    pam.sim.edit("101", VaultEdit::AutomaticChange(true));
    pam.sim.change_behaviour(|knobs| knobs.rotation.after_view = Some(std::time::Duration::from_hours(1)));
    set(&pam, |reading| reading.repeated_view_counts = false);
    pam.item("GET", "101").await;
    pam.item("GET", "101").await;
    assert_eq!(pam.sim.rotations_waiting(), 1);
    set(&pam, |reading| reading.repeated_view_counts = true);
    pam.item("GET", "101").await;
    assert_eq!(pam.sim.rotations_waiting(), 2);
}

#[tokio::test]
async fn a_reader_may_give_custody_back_or_not() {
    for version in ProductVersion::ALL {
        let pam = vault(version).await;
        pam.sim.change_authorization("operator", |client| client.read_only = true);
        assert_eq!(pam.item("GET", "101").await.status, 200, "a read needs no write permission");
        assert_eq!(pam.item("DELETE", "custody/101").await.code(), 1039, "{version}");
        set(&pam, |reading| reading.release_needs_write = false);
        assert_eq!(pam.item("DELETE", "101").await.code(), 1039, "{version}: nothing else is let through");
        assert_eq!(pam.item("DELETE", "custody/101").await.status, 200, "{version}");
    }
}

#[tokio::test]
async fn an_at_sign_in_the_username_breaks_the_path() {
    for version in ProductVersion::ALL {
        let pam = Pam::of(version).await;
        let id = pam.post(&full("k8s-a", "john@example.com", "one")).await.id();
        for key in ["john@example.com@db01", "john%40example.com@db01", "john%40example.com%40db01"] {
            assert_eq!(pam.item("GET", key).await.code(), 1007, "{version} {key}");
        }
        assert_eq!(pam.item("GET", &id).await.status, 200);
    }
}

#[tokio::test]
async fn a_value_is_encrypted_for_the_key_of_the_authorization_and_nothing_says_so() {
    let keys = KeyPair::generate(1024).unwrap();
    let pam = vault(ProductVersion::V4_2).await;
    let plain = pam.item("GET", "101").await.json();
    pam.sim.change_authorization("operator", |client| client.encryption_key = Some(keys.public_pem.clone()));
    let shown = pam.item("GET", "101").await.json();
    let text = shown["credential"]["password"].as_str().unwrap();
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    let key = PrivateKey::from_pkcs8_pem(keys.private_pem.reveal()).unwrap();
    assert_eq!((bytes.len(), key.oaep_decrypt::<Sha1>(&bytes).unwrap()), (128, b"canary".to_vec()));
    assert_eq!(shown["response"], plain["response"]);
    let names = |shown: &Value| shown["credential"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&shown), names(&plain));
    let other = log_in_as(&pam.sim, &pam.http, "other", SECRET).await;
    let theirs = pam.call_as(&other, "GET", "/api/pam/credential/101", None).await.unwrap().json();
    assert_eq!(theirs["credential"]["password"], "canary", "encryption is of one authorization");
    pam.sim.edit("101", VaultEdit::Rotate("x".repeat(87).into()));
    assert_eq!(pam.item("GET", "101").await.status, 500, "the key takes 86 bytes");
}
