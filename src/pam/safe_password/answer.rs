//! MySafe's answers to the `POST` and the `PUT` of an entry.

use crate::domain::RecordId;

/// MySafe's answer to the `POST` of an entry (API 5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedEntry {
    /// The identifier that MySafe gave the entry: digits.
    pub identifier: RecordId,
    /// Says whether the entry is shared as it was asked for.
    pub sharing: Sharing,
}

/// Says whether an entry is shared as a request asked for. The write itself was done in either case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// MySafe names no problem.
    Complete,
    /// MySafe names a problem (`shared_error`, whose form is not documented).
    Incomplete {
        /// The names that the request sent and that the problem mentions; nothing else is kept of the problem. Empty if it
        /// mentions none of them.
        names: Vec<String>,
    },
}
