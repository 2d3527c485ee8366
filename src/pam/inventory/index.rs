//! An index of a list: where the records with a key are.

/// Positions of records by the hash of a key, sorted: the upper half of the hash over the position. Two hashes cut to 32
/// bits are equal a few times in a hundred thousand records, so that the caller must compare the records.
pub(super) struct Index(Vec<u64>);

/// The hash of a record's key, and the record's position.
pub(super) struct Entry {
    pub(super) hash: u64,
    pub(super) position: u32,
}

const HASH: u64 = !POSITION;
const POSITION: u64 = 0xFFFF_FFFF;

impl Index {
    /// Returns an index of at most `most` entries.
    pub(super) fn new(most: usize, entries: impl Iterator<Item = Entry>) -> Self {
        let mut all = Vec::with_capacity(most);
        all.extend(entries.map(|entry| (entry.hash & HASH) | u64::from(entry.position)));
        all.sort_unstable();
        all.shrink_to_fit();
        Self(all)
    }

    /// Returns the positions of all records whose key may have this hash, in the order of the list.
    pub(super) fn positions(&self, hash: u64) -> impl Iterator<Item = u32> {
        let hash = hash & HASH;
        let first = self.0.partition_point(|entry| *entry < hash);
        let found = self.0[first..].iter().take_while(move |entry| **entry & HASH == hash);
        found.filter_map(|entry| u32::try_from(entry & POSITION).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_positions_of_a_hash_are_found_and_no_others() {
        let entries = [(7 << 32, 3), ((7 << 32) + 99, 0), (8 << 32, 1), (u64::MAX, u32::MAX), (0, 2), (7 << 32, 1)];
        let index = Index::new(entries.len(), entries.into_iter().map(|(hash, position)| Entry { hash, position }));
        let found = |hash: u64| index.positions(hash).collect::<Vec<_>>();
        assert_eq!(found(7 << 32), [0, 1, 3]);
        assert_eq!((found(8 << 32), found(u64::MAX), found(0)), (vec![1], vec![u32::MAX], vec![2]));
        assert_eq!((found(6 << 32), found(9 << 32)), (vec![], vec![]));
        assert_eq!(Index::new(0, std::iter::empty()).positions(0).count(), 0);
    }
}
