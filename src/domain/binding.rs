//! Which vault the record of a status is in, compared with the vault where the connection leads now.

/// Where the record of a status is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Binding {
    /// The status has no record.
    #[default]
    Unbound,
    /// In the vault where the connection leads.
    Bound,
    /// In another vault.
    BoundElsewhere,
}
