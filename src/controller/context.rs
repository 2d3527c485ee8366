//! What every pass shares.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kube::Client;
use kube::runtime::events::Recorder;
use kube::runtime::reflector::ObjectRef;
use tokio::sync::mpsc::UnboundedSender;

use super::claims::Claims;
use super::connections::Connections;
use super::digest::DigestKey;
use super::error::Error;
use super::places::Places;
use super::references::{References, Target};
use super::schedule::Schedule;
use super::status::Written;
use super::versions::{Key, Versions};
use super::watch::{Credential, Guarded};
use crate::api::{ClusterPamConnectionStatus, PamCredentialStatus, SourceSecret};
use crate::domain::Reason;
use crate::leader::LeadHandle;
use crate::metrics::Metrics;

/// What every pass shares.
pub(super) struct Context {
    pub(super) client: Client,
    pub(super) recorder: Recorder,
    pub(super) metrics: Metrics,
    /// The operator's own namespace, where connections have their Secrets.
    pub(super) namespace: String,
    /// The first part of generated identifiers.
    pub(super) cluster_name: String,
    /// Whether a connection may exist and yet not be served by this operator.
    pub(super) selects_connections: bool,
    pub(super) key: DigestKey,
    pub(super) secrets: Versions,
    pub(super) config_maps: Versions,
    pub(super) references: References,
    pub(super) claims: Claims,
    pub(super) connections: Connections,
    pub(super) schedule: Schedule,
    pub(super) written: Written<PamCredentialStatus>,
    pub(super) written_connections: Written<ClusterPamConnectionStatus>,
    pub(super) memory: Memory,
    /// Whether this replica may write.
    pub(super) lead: LeadHandle,
    /// Whose turn it is to work with which PAM.
    pub(super) places: Places,
    pub(super) wake: Wake,
}

/// Wakes objects though they did not change themselves.
pub(super) struct Wake {
    /// By namespace; `None` is the one that serves all of them.
    pub(super) credentials: Vec<(Option<String>, UnboundedSender<ObjectRef<Guarded>>)>,
    pub(super) connections: UnboundedSender<ObjectRef<super::watch::GuardedConnection>>,
}

impl Wake {
    /// Wakes credentials (which have a namespace) and connections (which have none).
    pub(super) fn all(&self, keys: &[Key]) {
        for key in keys {
            if key.0.is_empty() {
                // A receiver is gone only while everything stops.
                let _ = self.connections.send(ObjectRef::new(&key.1));
            } else {
                self.credential(key);
            }
        }
    }

    fn credential(&self, key: &Key) {
        let serves = |scope: &Option<String>| scope.as_ref().is_none_or(|namespace| *namespace == key.0);
        for (_, sender) in self.credentials.iter().filter(|(scope, _)| serves(scope)) {
            let _ = sender.send(ObjectRef::new(&key.1).within(&key.0));
        }
    }
}

/// A write whose outcome is unknown: it may be executed yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Doubt {
    /// It carried the value.
    pub(super) value: bool,
}

/// What is remembered of single objects while the process lives. Nothing here is needed to be right after a
/// restart, it only saves work or makes a doubt known at once.
#[derive(Default)]
pub(super) struct Memory {
    inner: Mutex<Remembered>,
}

#[derive(Default)]
struct Remembered {
    /// Versions of Secrets that were read and found to hold what was sent, by credential uid, with its generation.
    verified: HashMap<String, (i64, Vec<SourceSecret>)>,
    doubts: HashMap<String, Doubt>,
    reasons: HashMap<String, Reason>,
    counts: HashMap<Reason, usize>,
    /// Connections that refused a call though they are Ready.
    doubted_connections: HashSet<String>,
    /// Until when a refused login is left alone, by connection.
    waiting: HashMap<String, Instant>,
    /// How often what a credential waited for was let go.
    pokes: HashMap<Key, u64>,
    /// What dependents of a connection were last woken for.
    announced: HashMap<String, u64>,
}

impl Memory {
    pub(super) fn is_verified(&self, uid: &str, generation: i64, versions: &[SourceSecret]) -> bool {
        self.lock().verified.get(uid).is_some_and(|(at, seen)| *at == generation && seen == versions)
    }

    pub(super) fn verify(&self, uid: &str, generation: i64, versions: Vec<SourceSecret>) {
        self.lock().verified.insert(uid.to_owned(), (generation, versions));
    }

    pub(super) fn doubt(&self, uid: &str) -> Option<Doubt> {
        self.lock().doubts.get(uid).copied()
    }

