//! What each object has and wants, and which objects have or want one thing.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::RandomState;
use std::sync::Arc;

use jiff::Timestamp;

use super::holding::{Asking, Holding};
use super::types::{HeldClaims, Taken};
use super::unsettled::Departed;
use super::what::{Claim, What};
use crate::domain::VaultId;

/// What each object has and wants, by uid, with an index by what is had or wanted.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    holdings: HashMap<Arc<str>, Holding>,
    /// The objects that have something, or want it, by the hash of that: by its name, the index would take more memory than
    /// what it is for. Two things may have one hash: [`Index::others`] looks at what an object really has.
    pub(super) holders: BTreeSet<(u64, Arc<str>)>,
    hasher: RandomState,
    /// One of each vault, for all claims on it.
    vaults: HashSet<Arc<VaultId>>,
    /// The objects over which a pass is under way.
    pub(super) passing: HashSet<String>,
    /// The objects that are gone and count until that time.
    departed: Departed,
}

impl Index {
    pub(super) fn get(&self, uid: &str) -> Option<&Holding> {
        self.holdings.get(uid)
    }

    /// Returns what an object has, for a change that leaves its claims as they are.
    pub(super) fn get_mut(&mut self, uid: &str) -> Option<&mut Holding> {
        self.holdings.get_mut(uid)
    }

    /// Returns everything that some object has or wants.
    pub(super) fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.holdings.values().flat_map(|holding| &holding.claims)
    }

    /// Takes an object out, with all it has.
    pub(super) fn take(&mut self, uid: &str) -> Holding {
        let Some((uid, holding)) = self.holdings.remove_entry(uid) else { return Holding::default() };
        for claim in &holding.claims {
            self.holders.remove(&(claim.key(&self.hasher), Arc::clone(&uid)));
        }
        holding
    }

    /// Takes an object out that is gone, but for what a pass over it may be writing, and for what the PAM may still execute;
    /// `true` if it had something.
    pub(super) fn forget(&mut self, uid: &str) -> bool {
        let mut holding = self.take(uid);
        let had = !holding.claims.is_empty();
        if self.passing.contains(uid) {
            holding.claims.retain(|claim| claim.what.is_exclusive());
            self.put(uid, holding);
        } else if let Some(left) = holding.left_behind() {
            left.gone_until.iter().for_each(|until| self.departed.add(uid, *until));
            self.put(uid, left);
        }
        had
    }

    /// Drops the objects that are gone and count no longer.
    pub(super) fn drop_settled(&mut self, now: Timestamp) {
        while let Some((until, uid)) = self.departed.take_ended(now) {
            // An object that was lost from sight may have come back, or gone again later.
            if self.get(&uid).is_some_and(|holding| holding.gone_until == Some(until)) {
                self.take(&uid);
            }
        }
    }

    /// Changes what is known of one object.
    pub(super) fn change<T>(&mut self, uid: &str, change: impl FnOnce(&mut Holding) -> T) -> T {
        let mut holding = self.take(uid);
        let result = change(&mut holding);
        self.put(uid, holding);
        result
    }

    /// Puts an object in.
    pub(super) fn put(&mut self, uid: &str, mut holding: Holding) {
        holding.share_vaults(|vault| self.share(vault));
        let uid: Arc<str> = uid.into();
        let keys = holding.claims.iter().map(|claim| (claim.key(&self.hasher), Arc::clone(&uid)));
        self.holders.extend(keys);
        self.holdings.insert(uid, holding);
    }

    /// Replaces a vault by the one that all claims on it share.
    fn share(&mut self, vault: &mut Arc<VaultId>) {
        if let Some(shared) = self.vaults.get(vault) {
            *vault = Arc::clone(shared);
            return;
        }
        // A tenant's connections may lead to any number of vaults, one after the other.
        self.vaults.retain(|vault| Arc::strong_count(vault) > 1);
        self.vaults.insert(Arc::clone(vault));
    }

    /// The other objects that have that, in a vault that is not surely another.
    pub(super) fn others<'a>(&'a self, uid: &'a str, claim: &'a Claim) -> impl Iterator<Item = &'a Holding> {
        let key = claim.key(&self.hasher);
        let holders = self.holders.range((key, Arc::from(""))..).take_while(move |(of, _)| *of == key);
        let uids = holders.map(|(_, other)| other).filter(move |other| ***other != *uid);
        let holdings = uids.filter_map(|other| self.holdings.get(other));
        holdings.filter(move |holding| holding.claims.iter().any(|other| other.may_be(claim)))
    }

    /// Returns which object has that, if the asking object may not have it, too.
    pub(super) fn taken(&self, asking: Asking<'_>, asked: &Holding, claim: &Claim) -> Option<Taken> {
        let others = self.others(asking.uid, claim).filter(|holding| holding.keeps_from(asking, claim));
        // What comes with a record that is handed over is no longer in the way.
        let mut others = others.filter(|holding| !holding.makes_way(asking));
        let name = |holding: &Holding| holding.name.clone();
        match claim.what {
            What::Identifier(_) => others.next().map(name).map(Taken::Identifier),
            // Which account a record has, its status does not tell where the username is in a Secret.
            What::Account(_) | What::Record(_) | What::Takes(_) => others.next().map(name).map(Taken::Account),
            What::Device(_) => {
                // An object that would write the same, and waits for the asking one to do so, is no conflict.
                let differs = |holding: &&Holding| holding.block != asked.block && holding.wanted_block != asked.block;
                others.find(differs).map(name).map(Taken::Device)
            }
            What::Wanted(_) | What::At(_) | What::Seeks(_) => None,
        }
    }

    /// Returns which object has any of what is asked for, or the record that would be written.
    pub(super) fn first_taken(&self, asking: Asking<'_>, asked: &Holding) -> Option<Taken> {
        let vault = asked.claims.first().map(|claim| claim.vault.clone()).unwrap_or_default();
        // A record that is handed over belongs to the object that claimed it, long before a status has its id.
        let claim = |id: &str, what: fn(String) -> What| Claim { vault: Arc::clone(&vault), what: what(id.to_owned()) };
        let record = asking.record.map(|id| [claim(id, What::Takes), claim(id, What::Record)]);
        asked.claims.iter().chain(record.iter().flatten()).find_map(|claim| self.taken(asking, asked, claim))
    }

    /// Gives an object what its status says. What another object has stays that object's; an account or a device that a pass claimed
    /// is newer than the status, and so is an identifier that is just being sent.
    pub(super) fn recall(&self, uid: &str, holding: &mut Holding, held: HeldClaims) {
        holding.drop_recalled(&held.record);
        let (name, record) = (holding.name.clone(), held.record.clone());
        for claim in Claim::held(held) {
            // What a status says was confirmed by the PAM: a tenant's claim of which nothing came yet is in no way of that.
            let asking = Asking { uid, name: &name, now: Timestamp::MAX, record: Some(&record), if_offered: false };
            let is_free = || !holding.has_like(&claim.what) && self.taken(asking, holding, &claim).is_none();
            if matches!(claim.what, What::Record(_)) || is_free() {
                holding.claims.push(claim);
            }
        }
    }
}
