//! Counts what was asked of the API server and of the PAMs between two points.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use jiff::Timestamp;
use local_cluster::{Follower, Mark as AuditMark, Requests};
use pam_simulator::{Entry, Journal, Kind, Mark as PamMark};

use super::{metric::Metric, sample::Sample};
use crate::world::World;

/// The resource whose last write says that an object is done.
const STATUS: &str = "pamcredentials/status";

/// A point from which on calls are counted.
pub struct Meter {
    audit: AuditMark,
    pams: Vec<PamMark>,
    /// When it was set.
    pub since: Timestamp,
}

impl Meter {
    /// Counts from now on.
    pub async fn set(world: &World) -> Result<Self> {
        let audit = world.cluster.audit().mark().await?;
        let pams = world.pams.iter().map(|pam| pam.mark()).collect();
        Ok(Self { audit, pams, since: Timestamp::now() })
    }

    /// The statuses that `user` writes from this point on.
    #[must_use]
    pub fn statuses(&self, world: &World, user: &str) -> Statuses {
        let log = self.requests(world);
        Statuses { log, user: user.to_owned(), done: BTreeSet::new(), last: None }
    }

    /// What arrived at the PAMs until now.
    #[must_use]
    pub fn journals(&self, world: &World) -> Vec<Journal> {
        world.pams.iter().zip(&self.pams).map(|(pam, mark)| pam.since(*mark)).collect()
    }

    /// The requests to the API server from this point on.
    #[must_use]
    pub fn requests(&self, world: &World) -> Follower {
        world.cluster.audit().follow(self.audit)
    }

    /// When each change of a PAM was, in milliseconds after `began`.
    #[must_use]
    pub fn commits_after(&self, world: &World, began: Timestamp) -> Vec<f64> {
        let journals = self.journals(world);
        let commits = journals.iter().flat_map(Journal::entries).filter_map(|entry| entry.commit.as_ref());
        commits.map(|commit| commit.at.duration_since(began).as_secs_f64() * 1000.0).collect()
    }

    /// Adds to `sample` what `user` (none: everybody) asked the API server, and what was asked of the PAMs.
    pub async fn read(&self, world: &World, user: Option<&str>, sample: &mut Sample) -> Result<()> {
        let requests = world.cluster.audit().since(self.audit).await?;
        let requests = user.map_or_else(|| requests.clone(), |user| requests.by(user));
        sample.count(Metric::ApiCalls, requests.without_leases().len());
        sample.count(Metric::ApiWrites, requests.writes().without_leases().len());
        sample.api = requests.tally();
        let journals = self.journals(world);
        count_pam_calls(&journals, sample);
        Ok(())
    }
}

fn count_pam_calls(journals: &[Journal], sample: &mut Sample) {
    let entries = || journals.iter().flat_map(Journal::entries);
    let mut tally = BTreeMap::new();
    for entry in entries() {
        *tally.entry(name(entry.kind)).or_insert(0) += 1;
    }
    let tokens = entries().filter(|entry| entry.kind == Kind::Token && entry.token.is_some()).count();
    let connections = journals.iter().map(|journal| {
        let numbers: BTreeSet<u64> = journal.entries().iter().map(|entry| entry.connection).collect();
        numbers.len()
    });
    sample.count(Metric::PamCalls, entries().filter(|entry| entry.kind != Kind::Token).count());
    sample.count(Metric::Tokens, tokens);
    sample.count(Metric::Connections, connections.sum());
    sample.count(Metric::AtOnce, most_at_once(entries().map(span)));
    sample.pam = tally;
}

/// The name of a kind of calls, as the journal writes it.
fn name(kind: Kind) -> String {
    serde_json::to_value(kind).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// From when until when a call was under way.
fn span(entry: &Entry) -> [Timestamp; 2] {
    [entry.at, entry.done_at.unwrap_or(Timestamp::MAX)]
}

/// The most calls that were under way at one time.
fn most_at_once(spans: impl Iterator<Item = [Timestamp; 2]>) -> usize {
    let mut steps: Vec<(Timestamp, i32)> = spans.flat_map(|[from, until]| [(from, 1), (until, -1)]).collect();
    // An end comes before a beginning of the same time.
    steps.sort_unstable();
    let (mut now, mut most) = (0, 0);
    for (_, step) in steps {
        now += step;
        most = most.max(now);
    }
    usize::try_from(most).unwrap_or_default()
}

/// Objects whose status was written, read from the audit log: asking the API server would slow down what is measured.
pub struct Statuses {
    log: Follower,
    user: String,
    done: BTreeSet<(String, String)>,
    /// When the last one was written.
    pub last: Option<Timestamp>,
}

impl Statuses {
    /// How many objects have a status that was written since the beginning.
    pub fn count(&mut self) -> Result<usize> {
        let written = wrote_status(&self.log.more()?.by(&self.user));
        for event in &written {
            self.last = self.last.max(Some(event.time));
            self.done.insert((event.namespace.clone(), event.name.clone()));
        }
        Ok(self.done.len())
    }
}

fn wrote_status(requests: &Requests) -> Requests {
    requests.filter(|event| event.resource == STATUS && event.is_write() && event.code == 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_follow_each_other_were_not_under_way_at_once() {
        let spans = |of: &[[i64; 2]]| {
            let spans: Vec<_> = of.iter().map(|span| span.map(|at| Timestamp::from_second(at).unwrap())).collect();
            most_at_once(spans.into_iter())
        };
        assert_eq!(spans(&[[1, 2], [2, 3], [3, 4]]), 1);
        assert_eq!(spans(&[[1, 9], [2, 3], [2, 4], [5, 6]]), 3);
        assert_eq!(spans(&[]), 0);
    }
}
