//! What a list shows of the records that are known, and what that makes of the list.

use std::collections::BTreeMap;

/// A list that lacks, or shows moved, more records than this, and more than a tenth of the known ones, is not this vault's list.
const CHANCE: usize = 3;

/// The most namespaces that are held by themselves. Where more lack records, all namespaces are held.
const NAMESPACES: usize = 32;

/// What a list shows of the records of a namespace that are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListCounts {
    /// Records that are known, of objects that would be told.
    pub known: usize,
    /// Those that the list lacks or shows elsewhere, and of which no object was told so.
    pub lost: usize,
    /// Records whose `change` went backwards.
    pub older: usize,
}

/// So many of the known records are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MissingRecords {
    /// So many,
    pub missing: usize,
    /// of so many.
    pub of: usize,
}

/// Whether a list can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListVerdict {
    /// It can, but for the namespaces that are held by themselves.
    Complete {
        /// Records whose `change` went backwards.
        older: usize,
    },
    /// It ended early.
    EndedEarly,
    /// It was not kept, since there is no room beside the other lists of tenants.
    NotKept,
    /// It lacks, or shows moved, many of the known records.
    Missing(MissingRecords),
}

/// What the last list showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListFinding {
    /// How many records it held.
    pub records: usize,
    /// Whether it can be believed.
    pub verdict: ListVerdict,
    /// The namespaces that lack records by themselves, while the list can be believed for the others.
    pub namespaces: BTreeMap<String, MissingRecords>,
}

impl ListFinding {
    /// Returns a finding that concerns all namespaces alike.
    #[must_use]
    pub fn of_all(records: usize, verdict: ListVerdict) -> Self {
        Self { records, verdict, namespaces: BTreeMap::new() }
    }

    /// How many records are missing, where all namespaces are held for that.
    #[must_use]
    pub fn missing(&self) -> Option<usize> {
        match self.verdict {
            ListVerdict::Missing(MissingRecords { missing, .. }) => Some(missing),
            ListVerdict::Complete { .. } | ListVerdict::EndedEarly | ListVerdict::NotKept => None,
        }
    }
}

impl MissingRecords {
    /// Whether a list that lacks so many lacks no more than this one did.
    pub(super) fn covers(self, lost: usize) -> bool {
        (1..=self.missing).contains(&lost)
    }
}

/// Returns what a list is worth. Namespaces whose missing records a person confirmed are left out of the count of the others.
pub(super) fn judge(
    records: usize,
    counts: &BTreeMap<String, ListCounts>,
    confirmed: &BTreeMap<String, MissingRecords>,
) -> ListFinding {
    let open = || counts.iter().filter(|(namespace, _)| !confirmed.contains_key(*namespace));
    let all = open().fold(ListCounts::default(), |sum, (_, counts)| sum.plus(counts));
    let mut lacking: BTreeMap<_, _> = open()
        .filter(|(_, counts)| counts.is_more_than_chance())
        .map(|(namespace, counts)| (namespace.clone(), counts.missing()))
        .collect();
    let is_explained = || open().any(|(_, one)| all.without(one).vouches());
    if all.is_more_than_chance() && !is_explained() || lacking.len() > NAMESPACES {
        return ListFinding::of_all(records, ListVerdict::Missing(all.missing()));
    }
    lacking.extend(confirmed.iter().map(|(namespace, missing)| (namespace.clone(), *missing)));
    let older = counts.values().map(|counts| counts.older).sum();
    ListFinding { records, verdict: ListVerdict::Complete { older }, namespaces: lacking }
}

impl ListCounts {
    fn plus(self, other: &Self) -> Self {
        Self { known: self.known + other.known, lost: self.lost + other.lost, older: self.older + other.older }
    }

    fn without(self, other: &Self) -> Self {
        Self { known: self.known - other.known, lost: self.lost - other.lost, older: self.older - other.older }
    }

    fn missing(&self) -> MissingRecords {
        MissingRecords { missing: self.lost, of: self.known }
    }

    pub(super) fn is_more_than_chance(&self) -> bool {
        self.lost > CHANCE && self.lost.saturating_mul(10) > self.known
    }

    /// Whether these records show that the list is this vault's: most of them are as they are known, and no more of them are
    /// missing than can be chance. Where there are no others, nothing shows it.
    fn vouches(&self) -> bool {
        !self.is_more_than_chance() && self.lost.saturating_mul(2) < self.known
    }
}
