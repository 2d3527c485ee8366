//! The identifiers of a credential.

use crate::api::{PamCredential, PamCredentialStatus};
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::secret::digest::fingerprint;
use crate::domain::{generated_identifier, generated_under};

/// Returns the identifier that is sent. What was once sent stays: even if the cluster has another name now, or the spec was
/// edited while the identifier was first being sent (later the schema refuses that).
pub(crate) fn identifier(object: &PamCredential, status: &PamCredentialStatus, cluster_name: &str) -> String {
    let known = status.identifier.clone().or_else(|| object.spec.identifier.clone());
    known.unwrap_or_else(|| generated(&NamespacedName::of(object), cluster_name))
}

/// Returns the identifier that a cluster of that name generates.
pub(crate) fn generated(key: &NamespacedName, cluster_name: &str) -> String {
    generated_identifier(cluster_name, &key.namespace, &key.name, fingerprint)
}

/// Returns the name of the cluster that generates `identifier` for this object, if there is one.
pub(crate) fn generated_by<'a>(identifier: &'a str, key: &NamespacedName) -> Option<&'a str> {
    generated_under(identifier, &key.namespace, &key.name, fingerprint)
}
