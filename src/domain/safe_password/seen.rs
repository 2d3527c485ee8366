//! What a list shows of one object's entry (P3, P4).
//!
//! The list shows entries that others share with our user, too, and names no owner. So an entry is recognised by its
//! identifier together with its tag or its looks, or by the tag of the POST that made it. The tag is a keyed digest of uid
//! and attempt: nobody knows it before the POST, and before the answer only those who see the entry, which is shared with
//! nobody yet.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;

use super::{Binding, CreateAttempt, Entry, EntryList, Input, RecordId, Seen, Write, tag};

/// How a list shows an entry otherwise than it was written last. It is told, and never undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryDrift {
    /// The list does not show the entry: it is inactive, or our user does not see it any more.
    NotListed,
    /// Our user may not change the entry any more.
    ReadOnly,
    /// The entry has another name, username or address.
    Changed,
}

/// Returns what the list shows of the entry that a decision is about.
pub(super) fn seen(input: &Input<'_>, list: &EntryList) -> Seen {
    let Some(known) = input.known_identifier() else { return seen_of_posts(input, list) };
    match list.entry(known) {
        None => Seen::Nothing,
        Some(entry) if entry.can_write && !entry.claimed => seen_of_known(input, entry),
        Some(_) => Seen::Unclear,
    }
}

/// Returns whether the entry of our identifier is the one that the status is about. A PAM that was restored, or another vault,
/// may have given the identifier to somebody else's entry.
fn seen_of_known(input: &Input<'_>, entry: &Entry) -> Seen {
    let is_alike = || input.appearance.is_like(&entry.appearance);
    match input.binding() {
        Binding::Unbound => Seen::Ours,
        _ if entry.bears(&tag(input.keyed, input.uid, input.status.attempt)) => Seen::Ours,
        Binding::Bound if is_alike() => Seen::Ours,
        Binding::BoundElsewhere if is_alike() => Seen::Alike,
        _ => Seen::Unclear,
    }
}

/// Returns what the list shows of the entries that our POSTs may have made.
fn seen_of_posts(input: &Input<'_>, list: &EntryList) -> Seen {
    let free = || list.entries.iter().filter(|entry| !entry.claimed);
    let tags: HashSet<String> =
        (1..=input.status.attempt.saturating_add(1)).map(|attempt| tag(input.keyed, input.uid, attempt)).collect();
    let marked = free().filter(|entry| entry.bears_one(|one| tags.contains(one))).count();
    let Some(attempt) = input.status.create_in_flight() else {
        return if marked == 0 { Seen::Nothing } else { Seen::Unclear };
    };
    let may_be_it = |entry: &Entry| {
        // The PAM may have dropped the tag. With a lost key nothing tells which tag it was, nor how the entry looked.
        let unknown = !input.keyed.made(&attempt.looks);
        entry.is_newer_than(attempt.largest.as_ref())
            && (unknown || entry.appearance.is_of(&attempt.looks, input.keyed))
    };
    match (marked, made(input, attempt, list)) {
        (1, Some(_)) => Seen::Ours,
        (0, _) if !free().any(may_be_it) => Seen::Nothing,
        _ => Seen::Unclear,
    }
}

/// Returns the entry that the POST without an answer surely made.
fn made<'a>(input: &Input<'_>, attempt: &CreateAttempt, list: &'a EntryList) -> Option<&'a Entry> {
    let tag = tag(input.keyed, input.uid, input.status.attempt);
    let is_it = |entry: &&Entry| {
        let is_it = !entry.claimed && entry.can_write && entry.bears(&tag);
        is_it && entry.is_newer_than(attempt.largest.as_ref()) && !input.repeats_secret(&entry.id)
    };
    list.entries.iter().find(is_it)
}

/// Returns whether an identifier can be that of the entry that a POST just made: no entry had it before, and it repeats no secret.
#[must_use]
pub fn is_new(input: &Input<'_>, id: &RecordId) -> bool {
    let largest = input.list.into_iter().flat_map(|list| &list.entries).map(|entry| entry.id.number()).max();
    largest.is_none_or(|largest| id.number() > largest) && !input.repeats_secret(id)
}

/// Returns how the list shows the entry of the status otherwise than it was written last; `None` where nothing tells, as
/// while the entry is about to be written.
#[must_use]
pub fn drift(input: &Input<'_>) -> Option<EntryDrift> {
    let (id, list) = (input.status.identifier.as_ref()?, input.list?);
    // The status keeps whole seconds: the write may have ended up to a second later than the status says.
    let ended = |last: Timestamp| last.saturating_add(Duration::from_secs(1)).unwrap_or(Timestamp::MAX);
    let written =
        input.binding() == Binding::Bound && input.status.last_write.is_none_or(|last| ended(last) <= list.began);
    match list.entry(id) {
        _ if !written || input.status.in_flight.is_some() => None,
        None => Some(EntryDrift::NotListed),
        Some(entry) if !entry.can_write => Some(EntryDrift::ReadOnly),
        Some(_) if !input.content(Write::Update).is_empty() => None,
        Some(entry) => (!input.appearance.is_like(&entry.appearance)).then_some(EntryDrift::Changed),
    }
}

/// Returns the identifier that becomes the object's own by [`Decision::Bind`](super::Decision::Bind).
#[must_use]
pub fn identifier_to_bind(input: &Input<'_>) -> Option<RecordId> {
    let known = input.known_identifier().cloned();
    let made = || made(input, input.status.create_in_flight()?, input.list?).map(|entry| entry.id.clone());
    known.or_else(made)
}
