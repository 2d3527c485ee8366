//! What a connection's status says beyond its login: who refers to it, what its PAM's list showed, and whom the disable
//! brake holds back. Kept here by all passes, written down by `connection_status.rs`.

mod brake;
mod list_health;
mod message;
mod status_fields;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kube::ResourceExt;
use tokio::time::Instant;

use self::brake::{Brake, Latch, Limit};
use crate::api::{
    CONFIRM_DISABLE, CONFIRM_INVENTORY, ConditionType, DeletionPolicy, Mode, PamConnectionStatus, PamCredential, find,
};
use crate::controller::connection::object::{AnyConnection, ConnectionId, connection_of};
use crate::controller::runtime::finalizer;
use crate::controller::runtime::object_id::{NamespacedName, ObjectId};
use crate::controller::runtime::trigger::Triggers;

pub(crate) use self::brake::Admission;
pub(crate) use self::list_health::{InventoryFinding, InventoryVerdict};
pub(crate) use self::message::{held, logged_in};
pub(crate) use self::status_fields::{Filled, STANDING, is_good, is_standing, is_urgent};

/// How all connections stand.
pub(crate) struct ConnectionHealths {
    inner: Mutex<Inner>,
    triggers: Arc<Triggers>,
}

#[derive(Default)]
struct Inner {
    of: HashMap<ConnectionId, Standing>,
    /// Which connection each credential refers to, by uid.
    refers: HashMap<String, ConnectionId>,
    /// So many of the watches of credentials have not had their first list yet: until then nobody knows how many there are.
    unlisted: usize,
    /// One of them was not waited for to the end: not everyone was seen.
    unseen: bool,
}

/// How one connection stands. What credentials do to it is known even while it is not there itself.
#[derive(Default)]
struct Standing {
    credentials: usize,
    brake: Brake,
    facts: Option<Facts>,
    /// Its next pass will look at what changed: there is no need to wake it.
    awaited: bool,
}

/// What is known of a connection that is there.
struct Facts {
    uid: String,
    finding: Option<InventoryFinding>,
    /// The annotation that confirms what the list lacks.
    annotation: Option<String>,
    /// Its value that was there before there was anything to confirm: a list that lacks everything lacks the same number each
    /// time.
    stale: Option<String>,
    /// `inventory.enabled`.
    lists: bool,
    /// Its list could not be trusted when its status was last written.
    distrusted: bool,
    /// When its numbers were last written down, or it was first seen.
    numbers: Instant,
    /// One writer of its status at a time.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl ConnectionHealths {
    pub(crate) fn new(triggers: Arc<Triggers>) -> Self {
        Self { inner: Mutex::default(), triggers }
    }

    // === What the watches show

    /// So many watches of credentials are about to have their first list.
    pub(crate) fn expect_lists(&self, count: usize) {
        self.lock().unlisted = count;
    }

    /// One of them has it, or is not waited for any more.
    pub(crate) fn note_list(&self, has_it: bool) {
        let mut inner = self.lock();
        inner.unlisted = inner.unlisted.saturating_sub(1);
        inner.unseen |= !has_it;
        if inner.unlisted == 0 {
            self.look_at(inner.of.iter().filter(|(_, standing)| standing.facts.is_some()).map(|(key, _)| key));
        }
    }

    /// Everyone who was seen, by uid, and whether these are all: no watch was left without its first list.
    pub(crate) fn everyone(&self) -> (Vec<String>, bool) {
        let inner = self.lock();
        (inner.refers.keys().cloned().collect(), inner.unlisted == 0 && !inner.unseen)
    }

    /// Takes in a connection as the watch shows it; `status` is its newest. `true`: somebody confirmed what its list lacks.
    pub(crate) fn note(
        &self,
        connection: &AnyConnection,
        status: &PamConnectionStatus,
        (now, wall): (Instant, jiff::Timestamp),
    ) -> bool {
        let mut inner = self.lock();
        let standing = inner.of.entry(connection.id()).or_default();
        if standing.facts.as_ref().is_none_or(|facts| facts.uid != connection.uid()) {
            standing.brake.restore(status, (now, wall));
            standing.facts = Some(Facts::restored(connection, status, now));
        }
        standing.brake.refresh(limit(connection), annotation(connection, CONFIRM_DISABLE));
        let Some(facts) = &mut standing.facts else { return false };
        let before = facts.is_incomplete();
        facts.annotation = annotation(connection, CONFIRM_INVENTORY).cloned();
        if facts.stale != facts.annotation {
            facts.stale = None;
        }
        facts.lists = lists(connection);
        before && !facts.is_incomplete()
    }

