//! Until when the PAM may still execute what an object wrote without an answer. What the object claimed counts as long, also
//! once the object is gone: otherwise the late write would overwrite that of the next object (P3, P4).

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::domain::SETTLE;

/// The writes of one object that have no answer, by the end of their settle windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsettled {
    /// The end of what this process found to have no answer. A later answer does not change it, since the earlier write may
    /// still arrive.
    lost: Option<Timestamp>,
    /// The end of what the status tells of: an earlier process may have sent it.
    told: Option<Timestamp>,
    /// The end of an announcement that this process got an answer to: the status may tell of that write for as long as the
    /// object is there.
    answered: Option<Timestamp>,
}

impl Unsettled {
    /// Notes that a write was found to have no answer at `now`.
    pub fn lose(&mut self, now: Timestamp) {
        self.lost = self.lost.max(Some(settled_at(now)));
    }

    /// Replaces what the status tells of: a write that was announced, or found to have no answer, at `since`.
    pub fn tell(&mut self, since: Option<Timestamp>) {
        self.told = since.map(settled_at);
    }

    /// Notes that the write that was announced at `announced` has an answer. Only where no other write was open then: a status
    /// tells of the last one alone.
    pub fn answer(&mut self, announced: Timestamp) {
        self.answered = Some(settled_at(announced));
    }

    /// Returns from when on the PAM executes none of the writes; `None` if each has an answer.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        self.lost.max(self.told.filter(|told| self.answered != Some(*told)))
    }
}

/// The objects that are gone and whose claims still count, by the time at which that ends: so that nothing is kept of them
/// for ever.
#[derive(Clone, Debug, Default)]
pub struct Departed {
    by_end: BTreeSet<(Timestamp, String)>,
}

impl Departed {
    /// Takes in that the claims of an object that is gone count until then.
    pub fn add(&mut self, uid: &str, until: Timestamp) {
        self.by_end.insert((until, uid.to_owned()));
    }

    /// Takes out an object whose claims have ended at `now`, with the time that it was added with.
    pub fn take_ended(&mut self, now: Timestamp) -> Option<(Timestamp, String)> {
        let has_ended = self.by_end.first().is_some_and(|(until, _)| *until <= now);
        has_ended.then(|| self.by_end.pop_first()).flatten()
    }
}

/// Returns when the PAM no longer executes a write of that time.
pub(super) fn settled_at(time: Timestamp) -> Timestamp {
    time.checked_add(SETTLE).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn p3_the_last_of_all_writes_without_an_answer_counts_whatever_was_answered_since() {
        let times = [None, Some(10), Some(20), Some(30)];
        for (lost, again, told) in
            times.into_iter().flat_map(|one| times.map(|two| times.map(|three| (one, two, three)))).flatten()
        {
            let mut unsettled = Unsettled::default();
            unsettled.tell(Some(at(1_000)));
            lost.into_iter().chain(again).for_each(|second| unsettled.lose(at(second)));
            unsettled.tell(told.map(at));
            let last = lost.max(again).max(told);
            assert_eq!(unsettled.until(), last.map(|second| at(second + 90)), "{lost:?} {again:?} {told:?}");
        }
    }
    /// An object that goes with its last write goes with a status that still tells of the write.
    #[test]
    fn p4_an_announcement_that_was_answered_does_not_count_and_every_other_write_does() {
        let times = [None, Some(10), Some(20)];
        for (lost, told, answered) in
            times.into_iter().flat_map(|one| times.map(|two| times.map(|three| (one, two, three)))).flatten()
        {
            for is_told_first in [true, false] {
                let mut unsettled = Unsettled::default();
                if let Some(second) = lost {
                    unsettled.lose(at(second));
                }
                if is_told_first {
                    unsettled.tell(told.map(at));
                }
                if let Some(second) = answered {
                    unsettled.answer(at(second));
                }
                // The watch may show the announcement after its write was answered.
                unsettled.tell(told.map(at));
                let last = lost.max(told.filter(|_| told != answered));
                assert_eq!(unsettled.until(), last.map(|second| at(second + 90)), "{lost:?} {told:?} {answered:?}");
            }
        }
    }
}
