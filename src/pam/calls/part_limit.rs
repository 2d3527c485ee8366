//! How long one part of a list may be. A decoder holds a text whole before anything can be asked about that text, so the
//! length is looked at before decoding, where the answer is bytes.

/// The most bytes of a part: an entry of the answer beside its records, or one record. Real ones have some hundred.
pub(super) const LARGEST_PART: usize = 1 << 20;

/// The error of an answer with a part that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PartTooLong;

/// Measures the parts of an answer while the answer arrives. What is no JSON is measured somehow, and refused by the
/// decoder.
#[derive(Default)]
pub(super) struct PartLimit {
    /// The bytes of the part so far.
    length: usize,
    /// How many objects and arrays are open.
    depth: usize,
    place: Place,
    /// True while the value of an entry is an array: each element is a part.
    in_array: bool,
}

#[derive(Clone, Copy, Default)]
enum Place {
    #[default]
    Outside,
    InText,
    /// In a text, behind a backslash.
    Escaped,
}

impl PartLimit {
    /// Takes in the next bytes.
    pub(super) fn admit(&mut self, data: &[u8]) -> Result<(), PartTooLong> {
        data.iter().try_for_each(|byte| {
            self.length += 1;
            match (self.place, byte) {
                (Place::Escaped, _) => self.place = Place::InText,
                (Place::InText, b'\\') => self.place = Place::Escaped,
                (Place::InText, b'"') => self.place = Place::Outside,
                (Place::InText, _) => {}
                (Place::Outside, b'"') => self.place = Place::InText,
                (Place::Outside, byte) => self.structure(*byte),
            }
            if self.length > LARGEST_PART { Err(PartTooLong) } else { Ok(()) }
        })
    }

    fn structure(&mut self, byte: u8) {
        match byte {
            b'[' | b'{' => {
                self.depth = self.depth.saturating_add(1);
                self.in_array = if self.depth == 2 { byte == b'[' } else { self.in_array };
            }
            b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            b',' if self.depth <= 1 || (self.depth == 2 && self.in_array) => self.length = 0,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(body: &str) -> bool {
        let whole = PartLimit::default().admit(body.as_bytes());
        let mut pieces = PartLimit::default();
        let in_pieces = body.as_bytes().chunks(7).try_for_each(|piece| pieces.admit(piece));
        assert_eq!(whole, in_pieces);
        whole.is_ok()
    }

    #[test]
    fn many_parts_are_no_long_part() {
        let row = format!(r#"{{"id":"1","username":"{}"}}"#, r#"],}\""#.repeat(1000));
        let rows = vec![row; 1000].join(",");
        assert!(rows.len() > 2 * LARGEST_PART && admits(&format!(r#"{{"credentials":[{rows}],"x":[{rows}]}}"#)));
    }

    #[test]
    fn a_long_part_is_one_whatever_it_is_made_of() {
        let long = [
            format!(r#""{}""#, "x".repeat(LARGEST_PART)),
            format!(r#""{}""#, ",".repeat(LARGEST_PART)),
            format!(r#""{}""#, r"\".repeat(LARGEST_PART)),
            "[".repeat(LARGEST_PART),
            "9".repeat(LARGEST_PART),
            " ".repeat(LARGEST_PART),
            format!(r#"{{"a":[{}]}}"#, "0,".repeat(LARGEST_PART)),
            format!(r#"{{"a":1{}}}"#, r#","a":1"#.repeat(LARGEST_PART / 4)),
        ];
        for part in long {
            let shown = &part[..8];
            assert!(!admits(&format!(r#"{{"response":{part},"credentials":[]}}"#)), "{shown}");
            assert!(!admits(&format!(r#"{{"credentials":[{{"id":"1"}},{part}]}}"#)), "{shown}");
        }
        assert!(!admits(&format!(r#"{{"{}":1}}"#, "k".repeat(LARGEST_PART))));
    }
}
