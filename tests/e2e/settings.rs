//! P1, P6: of the settings only the changed group is sent, and of the secrets beside the value only the changed one.

use std::collections::BTreeSet;

use crate::support::steps::A_MOMENT;
use crate::support::{CANARY, Plan, World, assert_no_canary, merge};
use pam_operator::api::{PUSH_VALUE_REQUESTED_AT, RECONCILE_REQUESTED_AT};
use pam_simulator::ProductVersion;
use serde_json::{Value, json};

const SEED: &str = "CANARYSEEDAAAAAA";
const OTHER_SEED: &str = "CANARYSEEDBBBBBB";
/// What every POST has.
const ACCOUNT: [&str; 4] = ["hostname", "identifier", "ip", "username"];

/// Something of every group.
fn everything() -> Value {
    json!({
        "additional": "a", "tags": ["t"], "credentialType": "Domain user", "domain": "example.com", "notes": "n",
        "executionSettings": {"useOwnCredentialToConnect": true, "automaticChange": false},
        "sessionSettings": {"useOwnCredentialToConnect": true, "ssh": true},
        "additionalSettings": {
            "criticality": "Low", "userCredentialOwner": "admin",
            "secretKeySecretRef": {"name": "more"},
            "additionalAuthenticationFields": [
                {"name": "PIN", "shortName": "pin", "valueSecretRef": {"name": "more", "key": "pin"}},
                {"name": "Word", "shortName": "word", "valueSecretRef": {"name": "more", "key": "word"}},
            ],
        },
        "jitSettings": {"useOwnCredentialToConnect": true, "jit": false},
        "device": {"site": "Cellar", "tags": ["d"]},
    })
}

async fn put_more(world: &World, seed: &str, pin: &str) {
    let data = json!({"secretKey": seed, "pin": format!("{CANARY}-{pin}"), "word": format!("{CANARY}-word")});
    world.put_secret("more", data).await;
}

async fn with_everything(version: ProductVersion) -> World {
    let world = Plan::default().version(version).start().await;
    world.put_secret("svc", json!({"password": CANARY})).await;
    put_more(&world, SEED, "1").await;
    world.put_credential("svc", everything()).await;
    world.becomes("svc", "Synced").await;
    world
}

/// What one POST since then had beside the account, in one form for every version; blocks and items are not named.
fn sent(world: &World, count: &crate::support::Count) -> BTreeSet<String> {
    let journal = world.journal(count);
    assert_eq!((journal.posts().len(), journal.len()), (1, 1), "{journal:?}");
    let fields = journal.posts()[0].fields.iter().filter(|field| !ACCOUNT.contains(&field.as_str()));
    let fields = fields.map(|field| field.replace("additional_settings[0]", "additional_settings"));
    let fields = fields.map(|field| field.replace("additional_settings.notes", "notes"));
    let fields: BTreeSet<String> = fields.collect();
    let inner = |field: &String| {
        !fields.iter().any(|other| other.starts_with(&format!("{field}.")) || other.starts_with(&format!("{field}[")))
    };
    // In older versions the notes are in the block.
    fields.iter().filter(|field| inner(field) && *field != "additional_settings").cloned().collect()
}

fn set(fields: &[&str]) -> BTreeSet<String> {
    fields.iter().map(|field| (*field).to_owned()).collect()
}

/// Each group, how it is edited, and what is sent then.
fn edits() -> Vec<(Value, &'static [&'static str])> {
    let own = "useOwnCredentialToConnect";
    vec![
        (json!({"additional": "b"}), &["additional"]),
        (json!({"tags": ["t", "u"]}), &["tags"]),
        (json!({"credentialType": "Local User"}), &["credential_type"]),
        (json!({"domain": "lab.example.com"}), &["domain"]),
        (json!({"notes": "m"}), &["notes"]),
        (
            json!({"executionSettings": {own: true, "agentBasedPasswordChange": true}}),
            &[
                "execution_settings.agent_based_password_change",
                "execution_settings.automatic_change",
                "execution_settings.use_own_credential_to_connect",
            ],
        ),
        (
            json!({"sessionSettings": {"ssh": false}}),
            &["session_settings.SSH", "session_settings.use_own_credential_to_connect"],
        ),
        (
            json!({"additionalSettings": {"criticality": "High"}}),
            &["additional_settings.criticality", "additional_settings.user_credential_owner"],
        ),
        (
            json!({"jitSettings": {"enableDisableCredential": false}}),
            &[
                "jit_settings.credential_creation_and_deletion",
                "jit_settings.enable_disable_credential",
                "jit_settings.jit",
                "jit_settings.use_own_credential_to_connect",
            ],
        ),
        (json!({"device": {"site": "Attic"}}), &["device_tags", "site"]),
    ]
}

