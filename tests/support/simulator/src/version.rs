//! What differs between product versions, in one place (API 2.9, 3 and 10.1).

use std::fmt;
use std::str::FromStr;

use crate::behaviour::{Answered, Reach};
use crate::form::{NotesPlace, SettingsForm};

/// The product version that is simulated: any of 3.30 to 3.33 and of 4, with or without a patch number.
///
/// A version without quirks of its own behaves as the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProductVersion {
    major: u16,
    minor: u16,
    patch: u16,
}

impl ProductVersion {
    /// senhasegura 3.30.
    pub const V3_30: Self = Self::new(3, 30, 0);
    /// senhasegura 3.31.
    pub const V3_31: Self = Self::new(3, 31, 0);
    /// senhasegura 3.32: the last one under `/iso`.
    pub const V3_32: Self = Self::new(3, 32, 0);
    /// senhasegura 3.33: the first one under `/api`, with bug 4522.
    pub const V3_33: Self = Self::new(3, 33, 0);
    /// senhasegura 3.33.1 (the vendor writes 3.33-1): without that bug.
    pub const V3_33_1: Self = Self::new(3, 33, 1);
    /// Segura 4.0: the first one that holds identifiers to their characters.
    pub const V4_0: Self = Self::new(4, 0, 0);
    /// Segura 4.2.
    pub const V4_2: Self = Self::new(4, 2, 0);
    /// One of each kind, oldest first, for tests that run under all of them.
    pub const ALL: [Self; 7] =
        [Self::V3_30, Self::V3_31, Self::V3_32, Self::V3_33, Self::V3_33_1, Self::V4_0, Self::V4_2];

    const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }
}

impl Default for ProductVersion {
    fn default() -> Self {
        Self::V4_2
    }
}

/// A version that the simulator does not know.
#[derive(Debug, thiserror::Error)]
#[error("product version {0:?} is not simulated; known: 3.30 to 3.33, 3.33.1, 4.0 to 4.2 and other 4.x")]
pub struct UnknownVersion(String);

impl FromStr for ProductVersion {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        let numbers: Option<Vec<u16>> = text.split('.').map(number).collect();
        let version = match numbers.as_deref() {
            Some(&[major, minor]) => Self::new(major, minor, 0),
            Some(&[major, minor, patch]) => Self::new(major, minor, patch),
            _ => return Err(UnknownVersion(text.to_owned())),
        };
        match (version.major, version.minor) {
            (3, 30..=33) | (4, _) => Ok(version),
            _ => Err(UnknownVersion(text.to_owned())),
        }
    }
}

/// Digits only: `u16` itself would take a sign as well.
fn number(part: &str) -> Option<u16> {
    part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten()
}

impl fmt::Display for ProductVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch > 0 { write!(f, ".{}", self.patch) } else { Ok(()) }
    }
}

