//! One complete list of the entries of MySafe.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use super::state::{Listed, Outcome};
use super::table::NoRoom;
use crate::pam::safe_password::ListedEntry;

/// One complete list of the entries that the access key's user sees. It is not kept current with our own writes: an entry is
/// known by its identifier and its tag, whatever else a list shows of it.
pub struct EntrySnapshot {
    started: Instant,
    rows: EntryRows,
}

/// The rows of a list that arrives.
#[derive(Default)]
pub(super) struct EntryRows {
    entries: Vec<ListedEntry>,
    texts: usize,
}

/// The most bytes of memory that a list takes, of whichever connection: anybody whom MySafe lets share can share long entries
/// with the access key's user, as many as he likes. The next list, while it arrives, takes as much again.
const MOST_BYTES: usize = 16 << 20;

impl EntryRows {
    /// Adds an entry. Fails where the list takes more than a list may.
    pub(super) fn push(&mut self, entry: ListedEntry) -> Result<(), NoRoom> {
        self.texts += entry.text_length();
        self.entries.push(entry);
        if self.bytes() > MOST_BYTES { Err(NoRoom) } else { Ok(()) }
    }

    /// Returns how many bytes of memory the rows take.
    pub(super) fn bytes(&self) -> usize {
        self.texts + self.entries.capacity() * size_of::<ListedEntry>()
    }
}

impl EntrySnapshot {
    /// Returns the entries, in the order of the list.
    #[must_use]
    pub fn entries(&self) -> &[ListedEntry] {
        &self.rows.entries
    }

    /// Returns when the list began.
    #[must_use]
    pub const fn started(&self) -> Instant {
        self.started
    }
}

impl Listed for EntrySnapshot {
    type Rows = EntryRows;
    type Written = Infallible;

    async fn indexed(started: Instant, rows: EntryRows) -> Outcome<Self> {
        Ok(Arc::new(Self { started, rows }))
    }

    fn started(&self) -> Instant {
        self.started
    }

    fn bytes(&self) -> usize {
        self.rows.bytes()
    }

    fn note_written(&self, written: Infallible) {
        match written {}
    }
}

/// Shows no text.
impl fmt::Debug for EntrySnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntrySnapshot").field("entries", &self.rows.entries.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_takes_no_more_than_a_list_may_whatever_strangers_share() {
        let text = "x".repeat(8 << 10);
        let long = ListedEntry { name: text.clone(), url: text.clone(), tags: text, ..ListedEntry::default() };
        for (entry, usual) in [(long, 600), (ListedEntry { name: "mail".to_owned(), ..ListedEntry::default() }, 20_000)]
        {
            let mut rows = EntryRows::default();
            let kept = (0..1_000_000).take_while(|_| rows.push(entry.clone()).is_ok()).count();
            assert!(kept > usual && rows.bytes() < MOST_BYTES + (9 << 20), "{kept}: {}", rows.bytes());
        }
    }
}
