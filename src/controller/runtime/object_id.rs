//! What has passes of its own.

use crate::controller::runtime::metadata_cache::Key;

/// A credential or a connection, by namespace and name. A cluster connection has an empty namespace; a tenant's
/// connection may well have the namespace and name of a credential.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ObjectId {
    /// A `PamCredential`.
    Credential(Key),
    /// A `ClusterPamConnection` or `PamConnection`.
    Connection(Key),
}