async fn an_edit_of_one_group_sends_that_group_alone(version: ProductVersion) {
    let world = with_everything(version).await;
    let mut spec = everything();
    for (change, fields) in edits() {
        merge(&mut spec, change.clone());
        let count = world.count().await;
        world.put_credential("svc", spec.clone()).await;
        world.becomes("svc", "Synced").await;
        assert_eq!(sent(&world, &count), set(fields), "{version}: {change}");
    }
    assert_nothing_said(&world).await;
}

#[tokio::test]
async fn an_edit_of_one_group_sends_that_group_alone_on_3_32() {
    an_edit_of_one_group_sends_that_group_alone(ProductVersion::V3_32).await;
}

#[tokio::test]
async fn an_edit_of_one_group_sends_that_group_alone_on_4_2() {
    an_edit_of_one_group_sends_that_group_alone(ProductVersion::V4_2).await;
}

const FIELDS: [&str; 6] = [
    "additional_settings.additional_authentication_fields[0].name",
    "additional_settings.additional_authentication_fields[0].short_name",
    "additional_settings.additional_authentication_fields[0].value",
    "additional_settings.additional_authentication_fields[1].name",
    "additional_settings.additional_authentication_fields[1].short_name",
    "additional_settings.additional_authentication_fields[1].value",
];

/// Waits until one POST has come, and no other.
async fn one_post(world: &World, count: &crate::support::Count) -> BTreeSet<String> {
    local_cluster::wait_until("a POST", crate::support::PATIENCE, async || {
        anyhow::ensure!(!world.journal(count).is_empty(), "not yet");
        Ok(())
    })
    .await
    .unwrap();
    tokio::time::sleep(A_MOMENT).await;
    world.becomes("svc", "Synced").await;
    sent(world, count)
}

#[tokio::test]
async fn a_secret_that_changed_is_sent_without_the_others() {
    let world = with_everything(ProductVersion::V4_2).await;
    let count = world.count().await;
    put_more(&world, OTHER_SEED, "1").await;
    assert_eq!(one_post(&world, &count).await, set(&["additional_settings.secret_key"]));

    let count = world.count().await;
    put_more(&world, OTHER_SEED, "2").await;
    assert_eq!(one_post(&world, &count).await, set(&FIELDS), "the list is one field of the PAM's");

    let count = world.count().await;
    world.put_secret("svc", json!({"password": format!("{CANARY}-2")})).await;
    assert_eq!(one_post(&world, &count).await, set(&["content"]));

    // The same seed, as another service would show it.
    let count = world.count().await;
    put_more(&world, "canary seed bbbb-bb", "2").await;
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(world.journal(&count).len(), 0, "it is the same seed");

    let record = &world.sim.records()[0];
    let held = |pointer: &str| world.sim.secret_of(&record.id, pointer).unwrap().reveal().to_owned();
    assert_eq!(held("/additional_settings/secret_key"), OTHER_SEED);
    assert_eq!(held("/additional_settings/additional_authentication_fields/0/value"), format!("{CANARY}-2"));
    assert_eq!(record.fields["additional_settings"]["criticality"], "Low");
    assert_nothing_said(&world).await;
}

#[tokio::test]
async fn a_field_that_is_renamed_or_taken_off_the_list_sends_the_list() {
    let world = with_everything(ProductVersion::V4_2).await;
    let mut spec = everything();
    let fields = spec["additionalSettings"]["additionalAuthenticationFields"].as_array_mut().unwrap();
    fields[0]["name"] = json!("Pin code");
    let count = world.count().await;
    world.put_credential("svc", spec.clone()).await;
    assert_eq!(one_post(&world, &count).await, set(&FIELDS));

    spec["additionalSettings"]["additionalAuthenticationFields"].as_array_mut().unwrap().remove(1);
    let count = world.count().await;
    world.put_credential("svc", spec).await;
    assert_eq!(one_post(&world, &count).await, set(&FIELDS[..3]));
    let held = &world.sim.records()[0].fields["additional_settings"]["additional_authentication_fields"];
    assert_eq!(held, &json!([{"name": "Pin code", "short_name": "pin", "value": "[hidden]"}]));
    assert_nothing_said(&world).await;
}

#[tokio::test]
async fn nothing_is_sent_while_nothing_changes_whatever_is_touched() {
    let mut world = with_everything(ProductVersion::V4_2).await;
    let object = world.credential_json("svc", everything());
    world.does_nothing_whatever_is_touched(object, &["svc", "more"]).await;
    assert_nothing_said(&world).await;
}

