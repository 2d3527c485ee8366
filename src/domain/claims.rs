//! Which object of this cluster may have which record, so that two objects never write one record (P4).
//!
//! The list shows what is in the PAM, but two first pushes at the same moment see the same empty list: the object that asks first
//! gets the record here, and the other waits until the first goes. Two connections to one PAM lead to one vault, and so do two that
//! are not surely different.

mod holding;
mod types;

use std::collections::{BTreeSet, HashMap, HashSet};

use holding::{Claim, ClaimKey, Holding, What};
pub use types::{ClaimRequest, DeviceClaim, HeldClaims, NotedClaims, ObjectName, SharedRecord, Taken, WantedRecord};

/// The claims of all objects of a cluster, by uid.
#[derive(Clone, Debug, Default)]
pub struct ClaimBook {
    /// The objects that are there. A pass may still be under way when its object is gone: it claims nothing.
    living: HashSet<String>,
    holdings: HashMap<String, Holding>,
    /// The objects that have something, or want it.
    holders: HashMap<ClaimKey, BTreeSet<String>>,
}

impl ClaimBook {
    // === What the cluster shows

    /// Takes in what an object's status says it has, and what its spec would write onto its device. What another object has
    /// stays that object's. `true`: an object that waits for the device may have it now.
    pub fn note(&mut self, uid: &str, noted: NotedClaims) -> bool {
        self.living.insert(uid.to_owned());
        let mut holding = self.take(uid);
        let frees = holding.wants_block(noted.wanted_block);
        if let Some(held) = noted.held {
            if !holding.has_device() {
                holding.block.clone_from(&held.block);
            }
            holding.name = noted.name;
            self.recall(uid, &mut holding, held);
        }
        self.put(uid, holding);
        frees
    }

    /// Takes in under which identifier an object would have a record, long before it can claim that record: a record that
    /// an object came for is not disabled when its owner goes.
    pub fn want(&mut self, uid: &str, wanted: WantedRecord) {
        if !self.living.contains(uid) {
            return;
        }
        let mut holding = self.take(uid);
        holding.name = wanted.name;
        holding.by_tenant = wanted.by_tenant;
        holding.want(&wanted.vault, wanted.identifier);
        self.put(uid, holding);
    }

    /// Forgets an object that is gone.
    pub fn forget(&mut self, uid: &str) {
        self.living.remove(uid);
        self.take(uid);
    }

    // === What a pass asks and does

    /// Claims an identifier, an account and a device, all or none. What the object had before is free then: `Ok(true)`
    /// says that there was such.
    pub fn claim(&mut self, uid: &str, name: &ObjectName, request: &ClaimRequest) -> Result<bool, Taken> {
        if !self.living.contains(uid) {
            return Ok(false);
        }
        let mut holding = self.take(uid);
        let asked = Holding::asked(request);
        let taken = self.first_taken(uid, &asked, request);
        let frees = taken.is_none() && holding.frees(&asked);
        holding.name.clone_from(name);
        holding.by_tenant = request.by_tenant;
        holding.wanted_block.clone_from(&asked.wanted_block);
        if taken.is_none() {
            holding.claim(asked);
        }
        holding.want(&request.vault, Some(request.identifier.clone()));
        self.put(uid, holding);
        taken.map_or(Ok(frees), Err)
    }

    /// Returns which other object has what is asked for; nothing is claimed.
    #[must_use]
    pub fn holder(&self, uid: &str, request: &ClaimRequest) -> Option<Taken> {
        self.first_taken(uid, &Holding::asked(request), request)
    }

    /// Notes that what an object claimed was written: it has that now, and `block` is on its device. After a lost answer that may
    /// be what it had before, which was sent again without a claim. `true`: it has something else now, and its record left what it
    /// had before. An object that came for that since the claim still found the record there.
    pub fn keep(&mut self, uid: &str, block: Option<String>) -> bool {
        let Some(holding) = self.holdings.get_mut(uid) else { return false };
        if holding.has_device() {
            holding.block = block;
        }
        let before = holding.before.take();
        before.is_some_and(|before| before.claims.iter().any(|claim| !holding.claims.contains(claim)))
    }

