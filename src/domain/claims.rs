//! Which object of this cluster may have which record, so that two objects never write one record (P4).
//!
//! The list shows what is in the PAM, but two first pushes at the same moment see the same empty list: the object that asks first
//! gets the record here, and the other waits until the first goes. Two connections to one PAM lead to one vault, and so do two that
//! are not surely different.

mod before;
mod holding;
mod index;
mod types;
mod unsettled;
mod what;

use std::collections::HashSet;
use std::sync::Arc;

use holding::{Asking, Holding};
use index::Index;
use jiff::Timestamp;
pub use types::{
    ClaimRequest, DeviceClaim, HeldClaims, LeavingRecord, NotedClaims, ObjectName, RecordKey, Taken, VaultRecord,
    WantedRecord,
};
pub use unsettled::{Departed, Unsettled};
use what::{Claim, What};

/// The claims of all objects of a cluster, by uid.
#[derive(Clone, Debug, Default)]
pub struct ClaimBook {
    /// The objects that are there. A pass may still be under way when its object is gone: it claims nothing.
    living: HashSet<String>,
    index: Index,
}

impl ClaimBook {
    // === What the cluster shows

    /// Takes in what an object's status says it has, and what its spec would write onto its device. What another object has
    /// stays that object's. `true`: an object that waits for the device may have it now, or the object has the record that
    /// another one hands over to it.
    pub fn note(&mut self, uid: &str, noted: NotedClaims) -> bool {
        self.living.insert(uid.to_owned());
        let mut holding = self.index.take(uid);
        holding.gone_until = None;
        holding.unsettled.tell(noted.in_flight);
        let mut frees = holding.wants_block(noted.wanted_block);
        if let Some(held) = noted.held {
            if !holding.has_device() {
                holding.block.clone_from(&held.block);
            }
            holding.name = noted.name;
            frees |= holding.has_taken(&held.record);
            self.index.recall(uid, &mut holding, held);
        }
        self.index.put(uid, holding);
        frees
    }

    /// Takes in what record an object would have, long before it can claim that record: a record that an object of the
    /// same namespace may have come for is not disabled when its owner goes.
    pub fn want(&mut self, uid: &str, wanted: WantedRecord) {
        if self.living.contains(uid) {
            self.index.change(uid, |holding| holding.want(wanted));
        }
    }

    /// Takes in which record the list shows to an object that would write it; `true` if that is news.
    pub fn seek(&mut self, uid: &str, request: &ClaimRequest) -> bool {
        let claim = |id| Claim { vault: Arc::new(request.vault.clone()), what: What::Seeks(id) };
        let seeks = request.record.clone().map(claim);
        self.living.contains(uid) && self.index.change(uid, |holding| holding.seek(seeks))
    }

    /// Forgets an object that is gone, or will have nothing any more; `true` if it had something. What its pass claims stays
    /// claimed until the pass ends, since the write may be under way; what it wrote without an answer, until the settle
    /// window of that write is over.
    pub fn forget(&mut self, uid: &str) -> bool {
        self.living.remove(uid);
        self.index.forget(uid)
    }

    /// Notes that a pass over an object begins.
    pub fn begin_pass(&mut self, uid: &str) {
        self.index.passing.insert(uid.to_owned());
    }

    /// Notes that a pass over an object is over; `true` if the object is gone and had something: that is free now, or is
    /// known to be free at a certain time.
    pub fn close_pass(&mut self, uid: &str) -> bool {
        self.index.passing.remove(uid) && !self.living.contains(uid) && self.index.forget(uid)
    }

    // === What a pass asks and does

    /// Returns whether an object is there. One that is gone claims nothing, and may write nothing that has to be claimed.
    #[must_use]
    pub fn is_there(&self, uid: &str) -> bool {
        self.living.contains(uid)
    }

    /// Claims an identifier, an account and a device, all or none, and a record that is handed over with them. What the
    /// object had before is free then: `Ok(true)` says that there was such.
    pub fn claim(&mut self, uid: &str, name: &ObjectName, request: &ClaimRequest) -> Result<bool, Taken> {
        if !self.living.contains(uid) {
            return Ok(false);
        }
        self.index.drop_settled(request.now);
        let mut asked = Holding::asked(request);
        let taken = self.index.first_taken(Asking::of(uid, name, request), &asked);
        let handed_over = request.record.clone().filter(|_| self.is_offered(uid, name, request)).map(What::Takes);
        asked.claims.extend(handed_over.map(|what| Claim { vault: Arc::new(request.vault.clone()), what }));
        let mut holding = self.index.take(uid);
        let frees = taken.is_none() && holding.frees(&asked);
        holding.name.clone_from(name);
        holding.wanted_block.clone_from(&asked.wanted_block);
        if taken.is_none() {
            holding.claim(asked, request);
        }
        self.index.put(uid, holding);
        taken.map_or(Ok(frees), Err)
    }

