//! What a list shows of our record, against what was written (`design.md` 5, *drift*).

use super::{Change, Drift, Remote, Status};

/// A record of a list, compared with what was written.
#[allow(clippy::struct_excessive_bools, reason = "each is one independent comparison")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedRecord {
    /// The identifier that the list shows.
    pub identifier: Option<String>,
    /// When the record last changed, in the PAM's words.
    pub change: Option<String>,
    /// The username is another than the one that was written.
    pub renamed: bool,
    /// Hostname or ip are others than those that were written.
    pub on_other_device: bool,
    /// Another record has the identifier or the account of this one.
    pub has_second: bool,
    /// The vault rotates the value.
    pub rotates: bool,
}

/// What the spec says of the record.
#[derive(Clone, Copy, Debug)]
pub struct DriftInput {
    /// The account of the spec is the one that was last sent. An edit that was not sent says nothing of where the record
    /// should be.
    pub account_as_sent: bool,
    /// The spec names a value.
    pub has_value: bool,
}

/// What a list shows of the record in a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftFinding {
    /// In what the record differs.
    pub drift: Drift,
    /// What the status remembers of the list.
    pub remote: Remote,
    /// The record is older than it was.
    pub older: bool,
    /// Writing the record again would meet it, and no other.
    pub reachable: bool,
    /// The record has our identifier, and no list ever showed it since it was last written: the PAM did not take what was
    /// written, or shows it in its own words.
    pub never_taken: bool,
}

/// Returns what a list shows of the record in a status; `listed` is `None` where the list lacks the record.
#[must_use]
pub fn find_drift(status: &Status, input: DriftInput, listed: Option<&ListedRecord>) -> DriftFinding {
    let Some(listed) = listed else {
        let remote = Remote::default();
        return DriftFinding { drift: Drift::NotListed, remote, older: false, reachable: false, never_taken: false };
    };
    let identifier = listed.identifier.clone().filter(|identifier| Some(identifier) != status.identifier.as_ref());
    let known = status.remote.as_ref().and_then(|remote| remote.change.as_deref());
    let settled = !status.is_unsettled();
    let moved = settled && known.is_some() && listed.change.is_some() && known != listed.change.as_deref();
    let under_ours = listed.identifier.is_some() && identifier.is_none();
    DriftFinding {
        never_taken: under_ours && settled && known.is_none() && listed.change.is_some(),
        drift: drift(status, input, listed, &Moves { identifier: identifier.is_some(), change: moved }),
        older: moved && is_older(listed.change.as_deref(), known),
        // The PAM looks for the identifier first, and then for the account (API 2.6).
        reachable: (identifier.is_none() || !(listed.renamed || listed.on_other_device)) && !listed.has_second,
        remote: Remote { change: listed.change.clone().filter(|_| settled), identifier },
    }
}

/// What moved since the last write.
struct Moves {
    identifier: bool,
    change: bool,
}

fn drift(status: &Status, input: DriftInput, listed: &ListedRecord, moves: &Moves) -> Drift {
    if moves.identifier {
        Drift::Identifier
    } else if input.account_as_sent && listed.renamed {
        Drift::Renamed
    } else if input.account_as_sent && listed.on_other_device {
        Drift::Moved
    } else if listed.has_second {
        Drift::SecondRecord
    } else if moves.change && !listed.rotates {
        Drift::Changed
    } else if moves.change && input.has_value && !status.value_withheld {
        Drift::Rotated
    } else {
        Drift::None
    }
}

/// Times of one form compare as texts; they have no time zone, so that nothing else can be made of them.
fn is_older(listed: Option<&str>, known: Option<&str>) -> bool {
    listed.zip(known).is_some_and(|(listed, known)| listed.len() == known.len() && listed < known)
}

