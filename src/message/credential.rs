//! What users read of a credential: our own words, with names, the PAM's four-digit code and what to do about it; never
//! text of an answer, and never a value.

use crate::api::HAND_OVER_TO;
use crate::domain::{Disabling, ObjectName, ReleaseReason};
use crate::pam::Enabled;

/// Says that the PAM holds what it should.
pub(crate) fn synced(id: &str, identifier: &str, surely_enabled: bool) -> String {
    format!("The PAM holds this credential as record {id}, identifier {identifier}{}", past(surely_enabled))
}

/// Returns the end of a message on a record that may be disabled; nothing for one that is surely enabled. No list tells whether
/// a record that was there before is enabled.
const fn past(surely_enabled: bool) -> &'static str {
    if surely_enabled {
        ""
    } else {
        "; the record existed before: if it is disabled in the PAM, it stays disabled (spec.ensureEnabled: true enables it)"
    }
}

/// Why a value was withheld.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Withheld {
    /// The vault rotates the value.
    Rotates,
    /// The key of the digests was lost.
    KeyLost,
    /// The vault rotates the value or the key was lost; which of the two is no longer known.
    Earlier,
}

/// Says that the fields were written and the value was withheld.
pub(crate) fn adopted(id: &str, identifier: &str, why: Withheld, surely_enabled: bool) -> String {
    let why = match why {
        Withheld::Rotates => "the vault rotates its value",
        Withheld::KeyLost => {
            "the key of the digests in status was lost, so that the value may be older than the vault's"
        }
        Withheld::Earlier => "the vault may have a newer one",
    };
    format!(
        "The fields were written to record {id}, identifier {identifier}; the value was not sent, since {why}. To send it, annotate this object with {}=<any new text>{}",
        crate::api::PUSH_VALUE_REQUESTED_AT,
        past(surely_enabled)
    )
}

/// Says that a record that was there before was written, and is enabled next.
pub(crate) fn to_be_enabled(id: &str) -> String {
    format!("Record {id} was written, and is about to be enabled (spec.ensureEnabled)")
}

/// Says that the OAuth client of the login is not the one that last wrote, and that the list of this login lacks the record.
pub(crate) fn out_of_sight(id: &str, identifier: &str) -> String {
    format!(
        "Nothing was written: the OAuth client that logs in now is not shown record {id}, identifier {identifier}, that another client wrote. Give its authorization access to the record; or, if it is another tenant's and the record should be created there, name that tenant in the connection's spec.auth.oauth2.tenant"
    )
}

/// The event of a record that was written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PushedNote<'a> {
    /// The value was sent.
    pub(crate) value: bool,
    pub(crate) id: &'a str,
    pub(crate) identifier: &'a str,
    /// The identifier that the record had before, if this write took the record over.
    pub(crate) former: Option<&'a str>,
}

impl PushedNote<'_> {
    pub(crate) fn text(&self) -> String {
        let what = if self.value { "Fields and value" } else { "Fields" };
        let before = self.former.map(|former| format!(", which was taken over and had identifier {former} before"));
        format!("{what} written to record {}, identifier {}{}", self.id, self.identifier, before.unwrap_or_default())
    }
}

/// Returns the note of the event of records that may have been meant when another record was created.
pub(crate) fn possible_matches(near: &[String]) -> String {
    let shown = near.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    format!(
        "A record was created; the PAM also has {} with this username and only one of hostname and ip, or with an account that looks like this one (id {shown}). If one of them was meant, correct spec.username, spec.hostname and spec.ip",
        near.len()
    )
}

/// Says that the record could not be enabled.
pub(crate) fn not_enabled(id: &str, why: &str) -> String {
    format!("Record {id} was written, but not enabled yet (spec.ensureEnabled): {why}")
}

/// Returns the note of the event of a record that was enabled.
pub(crate) fn enabled(how: Enabled, id: &str) -> String {
    match how {
        Enabled::Now => {
            format!("Record {id} was enabled in the PAM: whether it had been disabled, its list does not tell")
        }
        Enabled::AlreadyActive => format!("Record {id} was enabled in the PAM already"),
    }
}

/// Says that the record is not disabled yet.
pub(crate) fn leaving(what: &str) -> String {
    format!(
        "The record must be disabled before this object is deleted. {what}. To delete the object and leave the record as it is, set spec.deletionPolicy to Retain"
    )
}

