//! Create and update: the table of API 2.6.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::item::already;
use super::post::Post;
use crate::answer::{Answer, Refusal, envelope, written_id};
use crate::behaviour::{Answered, Inactive, Move, Outside};
use crate::call::{Call, Kind};
use crate::gateway::Caller;
use crate::secret::Hidden;
use crate::state::{Executed, State};
use crate::store::Record;

/// Where a POST lands.
#[derive(Clone, Copy)]
enum Target {
    /// Row 1: the record that has the identifier.
    ByIdentifier(u64),
    /// Rows 2 and 4: the record that has the account.
    ByAccount(u64),
    /// Rows 3 and 5.
    New,
}

/// Executes a credential POST.
pub(super) fn upsert(state: &mut State, call: &Call, caller: &Caller) -> Result<Executed, Refusal> {
    let post = Post::parse(state, call, caller)?;
    let wrote_value = post.content.is_some();
    let (id, created) = match target(state, caller, &post) {
        Target::New => (create(state, caller, post), true),
        Target::ByIdentifier(id) => (update(state, caller, id, post, true)?, false),
        Target::ByAccount(id) => (update(state, caller, id, post, false)?, false),
    };
    let mut done = Executed::answer(answer(state, id, created));
    done.record = Some(id);
    done.commit = Some(state.log.commit(created, wrote_value, state.clock.now()));
    if let (true, Some(commit)) = (wrote_value, &done.commit) {
        let order = commit.order;
        state.store.edit(id, |record| record.number_last_write(order));
    }
    Ok(done)
}

fn target(state: &State, caller: &Caller, post: &Post) -> Target {
    let tenant = &caller.tenant;
    let by_identifier = post
        .identifier
        .as_deref()
        .and_then(|identifier| pick(state, caller, &state.store.with_identifier(tenant, identifier)));
    if let Some(id) = by_identifier {
        return Target::ByIdentifier(id);
    }
    let by_account =
        state.store.with_account(tenant, &post.username, &post.hostname, &post.ip, state.behaviour.addresses);
    pick(state, caller, &by_account).map_or(Target::New, Target::ByAccount)
}

/// Of several matches the first that the caller sees, else the first that the rows see at all. SSH keys
/// are no credentials: the rows do not see them.
fn pick(state: &State, caller: &Caller, ids: &[u64]) -> Option<u64> {
    let records = || ids.iter().filter_map(|&id| state.store.get(id)).filter(|record| rows_see(state, caller, record));
    let listed = records().find(|record| record.visible_to.contains(&caller.client_id));
    listed.or_else(|| records().next()).map(|record| record.id)
}

/// Whether a record exists as far as the rows are concerned.
fn rows_see(state: &State, caller: &Caller, record: &Record) -> bool {
    let knobs = &state.behaviour;
    let inside = knobs.outside != Outside::Duplicate || record.visible_to.contains(&caller.client_id);
    let enabled = knobs.inactive != Inactive::Duplicate || record.active;
    !record.is_ssh_key() && inside && enabled
}

fn create(state: &mut State, caller: &Caller, post: Post) -> u64 {
    let now = state.clock.now();
    let mut record = Record::new(&caller.tenant, &post.username, &post.hostname, &post.ip, now);
    record.identifier = post.identifier.clone().or_else(|| state.profile.makes_identifiers.then(uuid));
    record.visible_to.insert(caller.client_id.clone());
    write_device(state, caller, &post);
    write_fields(&mut record, post, false, now);
    state.store.insert(record)
}

fn update(state: &mut State, caller: &Caller, id: u64, post: Post, by_identifier: bool) -> Result<u64, Refusal> {
    let (hostname, ip) = place_after(state, caller, id, &post, by_identifier)?;
    let identifier = identifier_after(state, id, &post, by_identifier);
    let revived = state.behaviour.inactive == Inactive::Revive;
    let replaced = state.behaviour.blocks_replaced;
    let touched = post.content.is_some() || state.behaviour.metadata_moves_change;
    write_device(state, caller, &post);
    let now = state.clock.now();
    state.store.edit(id, |record| {
        record.identifier = identifier;
        (record.hostname, record.ip) = (hostname, ip);
        record.username.clone_from(&post.username);
        record.active |= revived;
        write_fields(record, post, replaced, now);
        if touched {
            record.touch(now);
        }
    });
    Ok(id)
}