/// The wire quirks of one version; every place where versions differ asks this and not the version.
///
/// Where [`crate::Behaviour`] has an `Option` of the same name, that overrides what is here.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "independent quirks, each named at its use")]
pub(crate) struct Profile {
    /// What `/iso` reaches: everything up to 3.32 (API 0.3), the token endpoint later (API 1.1).
    pub(crate) iso: Reach,
    /// What `/api` reaches: everything since 3.33, MySafe before (API 1.1).
    pub(crate) api: Reach,
    /// Name of the identifier in answers about one record: `tag` up to 3.32 (API 3). The list never says `tag`.
    pub(crate) identifier_key: &'static str,
    /// What that key holds: null for a new record in the samples of 3.32.
    pub(crate) answered_identifier: Answered,
    /// Whether answers to a credential POST name the tenant (API 1.7: since 3.33).
    pub(crate) names_tenant: bool,
    /// Whether reads and refused POSTs lack `code`, `error_code`, `cod_erro` and `detail` (API 1.7: up to 3.32). DELETE,
    /// PUT and custody have them in every version.
    pub(crate) bare_reads: bool,
    /// Whether PUT of a record, DELETE of a device, and POST and GET of an entry of MySafe say `Message` in place of
    /// `mensagem` (API 1.7: since 3.33).
    pub(crate) capital_messages: bool,
    /// Whether MySafe sends an e-mail to those with whom an entry is shared (since 4.0).
    pub(crate) mails_shares: bool,
    /// Whether custody of a disabled record cannot be released (API 3: since 3.33).
    pub(crate) custody_needs_active: bool,
    /// Whether identifiers are held to `[A-Za-z0-9._-]` with code 1053 (API 2.1: since 4.0).
    pub(crate) checks_identifier: bool,
    /// Whether a blank identifier becomes a UUID on creation (API 2.6 row 5: since 3.33).
    pub(crate) makes_identifiers: bool,
    /// Whether an update without identifier keeps the record's own (API 2.6 row 4: not in 3.33, bug 4522).
    pub(crate) keeps_identifier: bool,
    /// Whether the list says `"0"`/`"1"` in place of booleans (API 3: up to 3.32).
    pub(crate) digit_booleans: bool,
    /// What `additional_settings` may be: an object up to 3.32, then an array of one as well (API 2.9).
    pub(crate) additional_settings: SettingsForm,
    /// Where `notes` may stand: inside `additional_settings` up to 3.32, then outside as well (API 2.1).
    pub(crate) notes: NotesPlace,
    /// Whether `use_own_credential_to_connect: false` needs the three `authentication_*` (API 2.9: since 3.33).
    pub(crate) authentication_required: bool,
    /// Whether the credential's own `domain` must be registered (API 2.1: up to 3.32).
    pub(crate) domain_registered: bool,
    /// The code for a record that is disabled already (API 6.1).
    pub(crate) inactive_code: u16,
    /// The code for a record that is enabled already (API 6.1).
    pub(crate) active_code: u16,
}

impl ProductVersion {
    /// The quirks of this version.
    pub(crate) fn profile(self) -> Profile {
        let modern = self >= Self::V3_33;
        let quirks = if modern { MODERN } else { OLD };
        let four = self >= Self::V4_0;
        Profile { checks_identifier: four, mails_shares: four, keeps_identifier: self != Self::V3_33, ..quirks }
    }
}

/// Up to 3.32.
const OLD: Profile = Profile {
    iso: Reach::Everything,
    api: Reach::MySafe,
    identifier_key: "tag",
    answered_identifier: Answered::NullWhenNew,
    names_tenant: false,
    bare_reads: true,
    capital_messages: false,
    mails_shares: false,
    custody_needs_active: false,
    checks_identifier: false,
    makes_identifiers: false,
    keeps_identifier: true,
    digit_booleans: true,
    additional_settings: SettingsForm::Object,
    notes: NotesPlace::Inside,
    authentication_required: false,
    domain_registered: true,
    inactive_code: 1017,
    active_code: 1017,
};

/// From 3.33 on.
const MODERN: Profile = Profile {
    iso: Reach::Token,
    api: Reach::Everything,
    identifier_key: "identifier",
    answered_identifier: Answered::Stored,
    names_tenant: true,
    bare_reads: false,
    capital_messages: true,
    mails_shares: true,
    custody_needs_active: true,
    checks_identifier: true,
    makes_identifiers: true,
    keeps_identifier: true,
    digit_booleans: false,
    additional_settings: SettingsForm::Either,
    notes: NotesPlace::Either,
    authentication_required: true,
    domain_registered: false,
    inactive_code: 1008,
    active_code: 1043,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_read_as_the_product_shows_them_and_print_the_same() {
        for text in ["3.30", "3.31", "3.32", "3.33", "3.33.1", "4.0", "4.1", "4.2", "4.2.2", "4.17"] {
            assert_eq!(text.parse::<ProductVersion>().unwrap().to_string(), text);
        }
        assert_eq!("3.33.0".parse::<ProductVersion>().unwrap(), ProductVersion::V3_33);
        for text in ["", "4", "3.29", "3.34", "5.0", "4.2.1.1", "4.x", "+4.2", "4.", "v4.2"] {
            assert!(text.parse::<ProductVersion>().is_err(), "{text}");
        }
    }
}
