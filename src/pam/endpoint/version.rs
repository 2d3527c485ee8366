//! The product version of a PAM, and where versions differ on the wire.

use std::fmt;

/// A product version as the PAM shows it: `4.2`, `4.0`, `3.33.1`, `3.32`.
///
/// Every difference between versions is a method of this type, so that a new version needs one more answer here and no
/// condition elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProductVersion {
    major: u16,
    minor: u16,
    patch: u16,
}

/// A text that is not a product version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a product version: write it as the PAM shows it, for example \"4.2\" or \"3.33.1\"")]
pub struct VersionError;

impl ProductVersion {
    /// Reads two or three numbers separated by dots. Whether this client can talk to that version is
    /// [`ProductVersion::is_supported`].
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        let numbers: Vec<u16> = text.split('.').map(number).collect::<Result<_, _>>()?;
        match numbers[..] {
            [major, minor] => Ok(Self { major, minor, patch: 0 }),
            [major, minor, patch] => Ok(Self { major, minor, patch }),
            _ => Err(VersionError),
        }
    }

    /// Returns true if this client speaks the version's dialect: 3.30 and later versions of 3, and every version of 4.
    #[must_use]
    pub fn is_supported(self) -> bool {
        self.major == 4 || (self.major == 3 && self.minor >= 30)
    }

    /// Returns true for the older generation of the API: up to 3.32 (API 2.9, 3).
    pub(in crate::pam) fn is_legacy(self) -> bool {
        !self.at_least(3, 33)
    }

    /// Returns the first segment of every path: `/api` since 3.33, `/iso` before (API 1.1).
    #[must_use]
    pub fn prefix(self) -> &'static str {
        if self.is_legacy() { "/iso" } else { "/api" }
    }

    /// Returns the token endpoint's path, without the path of the connection's URL (API 1.1).
    #[must_use]
    pub fn token_path(self) -> String {
        format!("{}/oauth2/token", self.prefix())
    }

    /// Returns the key under which the PAM answers a credential's identifier: `identifier` since 3.33, `tag` before (API 2.9).
    /// Decoding accepts both keys; this one is for code that depends on the version alone.
    #[must_use]
    pub fn identifier_key(self) -> &'static str {
        if self.is_legacy() { "tag" } else { "identifier" }
    }

    fn at_least(self, major: u16, minor: u16) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

impl fmt::Display for ProductVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.patch > 0 {
            write!(f, ".{}", self.patch)?;
        }
        Ok(())
    }
}

/// Reads a number of digits only: `u16::from_str` alone would accept `+4`.
fn number(text: &str) -> Result<u16, VersionError> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().map_err(|_| VersionError) } else { Err(VersionError) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_pam_shows_them() {
        for text in ["4.2", "4.0", "3.33.1", "3.32"] {
            assert_eq!(ProductVersion::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "4", "4.", "v4.2", "4.2.1.0", "+4.2", "4.x", "99999.1", " 4.2"] {
            assert_eq!(ProductVersion::parse(text), Err(VersionError), "{text}");
        }
    }

    #[test]
    fn the_prefix_and_the_identifier_key_changed_with_3_33() {
        let old = ProductVersion::parse("3.32").unwrap();
        let new = ProductVersion::parse("3.33").unwrap();
        assert_eq!((old.prefix(), old.identifier_key()), ("/iso", "tag"));
        assert_eq!((new.prefix(), new.identifier_key()), ("/api", "identifier"));
        assert_eq!(new.token_path(), "/api/oauth2/token");
    }

    #[test]
    fn three_generations_of_the_api_are_spoken() {
        let supported = |text| ProductVersion::parse(text).unwrap().is_supported();
        for text in ["3.30", "3.31", "3.32", "3.33", "3.33.1", "3.34", "4.0", "4.2", "4.2.2", "4.10"] {
            assert!(supported(text), "{text}");
        }
        for text in ["2.33", "3.2", "3.29", "3.29.9", "5.0", "0.0"] {
            assert!(!supported(text), "{text}");
        }
    }
}
