//! The records that we wrote after a list was taken, found by the keys by which the list's own are found. A cold start writes ten
//! thousand of them behind one list, and each look would compare them all.

use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;

use super::account::Keys;
use super::table::Row;
use crate::pam::credential::ListedCredential;

/// Holds the newest form of each record that we wrote.
#[derive(Default)]
pub(super) struct Written {
    records: Vec<ListedCredential>,
    by_id: HashMap<String, usize>,
    /// The hash of each key of each record, and the record's position.
    keys: BTreeSet<(u64, usize)>,
}

impl Written {
    /// Returns the record with this id.
    pub(super) fn get(&self, id: &str) -> Option<&ListedCredential> {
        self.records.get(*self.by_id.get(id)?)
    }

    /// Returns true if a record with this id was written.
    pub(super) fn contains(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    /// Adds a record, in place of an earlier form of it. `hasher` is always the same.
    pub(super) fn insert(&mut self, record: ListedCredential, hasher: &impl BuildHasher) {
        let position = self.by_id.get(&*record.id).copied().unwrap_or(self.records.len());
        self.keys.extend(hashes(&record, hasher).map(|hash| (hash, position)));
        if let Some(place) = self.records.get_mut(position) {
            let kept: Vec<u64> = hashes(&record, hasher).collect();
            let former = std::mem::replace(place, record);
            for hash in hashes(&former, hasher).filter(|hash| !kept.contains(hash)) {
                self.keys.remove(&(hash, position));
            }
        } else {
            self.by_id.insert(record.id.to_string(), position);
            self.records.push(record);
        }
    }

    /// Returns the records of which a key has one of these hashes, in the order in which they were first written, but no more than
    /// `most` of each. The caller compares them: two keys may have one hash.
    pub(super) fn with(&self, hashes: &[u64], most: usize) -> impl Iterator<Item = Row<'_>> {
        let of =
            |hash: &u64| self.keys.range((*hash, 0)..=(*hash, usize::MAX)).take(most).map(|(_, position)| *position);
        let positions: BTreeSet<usize> = hashes.iter().flat_map(of).collect();
        positions.into_iter().filter_map(|position| self.records.get(position)).map(Row::of)
    }
}

/// Returns the hashes of the keys that a record is found by.
fn hashes(record: &ListedCredential, hasher: &impl BuildHasher) -> impl Iterator<Item = u64> {
    let row = Row::of(record);
    let loose = Keys::loose(row);
    let of_account = [Keys::of(row).account(hasher), loose.at_hostname(hasher), loose.at_ip(hasher)];
    row.identifier.map(|text| hasher.hash_one(text)).into_iter().chain(of_account)
}
