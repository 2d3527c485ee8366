//! Versions of objects.

/// One version of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The uid of the object.
    pub uid: String,
    /// The object's resourceVersion.
    pub resource_version: String,
}
