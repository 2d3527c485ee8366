//! The facts of one credential that a decision depends on. Names, ids and values stay outside: the fewer the states, the
//! more of them a test can try.

use super::listed::{Change, Drift, Inventory};
use super::{Binding, Connection, SettleWindow};
use crate::domain::facts::facts;

facts! {
    /// The object is being deleted.
    deleting: bool,
    /// Our finalizer is on the object.
    finalizer: bool,
    /// A finalizer of another controller is on the object.
    other_finalizers: bool,
    /// `spec.deletionPolicy` is `Disable`.
    disable: bool,
    /// The namespace is terminating.
    namespace_terminating: bool,
    /// Another object's status names the same record.
    claimed_by_other: bool,
    /// The object that gets the record when this one is deleted.
    heir: Heir,
    /// An earlier process may have sent a DELETE that the status does not tell of, and the PAM may still execute it.
    suspected_disable: bool,
    /// An earlier write may have been executed although its answer was lost.
    doubtful: bool,
    /// Another OAuth client logs in now than the one that last wrote: that client may be another tenant's.
    login_changed: bool,
    /// `spec.suspend` is set.
    suspended: bool,
    /// The connection.
    connection: Connection,
    /// The Secrets that the spec names.
    secrets: SecretsState,
    /// Where the record of the status is.
    binding: Binding,
    /// A group of fields other than the account differs from what was last sent.
    fields_changed: bool,
    /// Username, hostname or ip differ from what was last sent, or nothing tells whether they do.
    account_changed: bool,
    /// The access rules of the connection do not permit what the object asks for.
    denied: bool,
    /// What somebody asked for by annotation.
    request: Request,
    /// What the PAM's list shows.
    inventory: Inventory,
    /// The claims of other objects of the cluster on the same record.
    claims: Claims,
    /// The status remembers an answer for this very target that named another record than was expected.
    mismatch: bool,
    /// `spec.adoptionPolicy`.
    adoption: AdoptionPolicy,
    /// The connection allows this credential to take records over.
    take_over_granted: bool,
    /// The settings of the device differ from what was last sent.
    device_changed: bool,
    /// The write for this very target that the status announces, and that may have been sent.
    in_flight: Option<Intent>,
    /// The record of the status was there before us, and has to be enabled.
    enable_due: bool,
    /// `spec.mode` is `Plan`.
    plan: bool,
    /// What the newest list shows of the record in our status, against what was written.
    drift: Drift,
    /// `spec.driftPolicy` is `Correct`.
    correct: bool,
    /// The record was corrected as often as it may be.
    corrections_exhausted: bool,
    /// What the list says of writes to our record since our last one.
    change: Change,
    /// A list after our last write told the time of that write, in the PAM's words.
    baseline: bool,
    /// The record has the vault's value, since ours was withheld.
    value_withheld: bool,
    /// The spec has the vault rotate the value.
    set_to_rotate: bool,
    /// The settle window of a write without an answer.
    settle: SettleWindow,
    /// There is a suspected write: an earlier process may have sent it, and the status does not tell of it.
    suspected_write: bool,
    /// The suspected write may have carried another value than the one that was last recorded.
    suspected_value: bool,
    /// This process began so lately that the PAM may still execute a write of an earlier process.
    recently_started: bool,
    /// This operator served the object last, and does not serve it any more.
    unserved: bool,
    /// Another operator writes the status of the object again and again.
    other_operator_writes: bool,
}

/// Which records that were there before may be written: the columns of `design.md` 5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AdoptionPolicy {
    /// None.
    Never,
    /// One that has our identifier and our account, or our account and no identifier.
    #[default]
    ByIdentifier,
    /// Also one that has our identifier or our account, if the connection allows that.
    TakeOver,
}

/// A POST that the status announces before it is sent: should its answer be lost, nothing else tells what the record was
/// before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intent {
    /// To create a record under [`AdoptionPolicy::Never`]: once the record exists, only the announcement says that it is ours.
    Create,
    /// To take another identifier's or another account's record over.
    TakeOver,
}

/// The Secrets of a credential, the worst state first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SecretsState {
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
    Read(ValueComparison),
}

/// How a value that was read compares with the one that was last sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueComparison {
    /// The spec names none.
    None,
    /// None was sent before.
    New,
    /// It is the one that was sent.
    Same,
    /// It is another.
    Changed,
    /// The key of the digests was lost, so that nothing tells whether the value is another.
    Unknown,
}

/// What somebody asked for by annotation and has not been given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Request {
    /// Nothing.
    #[default]
    None,
    /// To push the fields, and the value unless the vault rotates it.
    Fields,
    /// To push the value whatever the vault did.
    Value,
}

/// The claims of other objects of the cluster on the same record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Claims {
    /// The claims were not looked at yet.
    #[default]
    NotAsked,
    /// No other object claims the record, and this one has claimed it.
    Free,
    /// The object that has the record is being deleted and hands the record over to this one, which has claimed it.
    HandedOver,
    /// Another object has the identifier.
    Identifier,
    /// Another object has the account.
    Account,
    /// Another object has other settings for the device.
    Device,
}

/// The object that gets the record when the object that has the record is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Heir {
    /// There is none.
    #[default]
    None,
    /// An object comes for the record, or may.
    Comes,
    /// One is named, and does not come for the record.
    Absent,
}
