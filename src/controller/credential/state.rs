//! What is remembered of single objects while the process lives.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::api::SourceSecret;
use crate::controller::credential::shutdown::Handover;
use crate::domain::{Reason, SETTLE};

/// A write whose outcome is unknown: it may be executed yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Doubt {
    /// It carried the value.
    pub(crate) value: bool,
    /// What it was for: place and identifier, and these with the account.
    pub(crate) of: (u64, u64),
}

/// What is remembered of single objects while the process lives. A process that comes after needs none of it to be right,
/// if it is told whether anything is open: then it only saves work, or makes a doubt known at once.
pub(crate) struct Memory {
    /// When this process began its work.
    began: Instant,
    /// What the process before left.
    before: Handover,
    inner: Mutex<Remembered>,
}

#[derive(Default)]
struct Remembered {
    /// Versions of Secrets that were read and found to hold what was sent, by credential uid, with its generation.
    verified: HashMap<String, (i64, Vec<SourceSecret>)>,
    doubts: HashMap<String, Doubt>,
    /// Whether an earlier process may have sent something for a credential that it did not live to write down.
    suspects: HashMap<String, bool>,
    /// There was such a credential.
    suspected: bool,
    /// Those of them whose status says so: the next process sees them there.
    marked: HashSet<String>,
    /// There is an object that could not be decoded: what was sent for it, nobody knows.
    undecodable: bool,
    /// Statuses that this process wrote with digests of its own, and what became of them.
    contests: HashMap<String, Contest>,
    reasons: HashMap<String, Reason>,
    counts: HashMap<Reason, usize>,
    /// What was last said of fields that the PAM keeps, by credential uid; nothing is said of most.
    kept: HashMap<String, String>,
}

/// What a status shows of another operator that writes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trace<'a> {
    /// The version of the object that has it.
    pub(crate) version: &'a str,
    pub(crate) generation: i64,
    /// The digests in it are not ours.
    pub(crate) foreign: bool,
    /// It says for that generation that there is another operator.
    pub(crate) said: bool,
}

/// Another operator's digests where ours were.
#[derive(Default)]
struct Contest {
    version: String,
    generation: i64,
    times: u32,
    last: Option<Instant>,
}

/// So often another operator's digests are taken for a lost key.
const PATIENCE: u32 = 3;
/// So long after the last time a contest is over.
const OVER: Duration = Duration::from_mins(30);

impl Memory {
    /// The memory of a process that begins now, after one that left this.
    pub(crate) fn new(before: Handover) -> Self {
        Self { began: Instant::now(), before, inner: Mutex::default() }
    }

    /// What the process before left.
    pub(crate) const fn before(&self) -> Handover {
        self.before
    }

    /// What this process leaves to the next one, as far as is known here, if these are all that there are. What an earlier
    /// one may have sent for any of them may come as long as it is early, and is open until it was looked at, or is marked.
    pub(crate) fn leaves(&self, uids: &[String], now: Instant) -> Handover {
        let inner = self.lock();
        let open_before = self.before == Handover::Open;
        let clear = |uid: &String| match inner.suspects.get(uid) {
            Some(suspect) => !suspect || inner.marked.contains(uid),
            None => !open_before,
        };
        let may_come = inner.suspected && self.is_early(now);
        let open = may_come || (open_before && inner.undecodable) || !uids.iter().all(clear);
        if open { Handover::Open } else { Handover::Complete }
    }

    /// Notes that there is an object that cannot be decoded.
    pub(crate) fn note_undecodable(&self) {
        self.lock().undecodable = true;
    }

    /// Notes whether the status of a suspect says that it is one.
    pub(crate) fn mark(&self, uid: &str, marked: bool) {
        let mut inner = self.lock();
        if marked {
            inner.marked.insert(uid.to_owned());
        } else {
            inner.marked.remove(uid);
        }
    }

    /// How long a write of an earlier process may still be executed.
    pub(crate) fn early_left(&self, now: Instant) -> Option<Duration> {
        (self.began + SETTLE).checked_duration_since(now).filter(|left| !left.is_zero())
    }

