//! Lists every connection once in its interval. What a list means is for the objects of the connection's product.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::api::{InventorySettings, Product};
use crate::controller::connection::clients::ConnectedClient;
use crate::controller::connection::context::Context;
use crate::controller::connection::object::{AnyConnection, ConnectionId};
use crate::controller::connection::state::ConnectionState;
use crate::domain::Connection;

/// How often it is looked whether connections came, or their settings changed.
const LOOK: Duration = Duration::from_secs(10);
/// How long after a list that failed, or cannot be trusted, the next is tried, at first.
const AGAIN: Duration = Duration::from_mins(1);

/// The list of one product's connections that is taken once in the interval of each, beside the passes.
pub(crate) trait RegularList: Send + Sync + 'static {
    /// Returns the product whose connections have the list.
    fn product(&self) -> Product;

    /// Returns the connections that have to be listed regularly, each once.
    fn connections_to_list(&self) -> Vec<ConnectionId>;

    /// Returns when the newest list began that the objects of a connection were compared with.
    fn last(&self, id: &ConnectionId) -> Option<Instant>;

    /// Lists a connection and has its objects compared; returns whether the list came and can be trusted. What was asked for
    /// is a list that begins after `asked`.
    fn take<'a>(
        &'a self,
        connection: &'a AnyConnection,
        connected: &'a ConnectedClient,
        asked: Option<Instant>,
    ) -> BoxFuture<'a, bool>;
}

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
        // A list that takes longer than the interval is due when it ends, and counts as fresh for a moment then.
        self.not_before = Some(now + if is_well { LOOK } else { wait });
    }
}

/// Lists the connections.
pub(crate) struct Poller {
    connections: Arc<Context>,
    lists_of: Vec<Arc<dyn RegularList>>,
    schedules: HashMap<ConnectionId, PollSchedule>,
    under_way: HashSet<ConnectionId>,
    lists: JoinSet<Ended>,
}

/// A connection whose list is kept.
struct Kept {
    connection: Arc<AnyConnection>,
    list: Arc<dyn RegularList>,
}

/// A list that ended.
struct Ended {
    id: ConnectionId,
    /// The list came, and can be trusted.
    is_well: bool,
}

impl Poller {
    /// Makes it for the lists of these products.
    pub(crate) fn new(connections: Arc<Context>, lists_of: Vec<Arc<dyn RegularList>>) -> Self {
        Self { connections, lists_of, schedules: HashMap::new(), under_way: HashSet::new(), lists: JoinSet::new() }
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
        let known: HashSet<ConnectionId> = due.iter().map(|kept| kept.connection.id()).collect();
        self.schedules.retain(|id, _| known.contains(id));
        let mut wake = now + LOOK;
        for Kept { connection, list } in due {
            let (id, interval) = (connection.id(), inventory(&connection).interval());
            let last = list.last(&id);
            let asked = self.connections.store.asked_since(&id, last);
            let schedule = self.schedules.entry(id.clone()).or_insert_with(|| PollSchedule::new(now));
            let next = schedule.next(interval, last, asked);
            if next > now {
                wake = wake.min(next);
            } else if self.under_way.insert(id) {
                let connections = Arc::clone(&self.connections);
                self.lists.spawn(async move {
                    let is_well = poll(&connection, asked, &*list, &connections).await;
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
    fn to_list(&self) -> Vec<Kept> {
        self.lists_of.iter().flat_map(|list| self.to_list_of(list)).collect()
    }

    fn to_list_of(&self, list: &Arc<dyn RegularList>) -> Vec<Kept> {
        let connections = &self.connections;
        let state = |id: &ConnectionId| ConnectionState::state(connections.state(id).as_ref(), list.product());
        let is_ready = |id: &ConnectionId| state(id) == Connection::Ready;
        let used = list.connections_to_list().into_iter().filter(is_ready);
        let used = used.filter_map(|id| connections.store.get(&id));
        let used = used.filter(|connection| inventory(connection).enabled);
        used.map(|connection| Kept { connection, list: Arc::clone(list) }).collect()
    }
}

/// Lists one connection; returns whether the list came and can be trusted.
async fn poll(connection: &AnyConnection, asked: Option<Instant>, list: &dyn RegularList, context: &Context) -> bool {
    match context.client(connection).await {
        Ok(Ok(connected)) => list.take(connection, &connected, asked).await,
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
    async fn a_list_that_takes_longer_than_the_interval_is_not_followed_by_itself() {
        let (mut schedule, began) = schedule(0.5);
        let ended = began + 2 * AGAIN;
        schedule.ended(true, AGAIN, ended);
        assert_eq!(schedule.next(AGAIN, Some(began), None), ended + LOOK, "it counts as fresh until then");
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
