//! Texts of others at a terminal.

use pam_operator::domain::{TextKind, stray_character};

/// Returns a text of the PAM without characters that a terminal obeys or that change what is seen of others.
pub fn printable(text: &str) -> String {
    let is_seen = |c: char| c == ' ' || stray_character(c.encode_utf8(&mut [0; 4]), TextKind::Name).is_none();
    text.chars().map(|character| if is_seen(character) { character } else { '\u{fffd}' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_as_a_mark() {
        assert_eq!(printable("a b\u{1b}[2J\u{202e}\n\u{e9}"), "a b\u{fffd}[2J\u{fffd}\u{fffd}\u{e9}");
    }
}
