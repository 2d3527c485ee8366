//! What a connection's status says beside its login: how many credentials refer to the connection, what the PAM's list showed,
//! and which disables wait for the brake. All passes record here what they find; [`status`](super::status) writes the status.
//!
//! The rules are in [`domain`](crate::domain): [`DisableBrake`](crate::domain::DisableBrake) and
//! [`ListTrust`](crate::domain::ListTrust). This module has the lock, wakes connections, and translates to the API's types.

mod connection_health;
mod list_health;
mod list_hold;
mod listed;
mod message;
mod moment;
mod settings;
mod status_fields;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use self::connection_health::ConnectionHealth;
use self::listed::Listed;
use crate::api::PamConnectionStatus;
use crate::controller::connection::object::{AnyConnection, ConnectionId, RefersToConnection};
use crate::controller::runtime::object_id::ObjectId;
use crate::controller::runtime::trigger::Triggers;
use crate::domain::{Admission, ListCounts, ListFinding};

pub(crate) use self::connection_health::{Asking, Filled};
pub(crate) use self::list_hold::ListHold;
pub(crate) use self::message::{PLAN_ONLY, held, logged_in, with_unused};
pub(crate) use self::moment::Moment;
pub(crate) use self::status_fields::{SIDE_CONDITIONS, is_good, is_side_condition, is_urgent, named_namespaces};

/// The health of all connections.
pub(crate) struct ConnectionHealths {
    inner: Mutex<Inner>,
    triggers: Arc<Triggers>,
}

#[derive(Default)]
struct Inner {
    of: HashMap<Arc<ConnectionId>, ConnectionHealth>,
    /// All objects that refer to connections, as far as they were seen, by uid.
    referrers: HashMap<Box<str>, Referrer>,
    listed: Listed,
    /// How many watches of such objects have not had their first list yet. Until it is 0, the number of objects is not known.
    unlisted: usize,
}

/// An object and the connection that it refers to.
struct Referrer {
    object: ObjectId,
    /// Shared by all that refer to the connection.
    connection: Arc<ConnectionId>,
    /// The regular list of the connection may have news of the object.
    is_listed: bool,
}

/// The objects that a written status wakes.
#[derive(Default)]
pub(crate) struct Freed {
    /// The objects that waited for the brake.
    pub(crate) leaving: Vec<ObjectId>,
    /// The namespaces whose objects are woken, since the list can be trusted again for them.
    pub(crate) listed: ListHold,
}

impl ConnectionHealths {
    pub(crate) fn new(triggers: Arc<Triggers>) -> Self {
        Self { inner: Mutex::default(), triggers }
    }

    // === What the watches show

    /// Records how many watches of objects that refer to connections there are, whose first lists are waited for.
    pub(crate) fn expect_lists(&self, count: usize) {
        self.lock().unlisted = count;
    }

    /// Records that one of these watches has its first list, or that its first list is not waited for any more.
    pub(crate) fn note_list(&self) {
        let mut inner = self.lock();
        inner.unlisted = inner.unlisted.saturating_sub(1);
        if inner.unlisted == 0 {
            self.look_at(inner.of.iter().filter(|(_, health)| health.is_present()).map(|(key, _)| &**key));
        }
    }

    /// Records a connection as the watch shows it, with its newest status. Returns `true` if a person confirmed what the
    /// connection's list lacks.
    pub(crate) fn note(&self, connection: &AnyConnection, status: &PamConnectionStatus, moment: Moment) -> bool {
        self.lock().of.entry(Arc::new(connection.id())).or_default().note(connection, status, moment)
    }

    /// Forgets a connection that is gone. A newer connection with the same name stays known.
    pub(crate) fn forget(&self, key: &ConnectionId, uid: &str) {
        let mut inner = self.lock();
        let Some(health) = inner.of.get_mut(key) else { return };
        health.forget(uid);
        if health.is_unused() {
            inner.of.remove(key);
        }
    }

