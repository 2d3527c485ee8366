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
#[must_use]
pub fn remembered(before: Option<&Remote>, found: &Remote) -> Option<Remote> {
    let change = before.and_then(|before| before.change.clone()).or_else(|| found.change.clone());
    let identifier = found.identifier.clone();
    (change.is_some() || identifier.is_some()).then_some(Remote { change, identifier })
}
