//! What the documentation leaves open, as knobs with a recorded default.
//!
//! Every default here is a guess to be checked against a real instance (API 11); a test that depends on
//! one should run under its alternatives too.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What a POST does when it matches a record outside the caller's authorization (API 2.6, caveats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outside {
    /// The record is seen and updated ("updated"), although the list does not show it.
    #[default]
    Update,
    /// The record is seen and refused with 1009.
    Refuse,
    /// The record is not seen: the same account or identifier comes into being a second time.
    Duplicate,
}

/// What a POST does when it matches a disabled record (API 2.6, caveats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inactive {
    /// It is updated and stays disabled, as the product's batch import does.
    #[default]
    Update,
    /// It is updated and enabled.
    Revive,
    /// It is refused with 1008.
    Refuse,
}

/// What a POST with a known identifier and another device does (API 2.6, caveats).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    /// The record moves to that device.
    #[default]
    Move,
    /// The record stays where it is; the other fields are written.
    Stay,
}

/// Ways in which documented samples of the answer differ from each other (API 1.7, 10.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "independent knobs, each named at its use")]
pub struct Envelope {
    /// Leave out the outermost `code`.
    pub omit_code: bool,
    /// Leave out `error_code`, `cod_erro` and `detail`.
    pub omit_error_code: bool,
    /// Say `Message` in place of `mensagem`.
    pub capital_message: bool,
    /// Write the record's id as a number.
    pub numeric_ids: bool,
    /// Leave out `tenant`.
    pub omit_tenant: bool,
}

/// The knobs. `Default` is the recorded guess for each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "independent knobs, each named at its use")]
pub struct Behaviour {
    /// A POST that matches a record outside the authorization; default: updates it.
    pub outside: Outside,
    /// A POST that matches a disabled record; default: updates it, and it stays disabled.
    pub inactive: Inactive,
    /// A POST by identifier that names another device; default: moves the record.
    pub moves: Move,
    /// Whether a POST without `content` moves `change`; default true.
    pub metadata_moves_change: bool,
    /// The tenant setting "allow registry of duplicate credentials"; default false: a rename or move onto
    /// an account that another visible-or-not record has is refused with 1052.
    pub duplicate_accounts: bool,
    /// Whether `additional_settings.identifier` counts when the outer one is absent or blank; default true.
    pub nested_identifier: bool,
    /// Whether the credential's own `domain` must be registered (1029); default false.
    pub domain_registered: bool,
    /// Whether the list shows disabled records; default true.
    pub list_inactive: bool,
    /// Whether the token call must name the tenant (as when called by address, API 1.2); default false.
    pub tenant_required: bool,
    /// Status of the gateway for a bad token: 401, or 403 as older gateways say (API 1.6).
    pub bad_token_status: u16,
    /// Shapes of the application's answers.
    pub envelope: Envelope,
    /// Domains that `device_domain` may name.
    pub domains: BTreeSet<String>,
    /// Plugins that JIT settings may name.
    pub plugins: BTreeSet<String>,
    /// Plugin templates that JIT settings may name.
    pub templates: BTreeSet<String>,
    /// Users that `user_credential_owner` may name; another one gives 500 "Unexpected error" (API 2.4).
    pub users: BTreeSet<String>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            outside: Outside::default(),
            inactive: Inactive::default(),
            moves: Move::default(),
            metadata_moves_change: true,
            duplicate_accounts: false,
            nested_identifier: true,
            domain_registered: false,
            list_inactive: true,
            tenant_required: false,
            bad_token_status: 401,
            envelope: Envelope::default(),
            domains: names(&["example.com", "lab.example.com"]),
            plugins: names(&["SSH", "LDAP"]),
            templates: names(&[
                "Linux - Create User",
                "Linux - Remove User",
                "AD - Activate User",
                "AD - Deactivate User",
            ]),
            users: names(&["admin"]),
        }
    }
}

fn names(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|&name| name.to_owned()).collect()
}
