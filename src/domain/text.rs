//! Characters that cannot be seen in texts that come from Secrets: which of them can only be a mistake.

/// What a text is for. It decides which characters can only be a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextKind {
    /// A name or a login. A character that cannot be seen makes it another name that looks the same.
    Name,
    /// The seed of one-time passwords: blanks, which group it, and line breaks at its end are no part of it.
    Seed,
    /// A value, or a certificate: its author may mean any character of a text.
    Value,
}

/// A character that can only be a mistake, and where a text has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StrayCharacter {
    /// The character.
    pub character: char,
    /// Its position, counted in characters from 1.
    pub position: usize,
}

/// Ends a text in C programs; no person types it.
const NUL: char = '\0';
/// The byte order mark: editors put it in front of a file. Elsewhere it is a blank without width.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Characters without a glyph beside control characters and white space: Unicode's format characters (Cf), its other
/// default ignorable code points (fillers, joiners, variation selectors), and the empty Braille cell.
const WITHOUT_GLYPH: [[char; 2]; 26] = [
    ['\u{ad}', '\u{ad}'],
    ['\u{34f}', '\u{34f}'],
    ['\u{600}', '\u{605}'],
    ['\u{61c}', '\u{61c}'],
    ['\u{6dd}', '\u{6dd}'],
    ['\u{70f}', '\u{70f}'],
    ['\u{890}', '\u{891}'],
    ['\u{8e2}', '\u{8e2}'],
    ['\u{115f}', '\u{1160}'],
    ['\u{17b4}', '\u{17b5}'],
    ['\u{180b}', '\u{180f}'],
    ['\u{200b}', '\u{200f}'],
    ['\u{202a}', '\u{202e}'],
    ['\u{2060}', '\u{206f}'],
    ['\u{2800}', '\u{2800}'],
    ['\u{3164}', '\u{3164}'],
    ['\u{fe00}', '\u{fe0f}'],
    ['\u{feff}', '\u{feff}'],
    ['\u{ffa0}', '\u{ffa0}'],
    ['\u{fff0}', '\u{fffb}'],
    ['\u{110bd}', '\u{110bd}'],
    ['\u{110cd}', '\u{110cd}'],
    ['\u{13430}', '\u{1343f}'],
    ['\u{1bca0}', '\u{1bca3}'],
    ['\u{1d173}', '\u{1d17a}'],
    ['\u{e0000}', '\u{e0fff}'],
];

/// Returns the first character of a text that can only be a mistake.
///
/// A name may have blanks (U+0020) inside, but no other white space: a name with a no-break space looks like one with a
/// blank, and the PAM would make a second account of it.
#[must_use]
pub fn stray_character(text: &str, kind: TextKind) -> Option<StrayCharacter> {
    let text = if kind == TextKind::Seed { text.trim_end_matches(['\n', '\r']) } else { text };
    let last = text.chars().count();
    let is_stray = |character: char, position: usize| match kind {
        TextKind::Name if character == ' ' => position == 1 || position == last,
        TextKind::Seed if character == ' ' => false,
        TextKind::Name | TextKind::Seed => is_unseen(character),
        TextKind::Value => matches!(character, NUL | BYTE_ORDER_MARK),
    };
    let mut places = text.chars().zip(1..);
    let found = places.find(|(character, position)| is_stray(*character, *position));
    found.map(|(character, position)| StrayCharacter { character, position })
}

/// Returns whether a text begins or ends with a character that cannot be seen, so that a reader takes it for a shorter one.
#[must_use]
pub fn has_unseen_ends(text: &str) -> bool {
    text.starts_with(is_unseen) || text.ends_with(is_unseen)
}

/// Returns whether bytes are text in UTF-16, as some editors and `PowerShell` write it: behind a byte order mark, or with
/// NULs in the place of one half of most characters and nowhere else.
#[must_use]
pub fn is_utf16(bytes: &[u8]) -> bool {
    let marked = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    let nuls = |first: usize| bytes.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let [even, odd] = [nuls(0), nuls(1)];
    let of_one_half = (even == 0) != (odd == 0) && (even + odd) * 4 > bytes.len();
    marked || (bytes.len() >= 4 && bytes.len().is_multiple_of(2) && of_one_half)
}