    pub(super) fn set_doubt(&self, uid: &str, doubt: Option<Doubt>) {
        let mut inner = self.lock();
        match doubt {
            Some(Doubt { value }) => inner.doubts.entry(uid.to_owned()).or_default().value |= value,
            None => _ = inner.doubts.remove(uid),
        }
    }

    pub(super) fn doubt_connection(&self, name: &str) {
        self.lock().doubted_connections.insert(name.to_owned());
    }

    /// Whether the connection was doubted since this was last asked.
    pub(super) fn take_connection_doubt(&self, name: &str) -> bool {
        self.lock().doubted_connections.remove(name)
    }

    /// Whether this state of a connection is news to its dependents.
    pub(super) fn announce(&self, name: &str, state: u64) -> bool {
        self.lock().announced.insert(name.to_owned(), state) != Some(state)
    }

    /// Notes how a credential stands, and returns how many stand how.
    pub(super) fn tally(&self, uid: &str, reason: Option<Reason>) -> Vec<(&'static str, usize)> {
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

    /// Notes that what these waited for was let go: it counts among what their fate depends on, so that a pass that is
    /// just about to lie down on the old state of things gets up again.
    fn poke(&self, keys: &[Key]) {
        let mut inner = self.lock();
        for key in keys {
            *inner.pokes.entry(key.clone()).or_default() += 1;
        }
    }

    /// How often what a credential waited for was let go.
    pub(super) fn pokes(&self, key: &Key) -> u64 {
        self.lock().pokes.get(key).copied().unwrap_or_default()
    }

    /// Leaves a refused login alone until then.
    pub(super) fn wait_until(&self, name: &str, until: Instant) {
        self.lock().waiting.insert(name.to_owned(), until);
    }

    /// How long a refused login is still left alone.
    pub(super) fn wait_left(&self, name: &str, now: Instant) -> Option<Duration> {
        self.lock().waiting.get(name).map(|until| until.saturating_duration_since(now))
    }

    /// Whether a refused login was left alone long enough.
    pub(super) fn has_waited(&self, name: &str, now: Instant) -> bool {
        self.lock().waiting.get(name).is_some_and(|until| *until <= now)
    }

    /// Forgets that a login was refused.
    pub(super) fn forget_wait(&self, name: &str) {
        self.lock().waiting.remove(name);
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Context {
    /// Whether a write may be begun: not by a process that is about to end, nor by one that no longer leads.
    pub(super) fn may_write(&self) -> Result<(), Error> {
        match (self.places.is_closed(), self.lead.is_held()) {
            (true, _) => Err(Error::Stopping),
            (_, false) => Err(Error::NotLeading),
            _ => Ok(()),
        }
    }

    /// Takes in a credential as the watch shows it.
    pub(super) fn note(&self, credential: &Credential) {
        if credential.metadata.deletion_timestamp.is_some() {
            let uid = credential.metadata.uid.as_deref().unwrap_or_default();
            self.step_aside(&super::watch::key(credential), uid);
        } else {
            self.claims.note(credential);
        }
    }

    /// Gives those who wait for what this credential has their turn.
    fn step_aside(&self, key: &Key, uid: &str) {
        self.claims.release(uid);
        self.wake_waiting(key);
    }

    /// Wakes those who wait for what a credential has or had.
    pub(super) fn wake_waiting(&self, key: &Key) {
        let waiting = self.references.to(&Target::Credential(key.clone()));
        self.memory.poke(&waiting);
        self.wake.all(&waiting);
    }

    /// Forgets a credential that is gone.
    pub(super) fn forget(&self, key: &Key, uid: &str) {
        self.step_aside(key, uid);
        self.references.forget(key);
        self.schedule.forget(key);
        self.written.forget(uid);
        let mut inner = self.memory.lock();
        inner.verified.remove(uid);
        inner.doubts.remove(uid);
        inner.pokes.remove(key);
        drop(inner);
        self.metrics.set_credentials(self.memory.tally(uid, None));
    }

    /// Forgets a connection that is gone, and wakes its credentials.
    pub(super) fn forget_connection(&self, key: &Key, uid: &str) {
        self.references.forget(key);
        self.schedule.forget(key);
        self.connections.forget(&key.1);
        self.written_connections.forget(uid);
        let mut inner = self.memory.lock();
        inner.announced.remove(&key.1);
        inner.waiting.remove(&key.1);
        inner.doubted_connections.remove(&key.1);
        drop(inner);
        self.wake.all(&self.references.to(&Target::Connection(key.1.clone())));
    }
}
