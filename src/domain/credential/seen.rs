//! What a list shows of one credential, reduced to what a decision turns on.

use super::Reason;

/// What the PAM's list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Inventory {
    /// Nobody looked yet.
    #[default]
    NotAsked,
    /// It could not be had, for that reason.
    Failed(Reason),
    /// It shows this.
    Shows(Seen),
    /// It shows this, and lacks or shows moved so much else that it cannot be trusted.
    Incomplete(Seen),
    /// The connection is not to list.
    Off,
}

/// What a list shows of the record in our status, against what was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Drift {
    /// It is as it was written, or nothing newer than our last write is known.
    #[default]
    None,
    /// It is not listed. That is no reason to write: it may only be out of the login's sight.
    NotListed,
    /// It has another identifier.
    Identifier,
    /// It has another username.
    Renamed,
    /// It is on another device.
    Moved,
    /// Another record has its identifier or its account, too.
    SecondRecord,
    /// It was written to by somebody else.
    Changed,
    /// The vault rotated its value, and the spec has one.
    Rotated,
}

impl Drift {
    /// Whether writing the record again mends it.
    #[must_use]
    pub const fn is_correctable(self) -> bool {
        matches!(self, Self::Identifier | Self::Renamed | Self::Moved | Self::Changed)
    }

    /// Whether the record is no longer where it was: many of these at once are no single changes, but another view of the
    /// vault.
    #[must_use]
    pub const fn is_loss(self) -> bool {
        matches!(self, Self::NotListed | Self::Identifier | Self::Renamed | Self::Moved)
    }
}

/// What the list says of writes to our record since our last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Change {
    /// Nothing: it was not looked at, or no earlier list said when our own write was.
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
    /// The identifier that a former name of this cluster gave to this object, on our account.
    FormerOnAccount {
        /// The vault rotates its value.
        rotates: bool,
    },
    /// Our identifier on another account.
    IdentifierElsewhere {
        /// The vault rotates its value.
        rotates: bool,
    },
    /// Our account, without any identifier.
    AccountBare {
        /// The vault rotates its value.
        rotates: bool,
    },
    /// Our account under another identifier.
    AccountOther {
        /// The vault rotates its value.
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
