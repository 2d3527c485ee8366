//! The book of claims: who has what, where, and who would like to.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{Taken, Wish};
use crate::controller::runtime::object_id::NamespacedName;
use crate::pam::VaultId;

#[derive(Debug, Default)]
pub(crate) struct Book {
    /// The uids of those that are there. A pass may still be under way when its object is gone: it books nothing.
    pub(crate) living: HashSet<String>,
    /// By uid.
    pub(crate) owners: HashMap<String, Owner>,
    /// Who has what, or would like to, by uid.
    pub(crate) holders: HashMap<Spot, BTreeSet<String>>,
}

/// Something that can be had, at one origin.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Spot {
    pub(crate) origin: String,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum What {
    /// One at a time has an identifier,
    Identifier(String),
    /// and an account.
    Account(String),
    /// Several may have a device, if they write the same onto it.
    Device(String),
    /// A record, by its id.
    Record(String),
    /// An identifier that somebody would like to have, or has.
    Wish(String),
}

/// What an object had, and what it wrote onto the device.
type Had = (Vec<(VaultId, What)>, Option<String>);

/// What one object has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Owner {
    pub(crate) key: NamespacedName,
    /// What is written onto the device.
    pub(crate) block: Option<String>,
    /// What its spec would write onto it.
    pub(crate) wanted: Option<String>,
    pub(crate) has: Vec<(VaultId, What)>,
    /// The wish is one of a tenant's own connection.
    pub(crate) by_tenant: bool,
    /// What it had before a claim of which nothing came yet, and what was written onto the device then.
    pub(crate) before: Option<Had>,
}

impl What {
    /// Whether it is one of those that are claimed before they are written.
    pub(crate) const fn is_exclusive(&self) -> bool {
        matches!(self, Self::Identifier(_) | Self::Account(_) | Self::Device(_))
    }

    /// Whether a status says it by itself.
    pub(crate) const fn is_of_status(&self) -> bool {
        matches!(self, Self::Identifier(_) | Self::Record(_))
    }
}

impl Owner {
    /// Notes what its spec would write onto the device; `true` if that is something else than before. Whoever writes
    /// nothing onto it any more has it no longer.
    pub(crate) fn wants(&mut self, block: Option<String>) -> bool {
        let news = self.has_device() && self.wanted != block;
        self.wanted = block;
        if self.wanted.is_none() {
            self.block = None;
            self.has.retain(|(_, what)| !matches!(what, What::Device(_)));
        }
        news
    }

    pub(crate) fn has_device(&self) -> bool {
        self.has.iter().any(|(_, what)| matches!(what, What::Device(_)))
    }

    /// Whether it has something of that kind already.
    pub(crate) fn has_like(&self, what: &What) -> bool {
        self.has.iter().any(|(_, had)| std::mem::discriminant(had) == std::mem::discriminant(what))
    }

    /// Whether something that others may wait for is free once it has that instead.
    pub(crate) fn frees(&self, next: &Self) -> bool {
        let is_freed = |claim: &(VaultId, What)| match claim.1 {
            What::Identifier(_) | What::Account(_) => !next.has.contains(claim),
            What::Device(_) => self.block != next.block || !next.has.contains(claim),
            What::Record(_) | What::Wish(_) => false,
        };
        self.has.iter().any(is_freed)
    }

    /// It has that instead of what it had. What it had is remembered until something came of the claim.
    pub(crate) fn claim(&mut self, asked: Self) {
        let (had, stays) = std::mem::take(&mut self.has).into_iter().partition(|(_, what)| what.is_exclusive());
        let block = std::mem::replace(&mut self.block, asked.block);
        self.before.get_or_insert((had, block));
        self.has = stays;
        self.has.extend(asked.has);
    }

    pub(crate) fn spots(&self) -> impl Iterator<Item = Spot> {
        self.has.iter().map(|(place, what)| Spot { origin: place.origin.clone(), what: what.clone() })
    }
}

impl Book {
    /// Takes an object out of the book, with all it has.
    pub(crate) fn take(&mut self, uid: &str) -> Owner {
        let owner = self.owners.remove(uid).unwrap_or_default();
        for spot in owner.spots() {
            if let Some(uids) = self.holders.get_mut(&spot) {
                uids.remove(uid);
                if uids.is_empty() {
                    self.holders.remove(&spot);
                }
            }
        }
        owner
    }

    /// Puts an object into the book.
    pub(crate) fn put(&mut self, uid: String, owner: Owner) {
        for spot in owner.spots() {
            self.holders.entry(spot).or_default().insert(uid.clone());
        }
        self.owners.insert(uid, owner);
    }

    /// Gives an owner what its status says. What another has stays that one's; an account or a device that a pass claimed
    /// is newer than the status, and so is an identifier that is just being sent.
    pub(crate) fn recall(&self, uid: &str, owner: &mut Owner, place: &VaultId, has: Vec<What>) {
        let in_flight = owner.before.is_some();
        owner.has.retain(|(_, what)| in_flight && matches!(what, What::Identifier(_)) || !what.is_of_status());
        for what in has {
            let claim = (place.clone(), what);
            let is_free = || !owner.has_like(&claim.1) && self.taken(uid, owner, &claim).is_none();
            if matches!(claim.1, What::Record(_)) || is_free() {
                owner.has.push(claim);
            }
        }
    }

    /// The others who have that, at a place that is not surely another.
    pub(crate) fn others<'a>(
        &'a self,
        uid: &'a str,
        (place, what): &'a (VaultId, What),
    ) -> impl Iterator<Item = &'a Owner> {
        let spot = Spot { origin: place.origin.clone(), what: what.clone() };
        let uids = self.holders.get(&spot).into_iter().flatten().filter(move |other| *other != uid);
        let owners = uids.filter_map(|other| self.owners.get(other));
        owners.filter(move |owner| owner.has.iter().any(|(other, had)| had == what && place.may_be(other)))
    }

    /// Who stands in the way of that.
    pub(crate) fn taken(&self, uid: &str, asked: &Owner, claim: &(VaultId, What)) -> Option<Taken> {
        let mut others = self.others(uid, claim);
        match claim.1 {
            What::Identifier(_) => others.next().map(|owner| Taken::Identifier(owner.key.clone())),
            What::Account(_) => others.next().map(|owner| Taken::Account(owner.key.clone())),
            What::Device(_) => {
                // Who would write the same, and waits for us to do so, does not stand in the way.
                let differs = |owner: &&Owner| owner.block != asked.block && owner.wanted != asked.block;
                others.find(differs).map(|owner| Taken::Device(owner.key.clone()))
            }
            // Which account that is, its status does not tell where the username is in a Secret.
            What::Record(_) => others.next().map(|owner| Taken::Account(owner.key.clone())),
            What::Wish(_) => None,
        }
    }

    /// Who has any of what is asked for, or the record that would be written.
    pub(crate) fn first_taken(&self, uid: &str, asked: &Owner, wish: &Wish) -> Option<Taken> {
        let record = wish.record.clone().map(|id| (wish.place.clone(), What::Record(id)));
        asked.has.iter().chain(&record).find_map(|claim| self.taken(uid, asked, claim))
    }
}
