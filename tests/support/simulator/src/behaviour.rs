//! What the documentation leaves open, as knobs with a recorded default.
//!
//! Every default here is a guess to be checked against a real instance (API 11); a test that depends on
//! one should run under its alternatives too.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::addresses::Addresses;
use crate::call::Kind;
use crate::device_rules::DeviceRules;
use crate::form::{Criticality, NotesPlace, SettingsForm, ValueForm};
use crate::permits::Permits;
use crate::reading::Reading;
use crate::rotation::Rotation;
use crate::safe::SafeRules;

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
    /// It is refused with 1008 (up to 3.32: 1017).
    Refuse,
    /// It is not seen: the same account or identifier comes into being a second time.
    Duplicate,
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

/// What a path prefix reaches (API 0.3, 1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Nothing: the gateway has no such route.
    Nothing,
    /// The token endpoint alone.
    Token,
    /// MySafe and a token endpoint that knows its access keys alone.
    MySafe,
    /// The token endpoint and all resources.
    Everything,
}

/// How a token call may carry client id and secret (API 1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenRequest {
    /// Either way, but not both at once.
    #[default]
    Either,
    /// In the form.
    Form,
    /// As HTTP Basic; the form has the grant type only.
    Basic,
}

/// What the answer to a POST says about the record's identifier (API 2.7, 2.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// What the record has.
    Stored,
    /// Null for a record that this call made, be it sent or not; else what the record has.
    NullWhenNew,
    /// Null.
    Null,
    /// The key is left out.
    Missing,
}

/// Under which keys the envelope of a call has its message (API 1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Messages {
    /// `message` and `mensagem`.
    Both,
    /// `message` and `Message`.
    Capital,
    /// `mensagem` alone.
    MensagemOnly,
    /// `Message` alone.
    CapitalOnly,
}

/// Ways in which documented samples of the answer differ from each other (API 1.7, 10.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "independent knobs, each named at its use")]
pub struct Envelope {
    /// Leave out the outermost `code`.
    pub omit_code: bool,
    /// Leave out `error_code`, `cod_erro` and `detail`, which reads and refused POSTs up to 3.32 lack anyway.
    pub omit_error_code: bool,
    /// Say `Message` in place of `mensagem`, in every call that [`Behaviour::messages`] does not name.
    pub capital_message: bool,
    /// Write the record's id as a number.
    pub numeric_ids: bool,
    /// Leave out `tenant`.
    pub omit_tenant: bool,
    /// Say `"0"`/`"1"` in place of booleans in the list, as 3.32 does anyway.
    pub digit_booleans: bool,
}

