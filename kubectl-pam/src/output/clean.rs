//! Texts of others on a terminal.

/// Returns a text without characters that a terminal would obey instead of showing them: others write names, messages and
/// events, and must not move the cursor or change what is on the screen.
pub fn clean(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        c if is_obeyed(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// Tells whether a terminal obeys a character instead of showing it.
pub fn is_obeyed(character: char) -> bool {
    character.is_control() || is_direction(character)
}

/// Tells whether a character changes the direction in which the text around it is shown.
const fn is_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(clean("a\u{1b}[2Jb\u{9b}c\u{7}"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
        assert_eq!(clean("one\ntwo\tthree"), "one two three");
        assert_eq!(clean("größe \u{202e}txt"), "größe \u{fffd}txt");
    }
}
