//! What was seen of one credential, reduced to what a decision turns on. Names, ids and values stay outside:
//! the fewer the states, the more of them a test can try.

use super::{Account, Reason};

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
    /// What somebody asked for by annotation.
    pub request: Request,
    /// What the PAM's list shows.
    pub inventory: Inventory,
    /// Who else in the cluster is after the same record.
    pub claims: Claims,
    /// Status remembers an answer that named another record than was expected, for this very target.
    pub unexpected: bool,
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

/// The rows of `design.md` 5: what a list shows of our identifier and our account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seen {
    /// Neither our identifier nor our account.
    Neither,
    /// The record in our status, and no other record has our account or identifier.
    Ours {
        /// It has our identifier and the account that the spec asks for.
        at_account: bool,
        /// The vault rotates its value.
        rotates: bool,
    },
    /// Our identifier on our account, under an id that we do not know.
    IdentifierOnAccount {
        /// The vault rotates its value.
        rotates: bool,
    },
    /// Our identifier on another account.
    IdentifierElsewhere,
    /// Our account, without any identifier.
    AccountBare {
        /// The vault rotates its value.
        rotates: bool,
    },
    /// Our account under another identifier.
    AccountOther,
    /// Identifier and account on different records, several records with our account, or an SSH key's row.
    Tangled,
}

/// One record of the list, as far as [`sighting`] looks at it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The PAM's id.
    pub id: String,
    /// Its identifier, if it has one.
    pub identifier: Option<String>,
    /// Its account.
    pub account: Account,
    /// The vault rotates its value.
    pub rotates: bool,
    /// It is an SSH key (API 4.2), which a credential must not touch.
    pub ssh_key: bool,
}

/// Which row of the table applies, given the records that carry our id, our identifier or our account.
///
/// `id` is the one in our status, `identifier` and `account` are what would be sent. In another place than the
/// one our status speaks of, an id proves nothing by itself: there it counts only together with our identifier
/// and our account.
#[must_use]
pub fn sighting(rows: &[Row], (recorded, id): (Recorded, Option<&str>), identifier: &str, account: &Account) -> Seen {
    let has_identifier = |row: &Row| row.identifier.as_deref() == Some(identifier);
    let trusted = |row: &Row| match recorded {
        Recorded::Here => true,
        Recorded::Elsewhere => has_identifier(row) && row.account == *account,
        Recorded::Nothing => false,
    };
    let mine = rows.iter().find(|row| Some(row.id.as_str()) == id && trusted(row));
    let touched: Vec<&Row> = rows.iter().filter(|row| has_identifier(row) || row.account == *account).collect();
    match (mine, touched.as_slice()) {
        (Some(mine), touched) => known(mine, touched, has_identifier(mine), account),
        (None, []) => Seen::Neither,
        (None, [row]) => unknown(row, has_identifier(row), account),
        (None, _) => Seen::Tangled,
    }
}

/// The record of our status is listed. No other may have our identifier or account, and a POST must be able to
/// reach it: by our identifier, or by the account (API 2.6); otherwise it would make a second record.
fn known(mine: &Row, touched: &[&Row], has_identifier: bool, account: &Account) -> Seen {
    let at_account = mine.account == *account;
    if mine.ssh_key || touched.iter().any(|row| row.id != mine.id) || !(has_identifier || at_account) {
        return Seen::Tangled;
    }
    Seen::Ours { at_account: at_account && has_identifier, rotates: mine.rotates }
}

/// One record, of an id that we do not know, has our identifier or our account.
fn unknown(row: &Row, has_identifier: bool, account: &Account) -> Seen {
    let rotates = row.rotates;
    match (row.ssh_key, has_identifier, row.account == *account, &row.identifier) {
        (true, ..) => Seen::Tangled,
        (_, true, true, _) => Seen::IdentifierOnAccount { rotates },
        (_, true, false, _) => Seen::IdentifierElsewhere,
        (_, false, _, None) => Seen::AccountBare { rotates },
        (_, false, _, Some(_)) => Seen::AccountOther,
    }
}
