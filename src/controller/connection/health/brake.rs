//! The disable brake of one connection (P7): when more records are to be disabled at one go than its spec lets go, the
//! rest wait until somebody has looked at it.
//!
//! Once it is on it stays on, however much time passes: what deletes a whole cluster's objects has not become right by
//! waiting. It goes off when the number that was shown is confirmed and that many went on, or when nobody waits any more.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use tokio::time::Instant;

use crate::api::{ConditionType, PamConnectionStatus, RecentDisables, find};
use crate::controller::runtime::object_id::NamespacedName;

/// Why it is on: nobody confirmed the number yet.
pub(crate) const TOO_MANY: &str = "TooManyDisables";
/// Why it is on: those that were confirmed are going on.
pub(crate) const CONFIRMED: &str = "Confirmed";

/// A status remembers so many points in time.
const POINTS: u32 = 8;
/// So much of an annotation's value is remembered: no number is longer.
const REMEMBERED: usize = 32;
/// From the first that waits until the number is shown: the deletions of one go arrive together, and it is the number that
/// somebody confirms.
const GATHERING: Duration = Duration::from_secs(1);

/// `spec.disableBrake`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) count: usize,
    pub(crate) window: Duration,
}

/// Whether a disable may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It may.
    Go,
    /// It may once the connection's status has it.
    Unwritten,
    /// It waits, and so many with it.
    Held(usize),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Latch {
    /// It is off.
    #[default]
    Off,
    /// It is on, since then; `None` is an earlier process's time.
    Held(Option<Instant>),
    /// So many were confirmed, which is not written down yet.
    Confirming(usize),
    /// So many of those that were confirmed may still go on.
    Going(usize),
}

/// An object that was let go on.
#[derive(Clone, Copy, Debug)]
struct Passed {
    last: Instant,
    /// It counts within the window, and for as long. One that was confirmed does not count.
    counts: bool,
    /// The connection's status has it.
    written: bool,
}

/// The brake of one connection.
#[derive(Debug, Default)]
pub(crate) struct Brake {
    limit: Limit,
    latch: Latch,
    /// Objects that are being deleted and whose records are to be disabled, by uid.
    leaving: HashMap<String, NamespacedName>,
    passed: HashMap<String, Passed>,
    /// Of those that are leaving: who was held back, and who has something else in its way, for as long as that takes. To
    /// count the latter would keep the brake on for ever.
    held: HashSet<String>,
    aside: HashSet<String>,
    /// What earlier processes disabled.
    earlier: Vec<(Instant, usize)>,
    annotation: Option<String>,
    /// The annotation's value that was looked at, or was there before there was anything to confirm.
    handled: Option<String>,
}

/// What a status has once it is written.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    passed: Vec<String>,
    confirmed: bool,
}

impl Brake {
    /// Takes up what an earlier process left in the connection's status. Who is leaving is known from elsewhere.
    pub(crate) fn restore(&mut self, status: &PamConnectionStatus, (now, wall): (Instant, Timestamp)) {
        let is_on = find(&status.conditions, ConditionType::DisablesHeld).is_some_and(|held| held.status == "True");
        self.latch = if is_on { Latch::Held(None) } else { Latch::Off };
        self.handled.clone_from(&status.last_handled_confirm_disable);
        self.annotation = None;
        self.passed.clear();
        let age = |noted: &RecentDisables| Duration::try_from(wall.duration_since(noted.time.0)).unwrap_or_default();
        let known = status.recent_disables.iter().map(|noted| (now.checked_sub(age(noted)), noted.count));
        self.earlier = known.map(|(at, count)| (at.unwrap_or(now), usize::try_from(count).unwrap_or(0))).collect();
    }

    /// Takes in the connection as the watch shows it. Each change of the annotation is seen here, even one that is undone
    /// before the connection's next pass: "remove it and set it again" may take no time at all.
    pub(crate) fn refresh(&mut self, limit: Limit, annotation: Option<&String>) {
        self.limit = limit;
        self.annotation = annotation.map(|value| value.chars().take(REMEMBERED).collect());
        if self.handled != self.annotation {
            self.handled = None;
        }
    }