    /// Returns whether all objects that refer to connections were seen.
    pub(crate) fn are_all_listed(&self) -> bool {
        self.lock().unlisted == 0
    }

    /// Records an object that refers to a connection, as the watch shows it.
    pub(crate) fn note_referrer<K: RefersToConnection>(&self, object: &K) {
        let uid = object.meta().uid.clone().unwrap_or_default();
        let mut inner = self.lock();
        let connection = inner.shared(object.connection_id());
        if inner.referrers.get(uid.as_str()).is_none_or(|referrer| referrer.connection != connection) {
            self.remove(&mut inner, &uid);
            let referrer =
                Referrer { object: object.object_id(), connection: Arc::clone(&connection), is_listed: false };
            inner.referrers.insert(uid.as_str().into(), referrer);
            inner.of.entry(Arc::clone(&connection)).or_default().credentials += 1;
            self.note_change(&mut inner, &connection);
        }
        inner.set_listed(&uid, object.is_listed());
        let brake = &mut inner.of.entry(Arc::clone(&connection)).or_default().brake;
        let namespace = object.meta().namespace.as_deref().unwrap_or_default();
        let is_news = if object.is_leaving() { brake.enter(namespace, &uid) } else { brake.leave(namespace, &uid) };
        if is_news {
            self.note_change(&mut inner, &connection);
        }
    }

    /// Records that an object which is leaving waits for something other than the brake.
    pub(crate) fn set_aside(&self, connection: &ConnectionId, object: Asking<'_>) {
        let mut inner = self.lock();
        let brake = inner.of.get_mut(connection).map(|health| &mut health.brake);
        if brake.is_some_and(|brake| brake.set_aside(object.namespace, object.uid)) {
            self.note_change(&mut inner, connection);
        }
    }

    /// Forgets an object that is gone.
    pub(crate) fn forget_referrer(&self, uid: &str) {
        self.remove(&mut self.lock(), uid);
    }

    fn remove(&self, inner: &mut Inner, uid: &str) {
        inner.set_listed(uid, false);
        let Some(Referrer { connection, object, .. }) = inner.referrers.remove(uid) else { return };
        let Some(health) = inner.of.get_mut(&connection) else { return };
        health.credentials = health.credentials.saturating_sub(1);
        health.brake.leave(&object.key.namespace, uid);
        if health.is_unused() {
            inner.of.remove(&connection);
        } else {
            self.note_change(inner, &connection);
        }
    }

    /// Wakes a connection, unless a pass over it is expected anyway. If the brake may go off, wakes the connection in any case.
    fn note_change(&self, inner: &mut Inner, connection: &ConnectionId) {
        if inner.of.get_mut(connection).is_some_and(ConnectionHealth::needs_pass) {
            self.look_at([connection]);
        }
    }

