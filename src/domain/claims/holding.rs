//! What one object has, wants, and had before its last claim.

use super::{ClaimRequest, HeldClaims, ObjectName};
use crate::domain::VaultId;

/// Something of a vault that an object can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) vault: VaultId,
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
    /// An identifier that an object would have a record under, or has.
    Wanted(String),
}

/// What can be had at one origin, for the index: tenants may be one or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ClaimKey {
    pub(super) origin: String,
    pub(super) what: What,
}

/// What one object has.
#[derive(Clone, Debug, Default)]
pub(super) struct Holding {
    pub(super) name: ObjectName,
    /// What is written onto the device.
    pub(super) block: Option<String>,
    /// What its spec would write onto the device.
    pub(super) wanted_block: Option<String>,
    pub(super) claims: Vec<Claim>,
    /// It wants its record through a tenant's own connection.
    pub(super) by_tenant: bool,
    /// What it had before a claim of which nothing came yet.
    pub(super) before: Option<Before>,
}

/// What an object had before a claim.
#[derive(Clone, Debug, Default)]
pub(super) struct Before {
    pub(super) claims: Vec<Claim>,
    /// What was written onto the device then.
    block: Option<String>,
}

impl Claim {
    /// Returns what a status says its object has: the record first, which is the object's whatever else is.
    pub(super) fn held(held: HeldClaims) -> Vec<Self> {
        let vault = held.vault;
        let others =
            [held.identifier.map(What::Identifier), held.account.map(What::Account), held.device.map(What::Device)];
        let all = std::iter::once(What::Record(held.record)).chain(others.into_iter().flatten());
        all.map(|what| Self { vault: vault.clone(), what }).collect()
    }

    pub(super) fn key(&self) -> ClaimKey {
        ClaimKey { origin: self.vault.origin.clone(), what: self.what.clone() }
    }

    /// Whether both are one unless their vaults are surely different.
    pub(super) fn may_be(&self, other: &Self) -> bool {
        self.what == other.what && self.vault.may_be(&other.vault)
    }
}

impl What {
    /// Whether it is claimed before it is written.
    const fn is_exclusive(&self) -> bool {
        matches!(self, Self::Identifier(_) | Self::Account(_) | Self::Device(_))
    }

    const fn is_wanted(&self) -> bool {
        matches!(self, Self::Wanted(_))
    }
}

impl Holding {
    /// Returns what an object has that has all of what is asked for.
    pub(super) fn asked(request: &ClaimRequest) -> Self {
        let device = request.device.as_ref().map(|device| What::Device(device.device.clone()));
        let both = [What::Identifier(request.identifier.clone()), What::Account(request.account.clone())];
        let all = both.into_iter().chain(device);
        let block = request.device.as_ref().map(|device| device.block.clone());
        Self {
            block: block.clone(),
            wanted_block: block,
            claims: all.map(|what| Claim { vault: request.vault.clone(), what }).collect(),
            ..Self::default()
        }
    }

    /// Notes what its spec would write onto the device; `true` if that is something else than before. An object that writes
    /// nothing onto the device any more has it no longer.
    pub(super) fn wants_block(&mut self, block: Option<String>) -> bool {
        let is_news = self.has_device() && self.wanted_block != block;
        self.wanted_block = block;
        if self.wanted_block.is_none() {
            self.block = None;
            self.claims.retain(|claim| !matches!(claim.what, What::Device(_)));
        }
        is_news
    }

    /// Replaces the identifier that it wants.
    pub(super) fn want(&mut self, vault: &VaultId, identifier: Option<String>) {
        self.want_nothing();
        let wanted = |identifier| Claim { vault: vault.clone(), what: What::Wanted(identifier) };
        self.claims.extend(identifier.map(wanted));
    }

    pub(super) fn want_nothing(&mut self) {
        self.claims.retain(|claim| !claim.what.is_wanted());
    }

    pub(super) fn has_device(&self) -> bool {
        self.claims.iter().any(|claim| matches!(claim.what, What::Device(_)))
    }

    /// Whether it has something of that kind already.
    pub(super) fn has_like(&self, what: &What) -> bool {
        self.claims.iter().any(|claim| std::mem::discriminant(&claim.what) == std::mem::discriminant(what))
    }

    /// Whether something that other objects may wait for is free once it has that instead.
    pub(super) fn frees(&self, next: &Self) -> bool {
        self.claims.iter().any(|claim| match claim.what {
            What::Identifier(_) | What::Account(_) => !next.claims.contains(claim),
            What::Device(_) => self.block != next.block || !next.claims.contains(claim),
            What::Record(_) | What::Wanted(_) => false,
        })
    }

    /// Has that instead of what it had. What it had is remembered until something came of the claim.
    pub(super) fn claim(&mut self, asked: Self) {
        let (claims, stay) = std::mem::take(&mut self.claims).into_iter().partition(|claim| claim.what.is_exclusive());
        let block = std::mem::replace(&mut self.block, asked.block);
        self.before.get_or_insert(Before { claims, block });
        self.claims = stay;
        self.claims.extend(asked.claims);
    }

    /// Has what it had before a claim of which nothing came; `true` if there was one.
    pub(super) fn restore(&mut self) -> bool {
        let Some(Before { claims, block }) = self.before.take() else { return false };
        self.claims.retain(|claim| !claim.what.is_exclusive());
        self.claims.extend(claims);
        self.block = block;
        true
    }

    /// Drops what a status says by itself; an identifier that is just being sent is newer than the status.
    pub(super) fn drop_recalled(&mut self) {
        let in_flight = self.before.is_some();
        self.claims.retain(|claim| match claim.what {
            What::Identifier(_) => in_flight,
            What::Record(_) => false,
            What::Account(_) | What::Device(_) | What::Wanted(_) => true,
        });
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = ClaimKey> {
        self.claims.iter().map(Claim::key)
    }
}
