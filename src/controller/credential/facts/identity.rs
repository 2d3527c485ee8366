//! The identifiers of a credential.

use crate::api::{PamCredential, PamCredentialStatus};
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::secret::digest::fingerprint;
use crate::domain::credential::CONTENT;
use crate::domain::{Compared, Keyed, RecordIdentifier, generated_identifier, generated_under};

/// So many bytes has a value that is looked for in what the PAM says.
const SHORTEST_VALUE: usize = 6;

/// Returns the identifier that is sent. What was once sent stays: even if the cluster has another name now, or the spec was
/// edited while the identifier was first being sent (later the schema refuses that).
pub(crate) fn identifier(object: &PamCredential, status: &PamCredentialStatus, cluster_name: &str) -> String {
    let known = status.identifier.clone().or_else(|| object.spec.identifier.clone());
    known.unwrap_or_else(|| generated(&NamespacedName::of(object), cluster_name))
}

/// Returns whether a text of an answer or a list is a secret value of this credential, of which `digest` is the digest: a PAM
/// that echoes the value must not publish the value (P8). A value that is too short equals an id by chance.
pub(crate) fn is_value(text: &str, keyed: &dyn Keyed, digest: Option<&String>) -> bool {
    text.len() >= SHORTEST_VALUE && keyed.compare(digest, CONTENT, text.as_bytes()) == Compared::Same
}

/// Returns the identifier of a listed record as it may be shown.
pub(crate) fn listed(
    identifier: &RecordIdentifier,
    own: Option<&str>,
    is_value: impl Fn(&str) -> bool,
) -> RecordIdentifier {
    let hidden = own != Some(identifier) && is_value(identifier);
    if hidden { RecordIdentifier::of(RecordIdentifier::OTHER) } else { identifier.clone() }
}

/// Returns the identifier that a cluster of that name generates.
pub(crate) fn generated(key: &NamespacedName, cluster_name: &str) -> String {
    generated_identifier(cluster_name, &key.namespace, &key.name, fingerprint)
}

/// Returns the name of the cluster that generates `identifier` for this object, if there is one.
pub(crate) fn generated_by<'a>(identifier: &'a str, key: &NamespacedName) -> Option<&'a str> {
    generated_under(identifier, &key.namespace, &key.name, fingerprint)
}
