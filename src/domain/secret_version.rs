//! The version of a Secret, by which a change of it is noticed.

/// One version of one Secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SecretVersion {
    /// Name of the Secret.
    pub name: String,
    /// Uid of the Secret.
    pub uid: String,
    /// The resourceVersion of the Secret.
    pub resource_version: String,
}