    /// Whether a write of an earlier process may still be executed.
    pub(crate) fn is_early(&self, now: Instant) -> bool {
        self.early_left(now).is_some()
    }

    /// Whether an earlier process may have sent something for a credential that it did not live to write down. `differs`
    /// counts when it is first seen: what changes later changes under this process' eyes. After one that left nothing open
    /// no difference means anything: whoever labels a Secret makes it another version. What a status says counts always.
    pub(crate) fn is_suspect(&self, uid: &str, (said, differs): (bool, bool)) -> bool {
        let mut inner = self.lock();
        let suspect =
            *inner.suspects.entry(uid.to_owned()).or_insert(said || (differs && self.before == Handover::Open));
        inner.suspected |= suspect;
        suspect
    }

    /// Notes that this was cleared up.
    pub(crate) fn clear(&self, uid: &str) {
        if let Some(suspect) = self.lock().suspects.get_mut(uid) {
            *suspect = false;
        }
    }

    /// Notes that the digests in a status are this process' own.
    pub(crate) fn made_digests(&self, uid: &str) {
        self.lock().contests.entry(uid.to_owned()).or_default();
    }

    /// Whether another operator's digests came in the place of ours again and again, or that one says so: whoever answered
    /// that with a status of its own would have the last word for ever. An edit is a new beginning for both.
    pub(crate) fn is_contested(&self, uid: &str, trace: Trace<'_>, now: Instant) -> bool {
        let mut inner = self.lock();
        let Some(contest) = inner.contests.get_mut(uid) else { return false };
        let over = contest.last.is_some_and(|last| now.duration_since(last) >= OVER);
        if over || contest.generation != trace.generation {
            *contest = Contest { generation: trace.generation, ..Contest::default() };
        }
        if trace.foreign && contest.version != trace.version {
            trace.version.clone_into(&mut contest.version);
            contest.times += 1;
            contest.last = Some(now);
        }
        (trace.foreign && contest.times >= PATIENCE) || (trace.said && contest.times > 0)
    }

    pub(crate) fn is_verified(&self, uid: &str, generation: i64, versions: &[SourceSecret]) -> bool {
        self.lock().verified.get(uid).is_some_and(|(at, seen)| *at == generation && seen == versions)
    }

    pub(crate) fn verify(&self, uid: &str, generation: i64, versions: Vec<SourceSecret>) {
        self.lock().verified.insert(uid.to_owned(), (generation, versions));
    }

    pub(crate) fn doubt(&self, uid: &str) -> Option<Doubt> {
        self.lock().doubts.get(uid).copied()
    }

    pub(crate) fn set_doubt(&self, uid: &str, doubt: Option<Doubt>) {
        let mut inner = self.lock();
        match doubt {
            Some(Doubt { value, of }) => {
                let known = inner.doubts.entry(uid.to_owned()).or_default();
                (known.value, known.of) = (known.value || value, of);
            }
            None => _ = inner.doubts.remove(uid),
        }
    }

    /// Notes what is said of fields that the PAM keeps; `true` if it is news.
    pub(crate) fn tells_of_kept(&self, uid: &str, words: &str) -> bool {
        let mut inner = self.lock();
        let before = match words {
            "" => inner.kept.remove(uid),
            words => inner.kept.insert(uid.to_owned(), words.to_owned()),
        };
        before.unwrap_or_default() != words
    }

    /// Notes how a credential stands, and returns how many stand how.
    pub(crate) fn tally(&self, uid: &str, reason: Option<Reason>) -> Vec<(&'static str, usize)> {
        let mut inner = self.lock();
        let before = match reason {
            Some(reason) => inner.reasons.insert(uid.to_owned(), reason),
            None => inner.reasons.remove(uid),
        };
        if before == reason {
            return Vec::new();
        }
        if let Some(before) = before {
            let count = inner.counts.entry(before).or_default();
            *count = count.saturating_sub(1);
        }
        if let Some(reason) = reason {
            *inner.counts.entry(reason).or_default() += 1;
        }
        let touched = [before, reason].into_iter().flatten();
        touched.map(|reason| (reason.as_str(), inner.counts.get(&reason).copied().unwrap_or_default())).collect()
    }