    /// Returns which other object has what is asked for; nothing is claimed.
    #[must_use]
    pub fn holder(&self, uid: &str, name: &ObjectName, request: &ClaimRequest) -> Option<Taken> {
        self.index.first_taken(Asking::of(uid, name, request), &Holding::asked(request))
    }

    /// Notes that what an object claimed was written: it has that now, and `block` is on its device. After a lost answer that may
    /// be what it had before, which was sent again without a claim. `true`: it has something else now, and its record left what it
    /// had before. An object that came for that since the claim still found the record there.
    pub fn keep(&mut self, uid: &str, block: Option<String>) -> bool {
        let Some(holding) = self.index.get_mut(uid) else { return false };
        if holding.has_device() {
            holding.block = block;
        }
        let before = holding.before.take();
        before.is_some_and(|before| before.claims.iter().any(|claim| !holding.claims.contains(claim)))
    }

    /// Notes that nothing came of a claim: what was free before is free again, so that an object that may not write keeps no
    /// other from writing. `for_good` says that the object can do without, for now. `true` if something is free now.
    pub fn give_back(&mut self, uid: &str, for_good: bool) -> bool {
        if self.index.get(uid).is_none() {
            return false;
        }
        let mut holding = self.index.take(uid);
        let mut frees = holding.restore();
        if for_good {
            frees |= holding.seek(None);
        }
        self.index.put(uid, holding);
        frees
    }

    /// Notes that a write of what an object claimed has no answer: the object keeps the claim. `true`: objects of other
    /// namespaces may have it all the same, since the claim is a tenant's.
    pub fn lose(&mut self, uid: &str, now: Timestamp) -> bool {
        self.index.get_mut(uid).and_then(|holding| holding.before.as_mut()).is_some_and(|before| before.lose(now))
    }

    /// Notes that a write of an object, of whatever kind, has no answer: should the object go, its claims end once the PAM can
    /// no longer execute that write.
    pub fn note_lost(&mut self, uid: &str, now: Timestamp) {
        if let Some(holding) = self.index.get_mut(uid) {
            holding.unsettled.lose(now);
        }
    }

    /// Notes that the pass that claimed has ended, and that the object keeps the claim. `true`: objects of other namespaces
    /// may have it all the same, since the claim is a tenant's.
    pub fn end_pass(&mut self, uid: &str) -> bool {
        self.index.get_mut(uid).and_then(|holding| holding.before.as_mut()).is_some_and(|before| before.end_pass())
    }

    /// Returns whether the PAM may have executed a write of what an object claimed.
    #[must_use]
    pub fn is_in_doubt(&self, uid: &str, now: Timestamp) -> bool {
        self.index.get(uid).and_then(|holding| holding.before.as_ref()).is_some_and(|before| before.is_in_doubt(now))
    }

    /// Returns when the first claim that is in the way counts no longer, should nothing come of that claim: the claim of a
    /// tenant's object, or of an object that is gone.
    #[must_use]
    pub fn counts_until(&self, uid: &str, request: &ClaimRequest) -> Option<Timestamp> {
        let asked = Holding::asked(request);
        let others = asked.claims.iter().flat_map(|claim| self.index.others(uid, claim));
        let ends = others.filter_map(Holding::counts_until);
        ends.filter(|until| *until > request.now).min()
    }

    /// Notes that somebody has to mend an object's connection before the object can write: an object that uses another
    /// connection does not wait for it. `true` if that is news.
    pub fn hold_up(&mut self, uid: &str) -> bool {
        self.index.get_mut(uid).is_some_and(Holding::hold_up)
    }

    /// Notes that an object comes for no record, for now, whatever it claimed; `true` if it came for one.
    pub fn come_for_nothing(&mut self, uid: &str) -> bool {
        self.index.get(uid).is_some() && self.index.change(uid, Holding::come_for_nothing)
    }

    /// Returns whether an object would be in the way even if the record that is asked for were handed over.
    #[must_use]
    pub fn is_third_in_the_way(&self, uid: &str, name: &ObjectName, request: &ClaimRequest) -> bool {
        let asking = Asking { if_offered: true, ..Asking::of(uid, name, request) };
        self.index.first_taken(asking, &Holding::asked(request)).is_some()
    }

