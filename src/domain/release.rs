//! Why an object may go.

/// Why a finalizer is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReleaseReason {
    /// `deletionPolicy` is `Retain`; the record stays as it is.
    Retained,
    /// Nothing was ever written for this object.
    NothingWritten,
    /// Another object keeps the record.
    HandedOver,
    /// The namespace is terminating, and its connection or Secret is gone already: the record stays enabled.
    LeftEnabled,
}