/// The knobs. `Default` is the recorded guess for each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "independent knobs, each named at its use")]
pub struct Behaviour {
    /// What requests may look like beside the narrowest form; default: anything that the pages or real clients do.
    pub permits: Permits,
    /// How addresses of devices are compared; default: by their text.
    pub addresses: Addresses,
    /// How the vault rotates by itself; default: a second after a release of custody.
    pub rotation: Rotation,
    /// How the vault hands out values, and what custody is; default: as the pages have it.
    pub reading: Reading,
    /// What devices do.
    pub devices: DeviceRules,
    /// What MySafe does.
    pub my_safe: SafeRules,
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
    /// Whether the credential's own `domain` must be registered (1029); absent: as that version documents.
    pub domain_registered: Option<bool>,
    /// Whether the lists show disabled records and devices; default true.
    pub list_inactive: bool,
    /// Whether the `response` of the list of records has `status` and `message` alone, as in a shortened sample; default
    /// false.
    pub short_list: bool,
    /// Whether calls about one record outside the authorization say that there is none (1007) in place of
    /// 1009; default false.
    pub outside_is_unknown: bool,
    /// What `/iso` reaches; absent: what it does in that version.
    pub iso: Option<Reach>,
    /// What `/api` reaches; absent: what it does in that version.
    pub api: Option<Reach>,
    /// The whole path of the token endpoint, which is nowhere else then; absent: under the prefixes.
    pub token_path: Option<String>,
    /// How a token call may carry client id and secret; default: either way.
    pub token_request: TokenRequest,
    /// Whether the token call must name the tenant (as when called by address, API 1.2); default false.
    pub tenant_required: bool,
    /// Whether a client's restrictions ([`crate::Authorization::certificate`] and `referrer`) hold for its
    /// token calls too, and not for its resources alone; default true.
    pub restrict_token_calls: bool,
    /// Status of the gateway for a bad token: 401, or 403 as older gateways say (API 1.6).
    pub bad_token_status: u16,
    /// Shapes of the application's answers.
    pub envelope: Envelope,
    /// Under which keys single kinds of calls have their message; absent: from 3.33 on `Capital` for PUT of a record and
    /// DELETE of a device, `Both` for all others.
    pub messages: BTreeMap<Kind, Messages>,
    /// What the answer to a POST says about the identifier; absent: what that version's samples do.
    pub answered_identifier: Option<Answered>,
    /// What `additional_settings` may be; absent: what that version documents.
    pub additional_settings: Option<SettingsForm>,
    /// Where `notes` may stand; absent: where that version documents it.
    pub notes: Option<NotesPlace>,
    /// Whether `use_own_credential_to_connect: false` needs the three `authentication_*` beside it; absent:
    /// as that version documents.
    pub authentication_required: Option<bool>,
    /// How switches may be written; default: as booleans.
    pub booleans: ValueForm,
    /// How numbers may be written; default: as integers.
    pub numbers: ValueForm,
    /// Which words `criticality` takes; default: the three that are documented, ignoring case.
    pub criticality: Criticality,
    /// Whether plugins and templates of the execution settings must be registered (1046, 1047), as those of
    /// JIT settings must; default false.
    pub execution_plugins_registered: bool,
    /// Whether other credentials that a POST names must exist and be visible (1007): `parent_password` and each
    /// account in the settings; default false.
    pub references_exist: bool,
    /// Whether a settings block replaces the whole one that the record had; default false: keys that are not sent stay.
    pub blocks_replaced: bool,
    /// Whether JIT settings may have both modes on; default true, as the sample of 3.32 has them side by side.
    pub both_jit_modes: bool,
    /// Domains that `device_domain` may name.
    pub domains: BTreeSet<String>,
    /// Plugins that settings may name.
    pub plugins: BTreeSet<String>,
    /// Plugin templates that settings may name.
    pub templates: BTreeSet<String>,
    /// Users that `user_credential_owner` may name; another one gives 500 "Unexpected error" (API 2.4).
    pub users: BTreeSet<String>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            permits: Permits::default(),
            addresses: Addresses::default(),
            rotation: Rotation::default(),
            reading: Reading::default(),
            devices: DeviceRules::default(),
            my_safe: SafeRules::default(),
            outside: Outside::default(),
            inactive: Inactive::default(),
            moves: Move::default(),
            metadata_moves_change: true,
            duplicate_accounts: false,
            nested_identifier: true,
            domain_registered: None,
            list_inactive: true,
            short_list: false,
            outside_is_unknown: false,
            iso: None,
            api: None,
            token_path: None,
            token_request: TokenRequest::default(),
            tenant_required: false,
            restrict_token_calls: true,
            bad_token_status: 401,
            envelope: Envelope::default(),
            messages: BTreeMap::new(),
            answered_identifier: None,
            additional_settings: None,
            notes: None,
            authentication_required: None,
            booleans: ValueForm::default(),
            numbers: ValueForm::default(),
            criticality: Criticality::default(),
            execution_plugins_registered: false,
            references_exist: false,
            blocks_replaced: false,
            both_jit_modes: true,
            domains: names(&["example.com", "lab.example.com"]),
            plugins: names(&["SSH", "LDAP", "Windows RM"]),
            templates: names(&[
                "Linux - Create User",
                "Linux - Remove User",
                "AD - Activate User",
                "AD - Deactivate User",
                "Create credential Windows server",
                "Delete credential Windows server",
                "Enable credential Windows server",
                "Disable credential Windows server",
            ]),
            users: names(&["admin"]),
        }
    }
}

fn names(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|&name| name.to_owned()).collect()
}
