//! Finds the end of a JSON value that arrives in pieces.

/// Where a reader is within one JSON value. The first byte that the reader is given has to be the value's first.
#[derive(Debug, Default)]
pub(super) struct ValueScan {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl ValueScan {
    /// Returns the scan of a string whose first quote was taken in already.
    pub(super) fn in_string() -> Self {
        Self { in_string: true, ..Self::default() }
    }

    /// Returns how many of the next bytes belong to the value; `None` if all do and the value has not ended. The byte that
    /// ends a number or a word is the one after it.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(next) = bytes.get(at) {
            if self.in_string {
                at += self.pass_string(&bytes[at..]);
                if !self.in_string && self.depth == 0 {
                    return Some(at);
                }
                continue;
            }
            match next {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' | b',' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => return Some(at),
                b'}' | b']' if self.depth == 1 => return Some(at + 1),
                b'}' | b']' => self.depth -= 1,
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// Returns how many of the next bytes of a string were passed: up to a quote, or all. Only quotes are looked for, and
    /// the backslashes right before one: a text full of escapes is passed as fast as any other.
    fn pass_string(&mut self, bytes: &[u8]) -> usize {
        let begin = usize::from(std::mem::take(&mut self.escaped));
        let rest = &bytes[begin..];
        let Some(quote) = memchr::memchr(b'"', rest) else {
            self.escaped = ends_in_escape(rest);
            return bytes.len();
        };
        self.in_string = ends_in_escape(&rest[..quote]);
        begin + quote + 1
    }
}

/// Returns whether a backslash at the end of a text escapes what follows.
fn ends_in_escape(text: &[u8]) -> bool {
    text.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_found_however_the_value_is_cut() {
        for (text, length) in [
            (r#""a","b""#, 3),
            (r#""a\"}\\","b""#, 8),
            (r#""\\\"\u003c\\","b""#, 14),
            (r#""\\\\"]"#, 6),
            ("12,", 2),
            ("-1.5e3}", 6),
            ("null]", 4),
            ("true\n", 4),
            (r#"{"a":[1,{"b":"}]"}]},"#, 20),
            ("[[],{}]]", 7),
        ] {
            for cut in 1..=length {
                let (first, second) = text.as_bytes().split_at(cut);
                let mut scan = ValueScan::default();
                let end = scan.end(first).or_else(|| scan.end(second).map(|end| cut + end));
                assert_eq!(end, Some(length), "{text} cut at {cut}");
            }
        }
    }
}
