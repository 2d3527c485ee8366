//! What is known of each connection beyond its login.

use std::collections::HashMap;
use std::sync::Mutex;

use super::any_connection::AnyConnection;
use super::versions::Key;

pub(super) struct InventoryFinding {
    pub(super) records: usize,
    pub(super) verdict: InventoryVerdict,
}

pub(super) enum InventoryVerdict {
    Complete { older: usize },
    EndedEarly,
    Missing { missing: usize, of: usize },
}

#[derive(Default)]
pub(super) struct Standings {
    incomplete: Mutex<HashMap<Key, bool>>,
}

impl Standings {
    pub(super) fn inventory(&self, key: &Key, finding: InventoryFinding) {
        let incomplete = !matches!(finding.verdict, InventoryVerdict::Complete { .. });
        self.incomplete.lock().unwrap().insert(key.clone(), incomplete);
    }

    pub(super) fn is_incomplete(&self, key: &Key) -> bool {
        self.incomplete.lock().unwrap().get(key).copied().unwrap_or_default()
    }

    pub(super) fn is_confirmed(&self, _: &AnyConnection, _: usize) -> bool {
        false
    }
}