    /// Forgets a connection that is gone, and not one that was made anew under its name.
    pub(crate) fn forget(&self, key: &ConnectionId, uid: &str) {
        let mut inner = self.lock();
        let Some(standing) = inner.of.get_mut(key) else { return };
        if standing.facts.as_ref().is_some_and(|facts| facts.uid == uid) {
            standing.facts = None;
        }
        if standing.is_of_no_use() {
            inner.of.remove(key);
        }
    }

    /// Takes in a credential as the watch shows it.
    pub(crate) fn note_credential(&self, credential: &PamCredential) {
        let uid = credential.uid().unwrap_or_default();
        let (key, connection) = (NamespacedName::of(credential), connection_of(credential));
        let mut inner = self.lock();
        if inner.refers.get(&uid) != Some(&connection) {
            self.leave(&mut inner, &uid);
            inner.refers.insert(uid.clone(), connection.clone());
            inner.of.entry(connection.clone()).or_default().credentials += 1;
            self.news(&mut inner, &connection);
        }
        let standing = inner.of.entry(connection.clone()).or_default();
        let changed = if is_leaving(credential) { standing.brake.comes(&uid, &key) } else { standing.brake.goes(&uid) };
        if changed {
            self.news(&mut inner, &connection);
        }
    }

    /// A credential that is leaving has something else in its way than the brake.
    pub(crate) fn set_aside(&self, connection: &ConnectionId, uid: &str) {
        let mut inner = self.lock();
        if inner.of.get_mut(connection).is_some_and(|standing| standing.brake.sets_aside(uid)) {
            self.news(&mut inner, connection);
        }
    }

    /// Forgets a credential that is gone.
    pub(crate) fn forget_credential(&self, uid: &str) {
        self.leave(&mut self.lock(), uid);
    }

    fn leave(&self, inner: &mut Inner, uid: &str) {
        let Some(connection) = inner.refers.remove(uid) else { return };
        let Some(standing) = inner.of.get_mut(&connection) else { return };
        standing.credentials = standing.credentials.saturating_sub(1);
        standing.brake.goes(uid);
        if standing.is_of_no_use() {
            inner.of.remove(&connection);
        } else {
            self.news(inner, &connection);
        }
    }

    /// Has a connection looked at, unless it is going to be anyway; that the brake may go off does not wait.
    fn news(&self, inner: &mut Inner, connection: &ConnectionId) {
        let Some(standing) = inner.of.get_mut(connection).filter(|standing| standing.facts.is_some()) else { return };
        let over = standing.brake.latch() != Latch::Off && !standing.brake.does_anyone_wait();
        if over || !standing.awaited {
            standing.awaited = true;
            self.look_at([connection]);
        }
    }

