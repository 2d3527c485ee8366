//! Checks whether the bytes of a Secret can be used, and makes the text of them: one rule for each text that comes from a
//! Secret, whether it is a value, a name, a seed, a login or a certificate.

use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::api::Trim;
use crate::domain::{StrayCharacter, TextKind, has_unseen_ends, is_utf16, stray_character};

/// Longest value in characters (API 7 #36: the PAM's own pages stop there).
const LONGEST_VALUE: usize = 256;
/// Longest value in characters where the vault rotates it (API 7 #36: as the PAM's own pages have it).
const LONGEST_ROTATED: usize = 70;
/// Longest seed of one-time passwords in characters: far more than any service gives out.
const LONGEST_SEED: usize = 512;
/// Longest username in characters, as the schema bounds `spec.username`.
const LONGEST_USERNAME: usize = 255;

/// Why a text cannot be used. Tells nothing of it but its length and a character that can only be a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// The text is empty.
    Empty,
    /// The bytes are not UTF-8, and JSON carries nothing else.
    NotUtf8,
    /// The bytes are text in UTF-16.
    Utf16,
    /// The text has more characters than the PAM takes.
    TooLong { characters: usize, longest: usize },
    /// The text has a character that can only be a mistake. `trim_mends` says that [`Trim::Whitespace`] would
    /// leave none.
    Stray { stray: StrayCharacter, trim_mends: bool },
    /// A seed of one-time passwords that is not base32.
    NotBase32,
}

/// A value as it will be sent.
pub(crate) struct Content {
    pub(crate) value: SecretString,
    /// The value begins or ends with a character that cannot be seen, which is seldom meant.
    pub(crate) has_unseen_ends: bool,
    /// The value is longer than the PAM allows where the vault rotates the value.
    pub(crate) is_long: bool,
}

/// Makes a value, or the value of a further field of a login, of a Secret's bytes.
pub(crate) fn content(bytes: &[u8], trim: Trim) -> Result<Content, Unusable> {
    let text = bounded(text(bytes, trim, TextKind::Value)?, LONGEST_VALUE)?;
    let is_long = text.chars().count() > LONGEST_ROTATED;
    Ok(Content { value: SecretString::from(text), has_unseen_ends: has_unseen_ends(text), is_long })
}

