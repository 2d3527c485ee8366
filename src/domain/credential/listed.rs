//! What a list shows of one credential.

use super::Reason;

/// What the PAM's list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Inventory {
    /// The list was not looked at yet.
    #[default]
    NotAsked,
    /// The list could not be read, for that reason.
    Failed(Reason),
    /// The list shows this.
    Shows(Seen),
    /// The list shows this, and lacks or shows moved so much else that it cannot be trusted.
    Incomplete(Seen),
    /// The connection does not list.
    Off,
}

/// What a list shows of the record in our status, against what was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Drift {
    /// Nothing: the record is as it was written, or nothing newer than our last write is known.
    #[default]
    None,
    /// The record is not listed. That is no reason to write: the login may only not see the record.
    NotListed,
    /// The record has another identifier.
    Identifier,
    /// The record has another username.
    Renamed,
    /// The record is on another device.
    Moved,
    /// Another record has the identifier or the account of this one, too.
    SecondRecord,
    /// Somebody else wrote to the record.
    Changed,
    /// The vault rotated the value, and the spec has one.
    Rotated,
}

impl Drift {
    /// Returns whether writing the record again restores it.
    #[must_use]
    pub const fn is_correctable(self) -> bool {
        matches!(self, Self::Identifier | Self::Renamed | Self::Moved | Self::Changed)
    }

    /// Returns whether the record is no longer where it was: many such records at once are not many changes, but another
    /// view of the vault.
    #[must_use]
    pub const fn is_loss(self) -> bool {
        matches!(self, Self::NotListed | Self::Identifier | Self::Renamed | Self::Moved)
    }
}

/// What the list says of writes to our record since our last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Change {
    /// Nothing: the list was not looked at, or no earlier list told the time of our own write.
    #[default]
    Unknown,
    /// There was none.
    Same,
    /// There was one.
    Moved,
}

/// The rows of `design.md` 5: what a list shows of our identifier and our account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seen {
    /// Neither our identifier nor our account.
    Neither,
    /// The record of the status, and no other record has our account or identifier.
    Ours {
        /// The record has our identifier and the account that the spec asks for.
        at_account: bool,
        /// The vault rotates the value.
        rotates: bool,
    },
    /// Our identifier on our account, under another id than that of the status.
    IdentifierOnAccount {
        /// The vault rotates the value.
        rotates: bool,
    },
    /// The identifier that a former name of this cluster gave to this object, on our account.
    FormerOnAccount {
        /// The vault rotates the value.
        rotates: bool,
    },
    /// Our identifier on another account.
    IdentifierElsewhere {
        /// The vault rotates the value.
        rotates: bool,
    },
    /// Our account, without any identifier.
    AccountBare {
        /// The vault rotates the value.
        rotates: bool,
    },
    /// Our account under another identifier.
    AccountOther {
        /// The vault rotates the value.
        rotates: bool,
    },
    /// Identifier and account on different records, several records with our account, or an SSH key's row.
    Tangled,
}

impl Inventory {
    /// Returns what the list shows, if there was one.
    #[must_use]
    pub const fn seen(self) -> Option<Seen> {
        match self {
            Self::Shows(seen) | Self::Incomplete(seen) => Some(seen),
            Self::NotAsked | Self::Failed(_) | Self::Off => None,
        }
    }
}
