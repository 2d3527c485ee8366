//! The list of each connection, once in its interval: what others did in the vault is seen by nothing else.
//!
//! Whoever asks for a list, all records that are ours are held against it at once ([`Context::take_in`]); only the objects
//! of which it tells something new are woken.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kube::runtime::reflector::Store;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::api::{ConnectionKind, InventorySettings, Mode, PamCredentialStatus};
use crate::controller::connection::clients::ConnectedClient;
use crate::controller::connection::health::{InventoryFinding, InventoryVerdict};
use crate::controller::connection::object::{AnyConnection, connection_of};
use crate::controller::connection::state::ConnectionState;
use crate::controller::context::Context;
use crate::controller::credential::facts::binding;
use crate::controller::credential::facts::drift::{self, AsWritten, Finding};
use crate::controller::credential::report::conditions::ready_reason;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::metadata_cache::Key;
use crate::controller::runtime::object_id::ObjectId;
use crate::controller::runtime::watch::{self, Credential, Guarded};
use crate::domain::{Binding, Connection, Reason};
use crate::pam::{PamError, Snapshot};

/// How often it is looked whether connections came, or their settings changed.
const LOOK: Duration = Duration::from_secs(10);
/// How long after a list that failed, or cannot be trusted, the next is tried, at first.
const AGAIN: Duration = Duration::from_mins(1);
/// How many tenants' connections are listed at once: any of them may lead to a host that hangs.
const TENANTS: usize = 4;
/// A list that lacks, or shows moved, more records than this, and more than a tenth of them, is no list of this vault.
const LOST: usize = 3;

/// What is remembered of the lists.
pub(crate) struct Inventories {
    stores: Mutex<Vec<Store<Guarded>>>,
    /// When the list was begun that was last taken in, by connection.
    taken_in: Mutex<HashMap<Key, Instant>>,
    /// Connections whose list is asked for before its time, since then.
    asked: Mutex<HashMap<Key, Instant>>,
    wake: Notify,
    tenants: Arc<Semaphore>,
}

impl Default for Inventories {
    fn default() -> Self {
        Self {
            stores: Mutex::default(),
            taken_in: Mutex::default(),
            asked: Mutex::default(),
            wake: Notify::new(),
            tenants: Arc::new(Semaphore::new(TENANTS)),
        }
    }
}

impl Inventories {
    /// Takes in where the credentials of one scope are kept.
    pub(crate) fn keep(&self, store: Store<Guarded>) {
        lock(&self.stores).push(store);
    }

    /// Asks for a list that begins after now, as soon as one is allowed.
    pub(crate) fn ask(&self, connection: &Key) {
        lock(&self.asked).insert(connection.clone(), Instant::now());
        self.wake.notify_one();
    }

    /// Forgets a connection that is gone.
    pub(crate) fn forget(&self, connection: &Key) {
        lock(&self.taken_in).remove(connection);
        lock(&self.asked).remove(connection);
    }

    /// Since when a list is asked for that `last` does not answer.
    fn asked_since(&self, connection: &Key, last: Option<Instant>) -> Option<Instant> {
        let mut asked = lock(&self.asked);
        let since = asked.get(connection).copied()?;
        if last.is_some_and(|last| last >= since) {
            asked.remove(connection);
            return None;
        }
        Some(since)
    }