    /// Returns whether another object has the record.
    #[must_use]
    pub fn is_shared(&self, uid: &str, record: VaultRecord<'_>) -> bool {
        self.index.others(uid, &Claim::of(record, What::Record)).next().is_some()
    }

    // === What an object that is being deleted asks and does

    /// Returns which object gets the record: the one that has claimed it since the record was handed over, else the named
    /// one if it comes for the record, else one of the same namespace that comes for it, or may.
    ///
    /// What an object of another namespace wants counts for nothing unless it is named: otherwise anyone could keep a
    /// record from being disabled.
    #[must_use]
    pub fn heir(&self, uid: &str, record: &LeavingRecord) -> Option<ObjectName> {
        let vault = Arc::new(record.vault.clone());
        let claim = |what| Claim { vault: Arc::clone(&vault), what };
        let [takes, seeks] = [What::Takes, What::Seeks].map(|what| claim(what(record.id.clone())));
        let [at, wanted] =
            [What::At(record.key.device.clone()), What::Wanted(record.key.identifier.clone())].map(claim);
        let may_have = |holding: &&Holding| match &record.to {
            Some(to) => holding.name == *to,
            None => holding.name.namespace == record.namespace,
        };
        let may_come = self.index.others(uid, &at).filter(|holding| holding.may_want(record.key.account.as_ref()));
        let may_come = may_come.chain(self.index.others(uid, &wanted).filter(|holding| holding.is_undecided));
        let comes = self.index.others(uid, &seeks).chain(may_come).filter(may_have);
        let comes = comes.filter(|holding| holding.may_come_by(&record.connection));
        self.index.others(uid, &takes).chain(comes).next().map(|holding| holding.name.clone())
    }

    /// Takes an earlier offer of an object back, unless it is this one. What was claimed before stays claimed.
    pub fn retract(&mut self, uid: &str, record: &LeavingRecord) {
        if self.index.get(uid).is_some() {
            self.index.change(uid, |holding| holding.retract(record));
        }
    }

    /// Hands the record of an object over: the object that gets it may claim it now. `true` if that is news.
    pub fn offer(&mut self, uid: &str, record: &LeavingRecord) -> bool {
        self.index.change(uid, |holding| holding.offer(record))
    }

    /// Hands the record of an object over no longer; `false` if another object has the record, or has claimed it already.
    pub fn withdraw(&mut self, uid: &str, record: VaultRecord<'_>) -> bool {
        let is_taken =
            self.is_shared(uid, record) || self.index.others(uid, &Claim::of(record, What::Takes)).next().is_some();
        if !is_taken {
            self.index.change(uid, Holding::withdraw);
        }
        !is_taken
    }

    /// Returns whether the record that is asked for is handed over to the asking object.
    #[must_use]
    pub fn is_offered(&self, uid: &str, name: &ObjectName, request: &ClaimRequest) -> bool {
        let Some(id) = &request.record else { return false };
        let has = Claim::of(VaultRecord { vault: &request.vault, id }, What::Record);
        self.index.others(uid, &has).any(|holding| holding.offers(Some(id), name))
    }

    /// Returns whether each other object that has the record that is asked for knows the record by that identifier. A
    /// record with another identifier has changed hands: it is no longer theirs to hand over.
    #[must_use]
    pub fn is_known_as(&self, uid: &str, request: &ClaimRequest, identifier: &str) -> bool {
        let Some(id) = &request.record else { return true };
        let has = Claim::of(VaultRecord { vault: &request.vault, id }, What::Record);
        let known = Claim { vault: Arc::new(request.vault.clone()), what: What::Identifier(identifier.to_owned()) };
        self.index.others(uid, &has).all(|holding| holding.claims.iter().any(|claim| claim.may_be(&known)))
    }

    /// Returns whether an object has claimed a record that is handed over.
    #[must_use]
    pub fn takes_over(&self, uid: &str) -> bool {
        let takes = |claim: &Claim| matches!(claim.what, What::Takes(_));
        self.index.get(uid).is_some_and(|holding| holding.claims.iter().any(takes))
    }

    // === What is asked of all

    /// Returns whether a list of that origin shows another record of this cluster than `id`.
    #[must_use]
    pub fn others_listed(&self, origin: &str, id: &str, listed: impl Fn(&str) -> bool) -> bool {
        self.index.claims().any(|claim| match &claim.what {
            What::Record(other) => claim.vault.origin == origin && other != id && listed(other),
            _ => false,
        })
    }
}

#[cfg(test)]
mod departures;
#[cfg(test)]
mod heirs;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod tenants;
#[cfg(test)]
mod tests;
