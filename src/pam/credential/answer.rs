//! The PAM's answer to the `POST` of a credential.

use crate::domain::{RecordId, RecordIdentifier, TenantName};

/// The PAM's answer to the `POST` of a credential (API 2.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upserted {
    /// The record's id; digits in every sample (API 7 #15).
    pub id: RecordId,
    /// The record's effective identifier; `None` if the answer leaves it out (API 2.9).
    pub identifier: Option<RecordIdentifier>,
    /// Says whether the PAM made the record or changed it.
    pub effect: UpsertEffect,
    /// The tenant that answered; `None` if the answer leaves it out (API 1.7), or names none that can be one.
    pub tenant: Option<TenantName>,
}

/// Says whether a write made a record or changed one. The HTTP status is 201 for both; only the message tells (API 2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpsertEffect {
    /// "Credential successfully registered!"
    Created,
    /// "Credential updated successfully!"
    Updated,
    /// The message says neither.
    Unstated,
}
