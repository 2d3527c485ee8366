//! The scenarios: what there is, what happens, and whether `make bench` runs it when no scenario is named.

use std::time::Duration;

use crate::world::plan::Plan;

/// What happens in a world while it is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The operator starts and has no objects.
    Idle,
    /// The operator starts, and each object is new to the PAM.
    Cold,
    /// Another program does the same.
    Other(Other),
    /// The operator is stopped and started again.
    Restart,
    /// Secrets are changed one after the other, so many times.
    RotateOne(usize),
    /// So many percent of the Secrets are changed at once.
    RotateShare(usize),
    /// The API server ends every watch with 410.
    Relist,
    /// Nothing happens.
    Quiet,
    /// One of several PAMs answers nothing.
    BlackHole,
    /// The leader is stopped while another replica waits.
    HandOver,
    /// Nearly all Secrets were changed while the operator was away; then people change others.
    Backlog(Backlog),
    /// The operator reads the PAM's whole list.
    List,
}

impl Step {
    /// Whether it needs a world in which nothing has happened yet.
    #[must_use]
    pub const fn begins(self) -> bool {
        matches!(self, Self::Idle | Self::Cold | Self::Other(_) | Self::BlackHole)
    }
}

/// A program that is measured in the operator's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// The least that must be asked: see `src/roofline`.
    Roofline,
    /// What `--peer-cmd` says.
    Peer,
}

/// How the PAM is while nearly all objects are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// How long it takes for each request.
    pub latency: Duration,
    /// The most requests per second; 0: no limit.
    pub requests_per_second: u32,
}

/// One row of the results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Its name on the command line.
    pub name: String,
    /// What happens, for people.
    pub title: String,
    /// What there is before.
    pub plan: Plan,
    /// What happens.
    pub step: Step,
    /// Whether it is run when no scenario is named.
    pub usual: bool,
}

/// Seconds between two lists of a vault that is listed.
const LISTED_EVERY: &str = "20s";
/// A PAM as elsewhere.
pub const NO_LIMIT: Backlog = Backlog { latency: Duration::from_millis(20), requests_per_second: 0 };
/// A PAM that takes its time, and not too much at once.
pub const SLOW: Backlog = Backlog { latency: Duration::from_millis(200), requests_per_second: 20 };

/// Every scenario, in the order in which they are run: those of one world stand together, from harmless to destructive.
#[must_use]
pub fn all() -> Vec<Scenario> {
    let worlds = [
        vec![row("idle", "no objects", Plan::default(), Step::Idle).usual()],
        of_objects(100, &[]),
        of_objects(1_000, &[]),
        of_objects(10_000, &among_many()),
        of_objects(50_000, &[]),
        other_latencies(),
        vec![
            row("spread-1000", "cold start, 1,000 objects, 10 PAMs", spread(), Step::Cold),
            row("black-hole-1000", "the same, and one PAM answers nothing", spread(), Step::BlackHole),
            row("unrelated-50000", "no objects, 50,000 unrelated Secrets", unrelated(), Step::Idle),
            row("vault-0", "cold start, 1,000 objects, then a list", vault(0), Step::List),
            row("vault-100000", "the same in a vault of 100,000 records", vault(100_000), Step::List),
        ],
    ];
    worlds.concat()
}

fn row(name: &str, title: &str, plan: Plan, step: Step) -> Scenario {
    Scenario { name: name.to_owned(), title: title.to_owned(), plan, step, usual: false }
}

impl Scenario {
    /// Whether it can be measured in the world of `last`, after it.
    #[must_use]
    pub fn may_follow(&self, last: &Self) -> bool {
        !self.step.begins() && !matches!(last.step, Step::Other(_)) && self.plan == last.plan
    }

    fn usual(mut self) -> Self {
        self.usual = true;
        self
    }
}

fn objects(objects: usize) -> Plan {
    Plan { objects, ..Plan::default() }
}

/// What is measured with each number of objects, and `more` beside it.
fn of_objects(number: usize, more: &[Scenario]) -> Vec<Scenario> {
    let plan = objects(number);
    let with = |name: &str, title: &str, step| {
        let (name, title) = (format!("{name}-{number}"), format!("{title}, {} objects", thousands(number)));
        Scenario { usual: number <= 10_000, ..row(&name, &title, plan.clone(), step) }
    };
    let mut rows = vec![
        with("roofline", "only the least calls", Step::Other(Other::Roofline)),
        with("peer", "the other program", Step::Other(Other::Peer)),
        with("cold", "cold start", Step::Cold),
    ];
    if number >= 10_000 {
        rows.push(with("restart", "restart, nothing changed", Step::Restart));
    }
    if number <= 10_000 {
        let times = if number == 10_000 { 100 } else { 50 };
        rows.push(Scenario {
            usual: number != 1_000,
            ..with("rotate", "one Secret after the other", Step::RotateOne(times))
        });
    }
    rows.extend_from_slice(more);
    rows
}

fn among_many() -> Vec<Scenario> {
    let of = |name: &str, title: &str, step| {
        row(&format!("{name}-10000"), &format!("{title}, 10,000 objects"), objects(10_000), step)
    };
    vec![
        of("rotate-share", "10 % of the Secrets at once", Step::RotateShare(10)),
        of("quiet", "nothing happens", Step::Quiet),
        of("relist", "every watch ends with 410", Step::Relist),
        of("hand-over", "the leader is stopped", Step::HandOver),
        of("backlog", "edits while nearly all are due", Step::Backlog(NO_LIMIT)),
        of("backlog-slow", "the same, PAM at 200 ms and 20 requests/s", Step::Backlog(SLOW)),
    ]
}

fn other_latencies() -> Vec<Scenario> {
    let at = |millis: u64| Plan { latency: Duration::from_millis(millis), ..objects(1_000) };
    vec![
        row("cold-1000-at-0ms", "cold start, 1,000 objects, PAM at 0 ms", at(0), Step::Cold),
        row("cold-1000-at-200ms", "cold start, 1,000 objects, PAM at 200 ms", at(200), Step::Cold),
    ]
}

fn spread() -> Plan {
    Plan { pams: 10, ..objects(1_000) }
}

fn unrelated() -> Plan {
    Plan { unrelated: 50_000, ..Plan::default() }
}

fn vault(records: usize) -> Plan {
    Plan { records, list_interval: LISTED_EVERY, ..objects(1_000) }
}

/// A number with a comma before each three digits.
#[must_use]
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let comma = |at: usize| at > 0 && (digits.len() - at).is_multiple_of(3);
    digits.chars().enumerate().flat_map(|(at, digit)| comma(at).then_some(',').into_iter().chain([digit])).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_name_is_there_once() {
        let all = all();
        let names: BTreeSet<_> = all.iter().map(|scenario| &scenario.name).collect();
        assert_eq!(names.len(), all.len());
    }

    #[test]
    fn large_numbers_have_commas() {
        assert_eq!([1, 100, 1_000, 50_000, 1_234_567].map(thousands), ["1", "100", "1,000", "50,000", "1,234,567"]);
    }
}