/// The device that an updated record is on afterwards, unless the update is refused.
fn place_after(
    state: &State,
    caller: &Caller,
    id: u64,
    post: &Post,
    by_identifier: bool,
) -> Result<(String, String), Refusal> {
    let knobs = &state.behaviour;
    let record = state.store.get(id).ok_or_else(|| Refusal::coded(1007))?;
    if knobs.outside == Outside::Refuse && !record.visible_to.contains(&caller.client_id) {
        return Err(Refusal::coded(1009).about(id));
    }
    if knobs.inactive == Inactive::Refuse && !record.active {
        return Err(already(&state.profile, false).about(id));
    }
    let moves = by_identifier && knobs.moves == Move::Move;
    let (hostname, ip) = if moves { (&post.hostname, &post.ip) } else { (&record.hostname, &record.ip) };
    if !knobs.duplicate_accounts && taken(state, caller, id, &post.username, hostname, ip) {
        return Err(Refusal::coded(1052).about(id));
    }
    Ok((hostname.clone(), ip.clone()))
}

/// Whether another record has the account that this one is to have, without having shared it before.
fn taken(state: &State, caller: &Caller, id: u64, username: &str, hostname: &str, ip: &str) -> bool {
    let holders = state.store.with_account(&caller.tenant, username, hostname, ip, state.behaviour.addresses);
    !holders.contains(&id) && pick(state, caller, &holders).is_some()
}

/// Row 1 keeps it, row 2 replaces it, row 4 keeps it (in 3.33: gets a new one, bug 4522).
fn identifier_after(state: &State, id: u64, post: &Post, by_identifier: bool) -> Option<String> {
    let kept = state.store.get(id).and_then(|record| record.identifier.clone());
    match &post.identifier {
        Some(sent) if !by_identifier => Some(sent.clone()),
        None if !state.profile.keeps_identifier => Some(uuid()),
        _ => kept,
    }
}

fn write_device(state: &mut State, caller: &Caller, post: &Post) {
    let named = state.store.devices.id_at(&caller.tenant, &post.hostname, &post.ip);
    if let Some(id) = named {
        state.store.devices.edit(id, |device| device.fields.extend(post.device_fields.clone()));
    }
}

/// Writes what was sent; what was not stays, inside the settings blocks too unless those are `replaced`.
fn write_fields(record: &mut Record, post: Post, replaced: bool, now: Timestamp) {
    if let Some(kind) = post.credential_type {
        record.kind = kind;
    }
    if let Some(content) = post.content {
        record.write_value(Hidden::from(content), None, now);
    }
    for (key, value) in post.fields {
        match (record.fields.get_mut(&key), value) {
            (_, Value::Object(sent)) if !replaced && sent.is_empty() => {}
            (Some(Value::Object(kept)), Value::Object(sent)) if !replaced => kept.extend(sent),
            (_, value) => _ = record.fields.insert(key, value),
        }
    }
}

fn answer(state: &State, id: u64, created: bool) -> Answer {
    let style = state.style(Kind::PostCredential);
    let message = if created { "Credential successfully registered!" } else { "Credential updated successfully!" };
    let mut whole = envelope(style, 201, message, false);
    let record = state.store.get(id);
    if let (true, false, Some(record)) = (state.profile.names_tenant, style.quirks.omit_tenant, record) {
        whole.insert("tenant".to_owned(), record.tenant.as_str().into());
    }
    let mut credential = Map::new();
    credential.insert("id".to_owned(), written_id(style.quirks, id));
    let stored = || record.and_then(|record| record.identifier.clone());
    let identifier = match state.answered_identifier() {
        Answered::Missing => None,
        Answered::Null => Some(None),
        Answered::NullWhenNew if created => Some(None),
        Answered::NullWhenNew | Answered::Stored => Some(stored()),
    };
    if let Some(identifier) = identifier {
        credential.insert(state.profile.identifier_key.to_owned(), identifier.into());
    }
    whole.insert("credential".to_owned(), credential.into());
    Answer::json(201, &whole.into())
}

/// A UUID of version 7, as the product makes them (API 2.1).
fn uuid() -> String {
    let millis = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default() & 0xffff_ffff_ffff;
    let noise = rand::random::<u128>();
    let low = (noise & 0x0fff_3fff_ffff_ffff_ffff) | 0x7000_8000_0000_0000_0000;
    let hex = format!("{:032x}", (u128::from(millis) << 80) | low);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