    /// An object is being deleted, and its record is to be disabled; `true` if that is news.
    pub(crate) fn comes(&mut self, uid: &str, key: &NamespacedName) -> bool {
        self.leaving.insert(uid.to_owned(), key.clone()).is_none()
    }

    /// An object is gone, or its record is no longer to be disabled; `true` if that is news.
    pub(crate) fn goes(&mut self, uid: &str) -> bool {
        self.held.remove(uid);
        self.aside.remove(uid);
        self.leaving.remove(uid).is_some()
    }

    /// An object that is leaving has something else in its way; `true` if that is news. Whom the brake held back once stays
    /// counted: what comes in the way of all of them must not take it off.
    pub(crate) fn sets_aside(&mut self, uid: &str) -> bool {
        self.leaving.contains_key(uid) && !self.held.contains(uid) && self.aside.insert(uid.to_owned())
    }

    /// Whether nobody is leaving.
    pub(crate) fn is_idle(&self) -> bool {
        self.leaving.is_empty()
    }

    pub(crate) fn latch(&self) -> Latch {
        self.latch
    }

    pub(crate) fn handled(&self) -> Option<&String> {
        self.handled.as_ref()
    }

    /// Whether the record of an object that is leaving may be disabled; `None` if by now it is to be kept, or gone. One that
    /// was let go on and tries again does not count twice.
    pub(crate) fn admit(&mut self, uid: &str, now: Instant) -> Option<Admission> {
        self.prune(now);
        if !self.leaving.contains_key(uid) {
            return None;
        }
        self.aside.remove(uid);
        let admission = self.count(uid, now);
        if matches!(admission, Admission::Held(_)) {
            self.held.insert(uid.to_owned());
        }
        Some(admission)
    }

    fn count(&mut self, uid: &str, now: Instant) -> Admission {
        if let Some(passed) = self.passed.get_mut(uid) {
            passed.last = now;
            return if passed.written { Admission::Go } else { Admission::Unwritten };
        }
        match self.latch {
            Latch::Off if self.used() < self.limit.count => {
                self.passed.insert(uid.to_owned(), Passed { last: now, counts: true, written: false });
                Admission::Unwritten
            }
            Latch::Going(left @ 1..) => {
                self.latch = Latch::Going(left - 1);
                // What was confirmed is written down: a process that takes over has it confirmed anew.
                self.passed.insert(uid.to_owned(), Passed { last: now, counts: false, written: true });
                Admission::Go
            }
            Latch::Off => {
                self.latch = Latch::Held(Some(now));
                // Whatever is there already cannot be meant for this.
                self.handled.clone_from(&self.annotation);
                Admission::Held(self.waiting())
            }
            _ => Admission::Held(self.waiting()),
        }
    }

    /// Sees whether the brake goes off, or on again after what was confirmed. `all_known` says that everyone who is leaving
    /// has been seen.
    pub(crate) fn settle(&mut self, now: Instant, all_known: bool) {
        self.prune(now);
        match self.latch {
            Latch::Held(_) | Latch::Going(_) if all_known && !self.does_anyone_wait() => self.latch = Latch::Off,
            Latch::Going(0) => self.latch = Latch::Held(None),
            _ => {}
        }
    }

    /// Looks at a new value of the annotation, once: it is a confirmation if it is the number that the status shows.
    pub(crate) fn judge(&mut self, shown: Option<i64>) {
        if !matches!(self.latch, Latch::Held(_)) || self.annotation.is_none() || self.handled == self.annotation {
            return;
        }
        self.handled.clone_from(&self.annotation);
        let same = |shown: &i64| self.handled.as_deref().map(str::trim) == Some(shown.to_string().as_str());
        if let Some(count) = shown.filter(same).and_then(|shown| usize::try_from(shown).ok()) {
            self.latch = Latch::Confirming(count);
        }
    }

    /// Whether anyone waits.
    pub(crate) fn does_anyone_wait(&self) -> bool {
        self.leaving.keys().any(|uid| self.waits(uid))
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.leaving.keys().filter(|uid| self.waits(uid)).count()
    }

