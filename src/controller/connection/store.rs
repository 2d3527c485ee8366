//! Holds everything that this process remembers of single connections, except their health. Removing the entry of a connection
//! forgets everything about the connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::api::{SourceSecret, find};
use crate::controller::connection::clients::ConnectedClient;
use crate::controller::connection::health::SIDE_CONDITIONS;
use crate::controller::connection::object::{AnyConnection, ConnectionId};
use crate::controller::runtime::status_store::ready_reason;
use crate::metrics::Readings;
use crate::pam::{EntrySnapshot, PamClient, Snapshot};

/// What this process remembers of every connection.
#[derive(Default)]
pub(crate) struct ConnectionStore {
    entries: Mutex<HashMap<ConnectionId, ConnectionEntry>>,
}

/// What this process remembers of one connection.
#[derive(Default)]
struct ConnectionEntry {
    /// The object as the watch last showed it.
    known: Option<Arc<AnyConnection>>,
    client: Option<Arc<ConnectedClient>>,
    /// The state that the connection's dependents were last woken for.
    announced: Option<u64>,
    /// The PAM refused a call though the connection is Ready, so that the login has to be checked.
    recheck_login: bool,
    /// Until when no login is sent, since the PAM refused the last one.
    waiting: Option<Instant>,
    /// When a list was asked for that is not due yet.
    asked: Option<Instant>,
    taken_in: Arc<Mutex<TakenIn>>,
}

/// The list of one connection that was last compared with the objects. The lock is held while a list is compared: a pass
/// that has the same list must not continue before the comparison has told whether the list can be trusted.
#[derive(Default)]
pub(crate) struct TakenIn {
    /// When the list was begun.
    started: Option<Instant>,
}

impl TakenIn {
    /// Returns when the list began.
    pub(crate) const fn started(&self) -> Option<Instant> {
        self.started
    }

    /// Records a list; returns `true` if it is newer than the last one. A slow pass with an older list must not overwrite what
    /// a newer list showed.
    pub(crate) fn is_news(&mut self, started: Instant) -> bool {
        let news = self.started.is_none_or(|last| last < started);
        if news {
            self.started = Some(started);
        }
        news
    }
}

impl ConnectionEntry {
    fn add_to(&self, readings: &mut Readings) {
        if let Some(status) = self.known.as_ref().map(|known| &known.status) {
            *readings.connections.entry(ready_reason(&status.conditions).as_str()).or_default() += 1;
            for kind in SIDE_CONDITIONS.into_iter().filter(|kind| find(&status.conditions, *kind).is_some()) {
                *readings.conditions.entry(kind.as_str()).or_default() += 1;
            }
            readings.held_disables += status.held_disables.and_then(|held| held.try_into().ok()).unwrap_or(0);
        }
        match self.client.as_ref().map(|connected| connected.client.left_alone_for()) {
            Some(Some(_)) => readings.circuits_open += 1,
            Some(None) => readings.circuits_closed += 1,
            None => {}
        }
    }
}

impl ConnectionStore {
    // === The object and its client

    /// Records a connection as the watch shows it.
    pub(crate) fn note(&self, connection: AnyConnection) {
        let id = connection.id();
        self.lock().entry(id).or_default().known = Some(Arc::new(connection));
    }

    /// Returns the connection of that name.
    pub(crate) fn get(&self, id: &ConnectionId) -> Option<Arc<AnyConnection>> {
        self.lock().get(id)?.known.clone()
    }

    /// Replaces the client of a connection by what `connect` makes of the client of before. No other client of any connection
    /// is made while `connect` runs.
    pub(crate) fn install<E>(
        &self,
        id: &ConnectionId,
        connect: impl FnOnce(Option<&ConnectedClient>) -> Result<ConnectedClient, E>,
    ) -> Result<Arc<ConnectedClient>, E> {
        let mut entries = self.lock();
        let before = entries.get(id).and_then(|entry| entry.client.as_deref());
        let made = Arc::new(connect(before)?);
        // A pass may still work with a connection that is gone: its client would be kept for good, with its list.
        if let Some(entry) = entries.get_mut(id) {
            entry.client = Some(Arc::clone(&made));
        }
        Ok(made)
    }

    /// Returns the client of a connection, if the client was made of this very version of the connection and of its Secrets.
    pub(crate) fn current(
        &self,
        connection: &AnyConnection,
        versions: &[SourceSecret],
    ) -> Option<Arc<ConnectedClient>> {
        let client = self.lock().get(&connection.id())?.client.clone()?;
        client.is_made_of(connection, versions).then_some(client)
    }

    /// Returns the connections whose PAM has been left alone for that long, since call after call failed.
    pub(crate) fn left_alone_for(&self, least: Duration) -> Vec<ConnectionId> {
        let is_left_alone = |entry: &ConnectionEntry| {
            let client = entry.client.as_ref().map(|connected| &connected.client);
            client.and_then(PamClient::left_alone_for).is_some_and(|so_far| so_far >= least)
        };
        let entries = self.lock();
        entries.iter().filter(|(_, entry)| is_left_alone(entry)).map(|(id, _)| id.clone()).collect()
    }

    /// Returns numbers about all connections, for the metrics.
    pub(crate) fn readings(&self) -> Readings {
        let mut readings = Readings::default();
        for entry in self.lock().values() {
            entry.add_to(&mut readings);
        }
        readings
    }

    /// Returns the newest list of a connection, however old.
    pub(crate) fn snapshot(&self, id: &ConnectionId) -> Option<Arc<Snapshot>> {
        self.lock().get(id)?.client.as_ref()?.inventory.latest()
    }