/// Makes a username of a Secret's bytes, by the same rule as `spec.username` has.
pub(crate) fn username(bytes: &[u8], trim: Trim) -> Result<Zeroizing<String>, Unusable> {
    let text = bounded(text(bytes, trim, TextKind::Name)?, LONGEST_USERNAME)?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Makes a seed of one-time passwords of a Secret's bytes: base32 (RFC 4648) in upper case, as the PAM has it. Services
/// show it in groups and in lower case; `=` at its end only fills it up.
pub(crate) fn totp_seed(bytes: &[u8], trim: Trim) -> Result<SecretString, Unusable> {
    let text = bounded(text(bytes, trim, TextKind::Seed)?, LONGEST_SEED)?;
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

/// Makes a client id or a client secret of a Secret's bytes: the PAM makes both, and puts nothing into them that cannot be
/// seen.
pub(crate) fn login(bytes: &[u8], trim: Trim) -> Result<Zeroizing<String>, Unusable> {
    Ok(Zeroizing::new(text(bytes, trim, TextKind::Name)?.to_owned()))
}

/// Makes a certificate or its key (PEM) of a Secret's bytes. White space around it means nothing.
pub(crate) fn certificate(bytes: &[u8]) -> Result<Zeroizing<String>, Unusable> {
    Ok(Zeroizing::new(text(bytes, Trim::TrailingNewline, TextKind::Value)?.to_owned()))
}

/// Returns the text of a Secret's bytes without what `trim` cuts off, if there is a text and nothing in it can only be a
/// mistake.
fn text(bytes: &[u8], trim: Trim, kind: TextKind) -> Result<&str, Unusable> {
    if is_utf16(bytes) {
        return Err(Unusable::Utf16);
    }
    let whole = std::str::from_utf8(bytes).map_err(|_| Unusable::NotUtf8)?;
    let text = trimmed(whole, trim);
    match stray_character(text, kind) {
        Some(stray) => Err(unusable(stray, whole, text, kind)),
        None if text.is_empty() => Err(Unusable::Empty),
        None => Ok(text),
    }
}

/// Says where in the whole text a stray character of the trimmed one is: there users look for it.
fn unusable(stray: StrayCharacter, whole: &str, text: &str, kind: TextKind) -> Unusable {
    let cut_off = whole.find(text).map_or(0, |start| whole[..start].chars().count());
    let stray = StrayCharacter { position: stray.position + cut_off, ..stray };
    let rest = whole.trim();
    Unusable::Stray { stray, trim_mends: !rest.is_empty() && stray_character(rest, kind).is_none() }
}

fn trimmed(text: &str, trim: Trim) -> &str {
    match trim {
        Trim::None => text,
        Trim::TrailingNewline => text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text),
        Trim::Whitespace => text.trim(),
    }
}

fn bounded(text: &str, longest: usize) -> Result<&str, Unusable> {
    match text.chars().count() {
        characters if characters > longest => Err(Unusable::TooLong { characters, longest }),
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use kube::CustomResourceExt as _;
    use regex::Regex;
    use secrecy::ExposeSecret;

    use super::*;

    fn sent(bytes: &[u8], trim: Trim) -> (String, bool) {
        let content = content(bytes, trim).map_err(|_| ()).unwrap();
        (content.value.expose_secret().to_owned(), content.has_unseen_ends)
    }

    fn name(text: &str, trim: Trim) -> Result<String, Unusable> {
        let name = username(text.as_bytes(), trim).map(|name| name.as_str().to_owned());
        let login = login(text.as_bytes(), trim).map(|login| login.as_str().to_owned());
        assert_eq!(name, login, "names and logins have one rule: {text:?}");
        name
    }

    fn seed(text: &str) -> Result<String, Unusable> {
        totp_seed(text.as_bytes(), Trim::TrailingNewline).map(|seed| seed.expose_secret().to_owned())
    }

    /// The character and the position that a refusal names, and whether it says that trimming helps.
    fn stray<T>(made: Result<T, Unusable>) -> Option<(char, usize, bool)> {
        match made.err()? {
            Unusable::Stray { stray, trim_mends } => Some((stray.character, stray.position, trim_mends)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_value_is_sent_byte_for_byte_unless_asked_otherwise() {
        assert_eq!(sent(b" a\n", Trim::None), (" a\n".into(), true));
        assert_eq!(sent(b"a\n", Trim::None), ("a\n".into(), true));
        assert_eq!(sent(b"\ta", Trim::None), ("\ta".into(), true));
        assert_eq!(sent(b"a\r", Trim::None), ("a\r".into(), true));
        assert_eq!(sent(b"a b\nc", Trim::None), ("a b\nc".into(), false));
        assert_eq!(sent(b" a\n", Trim::TrailingNewline), (" a".into(), true));
        assert_eq!(sent(b"a\r\n", Trim::TrailingNewline), ("a".into(), false));
        assert_eq!(sent(b"a\n\n", Trim::TrailingNewline), ("a\n".into(), true));
        assert_eq!(sent(b" \ta b\r\n\n", Trim::Whitespace), ("a b".into(), false));
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        let refused = |bytes: &[u8], trim| content(bytes, trim).err();
        assert_eq!(refused(b"", Trim::None), Some(Unusable::Empty));
        assert_eq!(refused(b"\n", Trim::TrailingNewline), Some(Unusable::Empty));
        assert_eq!(refused(b" \r\n\t", Trim::Whitespace), Some(Unusable::Empty));
        assert_eq!(refused(b"a\xff", Trim::None), Some(Unusable::NotUtf8));
        assert_eq!(refused(b"\xff\xfea\0", Trim::None), Some(Unusable::Utf16));
        assert_eq!(refused(b"p\0w\0", Trim::None), Some(Unusable::Utf16));
        let long = "ü".repeat(257);
        assert_eq!(refused(long.as_bytes(), Trim::None), Some(Unusable::TooLong { characters: 257, longest: 256 }));
        assert!(refused("ü".repeat(256).as_bytes(), Trim::None).is_none(), "characters are counted, not bytes");
        assert!(refused(("ü".repeat(256) + "\n").as_bytes(), Trim::TrailingNewline).is_none(), "as they are sent");
    }

    #[test]
    fn a_seed_is_sent_as_the_pam_writes_it_and_what_is_no_base32_is_refused() {
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
        assert_eq!(stray(seed("AB\t")), Some(('\t', 3, true)));
        assert_eq!(totp_seed(b"\tAB\t", Trim::Whitespace).unwrap().expose_secret(), "AB");
    }

    #[test]
    fn names_and_logins_lose_a_line_break_at_their_end_and_what_else_is_asked_for() {
        for text in ["s vc@ü", "s vc@ü\n", "s vc@ü\r\n"] {
            assert_eq!(name(text, Trim::TrailingNewline).as_deref(), Ok("s vc@ü"), "{text:?}");
            assert_eq!(name(&format!(" \t{text} "), Trim::Whitespace).as_deref(), Ok("s vc@ü"), "{text:?}");
        }
        assert_eq!(stray(name("svc\n", Trim::None)), Some(('\n', 4, true)));
        assert_eq!(stray(name("svc\n\n", Trim::TrailingNewline)), Some(('\n', 4, true)));
        assert_eq!(stray(name(" svc", Trim::TrailingNewline)), Some((' ', 1, true)));
        assert_eq!(stray(name("\u{feff}svc\n", Trim::TrailingNewline)), Some(('\u{feff}', 1, false)));
        assert_eq!(name("", Trim::TrailingNewline), Err(Unusable::Empty));
        assert_eq!(name("\n", Trim::TrailingNewline), Err(Unusable::Empty));
    }

    #[test]
    fn a_position_is_that_in_the_secret() {
        assert_eq!(stray(name(" \r\nsvc\u{200b}\n", Trim::Whitespace)), Some(('\u{200b}', 7, false)));
        assert_eq!(stray(name("é\u{200b}svc\n", Trim::TrailingNewline)), Some(('\u{200b}', 2, false)));
        assert_eq!(stray(content(b" a\0\n", Trim::Whitespace)), Some(('\0', 3, false)));
        assert_eq!(stray(certificate(b"-\0")), Some(('\0', 2, false)));
    }

    /// The general categories of Unicode but for surrogates, which UTF-8 does not have.
    const CATEGORIES: [&str; 29] = [
        "Cc", "Cf", "Cn", "Co", "Ll", "Lm", "Lo", "Lt", "Lu", "Mc", "Me", "Mn", "Nd", "Nl", "No", "Pc", "Pd", "Pe",
        "Pf", "Pi", "Po", "Ps", "Sc", "Sk", "Sm", "So", "Zl", "Zp", "Zs",
    ];

    fn is_in(class: &str) -> impl Fn(char) -> bool + use<> {
        let class = Regex::new(&format!("^{class}$")).unwrap();
        move |character| class.is_match(character.encode_utf8(&mut [0; 4]))
    }

    /// What has no glyph, by Unicode's own properties and not by the table of the rule.
    fn unseen() -> impl Fn(char) -> bool {
        is_in(r"[\p{Cc}\p{Cf}\p{Z}\p{Default_Ignorable_Code_Point}\x{2800}]")
    }

    /// The first, the last and some other characters of a category; of small ones all.
    fn some_of(category: &str) -> Vec<char> {
        let is = is_in(&format!(r"\p{{{category}}}"));
        let all: Vec<char> = ('\0'..=char::MAX).filter(|character| is(*character)).collect();
        let step = if all.len() < 300 { 1 } else { all.len() / 50 };
        all.iter().step_by(step).chain(all.last()).copied().collect()
    }

    #[test]
    fn each_category_of_characters_at_each_end_and_inside_of_each_text() {
        let is_unseen = unseen();
        for category in CATEGORIES {
            let some = some_of(category);
            assert!(!some.is_empty(), "{category}");
            for (character, position) in some.into_iter().flat_map(|one| [(one, 1), (one, 2), (one, 3)]) {
                let sample = Sample::new(character, position, is_unseen(character));
                sample.names_and_logins();
                sample.values_and_certificates();
                sample.seeds();
            }
        }
    }

    /// A text of three characters, one of them of a category.
    struct Sample {
        text: String,
        character: char,
        position: usize,
        inside: bool,
        unseen: bool,
    }

    impl Sample {
        fn new(character: char, position: usize, unseen: bool) -> Self {
            let mut text = vec!['A', 'B'];
            text.insert(position - 1, character);
            Self { text: text.into_iter().collect(), character, position, inside: position == 2, unseen }
        }

        fn names_and_logins(&self) {
            let Self { text, character, position, inside, unseen } = self;
            let is_stray = *unseen && !(*character == ' ' && *inside);
            let is_cut = character.is_whitespace() && !inside;
            let expected = is_stray.then_some((*character, *position, is_cut));
            assert_eq!(stray(name(text, Trim::None)), expected, "{text:?}");
            let ended = expected.filter(|_| !(*character == '\n' && *position == 3));
            assert_eq!(stray(name(text, Trim::TrailingNewline)), ended, "{text:?}");
            let trimmed = expected.filter(|_| !is_cut);
            assert_eq!(stray(name(text, Trim::Whitespace)), trimmed, "{text:?}");
            if trimmed.is_none() {
                assert_eq!(name(text, Trim::Whitespace).as_deref(), Ok(text.trim()));
            }
        }

        fn values_and_certificates(&self) {
            let Self { text, character, position, inside, unseen } = self;
            let mistake = matches!(character, '\0' | '\u{feff}').then_some((*character, *position, false));
            assert_eq!(stray(certificate(text.as_bytes())), mistake, "{text:?}");
            assert_eq!(stray(content(text.as_bytes(), Trim::None)), mistake, "{text:?}");
            if mistake.is_none() {
                assert_eq!(sent(text.as_bytes(), Trim::None), (text.clone(), *unseen && !inside), "{text:?}");
                let is_shorter = sent(text.as_bytes(), Trim::Whitespace).0.len() < text.len();
                assert_eq!(is_shorter, character.is_whitespace() && !inside, "{text:?}");
            }
        }

        fn seeds(&self) {
            let Self { text, character, position, unseen, .. } = self;
            let is_dropped = *character == ' ' || (*position == 3 && matches!(character, '\n' | '\r'));
            match seed(text) {
                Ok(seed) => assert!(is_dropped || !*unseen && seed.is_ascii(), "{text:?}"),
                Err(Unusable::NotBase32) => assert!(!*unseen, "{text:?}"),
                refused => {
                    let named = stray(refused).map(|(character, position, _)| (character, position));
                    assert!(*unseen && !is_dropped && named == Some((*character, *position)), "{text:?}");
                }
            }
        }
    }

    /// The pattern of a field of `spec`.
    fn pattern(path: &str) -> Regex {
        let crd = serde_json::to_value(crate::api::PamCredential::crd()).unwrap();
        let spec = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties";
        Regex::new(crd.pointer(&format!("{spec}/{path}/pattern")).unwrap().as_str().unwrap()).unwrap()
    }

    #[test]
    fn a_name_in_the_spec_has_the_same_rule() {
        let patterns = ["username", "hostname", "ip", "tags/items"].map(pattern);
        let check = |text: &str| {
            let expected = stray_character(text, TextKind::Name).is_none();
            assert_eq!(patterns[0].is_match(text), expected, "{text:?}");
            assert_eq!(patterns[3].is_match(text), expected && !text.contains(','), "{text:?}");
        };
        ('\0'..=char::MAX).for_each(|character| check(character.encode_utf8(&mut [0; 4])));
        for character in '\0'..='\u{3100}' {
            for text in [format!("{character}b"), format!("a{character}b"), format!("a{character}")] {
                check(&text);
            }
        }
        assert!(patterns[..3].iter().all(|pattern| pattern.as_str() == patterns[0].as_str()));
        for name in ["a", "a  b c", "DOMAIN\\user name@corp", "https://www.example.com/login"] {
            assert!(patterns[0].is_match(name), "{name}");
        }
    }
}
