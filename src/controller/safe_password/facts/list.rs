//! From MySafe's list to what rules are asked with.

use jiff::Timestamp;

use crate::domain::RecordId;
use crate::domain::safe_password::{Appearance, Entry, EntryList, Input, tag};
use crate::pam::ListedEntry;

/// Returns a list with those entries that a decision about the object may turn on, and with the one of the largest identifier:
/// in a safe of many thousand entries, a copy of all for each pass would take more time than the call.
pub(crate) fn relevant(
    listed: &[ListedEntry],
    began: Timestamp,
    input: &Input<'_>,
    is_claimed: impl Fn(&RecordId) -> bool,
) -> EntryList {
    let known = [input.status.identifier.as_ref(), input.desired.identifier.as_ref()];
    let last = input.status.attempt.saturating_add(1);
    let tags: Vec<String> = (1..=last).map(|attempt| tag(input.keyed, input.uid, attempt)).collect();
    let created = input.status.create_in_flight().map(|create| create.largest.as_ref().map_or(0, RecordId::number));
    let largest = listed.iter().map(|entry| entry.identifier.number()).max();
    let is_relevant = |entry: &&ListedEntry| {
        let (id, number) = (&entry.identifier, entry.identifier.number());
        known.contains(&Some(id))
            || Some(number) == largest
            || created.is_some_and(|created| number > created)
            || tags.iter().any(|tag| entry.has_tag(tag))
    };
    let entries = listed.iter().filter(is_relevant).map(|listed| entry(listed, is_claimed(&listed.identifier)));
    EntryList { began, entries: entries.collect() }
}

fn entry(listed: &ListedEntry, claimed: bool) -> Entry {
    let appearance =
        Appearance { name: listed.name.clone(), username: Some(listed.username.clone()), url: listed.url.clone() };
    Entry { id: listed.identifier.clone(), appearance, tags: listed.tags.clone(), can_write: listed.can_write, claimed }
}
