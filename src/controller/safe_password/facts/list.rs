//! From MySafe's list to what rules are asked with.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::api::{ConditionType, Mode, MySafePassword, find};
use crate::controller::runtime::throwaway::is_throwaway;
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
    let tags: HashSet<String> = (1..=last).map(|attempt| tag(input.keyed, input.uid, attempt)).collect();
    let created = input.status.create_in_flight().map(|create| create.largest.as_ref().map_or(0, RecordId::number));
    let largest = listed.iter().map(|entry| entry.identifier.number()).max();
    let is_relevant = |entry: &&ListedEntry| {
        let (id, number) = (&entry.identifier, entry.identifier.number());
        known.contains(&Some(id))
            || Some(number) == largest
            || created.is_some_and(|created| number > created)
            || entry.tags().any(|own| tags.contains(own))
    };
    let entries = listed.iter().filter(is_relevant).map(|listed| entry(listed, is_claimed(&listed.identifier)));
    EntryList { began, entries: entries.collect() }
}

fn entry(listed: &ListedEntry, claimed: bool) -> Entry {
    let appearance =
        Appearance { name: listed.name.clone(), username: Some(listed.username.clone()), url: listed.url.clone() };
    Entry { id: listed.identifier.clone(), appearance, tags: listed.tags.clone(), can_write: listed.can_write, claimed }
}

/// Returns whether nothing but a list can tell something new of an object: its entry is as the spec says.
pub(crate) fn is_compared(object: &MySafePassword) -> bool {
    let Some(status) = &object.status else { return false };
    let is_at_rest = object.spec.suspend || object.spec.mode == Mode::Plan || is_throwaway(&object.metadata);
    let is_ready = find(&status.conditions, ConditionType::Ready).is_some_and(|ready| ready.status == "True");
    status.identifier.is_some() && is_ready && !is_at_rest && object.metadata.deletion_timestamp.is_none()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::domain::safe_password::{Desired, Status, situation};
    use crate::domain::{Connection, Keyed};

    struct PlainKey;

    impl Keyed for PlainKey {
        fn digest(&self, field: &str, text: &[u8]) -> String {
            format!("k:{field}{}", String::from_utf8_lossy(text))
        }

        fn made(&self, _: &str) -> bool {
            true
        }

        fn is_of(&self, digest: &str, field: &str, text: &[u8]) -> bool {
            digest == self.digest(field, text)
        }
    }

    /// A PAM that answers no creation makes the attempts many, and what strangers share makes the list long.
    #[test]
    fn many_attempts_and_many_tags_take_little_time() {
        let tags = "k8s-,".repeat(1600);
        let row = |number: u64| ListedEntry { identifier: number.into(), tags: tags.clone(), ..ListedEntry::default() };
        let listed: Vec<ListedEntry> = (1..=1000).map(row).collect();
        let (desired, status) = (Desired::default(), Status { attempt: 1000, ..Status::default() });
        let appearance = Appearance::default();
        let mut input = Input {
            uid: "uid",
            generation: 1,
            deleting: false,
            finalizer: false,
            ready: false,
            desired: &desired,
            appearance: &appearance,
            asked: None,
            status: &status,
            connection: Connection::Ready,
            vault: None,
            keyed: &PlainKey,
            versions: None,
            read: None,
            list: None,
            now: Timestamp::UNIX_EPOCH,
            ended: Timestamp::UNIX_EPOCH,
            started: Timestamp::UNIX_EPOCH,
        };
        let began = Instant::now();
        let list = relevant(&listed, Timestamp::UNIX_EPOCH, &input, |_| false);
        input.list = Some(&list);
        let _ = situation(&input);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
}
