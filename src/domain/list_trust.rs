//! When a connection's list may be believed (P4, P7).
//!
//! The list is scoped by the authorization, and a proxy may cut it: a record that it lacks need not be gone. A list that
//! ended early, or that lacks or shows moved more of the known records than can be chance, holds first pushes, corrections and
//! disables back until another list comes, or a person confirms the number of missing records.

use super::confirmation::{Confirmation, UnusedValue};

/// A list that lacks, or shows moved, more records than this, and more than a tenth of the known ones, is not this vault's list.
const CHANCE: usize = 3;

/// What a list shows of the records that are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListCounts {
    /// Records that are known, of objects that would be told.
    pub known: usize,
    /// Those that the list lacks or shows elsewhere, and of which no object was told so.
    pub lost: usize,
    /// Records whose `change` went backwards.
    pub older: usize,
}

/// Whether a list can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListVerdict {
    /// It can.
    Complete {
        /// Records whose `change` went backwards.
        older: usize,
    },
    /// It ended early.
    EndedEarly,
    /// It was not kept, since there is no room beside the other lists of tenants.
    NotKept,
    /// It lacks, or shows moved, many of the known records.
    Missing {
        /// So many.
        missing: usize,
        /// Of so many.
        of: usize,
    },
}

/// What the last list showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListFinding {
    /// How many records it held.
    pub records: usize,
    /// Whether it can be believed.
    pub verdict: ListVerdict,
}

/// What is known of the last list of one connection, and whether a person confirmed what it lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListTrust {
    finding: Option<ListFinding>,
    is_confirmed: bool,
    confirmation: Confirmation,
}

impl ListTrust {
    /// Takes up what an earlier process left in the connection's status; `is_held`: its condition says that the list cannot be
    /// trusted. Whether the annotation's value was there before that is not known any more: it counts once it is set again.
    #[must_use]
    pub fn restored(finding: Option<ListFinding>, is_held: bool, annotation: Option<&str>) -> Self {
        let is_confirmed = !is_held && finding.is_some_and(|finding| finding.missing().is_some());
        Self { finding, is_confirmed, confirmation: Confirmation::restored(annotation.filter(|_| is_held)) }
    }

    /// Takes in the annotation that confirms, and the number that the status shows. A value confirms the number only while the last
    /// list lacks exactly that many: a number that is no longer true would release more than was shown.
    pub fn observe(&mut self, annotation: Option<&str>, shown: Option<usize>) {
        self.confirmation.observe(annotation);
        if self.is_held() {
            let shown = shown.filter(|_| shown == self.missing());
            self.is_confirmed = self.confirmation.take(shown).is_some();
        }
    }

    /// Returns what a list is worth. One that lacks no more than what a person confirmed is what that list was: each object
    /// is told by itself that its record is missing, and counts no more afterwards.
    #[must_use]
    pub fn verdict(&self, counts: ListCounts) -> ListVerdict {
        let ListCounts { known, lost, older } = counts;
        match self.finding.map(|finding| finding.verdict) {
            Some(confirmed @ ListVerdict::Missing { missing, .. })
                if self.is_confirmed && (1..=missing).contains(&lost) =>
            {
                confirmed
            }
            _ if lost > CHANCE && lost.saturating_mul(10) > known => ListVerdict::Missing { missing: lost, of: known },
            _ => ListVerdict::Complete { older },
        }
    }

    /// Takes in what the last list showed; `true` if that is news. Another number than was confirmed begins another hold.
    pub fn note(&mut self, finding: ListFinding) -> bool {
        let is_news = self.finding != Some(finding);
        let same_number = self.missing() == finding.missing();
        self.finding = Some(finding);
        if !same_number {
            self.is_confirmed = false;
            self.confirmation.begin();
        }
        is_news
    }

    /// Whether the last list cannot be trusted.
    #[must_use]
    pub fn is_held(&self) -> bool {
        match self.finding.map(|finding| finding.verdict) {
            None | Some(ListVerdict::Complete { .. }) => false,
            Some(ListVerdict::EndedEarly | ListVerdict::NotKept) => true,
            Some(ListVerdict::Missing { .. }) => !self.is_confirmed,
        }
    }

    /// What the last list showed.
    #[must_use]
    pub fn finding(&self) -> Option<ListFinding> {
        self.finding
    }

    /// Returns why the annotation's value confirms nothing, while that number is shown.
    #[must_use]
    pub fn unused_value(&self, shown: usize) -> Option<UnusedValue> {
        self.confirmation.unused_value(shown)
    }

    fn missing(&self) -> Option<usize> {
        self.finding.and_then(ListFinding::missing)
    }
}

impl ListFinding {
    fn missing(self) -> Option<usize> {
        match self.verdict {
            ListVerdict::Missing { missing, .. } => Some(missing),
            ListVerdict::Complete { .. } | ListVerdict::EndedEarly | ListVerdict::NotKept => None,
        }
    }
}

#[cfg(test)]
mod laws;
