//! What differs between product versions, in one place (API 2.9 and 10.1).

use std::fmt;
use std::str::FromStr;

/// The product version that is simulated.
///
/// Versions 3.30 to 4.0 are not simulated yet: each becomes a variant here and a row in its profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProductVersion {
    /// Segura 4.2.
    #[default]
    V4_2,
}

/// A version that the simulator does not know.
#[derive(Debug, thiserror::Error)]
#[error("product version {0:?} is not simulated; known: 4.2")]
pub struct UnknownVersion(String);

impl FromStr for ProductVersion {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        match text {
            "4.2" => Ok(Self::V4_2),
            _ => Err(UnknownVersion(text.to_owned())),
        }
    }
}

impl fmt::Display for ProductVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4_2 => f.write_str("4.2"),
        }
    }
}

/// The wire quirks of one version; every place where versions differ asks this and not the version.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "independent quirks, each named at its use")]
pub(crate) struct Profile {
    /// Path prefix of every resource (API 0.3).
    pub(crate) prefix: &'static str,
    /// Name of the identifier in answers: `tag` up to 3.32 (API 3).
    pub(crate) identifier_key: &'static str,
    /// Whether answers to a credential POST name the tenant (API 1.7: since 3.33).
    pub(crate) names_tenant: bool,
    /// Whether identifiers are held to `[A-Za-z0-9._-]` with code 1053 (API 2.1: since 4.0).
    pub(crate) checks_identifier: bool,
    /// Whether a blank identifier becomes a UUID on creation (API 2.6 row 5: since 3.33).
    pub(crate) makes_identifiers: bool,
    /// Whether an update without identifier keeps the record's own (API 2.6 row 4: since 3.33-1).
    pub(crate) keeps_identifier: bool,
    /// Whether the list says `"0"`/`"1"` in place of booleans (API 3: 3.32).
    pub(crate) booleans_as_digits: bool,
}

impl ProductVersion {
    /// The quirks of this version.
    pub(crate) const fn profile(self) -> Profile {
        match self {
            Self::V4_2 => Profile {
                prefix: "/api",
                identifier_key: "identifier",
                names_tenant: true,
                checks_identifier: true,
                makes_identifiers: true,
                keeps_identifier: true,
                booleans_as_digits: false,
            },
        }
    }
}
