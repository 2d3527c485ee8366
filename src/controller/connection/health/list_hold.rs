//! The namespaces that wait for a list that can be trusted.

use std::collections::BTreeSet;

/// The namespaces for which a list cannot be trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ListHold {
    /// All of them.
    pub(crate) all: bool,
    /// These by themselves.
    pub(crate) namespaces: BTreeSet<String>,
}

impl ListHold {
    /// Returns what was held and is not held any more.
    pub(super) fn without(&self, now: &Self) -> Self {
        if now.all {
            return Self::default();
        }
        let released = |namespace: &&String| !now.namespaces.contains(*namespace);
        Self { all: self.all, namespaces: self.namespaces.iter().filter(released).cloned().collect() }
    }

    /// Returns whether there is no namespace.
    pub(crate) fn is_empty(&self) -> bool {
        !self.all && self.namespaces.is_empty()
    }

    /// Returns whether a namespace is one of these.
    pub(crate) fn contains(&self, namespace: &str) -> bool {
        self.all || self.namespaces.contains(namespace)
    }
}