    fn look_at<'a>(&self, connections: impl IntoIterator<Item = &'a ConnectionId>) {
        let subjects: Vec<ObjectId> = connections.into_iter().map(ConnectionId::object_id).collect();
        self.triggers.wake(&subjects);
    }

    // === What passes find

    /// What a connection's last list showed.
    pub(crate) fn inventory(&self, connection: &ConnectionId, finding: InventoryFinding) {
        let mut inner = self.lock();
        let Some(facts) = inner.of.get_mut(connection).and_then(|standing| standing.facts.as_mut()) else { return };
        if facts.finding != Some(finding) {
            let lacks = |finding: &InventoryFinding| matches!(finding.verdict, InventoryVerdict::Missing { .. });
            if lacks(&finding) && !facts.finding.as_ref().is_some_and(lacks) {
                facts.stale.clone_from(&facts.annotation);
            }
            facts.finding = Some(finding);
            self.look_at([connection]);
        }
    }

    /// Whether a connection's list cannot be trusted: by the last one, or after a restart by what the status says.
    pub(crate) fn is_incomplete(&self, connection: &ConnectionId) -> bool {
        let inner = self.lock();
        let facts = inner.of.get(connection).and_then(|standing| standing.facts.as_ref());
        facts.is_some_and(Facts::is_incomplete)
    }

    /// How many records are missing by the last list, if somebody confirmed that number.
    pub(crate) fn confirmed(&self, connection: &ConnectionId) -> Option<InventoryVerdict> {
        let inner = self.lock();
        let facts = inner.of.get(connection)?.facts.as_ref()?;
        let verdict = facts.finding?.verdict;
        (matches!(verdict, InventoryVerdict::Missing { .. }) && !facts.is_incomplete()).then_some(verdict)
    }

    /// Whether an object's record may be disabled through a connection; `None` if by now that is not there, or the record is
    /// to be kept.
    pub(crate) fn admit(&self, connection: &AnyConnection, uid: &str, now: Instant) -> Option<Admission> {
        let mut inner = self.lock();
        let standing = inner.of.get_mut(&connection.id())?;
        standing.facts.as_ref().filter(|facts| facts.uid == connection.uid())?;
        let before = standing.brake.latch();
        let admission = standing.brake.admit(uid, now)?;
        let after = standing.brake.latch();
        let goes_on = matches!(after, Latch::Going(1..)) && standing.brake.does_anyone_wait();
        if before != after && !goes_on {
            self.look_at([&connection.id()]);
        }
        Some(admission)
    }

    // === Writing it down

    /// The turn to write a connection's status; `None` if it is not there any more.
    pub(crate) fn turn(&self, connection: &AnyConnection) -> Option<Arc<tokio::sync::Mutex<()>>> {
        let inner = self.lock();
        let facts = inner.of.get(&connection.id())?.facts.as_ref()?;
        (facts.uid == connection.uid()).then(|| Arc::clone(&facts.turn))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Standing {
    fn is_of_no_use(&self) -> bool {
        self.facts.is_none() && self.credentials == 0 && self.brake.is_idle()
    }
}

impl Facts {
    fn is_incomplete(&self) -> bool {
        self.lists && self.finding.is_some_and(|finding| finding.is_incomplete(self.confirmed()))
    }

    /// The count that somebody confirmed since it is shown.
    fn confirmed(&self) -> Option<&String> {
        self.annotation.as_ref().filter(|_| self.stale != self.annotation)
    }

    fn restored(connection: &AnyConnection, status: &PamConnectionStatus, now: Instant) -> Self {
        let distrusted = find(&status.conditions, ConditionType::InventoryIncomplete).is_some();
        Self {
            uid: connection.uid().to_owned(),
            finding: InventoryFinding::restored(status),
            annotation: None,
            // Whether it was there before is not known any more.
            stale: annotation(connection, CONFIRM_INVENTORY).filter(|_| distrusted).cloned(),
            lists: true,
            distrusted,
            numbers: now,
            turn: Arc::default(),
        }
    }
}

fn annotation<'a>(connection: &'a AnyConnection, name: &str) -> Option<&'a String> {
    connection.metadata.annotations.as_ref().and_then(|all| all.get(name))
}

fn limit(connection: &AnyConnection) -> Limit {
    let settings = connection.spec.disable_brake.clone().unwrap_or_default();
    Limit { count: usize::try_from(settings.count).unwrap_or(usize::MAX), window: settings.window() }
}

/// Whether the operator looks after what the PAM holds.
pub(crate) fn lists(connection: &AnyConnection) -> bool {
    connection.spec.inventory.as_ref().is_none_or(|settings| settings.enabled)
}

/// Whether an object's record is to be disabled, now that it goes.
fn is_leaving(credential: &PamCredential) -> bool {
    let spec = &credential.spec;
    let disable = spec.deletion_policy == DeletionPolicy::Disable && spec.mode == Mode::Apply && !spec.suspend;
    credential.metadata.deletion_timestamp.is_some() && disable && finalizer::is_on(credential)
}

#[cfg(test)]
mod tests;
