//! What was seen of one credential, reduced to what a decision turns on. Names, ids and values stay outside:
//! the fewer the states, the more of them a test can try.

use super::{Reason, Seen};

/// One credential as it was found.
#[allow(clippy::struct_excessive_bools, reason = "each is one independent fact")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Situation {
    /// It is being deleted, and how its finalizer stands.
    pub deleting: bool,
    /// Our finalizer is on it.
    pub finalizer: bool,
    /// `spec.deletionPolicy` is `Disable`.
    pub disable: bool,
    /// Its namespace is going away.
    pub doomed: bool,
    /// Another object's status names the same record.
    pub shared: bool,
    /// An earlier write may have been executed although its answer was lost.
    pub doubtful: bool,
    /// Another OAuth client logs in now than the one that last wrote: it may be another tenant's.
    pub relogged: bool,
    /// `spec.suspend` is set.
    pub suspended: bool,
    /// Its connection.
    pub connection: Connection,
    /// The Secrets it refers to.
    pub secrets: Secrets,
    /// What its status remembers of a record.
    pub recorded: Recorded,
    /// A group of fields other than the account differs from what was last sent.
    pub fields_changed: bool,
    /// Username, hostname or ip differ from what was last sent (or that cannot be told).
    pub account_changed: bool,
    /// The connection's rules do not let its namespace do what it asks for.
    pub denied: bool,
    /// What somebody asked for by annotation.
    pub request: Request,
    /// What the PAM's list shows.
    pub inventory: Inventory,
    /// Who else in the cluster is after the same record.
    pub claims: Claims,
    /// Status remembers an answer that named another record than was expected, for this very target.
    pub unexpected: bool,
    /// `spec.adoptionPolicy`.
    pub adoption: Adoption,
    /// The connection allows this credential to take records over.
    pub take_over_granted: bool,
    /// What is to be written onto the device differs from what was last sent.
    pub device_changed: bool,
    /// What status says was about to be tried, for this very target; it may have been.
    pub pending: Option<Intent>,
    /// The record in our status was there before us, is to be enabled, and was not yet.
    pub enable_due: bool,
}

/// Which records that were there before may be written: the columns of `design.md` 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Adoption {
    /// None.
    Never,
    /// One that has our identifier and our account, or our account and no identifier.
    ByIdentifier,
    /// Also one that has our identifier or our account, if the connection allows that.
    TakeOver,
}

/// A POST that must be known of before it is sent: should its answer be lost, nothing else tells afterwards what the
/// record was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intent {
    /// To make a record under [`Adoption::Never`]: once it is there, only this says that it is ours.
    Create,
    /// To take another identifier's or another account's record over.
    TakeOver,
}

/// The connection of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Connection {
    /// There is none of that name.
    Missing,
    /// It is not ready, for that reason.
    NotReady(Reason),
    /// It is ready.
    Ready,
}

/// The Secrets of a credential, the worst of them first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Secrets {
    /// One is not there.
    Missing,
    /// One lacks the key.
    KeyMissing,
    /// The value, or the username, cannot be sent.
    Invalid,
    /// All are as they were when the last push was made from them.
    Unchanged,
    /// One may have changed and has not been read yet.
    Unread,
    /// They were read.
    Read(Value),
}

/// A value that was read, against the one that was last sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// The spec names none.
    None,
    /// None was sent before.
    New,
    /// It is the one that was sent.
    Same,
    /// It is another.
    Changed,
    /// The key of the digests was lost, so that this cannot be told.
    Unknown,
}

/// What a credential's status remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recorded {
    /// No record.
    Nothing,
    /// A record in the PAM that the connection leads to.
    Here,
    /// A record in a PAM that the connection no longer leads to.
    Elsewhere,
}

/// What somebody asked for by annotation, and was not yet given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// Nothing.
    None,
    /// To push the fields, and the value unless the vault rotates it.
    Fields,
    /// To push the value whatever the vault did with it.
    Value,
}

/// Who else in the cluster is after the same record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Claims {
    /// Nobody looked yet.
    NotAsked,
    /// Nobody, and now it is ours.
    Free,
    /// Another object has the identifier.
    Identifier,
    /// Another object has the account.
    Account,
    /// Another object writes something else onto the device.
    Device,
}

/// What the PAM's list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Inventory {
    /// Nobody looked yet.
    NotAsked,
    /// It could not be had, for that reason.
    Failed(Reason),
    /// It shows this.
    Shows(Seen),
}
