//! The access rules of a connection, as they hold for one namespace.

use std::time::Duration;

use crate::api::{self, ConnectionKind};
use crate::controller::connection::object::AnyConnection;
use crate::controller::runtime::namespaces::Namespaces;
use crate::domain::{AccessRule, Grants};

/// What an access rule is read with, beside the object and its connection.
#[derive(Clone, Copy)]
pub(crate) struct Deciders<'a> {
    /// The name of this cluster, and then its former names.
    pub(crate) cluster_names: &'a [String],
    /// The labels of the namespaces.
    pub(crate) namespaces: &'a Namespaces,
}

/// The rules of a connection, for one namespace. A tenant's own has none: there it may do what the login can.
pub(crate) fn rules(connection: &AnyConnection, namespace: &str, namespaces: &Namespaces) -> Option<Vec<AccessRule>> {
    if connection.kind() == ConnectionKind::PamConnection {
        let all = Some(vec!["*".to_owned()]);
        return Some(vec![AccessRule { identifiers: all, grants: Grants::ALL, ..AccessRule::default() }]);
    }
    let labels = namespaces.labels(namespace);
    connection.access.as_ref().map(|rules| rules.iter().map(|rule| rule.in_namespace(labels.as_ref())).collect())
}

/// How long an object waits for the labels of its namespace, should their arrival not wake it.
const LABELS: Duration = Duration::from_secs(5);

/// Returns how long an object waits whose connection asks for labels of a namespace that has not been seen yet; `None` if it
/// does not. The arrival of the labels wakes the object. A status that says "denied" until then would fail an apply of
/// namespace and object together.
pub(crate) fn wait_for_labels(
    connection: Option<&AnyConnection>,
    namespace: &str,
    namespaces: &Namespaces,
) -> Option<Duration> {
    connection.filter(|connection| lacks_labels(connection, namespace, namespaces)).map(|_| LABELS)
}

/// Whether the rules ask for labels of a namespace that has not been seen yet: then nothing can be said of them.
fn lacks_labels(connection: &AnyConnection, namespace: &str, namespaces: &Namespaces) -> bool {
    let asks = |rule: &api::AccessRule| rule.namespaces.as_ref().is_some_and(|of| of.selector.is_some());
    connection.access.iter().flatten().any(asks) && namespaces.labels(namespace).is_none()
}