/// Returns what a list says of writes to our record since our last one; `listed` is the record's time of change in the
/// PAM's words, if the list is newer than our last write.
#[must_use]
pub fn change_since_write(status: &Status, listed: Option<&str>) -> Change {
    let known = status.remote.as_ref().and_then(|remote| remote.change.as_deref());
    match known.zip(listed) {
        None => Change::Unknown,
        Some((known, listed)) if known == listed => Change::Same,
        Some(_) => Change::Moved,
    }
}

/// Returns what a status remembers of the lists after another one: the first list after our last write is what later lists
/// are compared with.
///
/// It costs one more write of the status after each write to the PAM, which nothing saves: no answer tells the time of the
/// write in the PAM's words, and clock and time zone of that time are unknown. Of two records with the same status, one that no
/// list showed and one that was changed by somebody since a list showed it look the same to the next process, unless the
/// status tells what the list showed.
#[must_use]
pub fn remembered(before: Option<&Remote>, found: &Remote) -> Option<Remote> {
    let change = before.and_then(|before| before.change.clone()).or_else(|| found.change.clone());
    let identifier = found.identifier.clone();
    (change.is_some() || identifier.is_some()).then_some(Remote { change, identifier })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::credential::{UnackedWrite, WriteAction};

    const INPUT: DriftInput = DriftInput { account_as_sent: true, has_value: true };

    fn status() -> Status {
        let remote = Some(Remote { change: Some("2026-01-02".to_owned()), identifier: None });
        Status { identifier: Some("ours".to_owned()), remote, ..Status::default() }
    }

    fn listed(change: &str) -> ListedRecord {
        let (identifier, change) = (Some("ours".to_owned()), Some(change.to_owned()));
        ListedRecord { identifier, change, ..ListedRecord::default() }
    }

    fn same() -> ListedRecord {
        listed("2026-01-02")
    }

    fn moved() -> ListedRecord {
        listed("2026-01-03")
    }

    fn with_write(action: WriteAction, status: Status) -> Status {
        let (identifier, origin, since) = ("ours".to_owned(), "https://pam".to_owned(), jiff::Timestamp::UNIX_EPOCH);
        let write = UnackedWrite { action, identifier, account: None, origin, former: None, since, value: true };
        Status { in_flight: Some(write), ..status }
    }

    fn unsettled() -> Status {
        with_write(WriteAction::Update, status())
    }

    #[test]
    fn a_record_that_is_as_it_was_written_has_no_drift() {
        let finding = find_drift(&status(), INPUT, Some(&same()));
        let remote = Remote { change: Some("2026-01-02".to_owned()), identifier: None };
        let expected = DriftFinding { drift: Drift::None, remote, older: false, reachable: true, never_taken: false };
        assert_eq!(finding, expected);
        let gone = find_drift(&status(), INPUT, None);
        assert_eq!((gone.drift, gone.remote), (Drift::NotListed, Remote::default()));
        assert!(!gone.older && !gone.reachable && !gone.never_taken);
    }

    #[test]
    fn each_difference_is_named_and_the_first_wins() {
        let drift = |input, listed: &ListedRecord| find_drift(&status(), input, Some(listed)).drift;
        let unsent = DriftInput { account_as_sent: false, ..INPUT };
        let theirs = Some("theirs".to_owned());
        assert_eq!(drift(INPUT, &ListedRecord { identifier: theirs, renamed: true, ..moved() }), Drift::Identifier);
        assert_eq!(drift(INPUT, &ListedRecord { identifier: None, ..same() }), Drift::None);
        let renamed = ListedRecord { renamed: true, on_other_device: true, ..moved() };
        assert_eq!((drift(INPUT, &renamed), drift(unsent, &renamed)), (Drift::Renamed, Drift::Changed));
        let elsewhere = ListedRecord { on_other_device: true, has_second: true, ..moved() };
        assert_eq!((drift(INPUT, &elsewhere), drift(unsent, &elsewhere)), (Drift::Moved, Drift::SecondRecord));
        assert_eq!(drift(INPUT, &moved()), Drift::Changed);
    }

    #[test]
    fn p6_a_value_that_the_vault_rotates_is_told_as_rotated_where_the_spec_has_one() {
        let rotates = ListedRecord { rotates: true, ..moved() };
        let withheld = Status { value_withheld: true, ..status() };
        let without = DriftInput { has_value: false, ..INPUT };
        assert_eq!(find_drift(&status(), INPUT, Some(&rotates)).drift, Drift::Rotated);
        assert_eq!(find_drift(&withheld, INPUT, Some(&rotates)).drift, Drift::None);
        assert_eq!(find_drift(&status(), without, Some(&rotates)).drift, Drift::None);
        let same = ListedRecord { rotates: true, ..same() };
        assert_eq!(find_drift(&status(), INPUT, Some(&same)).drift, Drift::None);
    }

    #[test]
    fn nothing_moved_where_a_time_is_missing_or_a_write_may_still_come() {
        let untimed = ListedRecord { change: None, ..moved() };
        let first = Status { remote: None, ..status() };
        for (status, listed) in [(status(), untimed), (first, moved()), (unsettled(), moved())] {
            assert_eq!(find_drift(&status, INPUT, Some(&listed)).drift, Drift::None, "{status:?}");
        }
        let unrecorded = with_write(WriteAction::Unrecorded, status());
        for open in [unsettled(), unrecorded] {
            let found = find_drift(&open, INPUT, Some(&moved()));
            assert_eq!((found.drift, found.remote.change), (Drift::None, None), "no baseline yet");
        }
    }

    #[test]
    fn a_record_is_reachable_by_its_identifier_or_its_account_and_alone() {
        let reachable = |listed: ListedRecord| find_drift(&status(), INPUT, Some(&listed)).reachable;
        let theirs = || ListedRecord { identifier: Some("theirs".to_owned()), ..same() };
        assert!(reachable(theirs()));
        assert!(!reachable(ListedRecord { renamed: true, ..theirs() }));
        assert!(!reachable(ListedRecord { on_other_device: true, ..theirs() }));
        assert!(reachable(ListedRecord { renamed: true, on_other_device: true, ..same() }));
        assert!(!reachable(ListedRecord { has_second: true, ..same() }));
    }

    #[test]
    fn a_write_was_never_taken_where_no_list_ever_showed_it_under_our_identifier() {
        let first = || Status { remote: None, ..status() };
        let never = |status: Status, listed: ListedRecord| find_drift(&status, INPUT, Some(&listed)).never_taken;
        assert!(never(first(), same()));
        assert!(!never(status(), same()));
        assert!(!never(first(), ListedRecord { identifier: None, ..same() }));
        assert!(!never(first(), ListedRecord { identifier: Some("theirs".to_owned()), ..same() }));
        assert!(!never(first(), ListedRecord { change: None, ..same() }));
        assert!(!never(with_write(WriteAction::Update, first()), same()));
    }

    #[test]
    fn a_record_is_older_by_a_time_of_the_same_form_only() {
        let older = |change: &str| find_drift(&status(), INPUT, Some(&listed(change))).older;
        assert!(older("2026-01-01"));
        assert!(!older("2026-01-03") && !older("2026-01-02") && !older("2026-1-1"));
        assert!(!is_older(Some("1"), Some("1")) && !is_older(None, Some("1")));
        assert!(!find_drift(&unsettled(), INPUT, Some(&listed("2026-01-01"))).older);
    }

    #[test]
    fn a_change_is_told_where_both_times_are_known() {
        assert_eq!(change_since_write(&status(), Some("2026-01-02")), Change::Same);
        assert_eq!(change_since_write(&status(), Some("2026-01-03")), Change::Moved);
        assert_eq!(change_since_write(&status(), None), Change::Unknown);
        assert_eq!(change_since_write(&Status::default(), Some("2026-01-02")), Change::Unknown);
    }
}
