//! Lists every connection once in its interval. What a list means is for `inventory.rs`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::api::{InventorySettings, Product};
use crate::controller::connection::context::Context;
use crate::controller::connection::inventory::{ListConsumer, list};
use crate::controller::connection::object::{AnyConnection, ConnectionId};
use crate::controller::connection::state::ConnectionState;
use crate::domain::Connection;

/// How often it is looked whether connections came, or their settings changed.
const LOOK: Duration = Duration::from_secs(10);
/// How long after a list that failed, or cannot be trusted, the next is tried, at first.
const AGAIN: Duration = Duration::from_mins(1);

/// When the list of one connection is due.
struct PollSchedule {
    seen: Instant,
    /// The first list after the start comes at a random time within the interval: a restart asks the PAM for nothing.
    phase: f64,
    failures: u32,
    not_before: Option<Instant>,
}

impl PollSchedule {
    fn new(now: Instant) -> Self {
        Self { seen: now, phase: rand::random(), failures: 0, not_before: None }
    }

    fn next(&self, interval: Duration, last: Option<Instant>, asked: Option<Instant>) -> Instant {
        let regular = last.map_or_else(|| self.seen + interval.mul_f64(self.phase), |last| last + interval);
        let next = asked.map_or(regular, |asked| asked.min(regular));
        self.not_before.map_or(next, |not_before| next.max(not_before))
    }

    fn ended(&mut self, is_well: bool, interval: Duration, now: Instant) {
        self.failures = if is_well { 0 } else { self.failures.saturating_add(1) };
        let wait = AGAIN.saturating_mul(1 << self.failures.saturating_sub(1).min(10)).min(interval);
        self.not_before = (!is_well).then(|| now + wait);
    }
}

/// Lists the connections of the objects of one kind.
pub(crate) struct Poller {
    connections: Arc<Context>,
    consumer: Arc<dyn ListConsumer>,
    schedules: HashMap<ConnectionId, PollSchedule>,
    under_way: HashSet<ConnectionId>,
    lists: JoinSet<Ended>,
}

/// A list that ended.
struct Ended {
    id: ConnectionId,
    /// The list came, and can be trusted.
    is_well: bool,
}

impl Poller {
    /// Makes it for the objects of one kind.
    pub(crate) fn new(connections: Arc<Context>, consumer: Arc<dyn ListConsumer>) -> Self {
        Self { connections, consumer, schedules: HashMap::new(), under_way: HashSet::new(), lists: JoinSet::new() }
    }

    /// Lists for ever. Runs until dropped.
    pub(crate) async fn run(mut self) {
        let connections = Arc::clone(&self.connections);
        loop {
            let wake = self.begin();
            tokio::select! {
                Some(ended) = self.lists.join_next() => if let Ok(ended) = ended {
                    self.end(&ended);
                },
                () = sleep_until(wake) => {}
                () = connections.list_asked.notified() => {}
            }
        }
    }

    /// Begins the lists that are due, and returns when the next may be.
    fn begin(&mut self) -> Instant {
        let now = Instant::now();
        let due = self.to_list();
        let known: HashSet<ConnectionId> = due.iter().map(|connection| connection.id()).collect();
        self.schedules.retain(|id, _| known.contains(id));
        let mut wake = now + LOOK;
        for connection in due {
            let (id, interval) = (connection.id(), inventory(&connection).interval());
            let last = self.connections.store.snapshot(&id).map(|snapshot| snapshot.started());
            let asked = self.connections.store.asked_since(&id, last);
            let schedule = self.schedules.entry(id.clone()).or_insert_with(|| PollSchedule::new(now));
            let next = schedule.next(interval, last, asked);
            if next > now {
                wake = wake.min(next);
            } else if self.under_way.insert(id) {
                let (connections, consumer) = (Arc::clone(&self.connections), Arc::clone(&self.consumer));
                self.lists.spawn(async move {
                    let is_well = poll(&connection, asked, &*consumer, &connections).await;
                    Ended { id: connection.id(), is_well }
                });
            }
        }
        wake
    }

    fn end(&mut self, Ended { id, is_well }: &Ended) {
        self.under_way.remove(id);
        let connection = self.connections.store.get(id);
        if let (Some(schedule), Some(connection)) = (self.schedules.get_mut(id), connection) {
            schedule.ended(*is_well, inventory(&connection).interval(), Instant::now());
        }
    }

    /// Returns the connections whose list is kept: those that are ready, are to list, and are in use.
    fn to_list(&self) -> Vec<Arc<AnyConnection>> {
        let connections = &self.connections;
        // What is listed are records of PAM Core.
        let state = |id: &ConnectionId| ConnectionState::state(connections.state(id).as_ref(), Product::PamCore);
        let is_ready = |id: &ConnectionId| state(id) == Connection::Ready;
        let used = self.consumer.connections_to_list().into_iter().filter(is_ready);
        let used = used.filter_map(|id| connections.store.get(&id));
        used.filter(|connection| inventory(connection).enabled).collect()
    }
}

/// Lists one connection; returns whether the list came and can be trusted.
async fn poll(
    connection: &AnyConnection,
    asked: Option<Instant>,
    consumer: &dyn ListConsumer,
    context: &Context,
) -> bool {
    let id = connection.id();
    match context.client(connection).await {
        Ok(Ok(connected)) => {
            let listed = list(&id, &connected, asked, consumer, context).await;
            let hold = context.health.list_hold(&id);
            if listed.is_ok() && !hold.all {
                // By the list of each interval alone: were each list to wake these, and each of them to need one, there
                // would be no end of it.
                context.cluster.triggers.wake_after_release(&consumer.to_wake_after(&id));
            }
            listed.is_ok() && hold.is_empty()
        }
        Ok(Err(_)) => false,
        Err(error) => {
            tracing::debug!(%error, "a connection could not be made for its list");
            false
        }
    }
}

/// Returns the settings of a connection's list.
pub(crate) fn inventory(connection: &AnyConnection) -> InventorySettings {
    connection.spec.inventory.clone().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn schedule(phase: f64) -> (PollSchedule, Instant) {
        let now = Instant::now();
        (PollSchedule { phase, ..PollSchedule::new(now) }, now)
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_list_comes_within_the_interval_and_the_next_an_interval_after_the_last() {
        let (schedule, now) = schedule(0.25);
        assert_eq!(schedule.next(HOUR, None, None), now + HOUR / 4);
        let last = now + Duration::from_secs(5);
        assert_eq!(schedule.next(HOUR, Some(last), None), last + HOUR, "whoever asked for the last one");
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_that_is_asked_for_does_not_wait_for_the_interval_but_for_a_failure() {
        let (mut schedule, now) = schedule(0.5);
        assert_eq!(schedule.next(HOUR, Some(now), Some(now)), now);
        schedule.ended(false, HOUR, now);
        assert_eq!(schedule.next(HOUR, Some(now), Some(now)), now + AGAIN);
    }

    #[tokio::test(start_paused = true)]
    async fn lists_that_fail_come_ever_more_rarely_but_not_more_rarely_than_the_interval() {
        let (mut schedule, now) = schedule(0.0);
        let mut wait = || {
            schedule.ended(false, HOUR, now);
            (schedule.next(HOUR, None, None) - now).as_secs()
        };
        assert_eq!([wait(), wait(), wait()], [60, 120, 240]);
        for _ in 0..20 {
            wait();
        }
        assert_eq!(wait(), 3600);
    }
}
