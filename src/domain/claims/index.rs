//! What each object has and wants, and which objects have or want one thing.

use std::collections::{BTreeSet, HashMap};

use super::holding::Holding;
use super::what::{Claim, ClaimKey};

/// What each object has and wants, by uid, with an index by what is had or wanted.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    holdings: HashMap<String, Holding>,
    /// The objects that have something, or want it.
    pub(super) holders: HashMap<ClaimKey, BTreeSet<String>>,
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
}
