//! Texts that come from outside, in types that can hold nothing else than they may: what a PAM answers is data, and may be
//! an echo of the value, a line of a log, or a megabyte.

use std::fmt;
use std::ops::Deref;

/// The longest id. A number of 64 bits has 20 digits.
const LONGEST_ID: usize = 20;
/// The longest identifier, as the schema bounds the ones that users choose.
const LONGEST_IDENTIFIER: usize = 255;
/// The longest tenant: tenants are subdomains (API 1.2).
const LONGEST_TENANT: usize = 63;
/// The longest time.
const LONGEST_TIME: usize = 40;
/// So many digits has the shortest time, which is a date.
const LEAST_DIGITS: usize = 6;

/// Id of a record: 1 to 20 digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordId(String);

/// Identifier of a record, as the PAM names it: what the PAM lets an identifier be (API 2.1), or [`RecordIdentifier::OTHER`]
/// for any other text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordIdentifier(String);

/// Name of a tenant: 1 to 63 letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TenantName(String);

impl RecordId {
    /// Returns the id that a text is; `None` if the text is no id.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_made_of(text, LONGEST_ID, |byte| byte.is_ascii_digit()).then(|| Self(text.to_owned()))
    }

    /// Returns the number that the id is.
    #[must_use]
    pub fn number(&self) -> u128 {
        self.0.parse().unwrap_or_default()
    }
}

impl From<u64> for RecordId {
    fn from(number: u64) -> Self {
        Self(number.to_string())
    }
}

impl Default for RecordId {
    /// Returns 0, which is no record's id.
    fn default() -> Self {
        Self::from(0)
    }
}

impl RecordIdentifier {
    /// What a text is called that no identifier is made of. It has a blank, so that it is never equal to an identifier.
    pub const OTHER: &'static str = "another one";

    /// Returns the identifier that a text names. A text that is no identifier still names one, which is not ours: a record
    /// that has it must not count as a record without any (P4).
    #[must_use]
    pub fn of(text: &str) -> Self {
        let is_one = is_made_of(text, LONGEST_IDENTIFIER, |b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        Self(if is_one { text } else { Self::OTHER }.to_owned())
    }
}

impl TenantName {
    /// Returns the tenant that a text names; `None` if the text is no name of a tenant.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_one = is_made_of(text, LONGEST_TENANT, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
        is_one.then(|| Self(text.to_owned()))
    }
}

/// Returns whether a text has the form of a date or of a time of day with its date, in whatever order (API 4.2): digits with
/// separators between them.
#[must_use]
pub fn is_time(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_digit() || b"-/:.,+TZ ".contains(&byte);
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    is_made_of(text, LONGEST_TIME, is_part) && digits >= LEAST_DIGITS && text.contains(['-', '/', ':'])
}

fn is_made_of(text: &str, longest: usize, is_part: impl Fn(u8) -> bool) -> bool {
    (1..=longest).contains(&text.len()) && text.bytes().all(is_part)
}

impl Deref for RecordId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Deref for RecordIdentifier {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Deref for TenantName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: [&str; 9] =
        ["", " ", "7\n", "7\r\n8", "\u{1b}[31m7", "7\u{202e}8", "secret \"<&>\\é", "٧", "svc@db"];

    #[test]
    fn an_id_is_1_to_20_digits() {
        for id in ["0", "901", "007", &"9".repeat(20)] {
            assert_eq!(RecordId::parse(id).as_deref(), Some(id));
        }
        for id in HOSTILE.into_iter().chain(["-7", "+7", "7.0", "1e3", "../7", "7?x", "%37", &"9".repeat(21)]) {
            assert_eq!(RecordId::parse(id), None, "{id:?}");
        }
        assert_eq!(RecordId::parse("17"), Some(17.into()));
        assert_eq!(["9", "010", "00"].map(|id| RecordId::parse(id).unwrap().number()), [9, 10, 0]);
        assert_eq!(RecordId::parse(&"9".repeat(20)).unwrap().number(), 10_u128.pow(20) - 1);
        assert_eq!(&*RecordId::from(u64::MAX), "18446744073709551615");
    }

    #[test]
    fn an_identifier_that_is_none_is_another_one_and_never_ours() {
        for text in ["a", "k8s_a.b-C", &"k".repeat(255)] {
            assert_eq!(&*RecordIdentifier::of(text), text);
        }
        for text in HOSTILE.into_iter().chain([RecordIdentifier::OTHER, &"k".repeat(256)]) {
            assert_eq!(&*RecordIdentifier::of(text), "another one", "{text:?}");
        }
    }

    #[test]
    fn a_tenant_is_a_label_of_a_host_name() {
        assert_eq!(TenantName::parse("Acme-7").as_deref(), Some("Acme-7"));
        for text in HOSTILE.into_iter().chain(["a.b", "a_b", &"a".repeat(64)]) {
            assert_eq!(TenantName::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_time_is_digits_with_separators() {
        for text in ["2031-01-01 10:00:00", "2031-01-01T10:00:00.123+00:00", "2031-1-1", "01/02/2031 10:00"] {
            assert!(is_time(text), "{text}");
        }
        for text in HOSTILE.into_iter().chain(["12345678", "1-2", "Jan 1 2031", &"2031-01-01".repeat(5)]) {
            assert!(!is_time(text), "{text:?}");
        }
    }
}