    /// Forgets a credential that is gone, and returns how many stand how now.
    pub(crate) fn forget(&self, uid: &str) -> Vec<(&'static str, usize)> {
        let mut inner = self.lock();
        inner.verified.remove(uid);
        inner.suspects.remove(uid);
        inner.marked.remove(uid);
        inner.contests.remove(uid);
        inner.doubts.remove(uid);
        inner.kept.remove(uid);
        drop(inner);
        self.tally(uid, None)
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONCE: Trace<'_> = Trace { version: "1", generation: 1, foreign: true, said: false };

    fn other_operator_writes() -> (Memory, Instant) {
        let (memory, now) = (Memory::new(Handover::Open), Instant::now());
        memory.made_digests("uid");
        for version in ["1", "2"] {
            assert!(!memory.is_contested("uid", Trace { version, ..ONCE }, now));
            assert!(!memory.is_contested("uid", Trace { version, ..ONCE }, now), "one version counts once");
        }
        (memory, now)
    }

    #[test]
    fn another_operators_digests_again_and_again_are_a_contest_until_an_edit_or_for_a_while() {
        let (memory, now) = other_operator_writes();
        assert!(memory.is_contested("uid", Trace { version: "3", ..ONCE }, now));
        let edited = Trace { version: "4", generation: 2, ..ONCE };
        assert!(!memory.is_contested("uid", edited, now));
        let (memory, now) = other_operator_writes();
        assert!(memory.is_contested("uid", Trace { version: "3", ..ONCE }, now));
        assert!(!memory.is_contested("uid", Trace { version: "3", ..ONCE }, now + OVER));
    }

    #[test]
    fn what_the_other_says_of_a_contest_is_not_contradicted() {
        let (memory, now) = other_operator_writes();
        let said = Trace { version: "3", foreign: false, said: true, ..ONCE };
        assert!(memory.is_contested("uid", said, now));
        assert!(!memory.is_contested("uid", said, now + OVER), "the other one may be gone");
    }

    #[test]
    fn what_an_earlier_process_left_open_stays_so_until_it_was_looked_at_and_can_come_no_more() {
        let (memory, now) = (Memory::new(Handover::Open), Instant::now());
        let all = ["uid", "other"].map(str::to_owned);
        assert_eq!(memory.leaves(&[], now), Handover::Complete, "there is nothing");
        assert!(!memory.is_suspect("other", (false, false)));
        assert_eq!(memory.leaves(&all, now), Handover::Open, "one was not looked at");
        assert!(memory.is_suspect("uid", (false, true)));
        assert_eq!(memory.leaves(&all, now + SETTLE), Handover::Open);
        memory.clear("uid");
        assert_eq!(memory.leaves(&all, now), Handover::Open, "it may come yet");
        assert_eq!(memory.leaves(&all, now + SETTLE), Handover::Complete);
    }

    #[test]
    fn after_one_that_left_nothing_open_no_difference_means_anything() {
        let memory = Memory::new(Handover::Complete);
        assert!(!memory.is_suspect("uid", (false, true)));
        let all = ["uid", "new"].map(str::to_owned);
        assert_eq!(memory.leaves(&all, Instant::now()), Handover::Complete);
        assert!(memory.is_suspect("marked", (true, false)), "its status says so");
        let all = ["uid", "marked"].map(str::to_owned);
        assert_eq!(memory.leaves(&all, Instant::now() + SETTLE), Handover::Open);
        memory.mark("marked", true);
        assert_eq!(memory.leaves(&all, Instant::now()), Handover::Open, "it may come yet");
        assert_eq!(memory.leaves(&all, Instant::now() + SETTLE), Handover::Complete, "the next one is told");
    }

    #[test]
    fn a_process_that_wrote_no_digests_yet_takes_others_for_those_of_a_lost_key() {
        let memory = Memory::new(Handover::Open);
        for version in ["1", "2", "3", "4"] {
            assert!(!memory.is_contested("uid", Trace { version, said: true, ..ONCE }, Instant::now()));
        }
    }
}