#[tokio::test]
async fn a_request_sends_every_group_and_every_secret_once() {
    let world = with_everything(ProductVersion::V4_2).await;
    for request in [RECONCILE_REQUESTED_AT, PUSH_VALUE_REQUESTED_AT] {
        // A list that is seconds old is asked for before the first.
        let mark = world.sim.mark();
        world.annotate("svc", request, "now").await;
        local_cluster::wait_until("a POST", crate::support::PATIENCE, async || {
            anyhow::ensure!(!world.sim.since(mark).posts().is_empty(), "not yet");
            Ok(())
        })
        .await
        .unwrap();
        tokio::time::sleep(A_MOMENT).await;
        let journal = world.sim.since(mark);
        assert_eq!(journal.posts().len(), 1, "{request}: {journal:?}");
        let post = journal.posts()[0];
        let secret =
            ["additional_settings[0].secret_key", "additional_settings[0].additional_authentication_fields[1].value"];
        for field in ["content", "tags", "session_settings.SSH", "jit_settings.jit", "site"].iter().chain(&secret) {
            assert!(post.sent_field(field), "{request}: {field} is not in {:?}", post.fields);
        }
    }
    assert_nothing_said(&world).await;
}

/// What a PAM loses that drops what is not sent of a block, where its connection does not say that it does; and what it
/// takes to get it back.
#[tokio::test]
async fn a_pam_that_replaces_blocks_loses_seeds_unless_its_connection_says_so() {
    let world = with_everything(ProductVersion::V4_2).await;
    world.sim.change_behaviour(|knobs| knobs.blocks_replaced = true);
    let held = || world.sim.records()[0].fields["additional_settings"].clone();
    let mut spec = everything();
    spec["additionalSettings"]["criticality"] = json!("High");
    world.put_credential("svc", spec.clone()).await;
    world.becomes("svc", "Synced").await;
    assert_eq!(
        held(),
        json!({"criticality": "High", "user_credential_owner": "admin"}),
        "the seed and the fields are gone"
    );

    let limits = json!({"maxConcurrentRequests": 8, "requestsPerSecond": 0});
    world.put_connection(json!({"limits": limits, "compatibility": {"settingsBlocks": "Replaced"}})).await;
    world.connection_becomes("Authenticated").await;
    spec["additionalSettings"]["criticality"] = json!("Medium");
    world.put_credential("svc", spec).await;
    world.becomes("svc", "Synced").await;
    assert_eq!(held().as_object().unwrap().len(), 4, "{}", held());
    for (seed, pin) in [(OTHER_SEED, "1"), (OTHER_SEED, "2")] {
        let count = world.count().await;
        put_more(&world, seed, pin).await;
        assert!(!one_post(&world, &count).await.contains("content"));
        assert_eq!(held().as_object().unwrap().len(), 4, "{}", held());
    }
    assert_nothing_said(&world).await;
}

#[tokio::test]
async fn a_value_that_may_be_too_long_for_the_vault_to_rotate_is_warned_of() {
    let world = World::start().await;
    let rotated = json!({"executionSettings": {"useOwnCredentialToConnect": true, "automaticChange": true}});
    for (name, length, change) in [("long", 71, rotated.clone()), ("short", 70, rotated), ("plain", 71, json!({}))] {
        let value = format!("{CANARY}{}", "x".repeat(length - CANARY.chars().count()));
        world.put_secret(name, json!({"password": value})).await;
        world.put_credential(name, change).await;
        world.becomes(name, "Synced").await;
        world.event_of(name, "Pushed").await;
    }
    world.event_of("long", "LongValue").await;
    let warned = world.events().await.into_iter().filter(|event| event.reason.as_deref() == Some("LongValue"));
    assert_eq!(warned.count(), 1);
    assert_no_canary(&world.everything_said().await);
}

/// P8: the digests of seeds and fields are keyed, and no secret is in anything that was said.
async fn assert_nothing_said(world: &World) {
    let status = world.get("svc").await.status.unwrap();
    for group in ["content", "secretKey", "additionalAuthenticationFields"] {
        let digest = &status.digests[group];
        assert!(digest.starts_with("v1:") && digest.split(':').count() == 3, "{group}: {digest}");
    }
    let said = world.everything_said().await;
    assert_no_canary(&said);
    assert!(!said.to_uppercase().replace([' ', '-'], "").contains("CANARYSEED"), "a seed was shown");
}
