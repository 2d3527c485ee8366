//! Checks whether the bytes of a Secret can be sent to a PAM.

use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::api::Trim;

/// Longest value in characters (API 7 #36: the PAM's own pages stop there).
const LONGEST_VALUE: usize = 256;
/// Longest value in characters where the vault rotates it (API 7 #36: as the PAM's own pages have it).
const LONGEST_ROTATED: usize = 70;
/// Longest seed of one-time passwords in characters: far more than any service gives out.
const LONGEST_SEED: usize = 512;
/// Longest username in characters, as the schema bounds `spec.username`.
const LONGEST_USERNAME: usize = 255;

/// Why a value cannot be sent. Tells nothing of the value but its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// The value is empty.
    Empty,
    /// The value is not UTF-8, and JSON carries nothing else.
    NotUtf8,
    /// The value has more characters than the PAM takes.
    TooLong { characters: usize, longest: usize },
    /// A username with control characters, or with blanks at its ends.
    Unclean,
    /// A seed of one-time passwords that is not base32.
    NotBase32,
}

/// A value as it will be sent.
pub(crate) struct Content {
    pub(crate) value: SecretString,
    /// The value ends in a newline, which is seldom meant.
    pub(crate) ends_in_newline: bool,
    /// The value is longer than the PAM allows where the vault rotates the value.
    pub(crate) is_long: bool,
}

/// Makes a value of a Secret's bytes.
pub(crate) fn content(bytes: &[u8], trim: Trim) -> Result<Content, Unusable> {
    let text = text(trimmed(bytes, trim), LONGEST_VALUE)?;
    let is_long = text.chars().count() > LONGEST_ROTATED;
    Ok(Content { value: SecretString::from(text), ends_in_newline: text.ends_with('\n'), is_long })
}

/// Makes a username of a Secret's bytes, by the same rule as `spec.username` has.
pub(crate) fn username(bytes: &[u8]) -> Result<Zeroizing<String>, Unusable> {
    let text = text(bytes, LONGEST_USERNAME)?;
    if text.chars().any(char::is_control) || text.trim() != text {
        return Err(Unusable::Unclean);
    }
    Ok(Zeroizing::new(text.to_owned()))
}

/// Makes a seed of one-time passwords of a Secret's bytes: base32 (RFC 4648) in upper case, as the PAM has it. Services
/// show it in groups and in lower case; `=` at its end only fills it up.
pub(crate) fn totp_seed(bytes: &[u8]) -> Result<SecretString, Unusable> {
    let text = text(bytes, LONGEST_SEED)?;
    let mut seed = Zeroizing::new(String::with_capacity(text.len()));
    seed.extend(text.trim_end_matches(['=', '\n', '\r']).chars().filter(|c| *c != ' ' && *c != '-'));
    seed.make_ascii_uppercase();
    let is_base32 = |c: char| c.is_ascii_uppercase() || ('2'..='7').contains(&c);
    match seed.as_str() {
        "" => Err(Unusable::Empty),
        seed if seed.chars().all(is_base32) => Ok(SecretString::from(seed)),
        _ => Err(Unusable::NotBase32),
    }
}

/// Makes the value of a further field of a login of a Secret's bytes: as it is.
pub(crate) fn field(bytes: &[u8]) -> Result<SecretString, Unusable> {
    Ok(SecretString::from(text(bytes, LONGEST_VALUE)?))
}

fn trimmed(bytes: &[u8], trim: Trim) -> &[u8] {
    match trim {
        Trim::None => bytes,
        Trim::TrailingNewline => bytes.strip_suffix(b"\r\n").or_else(|| bytes.strip_suffix(b"\n")).unwrap_or(bytes),
    }
}

fn text(bytes: &[u8], longest: usize) -> Result<&str, Unusable> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unusable::NotUtf8)?;
    match text.chars().count() {
        0 => Err(Unusable::Empty),
        characters if characters > longest => Err(Unusable::TooLong { characters, longest }),
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn sent(bytes: &[u8], trim: Trim) -> (String, bool) {
        let content = content(bytes, trim).map_err(|_| ()).unwrap();
        (content.value.expose_secret().to_owned(), content.ends_in_newline)
    }

    #[test]
    fn a_value_is_sent_byte_for_byte_unless_asked_otherwise() {
        assert_eq!(sent(b" a\n", Trim::None), (" a\n".into(), true));
        assert_eq!(sent(b" a\n", Trim::TrailingNewline), (" a".into(), false));
        assert_eq!(sent(b"a\r\n", Trim::TrailingNewline), ("a".into(), false));
        assert_eq!(sent(b"a\n\n", Trim::TrailingNewline), ("a\n".into(), true));
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        let refused = |bytes: &[u8], trim| content(bytes, trim).err();
        assert_eq!(refused(b"", Trim::None), Some(Unusable::Empty));
        assert_eq!(refused(b"\n", Trim::TrailingNewline), Some(Unusable::Empty));
        assert_eq!(refused(b"\xff", Trim::None), Some(Unusable::NotUtf8));
        let long = "ü".repeat(257);
        assert_eq!(refused(long.as_bytes(), Trim::None), Some(Unusable::TooLong { characters: 257, longest: 256 }));
        assert!(refused("ü".repeat(256).as_bytes(), Trim::None).is_none(), "characters are counted, not bytes");
    }

    #[test]
    fn a_seed_is_sent_as_the_pam_writes_it_and_what_is_no_base32_is_refused() {
        let seed = |text: &str| totp_seed(text.as_bytes()).map(|seed| seed.expose_secret().to_owned());
        for text in ["JBSWY3DPEHPK3PXP", "jbsw y3dp ehpk 3pxp", "JBSW-Y3DP-EHPK-3PXP\n", "JBSWY3DPEHPK3PXP===="] {
            assert_eq!(seed(text).as_deref(), Ok("JBSWY3DPEHPK3PXP"), "{text}");
        }
        for text in ["JBSWY3DPEHPK3PX1", "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP", "é"] {
            assert_eq!(seed(text).err(), Some(Unusable::NotBase32), "{text}");
        }
        assert_eq!(
            [seed("").err(), seed("== ").err(), seed(" ").err()],
            [Some(Unusable::Empty), Some(Unusable::NotBase32), Some(Unusable::Empty)]
        );
    }

    #[test]
    fn a_username_from_a_secret_obeys_the_rule_of_the_schema() {
        assert_eq!(username(b"svc\n").err(), Some(Unusable::Unclean));
        assert_eq!(username(b" svc").err(), Some(Unusable::Unclean));
        assert_eq!(username(b"s\x00c").err(), Some(Unusable::Unclean));
        assert_eq!(username(b"").err(), Some(Unusable::Empty));
        assert!(username("s vc@ü".as_bytes()).is_ok());
    }
}