    /// Notes that nothing came of a claim: what was free before is free again, so that an object that may not write keeps no
    /// other from writing. `for_good` says that the object can do without, for now. `true` if something is free now.
    pub fn give_back(&mut self, uid: &str, for_good: bool) -> bool {
        if !self.holdings.contains_key(uid) {
            return false;
        }
        let mut holding = self.take(uid);
        let frees = holding.restore();
        if for_good {
            holding.want_nothing();
        }
        self.put(uid, holding);
        frees
    }

    /// Frees everything that an object has or wants; `true` if there was something.
    pub fn release(&mut self, uid: &str) -> bool {
        !self.take(uid).claims.is_empty()
    }

    /// Returns whether another object has the record, or wants it. What a tenant wants through a connection of its own, whose
    /// identifiers no rule covers, counts in its own namespace only: otherwise it could keep all records from being disabled.
    #[must_use]
    pub fn is_shared(&self, uid: &str, record: &SharedRecord<'_>) -> bool {
        let has = Claim { vault: record.vault.clone(), what: What::Record(record.id.to_owned()) };
        let wants = Claim { vault: record.vault.clone(), what: What::Wanted(record.identifier.to_owned()) };
        let counts = |holding: &&Holding| !holding.by_tenant || holding.name.namespace == record.namespace;
        self.others(uid, &has).next().is_some() || self.others(uid, &wants).any(|holding| counts(&holding))
    }

    /// Returns whether a list of that origin shows another record of this cluster than `id`.
    #[must_use]
    pub fn others_listed(&self, origin: &str, id: &str, listed: impl Fn(&str) -> bool) -> bool {
        self.holders.keys().any(|key| match &key.what {
            What::Record(other) => key.origin == origin && other != id && listed(other),
            _ => false,
        })
    }

    // === The index

    /// Takes an object out of the book, with all it has.
    fn take(&mut self, uid: &str) -> Holding {
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

    /// Puts an object into the book.
    fn put(&mut self, uid: &str, holding: Holding) {
        for key in holding.keys() {
            self.holders.entry(key).or_default().insert(uid.to_owned());
        }
        self.holdings.insert(uid.to_owned(), holding);
    }

    /// Gives an object what its status says. What another object has stays that object's; an account or a device that a pass claimed
    /// is newer than the status, and so is an identifier that is just being sent.
    fn recall(&self, uid: &str, holding: &mut Holding, held: HeldClaims) {
        holding.drop_recalled();
        for claim in Claim::held(held) {
            let is_free = || !holding.has_like(&claim.what) && self.taken(uid, holding, &claim).is_none();
            if matches!(claim.what, What::Record(_)) || is_free() {
                holding.claims.push(claim);
            }
        }
    }

    /// The other objects that have that, in a vault that is not surely another.
    fn others<'a>(&'a self, uid: &'a str, claim: &'a Claim) -> impl Iterator<Item = &'a Holding> {
        let uids = self.holders.get(&claim.key()).into_iter().flatten().filter(move |other| *other != uid);
        let holdings = uids.filter_map(|other| self.holdings.get(other));
        holdings.filter(move |holding| holding.claims.iter().any(|other| other.may_be(claim)))
    }

    /// Returns which object has that, if the asking object may not have it, too.
    fn taken(&self, uid: &str, asked: &Holding, claim: &Claim) -> Option<Taken> {
        let mut others = self.others(uid, claim);
        let name = |holding: &Holding| holding.name.clone();
        match claim.what {
            What::Identifier(_) => others.next().map(name).map(Taken::Identifier),
            // Which account a record has, its status does not tell where the username is in a Secret.
            What::Account(_) | What::Record(_) => others.next().map(name).map(Taken::Account),
            What::Device(_) => {
                // An object that would write the same, and waits for the asking one to do so, is no conflict.
                let differs = |holding: &&Holding| holding.block != asked.block && holding.wanted_block != asked.block;
                others.find(differs).map(name).map(Taken::Device)
            }
            What::Wanted(_) => None,
        }
    }

    /// Returns which object has any of what is asked for, or the record that would be written.
    fn first_taken(&self, uid: &str, asked: &Holding, request: &ClaimRequest) -> Option<Taken> {
        let record = request.record.clone().map(|id| Claim { vault: request.vault.clone(), what: What::Record(id) });
        asked.claims.iter().chain(&record).find_map(|claim| self.taken(uid, asked, claim))
    }
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
