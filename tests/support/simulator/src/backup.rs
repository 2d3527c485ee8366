//! A backup of the vault, and what comes back with it.

use crate::store::Store;

/// All records and devices as they were at one time, to be put back with [`crate::Simulator::restore`].
///
/// No `Debug`: it holds every value.
#[derive(Clone)]
pub struct Backup(pub(crate) Store);

impl Backup {
    /// How many records it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.records().count()
    }

    /// Whether it holds no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
