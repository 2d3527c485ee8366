//! Random texts and lengths.

use crate::random::Random;

impl Random {
    /// A length from `least` to `most`: mostly a short one, at times the least or the longest.
    pub fn length(&mut self, least: usize, most: usize) -> usize {
        match self.number(0, 19) {
            0 => most,
            1 | 2 => least,
            _ => usize::try_from(self.number(least as u64, most.min(least + 20) as u64)).unwrap(),
        }
    }

    /// So many characters out of `from`.
    pub fn text(&mut self, from: &str, length: usize) -> String {
        let from: Vec<char> = from.chars().collect();
        (0..length).map(|_| *self.pick(&from)).collect()
    }
}
