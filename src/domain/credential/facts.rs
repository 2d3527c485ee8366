//! What was seen of one credential, reduced to what a decision turns on. Names, ids and values stay outside:
//! the fewer the states, the more of them a test can try.

use super::{Change, Drift, Inventory, Reason, SettleWindow};

/// Makes the struct of all facts, and the trait by which a decision asks for each.
macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        /// One credential as it was found.
        #[allow(clippy::struct_excessive_bools, reason = "each is one independent fact")]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct Situation {
            $($(#[$doc])* pub $name: $type,)*
        }

        /// What a decision may ask of a credential. It asks for one fact at a time, so that a test that answers can
        /// follow every path there is, instead of trying every combination of facts that were never asked for.
        pub trait Facts {
            $($(#[$doc])* fn $name(&self) -> $type;)*
        }

        impl Facts for Situation {
            $(fn $name(&self) -> $type {
                self.$name
            })*
        }

        #[cfg(test)]
        super::laws::explorer! { $($name: $type,)* }
    };
}

facts! {
    /// It is being deleted, and how its finalizer stands.
    deleting: bool,
    /// Our finalizer is on it.
    finalizer: bool,
    /// `spec.deletionPolicy` is `Disable`.
    disable: bool,
    /// Its namespace is going away.
    namespace_terminating: bool,
    /// Another object's status names the same record.
    claimed_by_other: bool,
    /// An earlier write may have been executed although its answer was lost.
    doubtful: bool,
    /// Another OAuth client logs in now than the one that last wrote: it may be another tenant's.
    login_changed: bool,
    /// `spec.suspend` is set.
    suspended: bool,
    /// Its connection.
    connection: Connection,
    /// The Secrets it refers to.
    secrets: Secrets,
    /// What its status remembers of a record.
    binding: Binding,
    /// A group of fields other than the account differs from what was last sent.
    fields_changed: bool,
    /// Username, hostname or ip differ from what was last sent (or that cannot be told).
    account_changed: bool,
    /// The connection's rules do not let its namespace do what it asks for.
    denied: bool,
    /// What somebody asked for by annotation.
    request: Request,
    /// What the PAM's list shows.
    inventory: Inventory,
    /// Who else in the cluster is after the same record.
    claims: Claims,
    /// Status remembers an answer that named another record than was expected, for this very target.
    mismatch: bool,
    /// `spec.adoptionPolicy`.
    adoption: Adoption,
    /// The connection allows this credential to take records over.
    take_over_granted: bool,
    /// What is to be written onto the device differs from what was last sent.
    device_changed: bool,
    /// What status says was about to be tried, for this very target; it may have been.
    in_flight: Option<Intent>,
    /// The record in our status was there before us, is to be enabled, and was not yet.
    enable_due: bool,
    /// `spec.mode` is `Plan`.
    plan: bool,
    /// What the newest list shows of the record in our status, against what was written.
    drift: Drift,
    /// `spec.driftPolicy` is `Correct`.
    correct: bool,
    /// The record was corrected as often as it may be, and was changed again.
    corrections_exhausted: bool,
    /// What the list that was looked at says of writes to our record since our last one.
    change: Change,
    /// A list after our last write said when that was, in the PAM's words.
    baseline: bool,
    /// The record's value is the vault's, since ours was held back.
    value_withheld: bool,
    /// The spec has the vault rotate the value.
    set_to_rotate: bool,
    /// A write whose outcome is unknown, and whether it may still be executed.
    settle: SettleWindow,
    /// An earlier process may have written more than status knows: the Secret's version or the generation is another,
    /// though nothing differs.
    needs_verification: bool,
    /// This process began so lately that a write of an earlier one may still be executed.
    recently_started: bool,
    /// Another operator writes this object's status again and again.
    other_operator_writes: bool,
}

/// Which records that were there before may be written: the columns of `design.md` 5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Adoption {
    /// None.
    Never,
    /// One that has our identifier and our account, or our account and no identifier.
    #[default]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Connection {
    /// There is none of that name.
    #[default]
    Missing,
    /// It is not ready, for that reason.
    NotReady(Reason),
    /// It is ready.
    Ready,
}

/// The Secrets of a credential, the worst of them first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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
    #[default]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Binding {
    /// No record.
    #[default]
    Unbound,
    /// A record in the PAM that the connection leads to.
    Bound,
    /// A record in a PAM that the connection no longer leads to.
    BoundElsewhere,
}

/// What somebody asked for by annotation, and was not yet given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Request {
    /// Nothing.
    #[default]
    None,
    /// To push the fields, and the value unless the vault rotates it.
    Fields,
    /// To push the value whatever the vault did with it.
    Value,
}

/// Who else in the cluster is after the same record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Claims {
    /// Nobody looked yet.
    #[default]
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