fn is_unseen(character: char) -> bool {
    let has_no_glyph = |[first, last]: &[char; 2]| (*first..=*last).contains(&character);
    character.is_control() || character.is_whitespace() || WITHOUT_GLYPH.iter().any(has_no_glyph)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNSEEN: [char; 12] = [
        '\0',
        '\t',
        '\u{7f}',
        '\u{85}',
        '\u{a0}',
        '\u{ad}',
        '\u{200b}',
        '\u{2028}',
        '\u{3000}',
        '\u{fe0f}',
        '\u{feff}',
        '\u{e0100}',
    ];

    fn found(text: &str, kind: TextKind) -> Option<(char, usize)> {
        stray_character(text, kind).map(|stray| (stray.character, stray.position))
    }

    #[test]
    fn a_name_has_no_character_that_cannot_be_seen_but_blanks_inside() {
        for unseen in UNSEEN {
            for (text, position) in
                [(format!("{unseen}é b"), 1), (format!("é{unseen} b"), 2), (format!("é b{unseen}"), 4)]
            {
                assert_eq!(found(&text, TextKind::Name), Some((unseen, position)), "{text:?}");
            }
        }
        assert_eq!(found(" a", TextKind::Name), Some((' ', 1)));
        assert_eq!(found("a  ", TextKind::Name), Some((' ', 3)));
        for name in ["", "a", "a  b", "DOMAIN\\user name@corp", "é漢😀", "\u{2801}"] {
            assert_eq!(found(name, TextKind::Name), None, "{name:?}");
        }
    }

    #[test]
    fn a_seed_may_have_blanks_anywhere_and_line_breaks_at_its_end() {
        for seed in [" ab cd ", "ab\n", "ab\r\n\n", ""] {
            assert_eq!(found(seed, TextKind::Seed), None, "{seed:?}");
        }
        for (seed, stray) in
            [("a\nb", ('\n', 2)), ("\nab", ('\n', 1)), ("ab\t\n", ('\t', 3)), ("\u{feff}a", ('\u{feff}', 1))]
        {
            assert_eq!(found(seed, TextKind::Seed), Some(stray), "{seed:?}");
        }
    }

    #[test]
    fn a_value_is_anything_but_nul_and_the_byte_order_mark() {
        for unseen in UNSEEN {
            let text = format!("a{unseen}");
            let stray = matches!(unseen, '\0' | '\u{feff}').then_some((unseen, 2));
            assert_eq!(found(&text, TextKind::Value), stray, "{text:?}");
        }
    }

    #[test]
    fn ends_that_cannot_be_seen_are_told() {
        for unseen in UNSEEN.into_iter().chain([' ', '\n', '\r']) {
            assert!(has_unseen_ends(&format!("{unseen}a")) && has_unseen_ends(&format!("a{unseen}")), "{unseen:?}");
            assert!(!has_unseen_ends(&format!("a{unseen}b")), "{unseen:?}");
        }
        assert!(!has_unseen_ends("") && !has_unseen_ends("a"));
    }

    #[test]
    fn utf_16_is_told_from_a_text_with_a_nul() {
        let encoded =
            |text: &str, to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> { text.encode_utf16().flat_map(to_bytes).collect() };
        for text in ["ab", "pässword", "\u{feff}p", "\u{feff}漢字", "a漢b", "pass\r\n"] {
            assert!(is_utf16(&encoded(text, u16::to_le_bytes)), "{text:?}");
            assert!(is_utf16(&encoded(text, u16::to_be_bytes)), "{text:?}");
        }
        for bytes in [
            &b""[..],
            b"a\0",
            b"\0a",
            b"abc\0",
            b"ab\0\0",
            b"\0\0\0\0",
            b"a\0b\0c",
            b"abcdefg\0",
            b"abcd",
            b"\xff",
            b"\0abc",
        ] {
            assert!(!is_utf16(bytes), "{bytes:?}");
        }
    }
}
