//! What a pass can do.

use super::{Intent, Reason};

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Nothing at all, and say nothing.
    Leave,
    /// Nothing, and say that the object is suspended.
    Suspend,
    /// See more, and decide again.
    Look(Look),
    /// Nothing can be done now, for that reason.
    Wait(Reason),
    /// Nothing is due.
    Settled,
    /// Nothing is due yet; a write of an earlier process may still be executed: look again once that is over.
    LookAgain,
    /// Nothing is due, and no earlier write was missed: remember the versions that this is true of.
    Record,
    /// Nothing is due; what was held back is the value (of a lost digest key's time).
    HoldValue,
    /// Nothing is to be sent: say what would be.
    Plan(Planned),
    /// The record in our status was found where the connection leads now: remember the place.
    Rebind,
    /// Put our finalizer on it, before anything is sent.
    AddFinalizer,
    /// Take our finalizer off.
    RemoveFinalizer(ReleaseReason),
    /// Write into status what is about to be tried, before it is.
    Intend(Intent),
    /// Disable the record whose id is in our status.
    Disable,
    /// Enable the record whose id is in our status.
    Enable,
    /// Send this.
    Push(Push),
}

/// What would be sent first, were it not for `mode: Plan`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Planned {
    /// Nothing.
    Nothing,
    /// Nothing, and the value would go on being held back.
    HoldValue,
    /// This.
    Push(Push),
    /// The record would be enabled.
    Enable,
    /// The record would be disabled.
    Disable,
}

/// Why a finalizer is taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReleaseReason {
    /// `deletionPolicy` says so; the record stays as it is.
    Retained,
    /// Nothing was ever written for this object.
    NothingWritten,
    /// Another object keeps the record.
    HandedOver,
    /// The namespace goes away, and what is needed to log in went before: the record stays enabled.
    LeftEnabled,
}

/// What to see more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Look {
    /// The values of the Secrets.
    Secrets,
    /// The PAM's list.
    Inventory,
    /// Who else in the cluster is after the same record.
    Claims,
}

/// One POST.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Push {
    /// What the answer must say.
    pub expect: Expect,
    /// Send the value along.
    pub value: bool,
    /// Send every group of fields, not just those that changed.
    pub all_fields: bool,
}

/// What a POST is expected to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expect {
    /// Make a new record.
    Create,
    /// Change a record that the list showed, whose id we now take as ours.
    Adopt,
    /// Change the record whose id is in our status.
    Update,
}