    fn credentials(&self) -> Vec<Arc<Guarded>> {
        lock(&self.stores).iter().flat_map(Store::state).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

// === When

/// When the list of one connection is due.
struct Rhythm {
    seen: Instant,
    /// The first list after the start comes at a random time within the interval: a restart asks the PAM for nothing.
    phase: f64,
    failures: u32,
    not_before: Option<Instant>,
}

impl Rhythm {
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

/// The lists that are due, and those under way.
#[derive(Default)]
struct Rounds {
    rhythms: HashMap<Key, Rhythm>,
    under_way: HashSet<Key>,
    lists: JoinSet<(Key, bool)>,
}

/// Lists for each connection, once in its interval, for ever.
pub(crate) async fn keep_inventories(context: Arc<Context>) {
    let mut rounds = Rounds::default();
    loop {
        let wake = rounds.begin(&context);
        tokio::select! {
            Some(ended) = rounds.lists.join_next() => if let Ok((key, is_well)) = ended {
                rounds.end(&key, is_well, &context);
            },
            () = sleep_until(wake) => {}
            () = context.inventories.wake.notified() => {}
        }
    }
}

impl Rounds {
    /// Begins the lists that are due, and returns when the next may be.
    fn begin(&mut self, context: &Arc<Context>) -> Instant {
        let now = Instant::now();
        let connections = listed(context);
        self.rhythms.retain(|key, _| connections.iter().any(|connection| connection.key() == *key));
        let mut wake = now + LOOK;
        for connection in connections {
            let (key, interval) = (connection.key(), inventory(&connection).interval());
            let last = context.connections.snapshot(&key).map(|snapshot| snapshot.started());
            let asked = context.inventories.asked_since(&key, last);
            let next = self.rhythms.entry(key.clone()).or_insert_with(|| Rhythm::new(now)).next(interval, last, asked);
            if next > now {
                wake = wake.min(next);
            } else if self.under_way.insert(key) {
                self.lists.spawn(list(Arc::clone(context), connection, asked));
            }
        }
        wake
    }

    fn end(&mut self, key: &Key, is_well: bool, context: &Context) {
        self.under_way.remove(key);
        let connection = context.connections.get(key);
        if let (Some(rhythm), Some(connection)) = (self.rhythms.get_mut(key), connection) {
            rhythm.ended(is_well, inventory(&connection).interval(), Instant::now());
        }
    }
}

pub(crate) fn inventory(connection: &AnyConnection) -> InventorySettings {
    connection.spec.inventory.clone().unwrap_or_default()
}

/// The connections whose list is kept: those that are ready, are to list, and have records of ours.
fn listed(context: &Context) -> Vec<Arc<AnyConnection>> {
    let mut used: Vec<Key> = Vec::new();
    for credential in context.inventories.credentials() {
        if let Ok(credential) = &credential.0
            && (credential.status.as_ref().is_some_and(|status| status.id.is_some())
                || credential.spec.mode == Mode::Plan)
        {
            let key = connection_of(credential);
            if !used.contains(&key) {
                used.push(key);
            }
        }
    }
    let ready = |key: &Key| ConnectionState::state(context.connection(key).as_ref()) == Connection::Ready;
    let used = used.into_iter().filter(ready).filter_map(|key| context.connections.get(&key));
    used.filter(|connection| inventory(connection).enabled).collect()
}

async fn list(context: Arc<Context>, connection: Arc<AnyConnection>, asked: Option<Instant>) -> (Key, bool) {
    let key = connection.key();
    let tenant = connection.kind() == ConnectionKind::PamConnection;
    // Closed never: the permit is only missing where none is needed.
    let _turn = if tenant { Arc::clone(&context.inventories.tenants).acquire_owned().await.ok() } else { None };
    let is_well = match context.live_of(&connection).await {
        Ok(Ok(live)) => {
            let trusted = context.list(&key, &live, asked).await.is_ok() && !context.standings.is_incomplete(&key);
            if trusted {
                context.wake_plans(&key);
            }
            trusted
        }
        Ok(Err(_)) => false,
        Err(error) => {
            tracing::debug!(%error, "a connection could not be made for its list");
            false
        }
    };
    (key, is_well)
}

// === What it shows

impl Context {
    /// A list that is seconds old, taken in.
    pub(crate) async fn list(
        &self,
        key: &Key,
        live: &ConnectedClient,
        not_before: Option<Instant>,
    ) -> Result<Arc<Snapshot>, PamError> {
        let result = live.inventory.fresh(&live.client, not_before).await;
        match &result {
            Ok(snapshot) => self.take_in(key, snapshot),
            Err(error) if error.list_is_incomplete() => {
                self.standings.inventory(key, InventoryFinding { records: 0, verdict: InventoryVerdict::EndedEarly });
            }
            Err(_) => {}
        }
        result
    }

    /// Holds all records of ours against a list, and wakes those of which it tells something new.
    fn take_in(&self, key: &Key, snapshot: &Snapshot) {
        // Held until all is done: whoever comes with the same list must not go on before it is known what it is worth.
        let mut taken_in = lock(&self.inventories.taken_in);
        if !is_news(&mut taken_in, key, snapshot.started()) {
            return;
        }
        let Some(view) = self.connection(key) else { return };
        let mut roll = Roll::default();
        self.each_of(key, |credential| self.call(&mut roll, credential, &view, snapshot));
        let verdict = self.verdict(key, &roll);
        self.standings.inventory(key, InventoryFinding { records: snapshot.len(), verdict });
        let incomplete = self.standings.is_incomplete(key);
        if !incomplete {
            self.memory.poke(&roll.news);
            self.wake.all(&roll.news);
        }
    }

    /// What a list is worth. One that lacks no more than what somebody confirmed is what it was then: of that, each object
    /// is told.
    fn verdict(&self, key: &Key, roll: &Roll) -> InventoryVerdict {
        match self.standings.confirmed(key) {
            Some(verdict @ InventoryVerdict::Missing { missing, .. }) if (1..=missing).contains(&roll.lost) => verdict,
            _ if roll.lost > LOST && roll.lost * 10 > roll.known => {
                InventoryVerdict::Missing { missing: roll.lost, of: roll.known }
            }
            _ => InventoryVerdict::Complete { older: roll.older },
        }
    }

    /// Wakes those who plan: what they would do may be another thing by the new list. By the list of each interval alone:
    /// were each list to wake them, and each of them to need one, there would be no end of it.
    fn wake_plans(&self, key: &Key) {
        let mut plans = Vec::new();
        self.each_of(key, |credential| {
            if credential.spec.mode == Mode::Plan && !credential.spec.suspend {
                plans.push(ObjectId::Credential(watch::key(credential)));
            }
        });
        self.memory.poke(&plans);
        self.wake.all(&plans);
    }

    /// Each credential of a connection.
    fn each_of(&self, key: &Key, mut take: impl FnMut(&Credential)) {
        for credential in self.inventories.credentials() {
            if let Ok(credential) = &credential.0
                && connection_of(credential) == *key
            {
                take(credential);
            }
        }
    }

    fn call(&self, roll: &mut Roll, credential: &Credential, view: &ConnectionState, snapshot: &Snapshot) {
        let meta = &credential.metadata;
        let uid = meta.uid.as_deref().unwrap_or_default();
        let shown = credential.status.clone().unwrap_or_default();
        let status = self.written.freshest(uid, meta.resource_version.as_deref(), shown);
        let here = binding::recorded(&status, Some(view), &credential.spec.connection_ref) == Binding::Bound;
        // It may have waited so long that it would look again in minutes only.
        let waits = ready_reason(&status.conditions) == Reason::InventoryIncomplete;
        // Of these nobody is told anything: they would be lost anew in every list, for ever.
        let quiet = credential.spec.suspend || meta.deletion_timestamp.is_some();
        let finding = if here && !quiet { self.finding(credential, &status, snapshot) } else { None };
        // Many who are told to move where the PAM does not move records, or names devices otherwise, are no other vault.
        let is_lost = |finding: &Finding| finding.drift.is_loss() && !finding.never_taken;
        let lost = finding.as_ref().is_some_and(is_lost) && !drift::is_told_lost(&status);
        roll.known += usize::from(here && !quiet);
        roll.lost += usize::from(lost);
        roll.older += usize::from(finding.as_ref().is_some_and(|finding| finding.older));
        if waits || finding.is_some_and(|finding| finding.is_news(&credential.spec, &status)) {
            roll.news.push(ObjectId::Credential(watch::key(credential)));
        }
    }

    /// What a list shows of a credential's record.
    pub(crate) fn finding(
        &self,
        credential: &Credential,
        status: &PamCredentialStatus,
        snapshot: &Snapshot,
    ) -> Option<Finding> {
        let (namespace, name) = watch::key(credential);
        let owner = format!("{namespace}/{name}");
        let written = AsWritten { spec: &credential.spec, status, owner: &owner };
        let age = jiff::SignedDuration::try_from(snapshot.started().elapsed()).unwrap_or_default();
        let listed_at = self.clock.now().checked_sub(age).unwrap_or(jiff::Timestamp::MIN);
        drift::find(&written, &self.key, (snapshot, listed_at))
    }

    /// The client and inventory of a connection, made where there is none yet.
    pub(crate) async fn live_of(
        &self,
        connection: &AnyConnection,
    ) -> Result<Result<Arc<ConnectedClient>, crate::controller::message::credential::Problem>, Error> {
        if let Some(versions) = self.versions_of(connection)
            && let Some(live) = self.connections.current(connection, &versions)
        {
            return Ok(Ok(live));
        }
        let material = self.material(connection).await?;
        Ok(material.and_then(|material| self.connections.install(connection, material)))
    }
}

/// Whether a list is newer than the last one that was taken in. Who got an older one and was slow must not have the last word.
fn is_news(taken_in: &mut HashMap<Key, Instant>, key: &Key, started: Instant) -> bool {
    let known = taken_in.get(key).is_some_and(|last| *last >= started);
    if !known {
        taken_in.insert(key.clone(), started);
    }
    !known
}

/// What a list shows of all records of ours.
#[derive(Default)]
struct Roll {
    known: usize,
    /// Those that are no longer where they were, and of which nobody was told so.
    lost: usize,
    older: usize,
    news: Vec<ObjectId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn rhythm(phase: f64) -> (Rhythm, Instant) {
        let now = Instant::now();
        (Rhythm { phase, ..Rhythm::new(now) }, now)
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_list_comes_within_the_interval_and_the_next_an_interval_after_the_last() {
        let (rhythm, now) = rhythm(0.25);
        assert_eq!(rhythm.next(HOUR, None, None), now + HOUR / 4);
        let last = now + Duration::from_secs(5);
        assert_eq!(rhythm.next(HOUR, Some(last), None), last + HOUR, "whoever asked for the last one");
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_that_is_asked_for_does_not_wait_for_the_interval_but_for_a_failure() {
        let (mut rhythm, now) = rhythm(0.5);
        assert_eq!(rhythm.next(HOUR, Some(now), Some(now)), now);
        rhythm.ended(false, HOUR, now);
        assert_eq!(rhythm.next(HOUR, Some(now), Some(now)), now + AGAIN);
    }

    #[tokio::test(start_paused = true)]
    async fn lists_that_fail_come_ever_more_rarely_but_not_more_rarely_than_the_interval() {
        let (mut rhythm, now) = rhythm(0.0);
        let mut wait = || {
            rhythm.ended(false, HOUR, now);
            (rhythm.next(HOUR, None, None) - now).as_secs()
        };
        assert_eq!([wait(), wait(), wait()], [60, 120, 240]);
        for _ in 0..20 {
            wait();
        }
        assert_eq!(wait(), 3600);
    }

    #[test]
    fn an_older_list_never_has_the_last_word() {
        let (mut taken_in, key, now) = (HashMap::new(), (String::new(), "one".to_owned()), Instant::now());
        let later = now + HOUR;
        assert_eq!(
            [now, later, later, now].map(|started| is_news(&mut taken_in, &key, started)),
            [true, true, false, false]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_that_began_since_answers_what_was_asked() {
        let (inventories, key) = (Inventories::default(), (String::new(), "one".to_owned()));
        inventories.ask(&key);
        let asked = Instant::now();
        assert_eq!(inventories.asked_since(&key, asked.checked_sub(HOUR)), Some(asked));
        assert_eq!(inventories.asked_since(&key, Some(asked)), None);
        assert_eq!(inventories.asked_since(&key, None), None);
    }
}
