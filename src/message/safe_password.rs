//! What the users of a `MySafePassword` read.

use crate::api::RECONCILE_REQUESTED_AT;
use crate::domain::ReleaseReason;
use crate::domain::safe_password::{EntryDrift, Write};

/// Says that MySafe has what it should.
pub(crate) fn synced(id: &str) -> String {
    format!("Entry {id} of MySafe has what this spec and its Secrets say")
}

/// Says that something more is sent in a moment.
pub(crate) fn more_to_send(id: &str) -> String {
    format!("Entry {id} of MySafe is this object's; what else this spec says of it is sent next")
}

/// Says what became of a write without an answer.
pub(crate) fn lost(why: &str, write: Write) -> String {
    let then = match write {
        Write::Create => {
            "Whether MySafe made an entry is not known: its list tells 90 s from now, and no other entry is made before"
        }
        Write::Update | Write::Activate | Write::Deactivate => {
            "Whether MySafe did it is not known: it is sent again by itself"
        }
    };
    format!("{why}. {then}")
}

/// Says that another object of the cluster has the entry.
pub(crate) fn claimed(id: &str) -> String {
    format!(
        "Nothing was written: another MySafePassword of this cluster has entry {id}. Delete that one with spec.deletionPolicy: Retain, or name another entry in spec.identifier"
    )
}

/// Says that the connection does not let the object take over an entry.
pub(crate) fn may_not_take_over(id: &str, connection: &str, is_bound: bool) -> String {
    let (why, or) = if is_bound {
        (
            "looks like the one that this object wrote elsewhere, and lacks its tag",
            "let spec.connectionRef name the connection that made it",
        )
    } else {
        ("exists already", "remove spec.identifier to have an entry created")
    };
    format!(
        "Nothing was written: {connection} does not let this namespace take over entry {id}, which {why}. Have the connection's owner add TakeOver to allow of the rule in spec.access, or {or}"
    )
}

/// Says that the list shows no entry of that identifier, or not one that may be written.
pub(crate) fn other_entry(id: &str, is_missing: bool, is_bound: bool) -> String {
    let what = match (is_missing, is_bound) {
        (true, true) => {
            "which an earlier write of this object was for, and this connection's user does not see it: it is inactive, or not shared with that user. Let the connection lead back to the user who made it, or have the entry shared with the right to edit; no other entry is made"
        }
        (true, false) => {
            "which spec.identifier names: MySafe's list does not show it. Correct spec.identifier, or have the entry shared with the connection's user, with the right to edit"
        }
        (false, true) => {
            "since it does not look like the one that this object wrote, or the connection's user is not allowed to change it. If the entry is this object's, give it its name, username and address back in MySafe, and have it shared with the right to edit; else create a new MySafePassword"
        }
        (false, false) => {
            "which spec.identifier names: the connection's user is not allowed to change it. Have its owner share it with the right to edit"
        }
    };
    format!("Nothing was written to entry {id}, {what}")
}

/// Says that the deletion waits.
pub(crate) fn leaving(what: &str) -> String {
    format!(
        "The entry must be deactivated before this object is deleted. {what}. To delete the object and leave the entry as it is, set spec.deletionPolicy to Retain"
    )
}

/// Says in words whom MySafe did not share the entry with. `names` are names of the spec.
pub(crate) fn not_shared(names: &[String]) -> String {
    let whom = if names.is_empty() {
        "all that spec.usersAllowed and spec.groupsAllowed name".to_owned()
    } else {
        names.iter().take(16).cloned().collect::<Vec<_>>().join(", ")
    };
    format!(
        "The entry was written, but MySafe did not share it with {whom}. Correct the names in spec.usersAllowed and spec.groupsAllowed; the lists are sent again once they change"
    )
}

