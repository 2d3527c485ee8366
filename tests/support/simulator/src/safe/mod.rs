//! MySafe: the passwords of people, each reached with an access key of its user (API 5; pages of 3.32, 3.33 and 4.0).

mod access;
mod answers;
mod entry;
mod list;
mod request;
mod rules;
mod sharing;
mod steer;

use crate::answer::Refusal;
use crate::call::{Call, Kind};
use crate::gateway::Caller;
use crate::state::{Executed, State};
use access::Visitor;
use entry::SafeEntry;
use request::SafeRequest;

pub(crate) use access::coded;
pub(crate) use answers::refused;
pub(crate) use entry::Safe;
pub use entry::{EntryEdit, EntrySeed, EntryView, Share};
pub use rules::{SafeRules, SafeTags, SharedErrorForm};
pub(crate) use steer::router;

/// Executes a call about entries, or about the one that the path names.
pub(crate) fn execute(
    state: &mut State,
    call: &Call,
    caller: &Caller,
    kind: Kind,
    key: Option<&str>,
) -> Result<Executed, Refusal> {
    let visitor = Visitor::of(state, caller)?;
    if kind == Kind::ListSafePasswords {
        return list::list(state, call, &visitor);
    }
    access::no_query(state, call)?;
    match (kind, key) {
        (Kind::GetSafePassword, Some(key)) => hand_out(state, &visitor, key),
        (Kind::PutSafePassword, Some(key)) => update(state, call, &visitor, key),
        (_, Some(key)) => set_active(state, &visitor, kind, key),
        (_, None) => create(state, call, &visitor),
    }
}

/// Makes an entry. There is no upsert: the same call makes another one.
fn create(state: &mut State, call: &Call, visitor: &Visitor) -> Result<Executed, Refusal> {
    let request = SafeRequest::parse(state, call, true)?;
    let commit = state.log.commit(true, true, state.clock.now());
    let mut entry = SafeEntry::new(&visitor.tenant, &visitor.user);
    entry.made_by = Some(visitor.client_id.clone());
    let unshared = request.write(state, &mut entry, commit.order);
    let id = state.store.safe.insert(entry);
    let mut done = Executed::answer(answers::saved(state, Kind::PostSafePassword, id, unshared)?);
    (done.record, done.commit) = (Some(id), Some(commit));
    Ok(done)
}

/// Updates what the body has of an entry; the rest stays.
fn update(state: &mut State, call: &Call, visitor: &Visitor, key: &str) -> Result<Executed, Refusal> {
    let id = access::editable(state, visitor, Kind::PutSafePassword, key)?;
    let request = SafeRequest::parse(state, call, false).map_err(|refusal| refusal.about(id))?;
    let commit = state.log.commit(false, request.password.is_some(), state.clock.now());
    let mut entry = state.store.safe.get(id).cloned().ok_or_else(access::unknown)?;
    let unshared = request.write(state, &mut entry, commit.order);
    state.store.safe.edit(id, |stored| *stored = entry);
    let mut done = Executed::answer(answers::saved(state, Kind::PutSafePassword, id, unshared)?);
    (done.record, done.commit) = (Some(id), Some(commit));
    Ok(done)
}

/// Activates or deactivates an entry. It is no error that it was so before, and then nothing changes.
fn set_active(state: &mut State, visitor: &Visitor, kind: Kind, key: &str) -> Result<Executed, Refusal> {
    let id = access::editable(state, visitor, kind, key)?;
    let active = kind == Kind::ActivateSafePassword;
    let already = state.store.safe.get(id).is_some_and(|entry| entry.active == active);
    state.store.safe.edit(id, |entry| entry.active = active);
    let mut done = Executed::answer(answers::switched(state, kind, already));
    done.record = Some(id);
    done.commit = (!already).then(|| state.log.commit(false, false, state.clock.now()));
    Ok(done)
}

/// Hands out the password, the seed and a live one-time password. An operator must never do it.
fn hand_out(state: &State, visitor: &Visitor, key: &str) -> Result<Executed, Refusal> {
    let id = access::visible(state, visitor, Kind::GetSafePassword, key)?;
    let entry = state.store.safe.get(id).ok_or_else(access::unknown)?;
    if !entry.active {
        return Err(coded(1009).about(id));
    }
    tracing::warn!(entry = id, client = visitor.client_id, "a SECRET WAS READ BACK");
    let mut done = Executed::answer(answers::whole(state, entry));
    (done.record, done.secret_handed_out) = (Some(id), true);
    Ok(done)
}
