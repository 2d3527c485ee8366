//! Whether another operator writes the status of the same object (P10): two that both had the last word would go on for ever.

use std::time::{Duration, Instant};

/// So often another operator's digests are taken for a lost key.
const PATIENCE: u32 = 3;
/// So long after the last foreign digest the other operator counts as gone.
const OVER: Duration = Duration::from_mins(30);

/// What a status shows of another operator.
#[derive(Clone, Copy, Debug)]
pub struct StatusTrace<'a> {
    /// The resourceVersion of the object.
    pub version: &'a str,
    /// The generation of the object.
    pub generation: i64,
    /// The digests in the status were made with another key.
    pub foreign: bool,
    /// The status says for that generation that there is another operator.
    pub said: bool,
}

/// Counts how often another operator's digests replaced ours.
#[derive(Clone, Debug, Default)]
pub struct OtherOperator {
    version: String,
    generation: i64,
    times: u32,
    last: Option<Instant>,
}

impl OtherOperator {
    /// Notes a status, and returns whether another operator's digests replaced ours again and again, or another operator
    /// says so. An edit is a new beginning for both.
    pub fn note(&mut self, trace: StatusTrace<'_>, now: Instant) -> bool {
        let over = self.last.is_some_and(|last| now.duration_since(last) >= OVER);
        if over || self.generation != trace.generation {
            *self = Self { generation: trace.generation, ..Self::default() };
        }
        if trace.foreign && self.version != trace.version {
            trace.version.clone_into(&mut self.version);
            self.times += 1;
            self.last = Some(now);
        }
        (trace.foreign && self.times >= PATIENCE) || (trace.said && self.times > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(version: &str, generation: i64, foreign: bool) -> StatusTrace<'_> {
        StatusTrace { version, generation, foreign, said: false }
    }

    #[test]
    fn p10_foreign_digests_count_once_for_each_version_and_an_edit_begins_again() {
        let (mut other, now) = (OtherOperator::default(), Instant::now());
        let said = StatusTrace { said: true, ..trace("0", 1, false) };
        assert!(!other.note(said, now), "nothing foreign was seen: the other operator may be gone");
        let notes = ["1", "1", "2", "3", "3"].map(|version| other.note(trace(version, 1, true), now));
        assert_eq!(notes, [false, false, false, true, true]);
        assert!(!other.note(trace("4", 1, false), now), "our own digests");
        assert!(other.note(StatusTrace { said: true, ..trace("4", 1, false) }, now), "the other one says so");
        assert!(!other.note(trace("5", 2, true), now), "an edit");
    }

    #[test]
    fn p10_after_half_an_hour_the_other_operator_counts_as_gone() {
        let (mut other, now) = (OtherOperator::default(), Instant::now());
        for version in ["1", "2", "3"] {
            other.note(trace(version, 1, true), now);
        }
        assert!(other.note(trace("3", 1, true), now + OVER.saturating_sub(Duration::from_secs(1))));
        assert!(!other.note(trace("4", 1, true), now + OVER));
    }
}
