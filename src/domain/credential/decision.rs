//! What a pass can do.

use super::{Intent, Reason, ReleaseReason};

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Do nothing, and say nothing.
    Leave,
    /// Do nothing, and say that the object is suspended.
    Suspend,
    /// Do nothing, and say that the object is deleted and waits for the finalizers of other controllers.
    AwaitFinalizers,
    /// Look at more, and decide again.
    Look(Look),
    /// Wait for the cause that the reason names.
    Wait(Reason),
    /// Nothing is due.
    Settled,
    /// Nothing is due yet; a write of an earlier process may still be executed: look again once that is over.
    LookAgain,
    /// Nothing is due, and no earlier write was missed: record the versions of the Secrets that this is true of.
    Record,
    /// Nothing is due. With a lost key nothing tells whether the value is the recorded one: it is withheld.
    WithholdValue,
    /// Send nothing, and say what would be sent.
    Plan(Planned),
    /// The list shows the record of the status where the connection leads now: record that vault.
    Rebind,
    /// Add our finalizer to the object before anything is sent.
    AddFinalizer,
    /// Remove our finalizer.
    RemoveFinalizer(ReleaseReason),
    /// Announce in the status the write that is sent next.
    Intend(Intent),
    /// Let another object have the record, and keep the finalizer until that object has it.
    HandOver,
    /// Disable the record whose id is in our status.
    Disable,
    /// Enable the record whose id is in our status.
    Enable,
    /// Send this POST.
    Push(Push),
}

/// What would be sent first, were it not for `mode: Plan`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Planned {
    /// Nothing.
    Nothing,
    /// Nothing, and the value would stay withheld.
    WithholdValue,
    /// This POST.
    Push(Push),
    /// The record would be enabled.
    Enable,
    /// The record would be disabled.
    Disable,
}

/// What to see more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Look {
    /// The values of the Secrets.
    Secrets,
    /// The PAM's list.
    Inventory,
    /// The other objects of the cluster that claim the same record.
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
    /// Change a record that is there already and whose id is not in our status, by adoption or by take-over, and record its
    /// id in the status.
    Existing,
    /// Change the record whose id is in our status.
    Update,
}