    fn look_at<'a>(&self, connections: impl IntoIterator<Item = &'a ConnectionId>) {
        let subjects: Vec<ObjectId> = connections.into_iter().map(ConnectionId::object_id).collect();
        self.triggers.wake(&subjects);
    }

    /// Returns the connections whose regular list may have news of an object of the kind `K`.
    pub(crate) fn listed_connections<K: RefersToConnection>(&self) -> Vec<ConnectionId> {
        self.lock().listed.connections_of(&K::kind(&()))
    }

    // === What passes find

    /// Returns whether a connection's list of so many records can be trusted, by what it shows of each namespace, and given
    /// what a person confirmed.
    pub(crate) fn verdict(
        &self,
        connection: &ConnectionId,
        records: usize,
        counts: &BTreeMap<String, ListCounts>,
    ) -> ListFinding {
        self.lock().of.get(connection).map(ConnectionHealth::trust).unwrap_or_default().verdict(records, counts)
    }

    /// Records what a connection's last list showed.
    pub(crate) fn note_finding(&self, connection: &ConnectionId, finding: ListFinding) {
        if self.lock().of.get_mut(connection).is_some_and(|health| health.note_finding(finding)) {
            self.look_at([connection]);
        }
    }

    /// Returns whether a connection's list cannot be trusted for a namespace, by the last list, or after a restart by the
    /// connection's status.
    pub(crate) fn is_incomplete(&self, connection: &ConnectionId, namespace: &str) -> bool {
        self.lock().of.get(connection).is_some_and(|health| health.is_list_held_for(namespace))
    }

    /// Returns the namespaces for which a connection's list cannot be trusted.
    pub(crate) fn list_hold(&self, connection: &ConnectionId) -> ListHold {
        self.lock().of.get(connection).map(ConnectionHealth::list_hold).unwrap_or_default()
    }

    /// Returns whether an object's record may be disabled through a connection; `None` if the connection does not exist, or the
    /// object keeps its record.
    pub(crate) fn admit(&self, connection: &AnyConnection, asking: Asking<'_>, now: Instant) -> Option<Admission> {
        let mut inner = self.lock();
        let health = inner.of.get_mut(&connection.id())?;
        let before = health.brake.states(asking.namespace);
        let admission = health.admit(connection.uid(), asking, now)?;
        if health.brake.states(asking.namespace) != before && !health.brake.is_releasing(asking.namespace) {
            self.look_at([&connection.id()]);
        }
        Some(admission)
    }

    // === What the writer of the status asks

    /// Returns the lock that a pass holds while it writes a connection's status; `None` if the connection is gone.
    pub(crate) fn turn(&self, connection: &AnyConnection) -> Option<Arc<tokio::sync::Mutex<()>>> {
        self.lock().of.get(&connection.id())?.writer(connection.uid())
    }

    /// Writes what is known of a connection into the status that follows `before`.
    pub(crate) fn fill(
        &self,
        connection: &AnyConnection,
        before: &PamConnectionStatus,
        next: &mut PamConnectionStatus,
        moment: Moment,
    ) -> Filled {
        let mut inner = self.lock();
        let all_listed = inner.unlisted == 0;
        let health = inner.of.get_mut(&connection.id());
        health.map(|health| health.fill(connection, before, next, moment, all_listed)).unwrap_or_default()
    }

    /// Records that a status was written; returns the objects that are woken for that.
    pub(crate) fn written(&self, connection: &ConnectionId, filled: &Filled) -> Freed {
        let mut inner = self.lock();
        let Some(health) = inner.of.get_mut(connection) else { return Freed::default() };
        let leaving = health.brake.written(filled.write());
        let Some(listed) = health.note_written() else { return Freed::default() };
        let referrers = leaving.iter().filter_map(|uid| inner.referrers.get(uid.as_str()));
        Freed { leaving: referrers.map(|referrer| referrer.object.clone()).collect(), listed }
    }

    /// Records that a connection's numbers are about to be written.
    pub(crate) fn note_numbers(&self, connection: &ConnectionId, now: Instant) {
        if let Some(health) = self.lock().of.get_mut(connection) {
            health.note_numbers(now);
        }
    }

    /// Returns for how long a status that differs in numbers alone is not written; `None` if it may be written now.
    pub(crate) fn put_off(&self, connection: &ConnectionId, now: Instant) -> Option<Duration> {
        self.lock().of.get_mut(connection)?.put_off(now)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Returns the name of a connection that all share.
    fn shared(&self, id: ConnectionId) -> Arc<ConnectionId> {
        self.of.get_key_value(&id).map_or_else(|| Arc::new(id), |(known, _)| Arc::clone(known))
    }

    /// Notes whether the regular list of its connection may have news of an object.
    fn set_listed(&mut self, uid: &str, is_listed: bool) {
        let Some(referrer) = self.referrers.get_mut(uid) else { return };
        if std::mem::replace(&mut referrer.is_listed, is_listed) != is_listed {
            self.listed.count(&referrer.object.kind, &referrer.connection, is_listed);
        }
    }
}

#[cfg(test)]
mod tests;
