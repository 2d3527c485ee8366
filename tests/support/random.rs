//! Random numbers that a seed repeats.

/// Names the seed of a run: a number, or `random`. Absent: always the same, so that a run says the same every time.
const VARIABLE: &str = "PAM_TEST_SEED";
/// The seed of a run for which none is named.
pub const USUAL: u64 = 0x5eed_2026;

/// The seed of this run.
pub fn seed() -> u64 {
    match std::env::var(VARIABLE).as_deref() {
        Ok("random") => rand::random(),
        Ok(number) => number.parse().expect("a number, or `random`"),
        Err(_) => USUAL,
    }
}

/// A generator of random numbers (splitmix64): the same seed gives the same numbers in every build.
pub struct Random(u64);

impl Random {
    /// Chance by the seed of this run, which is printed where a test fails. `what` keeps tests apart.
    pub fn of_this_run(what: &str) -> Self {
        let seed = seed();
        eprintln!("{what}: {VARIABLE}={seed} repeats this");
        Self::by(what.bytes().fold(seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte))))
    }

    /// Chance by this seed.
    pub const fn by(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `least` to `most`, both included.
    pub fn number(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, of_a_hundred: u64) -> bool {
        self.number(1, 100) <= of_a_hundred
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.number(0, from.len() as u64 - 1)).unwrap()]
    }
}
