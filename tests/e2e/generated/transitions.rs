//! P1: an edit from any spec to any other leaves the record as a first push of the second would, except for fields that
//! cannot be un-set; those are named on the object.

use std::collections::BTreeSet;

use local_cluster::wait_until;
use pam_simulator::ProductVersion;
use serde_json::{Value, json};

use super::case::{Case, nothing_was_given_away};
use super::expected::{Leaf, WireField, leaves};
use crate::random::Random;
use crate::support::{PATIENCE, Plan, World, ready};

const PAIRS: usize = 40;
/// Begins what `Ready` says of fields that the PAM keeps.
const KEPT: &str = "removed from spec but kept by the PAM, whose API cannot clear a field: ";

#[tokio::test]
async fn from_any_spec_to_any_other_the_record_ends_as_the_second_says_on_3_32() {
    any_to_any(ProductVersion::V3_32, false).await;
}

#[tokio::test]
async fn from_any_spec_to_any_other_the_record_ends_as_the_second_says_on_4_2() {
    any_to_any(ProductVersion::V4_2, false).await;
}

/// Where a PAM puts a block that is sent in the place of the one that was there, and the connection says so, what was
/// removed from the spec goes, and nothing else.
#[tokio::test]
async fn from_any_spec_to_any_other_nothing_is_lost_where_blocks_are_replaced() {
    any_to_any(ProductVersion::V4_2, true).await;
}

/// A spec of the same account and identifier, with Secrets of its own; some of its blocks are those of the first.
fn second(first: &Case, world: &World, random: &mut Random) -> Case {
    let mut next = Case::random(&first.name, world, random);
    let (spec, before) = (next.spec.as_object_mut().unwrap(), first.spec.as_object().unwrap());
    for field in ["hostname", "ip", "identifier", "username", "usernameSecretRef"] {
        spec.remove(field);
        spec.extend(before.get_key_value(field).map(|(field, value)| (field.clone(), value.clone())));
    }
    for field in
        ["additionalSettings", "device", "executionSettings", "jitSettings", "notes", "sessionSettings", "tags"]
    {
        if random.percent(25) {
            spec.remove(field);
            spec.extend(before.get_key_value(field).map(|(field, value)| (field.clone(), value.clone())));
        }
    }
    next.refill(first, random);
    next
}

async fn any_to_any(version: ProductVersion, blocks_replaced: bool) {
    let mut random = Random::of_this_run(&format!("transitions on {version}, {blocks_replaced}"));
    let world = Plan::default().version(version).start().await;
    if blocks_replaced {
        world.sim.change_behaviour(|knobs| knobs.blocks_replaced = true);
        let limits = json!({"maxConcurrentRequests": 8, "requestsPerSecond": 0});
        world.put_connection(json!({"limits": limits, "compatibility": {"settingsBlocks": "Replaced"}})).await;
        world.connection_becomes("Authenticated").await;
    }
    let firsts: Vec<Case> = (0..PAIRS).map(|n| Case::random(&format!("svc-{n}"), &world, &mut random)).collect();
    let seconds: Vec<Case> = firsts.iter().map(|first| second(first, &world, &mut random)).collect();
    for case in firsts.iter().chain(&seconds) {
        case.admit(&world.sim);
    }
    world.apply(firsts.iter().flat_map(|case| case.objects(&world))).await;
    world.all_become(PAIRS, &["Synced"]).await;
    // Secrets first, so that each push finds them.
    world.apply(seconds.iter().flat_map(|case| case.secret_objects(&world))).await;
    world.all_become(PAIRS, &["Synced"]).await;
    world.apply(seconds.iter().map(|case| case.object(&world))).await;
    world.all_become(PAIRS, &["Synced", "Adopted"]).await;
    for (first, second) in firsts.iter().zip(&seconds) {
        ends_as_it_should(&world, first, second, blocks_replaced).await;
    }
    assert_eq!(world.sim.records().len(), PAIRS, "one record each");
    nothing_was_given_away(&world).await;
}

async fn ends_as_it_should(world: &World, first: &Case, second: &Case, blocks_replaced: bool) {
    let credential = world.get(&second.name).await;
    let record = world.sim.record(credential.status.as_ref().unwrap().id.as_deref().unwrap()).unwrap();
    let told = format!("from {}\nto {}", first.told(), second.told());
    let beside = second.has_arrived(world, &record);
    let before = leaves(&first.spec);
    let after: BTreeSet<String> = leaves(&second.spec).into_iter().map(|leaf| leaf.path).collect();
    let gone: Vec<&Leaf> = before.iter().filter(|leaf| !after.contains(&leaf.path)).collect();
    // What the PAM still has of the first spec is what cannot be un-set,
    let wire_fields: BTreeSet<WireField> = gone.iter().map(|leaf| leaf.wire_field.clone()).filter(is_shown).collect();
    if blocks_replaced {
        assert!(beside.is_subset(&wire_fields), "{beside:?} {told}");
    } else {
        assert_eq!(beside, wire_fields, "{told}");
    }
    // and the groups of which nothing is left are named, and nothing else. (Where blocks are replaced, a group may share its
    // block with another one and be gone with it; the operator does not know that, and names the group.)
    let message = ready(&credential).2;
    let named = message.split_once(KEPT).map_or("", |(_, named)| named);
    let named: BTreeSet<&str> = named.split(", ").filter(|name| !name.is_empty()).collect();
    let left: BTreeSet<&str> = after.iter().map(|path| group(path)).collect();
    let gone: BTreeSet<&str> =
        before.iter().map(|leaf| group(&leaf.path)).filter(|name| !left.contains(name)).collect();
    assert_eq!(named, gone, "{message} {told}");
    if !named.is_empty() {
        world.event_of(&second.name, "FieldKept").await;
    }
}

/// Type and value are not among the fields that a record shows.
fn is_shown(wire_field: &WireField) -> bool {
    !matches!(wire_field, WireField::Kind | WireField::Content)
}

/// The group of fields that a field is sent with: the block, but for what a Secret holds.
fn group(path: &str) -> &str {
    match path {
        "contentSecretRef" => "content",
        "additionalSettings.secretKeySecretRef" => "secretKey",
        "additionalSettings.additionalAuthenticationFields" => "additionalAuthenticationFields",
        _ => path.split_once('.').map_or(path, |(block, _)| block),
    }
}

/// A reason of its own in `Ready` stays until the group is back.
#[tokio::test]
async fn what_was_said_of_a_group_goes_when_it_is_set_again() {
    let world = World::start().await;
    world.put_secret("svc", json!({"password": crate::support::CANARY})).await;
    let session = |ssh: bool| json!({"sessionSettings": {"useOwnCredentialToConnect": true, "ssh": ssh, "rdp": true}});
    let apply = async |change: Value| {
        let mut object = world.credential_json("svc", json!({}));
        crate::support::merge(&mut object["spec"], change);
        world.apply([object]).await;
        ready(&world.becomes("svc", "Synced").await).2
    };
    assert!(!apply(session(true)).await.contains(KEPT));
    let message = apply(json!({})).await;
    assert!(message.ends_with(&format!("{KEPT}sessionSettings")), "{message}");
    world.event_of("svc", "FieldKept").await;
    assert!(!apply(session(false)).await.contains(KEPT));
    wait_until("the record to have it", PATIENCE, async || {
        let records = world.sim.records();
        anyhow::ensure!(records[0].fields["session_settings"]["SSH"] == false, "not yet");
        Ok(())
    })
    .await
    .unwrap();
}
