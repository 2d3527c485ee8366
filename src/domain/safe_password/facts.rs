//! The facts of one entry that a decision depends on. Names, identifiers and values stay outside.

use super::{Binding, Connection, Reason, Write};
use crate::domain::facts::facts;

facts! {
    /// The object is being deleted.
    deleting: bool,
    /// Our finalizer is on the object.
    finalizer: bool,
    /// A finalizer of another controller is on the object.
    other_finalizers: bool,
    /// `spec.deletionPolicy` is `Deactivate`.
    deactivates: bool,
    /// The namespace is terminating.
    namespace_terminating: bool,
    /// Another object of the cluster has the entry of the status, or that of `spec.identifier`.
    claimed_by_other: bool,
    /// `spec.suspend` is set.
    suspended: bool,
    /// `spec.mode` is `Plan`.
    plan: bool,
    /// This operator served the object last, and does not serve it any more.
    unserved: bool,
    /// Another operator writes the status of the object again and again.
    other_operator_writes: bool,
    /// The access rules of the connection do not permit what the object asks for.
    denied: bool,
    /// The connection.
    connection: Connection,
    /// The Secrets that the spec names.
    secrets: SecretsState,
    /// Where the entry of the status is. Through another login it counts as elsewhere.
    binding: Binding,
    /// `spec.identifier` names an entry to take over.
    named: bool,
    /// The connection lets the object take over entries.
    adoption_granted: bool,
    /// A group of fields that does not come from a Secret has to be sent.
    fields_changed: bool,
    /// Whether the entry has to be activated or deactivated, as the spec asks.
    switch_due: Switch,
    /// The write without an answer.
    in_flight: InFlightState,
    /// What the PAM's list shows.
    list: List,
    /// The write that this very pass announced in the status and has not sent.
    announced: Option<Write>,
}

/// The Secrets of an entry, the worst state first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SecretsState {
    /// One is not there.
    Missing,
    /// One lacks the key.
    KeyMissing,
    /// What is in one cannot be sent.
    Invalid,
    /// All are as they were when nothing was due, and no write of them is in doubt.
    Unchanged,
    /// One may have changed and has not been read yet.
    #[default]
    Unread,
    /// They were read.
    Read {
        /// Something of them has to be sent.
        changed: bool,
    },
}

/// Whether the spec asks for an entry that is active, or for one that is not, and the PAM has not been told so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Switch {
    /// Nothing has to be told.
    #[default]
    None,
    /// The entry has to be activated.
    Activate,
    /// The entry has to be deactivated.
    Deactivate,
}

/// The write without an answer, as far as a decision depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InFlightState {
    /// There is none, or only one whose groups of fields are due again.
    #[default]
    None,
    /// The PAM may still make an entry.
    CreateOpen,
    /// The PAM made an entry, or never will.
    CreateElapsed,
    /// The PAM may still change our entry.
    WriteOpen,
}

/// What the PAM's list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum List {
    /// The list was not looked at yet, or began before the PAM had to be done with a POST of ours.
    #[default]
    NotAsked,
    /// The list could not be read, or cannot be trusted, for that reason.
    Failed(Reason),
    /// The list shows this.
    Shows(Seen),
}

/// What a list shows of the one entry that a decision is about: the entry of the status; else the one that
/// `spec.identifier` names; else the one that a POST without an answer made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seen {
    /// No such entry, and none that may be it.
    Nothing,
    /// That entry, which we may change.
    Ours,
    /// Where the connection leads elsewhere: that entry, which we may change, and which has our looks without our tag. Anybody
    /// can give an object of his the looks of somebody else's entry.
    Alike,
    /// An entry that may be it or somebody else's, several, or one that we may not change.
    Unclear,
}
