//! What a pass can do.

use super::{Reason, ReleaseReason};

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
    /// Send nothing, and say what would be sent.
    Plan(Planned),
    /// Record in the status that the entry which the list shows is the object's own.
    Bind,
    /// Add our finalizer to the object before anything is sent.
    AddFinalizer,
    /// Remove our finalizer.
    RemoveFinalizer(ReleaseReason),
    /// Announce in the status the write that is sent next.
    Announce(Write),
    /// Send this write.
    Send(Write),
}

/// One call that changes something in the PAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Write {
    /// Make an entry, with everything but its shares: until the answer is there, nobody else sees the entry's tag.
    Create,
    /// Change the groups of fields of our entry that are due, and no others.
    Update,
    /// Activate our entry.
    Activate,
    /// Deactivate our entry.
    Deactivate,
}

/// What would be done first, were it not for `mode: Plan`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Planned {
    /// Nothing.
    Nothing,
    /// An entry that the list shows would become the object's own.
    Bind,
    /// This would be sent.
    Write(Write),
}

/// What to see more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Look {
    /// The values of the Secrets.
    Secrets,
    /// The PAM's list.
    List,
}
