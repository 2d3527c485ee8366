//! What the owner of a connection has to add before the records may be written.

use pam_operator::api::AccessRule;
use pam_operator::pam::ListedCredential;

use super::access::{Rule, Rules, adding, rule_for};

/// What the connection's owner has to add, so that the records may be written.
pub struct Patch {
    /// The JSON patch as YAML; `None` if the connection has no room for another rule.
    pub text: Option<String>,
    /// So many records need it.
    pub records: usize,
    /// True if the rule covers these records' identifiers and hostnames and no others.
    pub is_exact: bool,
}

/// Returns what the connection has to allow beyond what it does.
pub fn patch(chosen: &[&ListedCredential], rules: &Rules<'_>, written: Option<&[AccessRule]>) -> Option<Patch> {
    let denied: Vec<&ListedCredential> = chosen.iter().copied().filter(|record| !rules.allow(record)).collect();
    if denied.is_empty() {
        return None;
    }
    let Rule { rule, is_exact } = rule_for(rules.namespace, &denied);
    let text = adding(&rule, written).and_then(|steps| serde_saphyr::to_string(&steps).ok());
    Some(Patch { text, records: denied.len(), is_exact })
}
