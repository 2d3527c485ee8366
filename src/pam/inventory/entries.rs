//! One complete list of the entries of MySafe.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use super::state::{Listed, Outcome};
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

impl EntryRows {
    pub(super) fn push(&mut self, entry: ListedEntry) {
        self.texts += entry.text_length();
        self.entries.push(entry);
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