/// Says that another object gets the record: the named one, or one of the same namespace.
pub(crate) fn handing_over(to: Option<&str>) -> String {
    let (what, instead) = match to {
        Some(to) => (
            format!("becomes that of {to}, which the annotation {HAND_OVER_TO} names"),
            "remove the annotation".to_owned(),
        ),
        None => (
            "becomes that of another object of this namespace, which waits for it or was just created".to_owned(),
            format!(
                "delete that one first, or set spec.mode of it to Plan (to name another one, annotate this object with {HAND_OVER_TO}=<namespace>/<name>)"
            ),
        ),
    };
    format!(
        "The record stays enabled, and {what}: this object is deleted as soon as that one has the record. To have the record disabled instead, {instead}. To delete this object and leave the record as it is, set spec.deletionPolicy to Retain"
    )
}

/// Why the object that an annotation names does not come for the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoHeir {
    /// The annotation names no object.
    NoName,
    /// The annotation names the very object that is being deleted.
    Itself,
    /// The operator serves no such namespace, or there is none.
    Namespace,
    /// No such object waits for the record.
    Object,
}

/// Says that the object that is named to get the record does not come for it.
pub(crate) fn heir_absent(to: &ObjectName, why: NoHeir) -> String {
    let ObjectName { namespace, name } = to;
    let what = match why {
        NoHeir::NoName => format!(
            "the annotation {HAND_OVER_TO} names no object, so that no object gets the record. Set it to <namespace>/<name> of the PamCredential that should get the record"
        ),
        NoHeir::Itself => format!(
            "the annotation {HAND_OVER_TO} names this very object, which is being deleted and gets no record. Set it to <namespace>/<name> of another PamCredential"
        ),
        NoHeir::Namespace => format!(
            "the annotation {HAND_OVER_TO} hands the record over to {namespace}/{name}, and this operator serves no namespace {namespace}. Correct the namespace, create it, or have the operator serve it (--watch-namespaces)"
        ),
        NoHeir::Object => format!(
            "the annotation {HAND_OVER_TO} hands the record over to {namespace}/{name}, and no object of that <namespace>/<name> waits for the record. Create it, with this username, hostname and ip, by a connection to the same PAM and tenant that permits it; spec.adoptionPolicy must not be Never, spec.mode not Plan, spec.suspend not true, and its STATUS says what else it lacks"
        ),
    };
    format!(
        "Nothing was done: {what}. Or remove the annotation to have the record disabled, or set spec.deletionPolicy to Retain to delete this object and leave the record as it is"
    )
}

/// How many finalizers of other controllers a message names.
const NAMED_FINALIZERS: usize = 5;
/// How many characters of a finalizer's name a message shows: any user may write the name.
const FINALIZER_CHARACTERS: usize = 80;

/// Says that a deleted object waits for the finalizers of other controllers.
pub(crate) fn held(finalizers: &[&str]) -> String {
    let shorten = |name: &&str| match name.char_indices().nth(FINALIZER_CHARACTERS) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => (*name).to_owned(),
    };
    let mut named: Vec<_> = finalizers.iter().take(NAMED_FINALIZERS).map(shorten).collect();
    let more = finalizers.len().saturating_sub(NAMED_FINALIZERS);
    named.extend((more > 0).then(|| format!("and {more} more")));
    format!(
        "This object is deleted, and nothing more is sent to the PAM for it. It is kept by finalizers that are not this operator's: {}. It is deleted once their controllers have removed them; if a controller is gone, remove its entry from metadata.finalizers",
        named.join(", ")
    )
}

/// Says that the PAM's answer to the DELETE keeps the object from going.
pub(crate) fn deletion_refused(answer: Disabling, id: &str) -> String {
    match answer {
        Disabling::NoAccess => {
            format!("The PAM gives this authorization no access to record {id} (1009): give it access")
        }
        _ => format!(
            "The PAM does not show record {id} to this authorization (1007), nor any other of this cluster's: give it access"
        ),
    }
}

/// Returns the note of the event of a record that was disabled.
pub(crate) fn disabled(answer: Disabling, id: &str, identifier: &str) -> String {
    let what = match answer {
        Disabling::Disabled => "was disabled",
        Disabling::AlreadyInactive => "was disabled already",
        Disabling::NotFound | Disabling::NoAccess => "is no longer there",
    };
    format!("Record {id}, identifier {identifier}, {what} in the PAM")
}

