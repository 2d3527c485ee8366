//! The way back: what a status says before a write is sent, and after a decision was carried out (P1, P3, P4).

use std::collections::BTreeMap;

use super::seen::identifier_to_bind;
use super::{
    Binding, BoundVault, Connection, CreateAttempt, Decision, InFlight, Input, KEYED, REMOVED, RecordId, Status, Write,
    in_doubt, whole_second,
};

/// What came of a decision, as far as the next status depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteResult<'a> {
    /// Nothing was sent.
    Nothing,
    /// The PAM made an entry of that identifier.
    Created(&'a RecordId),
    /// The PAM did what was decided with our entry.
    Done,
    /// The PAM may have executed the write: there is no answer, or none that tells.
    Lost,
    /// The PAM surely did not execute the write, or it was not sent.
    Refused,
}

/// Returns what the status must say before the write is sent: the write, and that what the PAM holds of its groups of
/// fields is in doubt from now on.
///
/// It must be written onto the very version of the object that the pass saw: of two processes, each of which takes itself
/// for the leader, one then fails before its POST.
#[must_use]
pub fn announce(input: &Input<'_>, write: Write) -> Status {
    let mut next = input.status.clone();
    let (groups, since) = (input.content(write), whole_second(input.ended));
    let create = (write == Write::Create).then(|| CreateAttempt {
        largest: input.list.and_then(|list| list.largest(|id| !input.repeats_secret(id))),
        looks: input.appearance.digest(input.keyed),
    });
    next.attempt = next.attempt.saturating_add(u32::from(create.is_some()));
    for group in groups.keys() {
        let doubted = in_doubt(next.digests.get(group));
        next.digests.insert(group.clone(), doubted);
    }
    next.in_flight = Some(InFlight { create, groups, since }.after(next.in_flight.take()));
    next
}

/// Returns what the status says after `decision` was carried out with `result`.
///
/// # Guarantees
///
/// * A write that the PAM may have executed without our knowing is in `in_flight` until a list shows the entry that it
///   made, or until the PAM can no longer overwrite anything with what it carried (P3).
/// * After a refused write the status is as it was before the announcement, so that the same is due again (P1, P10).
/// * The digests are of what the PAM accepted; those of an entry that was found by its tag are of what the POST carried.
#[must_use]
pub fn transition(input: &Input<'_>, decision: Decision, result: WriteResult<'_>) -> Status {
    let mut next = match (decision, result) {
        (Decision::Send(write), WriteResult::Lost) => announce(input, write),
        _ => input.status.clone(),
    };
    match (decision, result) {
        (Decision::Send(_), WriteResult::Created(id)) => created(input, &mut next, id),
        (Decision::Send(write), WriteResult::Done) => accepted(input, &mut next, write),
        (Decision::Bind, WriteResult::Nothing) => bound(input, &mut next),
        (Decision::Settled, WriteResult::Nothing) => settled(input, &mut next),
        _ => {}
    }
    next.observed_generation = Some(input.generation);
    next
}

fn created(input: &Input<'_>, next: &mut Status, id: &RecordId) {
    next.identifier = Some(id.clone());
    next.attempt = next.attempt.saturating_add(1);
    next.in_flight = None;
    next.digests = BTreeMap::new();
    accepted(input, next, Write::Create);
    record_vault(input, next);
}

fn accepted(input: &Input<'_>, next: &mut Status, write: Write) {
    let content = input.content(write);
    next.last_write = Some(input.ended);
    // While the window of an earlier write was open when the call began, that write may come after this one. It stays even
    // where it carries the same: the next write may carry something else.
    if input.window_left().is_none() {
        next.in_flight = next.in_flight.take().and_then(|earlier| earlier.after_answer(&content));
    }
    next.digests.extend(content);
    if matches!(write, Write::Create | Write::Update) {
        next.handled = input.asked.map(str::to_owned).or(next.handled.take());
        record_versions(input, next);
    }
}

/// The entry is what the POST made of it, and everything else is due.
fn bound(input: &Input<'_>, next: &mut Status) {
    let Some(id) = identifier_to_bind(input) else { return };
    if input.binding() == Binding::Unbound {
        let is_made = input.known_identifier().is_none();
        let made = next.in_flight.take().filter(|_| is_made);
        next.digests = made.map(|write| write.groups).unwrap_or_default();
        next.source.clear();
    }
    next.identifier = Some(id);
    record_vault(input, next);
}

/// MySafe tells no tenant.
fn record_vault(input: &Input<'_>, next: &mut Status) {
    next.vault = input.vault.map(|used| BoundVault { used: used.clone(), tenant: None });
}

fn record_versions(input: &Input<'_>, next: &mut Status) {
    if let Some(read) = input.read {
        next.source.clone_from(&read.versions);
    }
}

/// Records with which Secrets nothing was due, and forgets what is over. An operator that does not serve the connection
/// makes no digest.
fn settled(input: &Input<'_>, next: &mut Status) {
    if input.window_left().is_none() {
        next.in_flight = None;
    }
    if let Some(read) = input.read.filter(|_| input.connection == Connection::Ready) {
        next.digests.extend(read.digests.clone());
        record_versions(input, next);
    }
    // Of a secret field that left the spec nothing stays but that it was sent.
    for group in KEYED {
        let wanted = input.desired.groups.contains_key(group) || input.desired.secret_groups.contains(group);
        if let Some(digest) = next.digests.get_mut(group).filter(|_| !wanted) {
            REMOVED.clone_into(digest);
        }
    }
}
