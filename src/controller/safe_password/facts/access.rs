//! What the rules of a connection say to an object, and in which words.

use crate::controller::connection::access_rules::rules;
use crate::controller::connection::object::AnyConnection;
use crate::controller::runtime::namespaces::Namespaces;
use crate::domain::{Claim, Denial, Grants, access};

/// Returns what an object of that namespace may do with the connection, or why it may not use the connection.
pub(crate) fn permitted(
    namespace: &str,
    connection: &AnyConnection,
    namespaces: &Namespaces,
) -> Result<Grants, Denial> {
    let wants = Grants { my_safe: true, ..Grants::default() };
    let claim = Claim { namespace, identifier: (None, ""), hostname: None, wants };
    access(rules(connection, namespace, namespaces).as_deref(), &[], &claim)
}

/// Returns why an object may not use a connection, and which rule would help. Other namespaces' rules stay unsaid.
pub(crate) fn denied(denial: &Denial, namespace: &str, connection: &AnyConnection) -> String {
    let name = connection.id();
    let (why, remedy) = match denial {
        Denial::Lacks { rule: Some(index), .. } => (
            format!("spec.access[{index}] of {name} is for namespace {namespace}, but does not allow MySafe"),
            format!("add MySafe to allow of spec.access[{index}]"),
        ),
        _ => (
            format!("no rule in spec.access of {name} allows MySafe to namespace {namespace}"),
            format!("add one whose namespaces has {namespace} among its names, with allow: [\"MySafe\"]"),
        ),
    };
    format!("Nothing was written: {why}. To fix this, ask the connection's owner to {remedy}")
}