    fn waits(&self, uid: &str) -> bool {
        !self.passed.contains_key(uid) && !self.aside.contains(uid)
    }

    /// How long the number is still gathered before it is shown.
    pub(crate) fn gathers(&self, now: Instant) -> Option<Duration> {
        let Latch::Held(Some(since)) = self.latch else { return None };
        Some((since + GATHERING).saturating_duration_since(now)).filter(|left| !left.is_zero())
    }

    /// What the status is to remember of the window; `None` if it does already.
    pub(crate) fn recent(&self, now: Instant, wall: Timestamp) -> Option<Vec<RecentDisables>> {
        match self.latch {
            Latch::Confirming(_) => Some(Vec::new()),
            _ if self.passed.values().all(|passed| passed.written) => None,
            _ => Some(self.points(now, wall)),
        }
    }

    /// What is about to be written.
    pub(crate) fn noted(&self) -> Noted {
        let unwritten = self.passed.iter().filter(|(_, passed)| !passed.written);
        Noted {
            passed: unwritten.map(|(uid, _)| uid.clone()).collect(),
            confirmed: matches!(self.latch, Latch::Confirming(_)),
        }
    }

    /// It was written; returns whom a confirmation lets go on. A person has looked at it: what went before counts no more.
    pub(crate) fn written(&mut self, noted: &Noted) -> Vec<NamespacedName> {
        for uid in &noted.passed {
            if let Some(passed) = self.passed.get_mut(uid) {
                passed.written = true;
            }
        }
        let Latch::Confirming(count) = self.latch else { return Vec::new() };
        if !noted.confirmed {
            return Vec::new();
        }
        self.latch = Latch::Going(count);
        self.earlier.clear();
        self.passed.values_mut().for_each(|passed| passed.counts = false);
        self.leaving.values().cloned().collect()
    }

    fn used(&self) -> usize {
        let ours = self.passed.values().filter(|passed| passed.counts).count();
        ours + self.earlier.iter().map(|(_, count)| count).sum::<usize>()
    }

    fn prune(&mut self, now: Instant) {
        let window = self.limit.window;
        let is_recent = |at: Instant| at + window > now;
        let leaving = &self.leaving;
        self.passed
            .retain(|uid, passed| if passed.counts { is_recent(passed.last) } else { leaving.contains_key(uid) });
        self.earlier.retain(|(at, _)| is_recent(*at));
    }

    /// The window's disables, those of about one time together under the newest's: none is forgotten too early.
    fn points(&self, now: Instant, wall: Timestamp) -> Vec<RecentDisables> {
        let mut points: BTreeMap<u32, (Instant, usize)> = BTreeMap::new();
        let ours = self.passed.values().filter(|passed| passed.counts).map(|passed| (passed.last, 1));
        for (at, count) in ours.chain(self.earlier.iter().copied()) {
            let point = points.entry(self.point(now.saturating_duration_since(at))).or_insert((at, 0));
            *point = (point.0.max(at), point.1 + count);
        }
        let noted = |(at, count): (Instant, usize)| RecentDisables {
            time: Time(whole_seconds(wall, now.saturating_duration_since(at))),
            count: i64::try_from(count).unwrap_or(i64::MAX),
        };
        points.into_values().map(noted).collect()
    }

    fn point(&self, age: Duration) -> u32 {
        let nanos = self.limit.window.as_nanos().max(1);
        u32::try_from(age.as_nanos() * u128::from(POINTS) / nanos).unwrap_or(POINTS).min(POINTS - 1)
    }
}

/// That long ago, not before: in a status a time has whole seconds.
fn whole_seconds(wall: Timestamp, ago: Duration) -> Timestamp {
    let at = SignedDuration::try_from(ago).ok().and_then(|ago| wall.checked_sub(ago).ok()).unwrap_or(wall);
    Timestamp::from_second(at.as_second() + 1).unwrap_or(at)
}

#[cfg(test)]
#[path = "brake_tests.rs"]
mod tests;
