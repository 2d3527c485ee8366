//! What an object can have of a vault.

use std::hash::BuildHasher;
use std::sync::Arc;

use super::{HeldClaims, VaultRecord};
use crate::domain::VaultId;

/// Something of a vault that an object can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// Shared by all claims on the vault.
    pub(super) vault: Arc<VaultId>,
    pub(super) what: What,
}

/// What can be had of a vault.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// One object at a time has an identifier,
    Identifier(String),
    /// and an account.
    Account(String),
    /// Several objects may have a device, if they write the same onto it.
    Device(String),
    /// A record, by its id.
    Record(String),
    /// An identifier that an object without a record would have one under.
    Wanted(String),
    /// A device that an object without a record would have one on.
    At(String),
    /// A record that the list shows to an object that would write it.
    Seeks(String),
    /// A record that is handed over, and that an object has claimed for that.
    Takes(String),
}

impl Claim {
    /// Returns a claim on a record.
    pub(super) fn of(record: VaultRecord<'_>, what: fn(String) -> What) -> Self {
        Self { vault: Arc::new(record.vault.clone()), what: what(record.id.to_owned()) }
    }

    /// Returns what a status says its object has: the record first, which is the object's whatever else is.
    pub(super) fn held(held: HeldClaims) -> Vec<Self> {
        let vault = Arc::new(held.vault);
        let others =
            [held.identifier.map(What::Identifier), held.account.map(What::Account), held.device.map(What::Device)];
        let all = std::iter::once(What::Record(held.record)).chain(others.into_iter().flatten());
        all.map(|what| Self { vault: Arc::clone(&vault), what }).collect()
    }

    /// Returns the place of the claim in the index: of what can be had at one origin, since two tenants may be one or not.
    pub(super) fn key(&self, hasher: &impl BuildHasher) -> u64 {
        hasher.hash_one((&self.vault.origin, &self.what))
    }

    /// Whether both are one unless their vaults are surely different.
    pub(super) fn may_be(&self, other: &Self) -> bool {
        self.what == other.what && self.vault.may_be(&other.vault)
    }
}

impl What {
    /// Whether it is claimed before it is written.
    pub(super) const fn is_exclusive(&self) -> bool {
        matches!(self, Self::Identifier(_) | Self::Account(_) | Self::Device(_) | Self::Takes(_))
    }

    /// Whether a write that is executed late changes it.
    pub(super) const fn is_written(&self) -> bool {
        matches!(self, Self::Identifier(_) | Self::Account(_) | Self::Device(_))
    }

    pub(super) const fn is_wanted(&self) -> bool {
        matches!(self, Self::Wanted(_) | Self::At(_) | Self::Seeks(_))
    }
}