/// Says how the list shows the entry otherwise than it was written.
pub(crate) fn drifted(drift: EntryDrift, id: &str) -> String {
    match drift {
        EntryDrift::NotListed => format!(
            "MySafe's list does not show entry {id} to the connection's user any more: it was deactivated, or it is not shared with that user. Nothing is undone by itself; to activate it, set spec.active to true (or to false and to true again)"
        ),
        EntryDrift::ReadOnly => format!(
            "The connection's user is not allowed to change entry {id} any more. Have its owner share it with the right to edit"
        ),
        EntryDrift::Changed => format!(
            "Entry {id} has another name, username or address in MySafe than this object gave it. To write it again, annotate this object with {RECONCILE_REQUESTED_AT}=<any new text>"
        ),
    }
}

/// Says that a plan was made.
pub(crate) fn planned(plan_only: bool) -> String {
    let cause = if plan_only { "The operator runs with --plan-only" } else { "spec.mode is Plan" };
    format!("{cause}: nothing is sent to MySafe. What Apply would do is in status.plan")
}

/// Returns the note of the event of an entry that was made.
pub(crate) fn created(id: &str) -> String {
    format!("Entry {id} was made in MySafe")
}

/// Returns the note of the event of a changed entry; `groups` are the fields that were sent.
pub(crate) fn pushed(id: &str, groups: &[String]) -> String {
    format!("Written to entry {id} of MySafe: {}", groups.join(", "))
}

/// Returns the note of the event of an entry that was found in the list.
pub(crate) fn found(id: &str) -> String {
    format!("Entry {id} of MySafe, which existed before, is this object's from now on")
}

/// Returns the note of the event of an entry that was activated.
pub(crate) fn activated(id: &str) -> String {
    format!("Entry {id} of MySafe was activated: whether it was inactive before, MySafe does not tell")
}

/// Returns the note of the event of an entry that was deactivated.
pub(crate) fn deactivated(id: &str) -> String {
    format!("Entry {id} of MySafe was deactivated: whether it was active before, MySafe does not tell")
}

/// Returns the reason of the event of an object that was released without a call.
pub(crate) const fn release_reason(why: ReleaseReason) -> &'static str {
    match why {
        ReleaseReason::LeftEnabled => "LeftActive",
        why => super::credential::release_reason(why),
    }
}

/// Returns the note of the event of an object that was released without a call.
pub(crate) fn release(why: ReleaseReason, id: &str) -> String {
    match why {
        ReleaseReason::Retained => format!("Entry {id} stays as it is in MySafe"),
        ReleaseReason::NothingWritten => "Nothing was written to MySafe for this object".to_owned(),
        ReleaseReason::HandedOver => format!("Another object has entry {id}: it stays as it is"),
        ReleaseReason::LeftEnabled => {
            format!("Entry {id} stays active: its connection or login was deleted first. Deactivate it in MySafe")
        }
    }
}

/// An entry may be there that cannot be told from another user's.
pub(crate) const UNCLEAR: &str = "MySafe's list shows an entry, or several, that an earlier creation for this object may have made, and does not tell whose they are: nothing was written, and no other entry is made. Look them up in MySafe by this object's name, username and address; if one is this object's, create a new MySafePassword that names it in spec.identifier, with spec.adoptionPolicy: ByIdentifier, and delete this one";
/// The list shows nothing where it showed entries before.
pub(crate) const EMPTIED: &str = "MySafe's list is empty, and showed entries before the creation that was not answered: whether that one made an entry is not told, and no other is made. Look in MySafe what the connection's user sees; if the user's entries are gone for good, create a new MySafePassword in the place of this one";
/// Not all objects of the cluster were seen since the start.
pub(crate) const UNLISTED: &str = "The operator has just started, and has not seen all MySafePasswords yet: whether another one has the entry is looked at in a moment";
/// A write may still be executed.
pub(crate) const UNSETTLED: &str = "A write to MySafe was not answered, and may still be executed: MySafe's list tells once that is over, 90 s after the write";
/// The event of a value with ends that cannot be seen.
pub(crate) const UNSEEN_ENDS: &str = "The value was sent as it is, and starts or ends with a space, a tab, a line break or another invisible character (spec.contentSecretRef). If that is not meant, set trim there to TrailingNewline or Whitespace, or put another value into the Secret";
