//! Which connections have objects that a regular list may have news of. The poller asks for that every few seconds, however
//! many objects there are.

use std::collections::BTreeMap;

use crate::controller::connection::object::ConnectionId;

/// How many such objects of each kind each connection has; no entry is 0.
#[derive(Debug, Default)]
pub(super) struct Listed(BTreeMap<String, BTreeMap<ConnectionId, usize>>);

impl Listed {
    /// Counts one object more, or one less.
    pub(super) fn count(&mut self, kind: &str, connection: &ConnectionId, more: bool) {
        let of_kind = self.0.entry(kind.to_owned()).or_default();
        let count = of_kind.entry(connection.clone()).or_default();
        *count = if more { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            of_kind.remove(connection);
        }
    }

    /// Returns the connections that have such objects of a kind.
    pub(super) fn connections_of(&self, kind: &str) -> Vec<ConnectionId> {
        self.0.get(kind).into_iter().flat_map(BTreeMap::keys).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_named_once_for_as_long_as_an_object_of_the_kind_needs_its_list() {
        let (mut listed, kind) = (Listed::default(), "PamCredential");
        let [a, b] = ["a", "b"].map(|name| ConnectionId::new("", name));
        for connection in [&a, &a, &b] {
            listed.count(kind, connection, true);
        }
        listed.count("MySafePassword", &a, true);
        assert_eq!(listed.connections_of("PamCredential"), [a.clone(), b.clone()]);
        listed.count(kind, &a, false);
        listed.count(kind, &b, false);
        assert_eq!(listed.connections_of("PamCredential"), std::slice::from_ref(&a));
        listed.count(kind, &a, false);
        assert_eq!(listed.connections_of("PamCredential"), []);
        assert_eq!(listed.connections_of("MySafePassword"), [a]);
    }
}
