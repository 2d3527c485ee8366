//! What the pages or real clients do and a strict reader might refuse.

use serde::{Deserialize, Serialize};

/// What requests may look like beside JSON with the documented keys. All is permitted by default; a test that wants its
/// client held to the narrowest form turns these off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "independent knobs, each named at its use")]
pub struct Permits {
    /// Whether bodies of resources may be URL-encoded forms, as the pages of every version say.
    pub forms: bool,
    /// Whether a GET may have a query, which is not looked at. Other calls never may.
    pub query: bool,
    /// Whether the path of GET and DELETE of a record may name it by its identifier.
    pub identifier_in_path: bool,
    /// Whether `"identifier": null` in a POST is an absent identifier.
    pub null_identifier: bool,
}

impl Permits {
    /// Nothing but what every page shows.
    pub const NOTHING: Self = Self { forms: false, query: false, identifier_in_path: false, null_identifier: false };
}

impl Default for Permits {
    fn default() -> Self {
        Self { forms: true, query: true, identifier_in_path: true, null_identifier: true }
    }
}