/// Returns the reason of the event of an object that was released without a call.
pub(crate) const fn release_reason(why: ReleaseReason) -> &'static str {
    match why {
        ReleaseReason::Retained => "Retained",
        ReleaseReason::NothingWritten => "NothingWritten",
        ReleaseReason::HandedOver => "HandedOver",
        ReleaseReason::LeftEnabled => "LeftEnabled",
    }
}

/// Returns the note of the event of an object that was released without a call.
pub(crate) fn release(why: ReleaseReason, identifier: &str) -> String {
    match why {
        ReleaseReason::Retained => format!("The record of identifier {identifier} stays as it is in the PAM"),
        ReleaseReason::NothingWritten => "Nothing was written to the PAM for this object".to_owned(),
        ReleaseReason::HandedOver => {
            format!("Another object keeps the record of identifier {identifier}: it stays enabled")
        }
        ReleaseReason::LeftEnabled => {
            format!(
                "The record of identifier {identifier} was not disabled: its connection or login was deleted first. Disable it in the PAM"
            )
        }
    }
}

/// Returns the note of the event of values that were sent with ends that cannot be seen. `fields` are the references to
/// these values in the spec.
pub(crate) fn unseen_ends(fields: &[String]) -> String {
    format!(
        "A value was sent as it is that starts or ends with a space, a tab, a line break or another invisible character: {}. If that is not meant, set trim there to TrailingNewline or Whitespace, or put another value into the Secret",
        fields.join(", ")
    )
}

/// Returns the note of the event of a record that stays enabled in the PAM that its object no longer leads to.
pub(crate) fn left_behind(id: &str, identifier: &str, origin: &str) -> String {
    format!(
        "Record {id}, identifier {identifier}, stays enabled in the PAM at {origin}: this object has another record now, and spec.deletionPolicy (Disable) concerns that one alone. If the former record is not needed any more, disable it in the PAM"
    )
}

/// Another object came for the record just before the record was to be disabled.
pub(crate) const HEIR_CAME: &str = "Another object has come for the record: it is looked at again";

/// The object was suspended before the first sync.
pub(crate) const SUSPENDED_UNSEEN: &str = "Suspended before the first sync: nothing was sent to the PAM";
/// The `Suspended` condition.
pub(crate) const SUSPENDED: &str = "spec.suspend is true: no call to the PAM is made for this object";
/// The event of a value that is longer than the PAM's own pages take where the vault rotates it.
pub(crate) const LONG: &str = "The value has more than 70 characters and was sent as it is. The PAM's own pages take no more where the vault rotates it (spec.executionSettings.automaticChange): if it does not work, put a shorter one into the Secret";
/// Another operator serves the same object.
pub(crate) const ANOTHER_OPERATOR: &str = "Two operators write this object's status: its digests were made with another key, again and again. Let only one of them serve this namespace (watchNamespaces, connectionSelector); nothing is sent until then";
/// The list cannot be trusted.
pub(crate) const INCOMPLETE: &str = "In the PAM's list many records that this cluster wrote are missing, or have another account: nothing is created, moved, corrected or disabled until that is explained. The connection's condition InventoryIncomplete says more";
/// The list cannot be trusted for the object's namespace, and can for others.
pub(crate) const INCOMPLETE_HERE: &str = "In the PAM's list many records that this cluster wrote for this namespace are missing, or have another account, and those of other namespaces are as they are known: in this namespace nothing is created, moved, corrected or disabled until that is explained. The connection's condition InventoryIncomplete says more";
/// The connection takes no lists, and the record has to be disabled.
pub(crate) const NOT_LISTED: &str = "The connection's inventory.enabled is false: without a list it is not known whether the record still is this object's";
/// A write may still be executed.
pub(crate) const UNSETTLED: &str = "A write to the PAM was not answered, and may still be executed: the record is disabled once that is over, 90 s after it";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finalizers_of_others_are_named_bounded_in_number_and_length() {
        assert!(held(&["a.example/hold"]).contains(": a.example/hold. It is deleted once"));
        let long = format!("example.com/{}", "é".repeat(400));
        let told = held(&[long.as_str(); 40]);
        assert_eq!((told.matches("example.com/").count(), told.matches('…').count()), (5, 5));
        assert!(told.contains("and 35 more") && told.chars().count() < 1000, "{told}");
    }
}
