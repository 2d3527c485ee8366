//! When two texts name the same address.

use std::borrow::Cow;
use std::net::Ipv6Addr;

/// Returns the one text of all spellings that surely mean the same address: an IPv6 address has many (case, leading
/// zeros, `::`, an end in the form of IPv4, square brackets). Of any other text only the case of letters is left out,
/// borrowed where nothing changes.
///
/// An IPv4 address has one spelling: what has leading zeros is read as octal by some programs and as decimal by others,
/// and is a text. `::ffff:192.0.2.1` is not `192.0.2.1`: only some programs reach the same machine by both.
#[must_use]
pub fn canonical_address(text: &str) -> Cow<'_, str> {
    canonical_ipv6(text).map_or_else(|| folded(text), Cow::Owned)
}

/// Returns the text as [`str::to_lowercase`] does, borrowed where nothing changes.
#[must_use]
pub fn folded(text: &str) -> Cow<'_, str> {
    let is_folded = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_folded { text.into() } else { text.to_lowercase().into() }
}

/// Returns the canonical text of an IPv6 address, with its zone behind `%` if it has one. A zone is a name on one machine, so
/// that other zones are other addresses.
fn canonical_ipv6(text: &str) -> Option<String> {
    // Most texts are names or IPv4 addresses: they are not parsed.
    if !text.contains(':') {
        return None;
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let (address, zone) = bare.split_once('%').map_or((bare, None), |(address, zone)| (address, Some(zone)));
    let address: Ipv6Addr = address.parse().ok()?;
    Some(zone.map_or_else(|| address.to_string(), |zone| format!("{address}%{}", folded(zone))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_have_one_text() {
        for (one, other) in [
            ("2001:db8::1", "2001:DB8:0:0:0:0:0:1"),
            ("2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001"),
            ("2001:db8::1", "2001:db8:0::1"),
            ("2001:db8::1", "[2001:db8::1]"),
            ("2001:db8::c000:201", "2001:db8::192.0.2.1"),
            ("::ffff:192.0.2.1", "::FFFF:c000:201"),
            ("fe80::1%eth0", "FE80:0::1%ETH0"),
            ("fe80::1%eth0", "[fe80::0:1%eth0]"),
            ("::", "0:0:0:0:0:0:0:0"),
            ("192.0.2.1", "192.0.2.1"),
            ("DB01.example", "db01.EXAMPLE"),
            ("JOÃO", "joão"),
        ] {
            assert_eq!(canonical_address(one), canonical_address(other), "{one}, {other}");
        }
    }

    #[test]
    fn what_may_be_another_address_has_a_text_of_its_own() {
        for (one, other) in [
            ("2001:db8::1", "2001:db8::10"),
            ("2001:db8::1", "2001:db8:1::"),
            ("192.0.2.1", "::ffff:192.0.2.1"),
            ("192.0.2.10", "192.0.2.010"),
            ("192.0.2.1", "192.0.2.1 "),
            ("192.0.2.1", "192.0.2.1/32"),
            ("fe80::1", "fe80::1%eth0"),
            ("fe80::1%eth0", "fe80::1%eth1"),
            ("2001:db8::1", "[2001:db8::1]:443"),
            ("2001:db8::1", "https://[2001:db8::1]/"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("2001:db8::1", "2001:db8:0:0:0:0:0:0:1"),
            ("[192.0.2.1]", "192.0.2.1"),
            ("db01:443", "db01"),
        ] {
            assert_ne!(canonical_address(one), canonical_address(other), "{one}, {other}");
        }
    }

    #[test]
    fn a_canonical_text_is_its_own_and_most_are_borrowed() {
        for text in ["2001:db8::1", "fe80::1%eth0", "::ffff:192.0.2.1", "192.0.2.1", "db01", "db01:443", ""] {
            assert_eq!(canonical_address(text), text);
        }
        assert!(matches!(canonical_address("192.0.2.1"), Cow::Borrowed(_)));
        assert!(matches!(canonical_address("db01.example"), Cow::Borrowed(_)));
    }
}
