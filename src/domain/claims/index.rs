//! What each object has and wants, and which objects have or want one thing.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use super::holding::{Asking, Holding};
use super::types::{HeldClaims, Taken};
use super::unsettled::Departed;
use super::what::{Claim, ClaimKey, What};

/// What each object has and wants, by uid, with an index by what is had or wanted.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    holdings: HashMap<String, Holding>,
    /// The objects that have something, or want it.
    pub(super) holders: HashMap<ClaimKey, BTreeSet<String>>,
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
    pub(super) fn keys(&self) -> impl Iterator<Item = &ClaimKey> {
        self.holders.keys()
    }

    /// Takes an object out, with all it has.
    pub(super) fn take(&mut self, uid: &str) -> Holding {
        let holding = self.holdings.remove(uid).unwrap_or_default();
        for key in holding.keys() {
            if let Some(uids) = self.holders.get_mut(&key) {
                uids.remove(uid);
                if uids.is_empty() {
                    self.holders.remove(&key);
                }
            }
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
    pub(super) fn put(&mut self, uid: &str, holding: Holding) {
        for key in holding.keys() {
            self.holders.entry(key).or_default().insert(uid.to_owned());
        }
        self.holdings.insert(uid.to_owned(), holding);
    }

    /// The other objects that have that, in a vault that is not surely another.
    pub(super) fn others<'a>(&'a self, uid: &'a str, claim: &'a Claim) -> impl Iterator<Item = &'a Holding> {
        let uids = self.holders.get(&claim.key()).into_iter().flatten().filter(move |other| *other != uid);
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
        let claim = |id: &str, what: fn(String) -> What| Claim { vault: vault.clone(), what: what(id.to_owned()) };
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
