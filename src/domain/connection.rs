//! The connection of an object, as far as decisions depend on it.

use super::Reason;

/// The connection of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Connection {
    /// There is none of that name.
    #[default]
    Missing,
    /// It is not ready, for that reason.
    NotReady(Reason),
    /// It is ready.
    Ready,
}