    /// Returns the newest list of the entries of a connection's MySafe, however old.
    pub(crate) fn entries(&self, id: &ConnectionId) -> Option<Arc<EntrySnapshot>> {
        self.lock().get(id)?.client.as_ref()?.entries.latest()
    }

    /// Forgets a connection that is gone. A newer connection with the same name stays known.
    pub(crate) fn forget(&self, id: &ConnectionId, uid: &str) {
        let mut entries = self.lock();
        let known = entries.remove(id).and_then(|entry| entry.known);
        if let Some(other) = known.filter(|known| known.uid() != uid) {
            entries.entry(id.clone()).or_default().known = Some(other);
        }
    }

    // === The state and the login

    /// Records the state that dependents are about to be woken for; returns `true` if the dependents do not know it yet.
    pub(crate) fn announce(&self, id: &ConnectionId, state: u64) -> bool {
        self.lock().entry(id.clone()).or_default().announced.replace(state) != Some(state)
    }

    /// Records that the login of a connection needs another check: the PAM refused a call though the connection is Ready.
    pub(crate) fn recheck_login(&self, id: &ConnectionId) {
        self.lock().entry(id.clone()).or_default().recheck_login = true;
    }

    /// Returns whether the login of a connection needs another check, and records that it needs none any more.
    pub(crate) fn take_login_recheck(&self, id: &ConnectionId) -> bool {
        self.lock().get_mut(id).is_some_and(|entry| std::mem::take(&mut entry.recheck_login))
    }

    /// Records that no login is sent before `until`, since the PAM refused the last one.
    pub(crate) fn wait_until(&self, id: &ConnectionId, until: Instant) {
        if let Some(entry) = self.lock().get_mut(id) {
            entry.waiting = Some(until);
        }
    }

    /// Returns for how long no login is sent yet; `None` if the PAM refused none.
    pub(crate) fn wait_left(&self, id: &ConnectionId, now: Instant) -> Option<Duration> {
        self.lock().get(id)?.waiting.map(|until| until.saturating_duration_since(now))
    }

    /// Records that a login may be sent at once again.
    pub(crate) fn forget_wait(&self, id: &ConnectionId) {
        if let Some(entry) = self.lock().get_mut(id) {
            entry.waiting = None;
        }
    }

    // === The lists

    /// Asks for a list that begins after `now`.
    pub(crate) fn ask_for_list(&self, id: &ConnectionId, now: Instant) {
        self.lock().entry(id.clone()).or_default().asked = Some(now);
    }

    /// Returns when a list was asked for, if the newest list does not answer that; `last` is when the newest list began.
    pub(crate) fn asked_since(&self, id: &ConnectionId, last: Option<Instant>) -> Option<Instant> {
        let mut entries = self.lock();
        let asked = &mut entries.get_mut(id)?.asked;
        asked.take_if(|since| last.is_some_and(|last| last >= *since));
        *asked
    }

    /// Returns the lock to hold while a list of this connection is compared with the objects.
    pub(crate) fn taken_in(&self, id: &ConnectionId) -> Arc<Mutex<TakenIn>> {
        Arc::clone(&self.lock().entry(id.clone()).or_default().taken_in)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConnectionId, ConnectionEntry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ClusterPamConnection;
    use crate::controller::connection::object::IntoAny as _;

    const HOUR: Duration = Duration::from_hours(1);

    fn id() -> ConnectionId {
        ConnectionId::new("", "one")
    }

    fn connection(uid: &str) -> AnyConnection {
        let object: ClusterPamConnection = serde_json::from_value(serde_json::json!({
            "apiVersion": "pam-operator.io/v1alpha1", "kind": "ClusterPamConnection",
            "metadata": {"name": "one", "uid": uid},
            "spec": {"url": "https://pam", "productVersion": "4.2", "auth": {"oauth2": {"clientSecretRef": {"name": "login"}}}},
        }))
        .unwrap();
        object.any()
    }

    #[test]
    fn an_older_list_never_has_the_last_word() {
        let (mut taken_in, now) = (TakenIn::default(), Instant::now());
        let later = now + HOUR;
        assert_eq!([now, later, later, now].map(|started| taken_in.is_news(started)), [true, true, false, false]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_that_began_since_answers_what_was_asked() {
        let store = ConnectionStore::default();
        let asked = Instant::now();
        store.ask_for_list(&id(), asked);
        assert_eq!(store.asked_since(&id(), asked.checked_sub(HOUR)), Some(asked));
        assert_eq!(store.asked_since(&id(), Some(asked)), None);
        assert_eq!(store.asked_since(&id(), None), None);
    }

    #[test]
    fn forgetting_a_connection_forgets_all_of_it_but_its_namesake() {
        let store = ConnectionStore::default();
        store.note(connection("1"));
        store.recheck_login(&id());
        assert!(store.announce(&id(), 7) && !store.announce(&id(), 7));
        store.forget(&id(), "1");
        assert!(store.get(&id()).is_none() && !store.take_login_recheck(&id()) && store.announce(&id(), 7));
        store.note(connection("2"));
        store.recheck_login(&id());
        store.forget(&id(), "1");
        assert_eq!(store.get(&id()).map(|known| known.uid().to_owned()).as_deref(), Some("2"));
        assert!(!store.take_login_recheck(&id()));
    }

    #[test]
    fn a_pass_that_ends_after_its_connection_leaves_nothing_behind() {
        let store = ConnectionStore::default();
        store.note(connection("1"));
        store.forget(&id(), "1");
        store.wait_until(&id(), Instant::now() + HOUR);
        assert!(store.lock().is_empty());
    }
}
