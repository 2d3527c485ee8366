//! What this process remembers of single objects of one kind. Removing an entry forgets all of it; a process that starts later needs
//! none of it to be right.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use tokio::time::Instant;

use crate::api::{ConditionType, Conditioned as _, ROTATED_IN_VAULT, find};
use crate::controller::runtime::managed::Managed;
use crate::domain::{OtherOperator, Reason, SecretVersion, StatusTrace};

/// What this process remembers of every object of one kind.
pub(crate) struct ObjectStates {
    /// When this process began its work.
    began: Instant,
    inner: Mutex<Inner>,
    hasher: RandomState,
}

#[derive(Default)]
struct Inner {
    /// By uid.
    entries: HashMap<Box<str>, ObjectState>,
    /// How many objects have which reason.
    counts: HashMap<Reason, usize>,
}

/// What this process remembers of one object.
#[derive(Default)]
struct ObjectState {
    /// An earlier process may have sent a write that the status does not tell of. `None`: nobody looked yet.
    suspected_write: Option<bool>,
    /// Whether the object was being deleted when this process first saw it. `None`: nobody looked yet.
    was_deleting: Option<bool>,
    /// The hash of the generation, and of the versions of Secrets that were read and found to hold what was sent.
    unchanged: Option<u64>,
    /// This process made digests for the object.
    made_digests: bool,
    /// Set once digests of another operator were seen after that.
    other_operator: Option<Box<OtherOperator>>,
    reason: Option<Reason>,
    shown: Shown,
    /// The removed groups that users were last told of. `None`: this process told of none yet.
    told_removed: Option<Box<[String]>>,
    /// The finalizer is off, though the watch may not show that yet. It cannot come back: the API server adds none to an object
    /// that is being deleted.
    released: bool,
    /// The id of the record that stays enabled once the finalizer is off: the patch that takes it off was sent.
    leaves_enabled: Option<Box<str>>,
}

/// What the watch shows of an object, for the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shown {
    /// Whether the PAM shows it otherwise than written, by something else than the vault's own rotation.
    drifted: bool,
    suspended: bool,
    /// Since when `Ready` is not true for the newest generation; `None`: it is, or need not be.
    unsynced_since: Option<Timestamp>,
}

/// Numbers about the objects of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ShownCounts {
    pub(crate) drifted: usize,
    pub(crate) suspended: usize,
    /// Since when the object is not `Ready` for which that is longest.
    pub(crate) unsynced_since: Option<Timestamp>,
}

impl Default for ObjectStates {
    fn default() -> Self {
        Self { began: Instant::now(), inner: Mutex::default(), hasher: RandomState::default() }
    }
}

impl ObjectStates {
    /// Returns how long ago this process began its work.
    pub(crate) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.began)
    }

    /// Returns whether an earlier process may have sent a write that the status does not tell of. `looks` counts when the
    /// object is first seen: what changes later changes while this process watches.
    pub(crate) fn has_suspected_write(&self, uid: &str, looks: impl FnOnce() -> bool) -> bool {
        let known = self.lock().entries.get(uid).and_then(|entry| entry.suspected_write);
        known.unwrap_or_else(|| {
            let suspected_write = looks();
            self.entry(uid, |entry| *entry.suspected_write.get_or_insert(suspected_write))
        })
    }

    /// Returns whether a pass over an object noted such a write. Nothing is noted by this.
    pub(crate) fn is_suspected_write_noted(&self, uid: &str) -> bool {
        self.lock().entries.get(uid).and_then(|entry| entry.suspected_write).unwrap_or_default()
    }

    /// Returns whether an object was being deleted when this process first saw it: an earlier process may have been about to
    /// disable its record. `is_deleting` says whether it is now.
    pub(crate) fn was_deleting(&self, uid: &str, is_deleting: bool) -> bool {
        self.entry(uid, |entry| *entry.was_deleting.get_or_insert(is_deleting))
    }

    /// Notes that no earlier process can have sent a write that the status does not tell of.
    pub(crate) fn clear_suspected_write(&self, uid: &str) {
        self.entry(uid, |entry| entry.suspected_write = Some(false));
    }

    /// Notes that the digests in the status are this process's own.
    pub(crate) fn made_digests(&self, uid: &str) {
        self.entry(uid, |entry| entry.made_digests = true);
    }

    /// Returns whether another operator's digests replaced ours again and again, or another operator says so.
    pub(crate) fn is_other_operator_writing(&self, uid: &str, trace: StatusTrace<'_>, now: Instant) -> bool {
        let mut inner = self.lock();
        let Some(entry) = inner.entries.get_mut(uid).filter(|entry| entry.made_digests) else { return false };
        let is_there = trace.foreign || entry.other_operator.is_some();
        is_there && entry.other_operator.get_or_insert_default().note(trace, now.into_std())
    }

    /// Returns whether this process read these versions of the Secrets, and found in them what was last sent.
    pub(crate) fn are_versions_unchanged(&self, uid: &str, generation: i64, versions: &[SecretVersion]) -> bool {
        let inner = self.lock();
        let unchanged = inner.entries.get(uid).and_then(|entry| entry.unchanged);
        unchanged == Some(self.hasher.hash_one((generation, versions)))
    }

    /// Notes that these versions of the Secrets were read and hold what was last sent.
    pub(crate) fn note_unchanged_versions(&self, uid: &str, generation: i64, versions: &[SecretVersion]) {
        let unchanged = self.hasher.hash_one((generation, versions));
        self.entry(uid, |entry| entry.unchanged = Some(unchanged));
    }

    /// Notes the removed groups that users are told of; `true` if that is news. `told_before` says that an earlier process
    /// told of what this one sees first.
    pub(crate) fn tells_of_removed(&self, uid: &str, groups: &[String], told_before: bool) -> bool {
        self.entry(uid, |entry| {
            let news = entry.told_removed.as_ref().map_or(!told_before, |told| **told != *groups);
            entry.told_removed = Some(groups.into());
            news
        })
    }

    /// Returns whether this process took the finalizer off an object that is being deleted.
    pub(crate) fn is_released(&self, uid: &str) -> bool {
        self.lock().entries.get(uid).is_some_and(|entry| entry.released)
    }

    /// Notes that the finalizer is off. Nothing is kept of an object that the watch has shown to be gone in the meantime.
    pub(crate) fn note_released(&self, uid: &str) {
        self.known(uid, |entry| entry.released = true);
    }

    /// Notes, before the patch that takes the finalizer off is sent, which record stays enabled then; `None`: none does.
    pub(crate) fn note_leaves_enabled(&self, uid: &str, record: Option<String>) {
        self.known(uid, |entry| entry.leaves_enabled = record.map(String::into_boxed_str));
    }

    /// Returns the record that stays enabled, once: whether the answer to the patch or the watch tells first that the finalizer is
    /// off.
    pub(crate) fn take_left_enabled(&self, uid: &str) -> Option<String> {
        self.known(uid, |entry| entry.leaves_enabled.take()).flatten().map(String::from)
    }

    /// Notes what the watch shows of an object. `now` is since when an object is not `Ready` whose spec changed.
    pub(crate) fn note_shown<K: Managed>(&self, object: &K, now: Timestamp) {
        let uid = object.meta().uid.as_deref().unwrap_or_default();
        self.entry(uid, |entry| entry.shown = Shown::of(object, entry.shown.unsynced_since, now));
    }

    /// Counts what the watch shows: it looks at each object once, which takes less than a millisecond for 10,000.
    pub(crate) fn shown_counts(&self) -> ShownCounts {
        let mut counts = ShownCounts::default();
        for Shown { drifted, suspended, unsynced_since } in self.lock().entries.values().map(|entry| entry.shown) {
            counts.drifted += usize::from(drifted);
            counts.suspended += usize::from(suspended);
            counts.unsynced_since = [counts.unsynced_since, unsynced_since].into_iter().flatten().min();
        }
        counts
    }

    /// Notes the reason of an object, and returns the counts that changed.
    pub(crate) fn tally(&self, uid: &str, reason: Option<Reason>) -> Vec<(&'static str, usize)> {
        let mut inner = self.lock();
        let before = inner.entries.get_mut(uid).and_then(|entry| std::mem::replace(&mut entry.reason, reason));
        let reason = reason.filter(|_| inner.entries.contains_key(uid));
        inner.recount(before, reason)
    }

    /// Forgets an object that is gone, and returns the counts that changed.
    pub(crate) fn forget(&self, uid: &str) -> Vec<(&'static str, usize)> {
        let mut inner = self.lock();
        let before = inner.entries.remove(uid).and_then(|entry| entry.reason);
        inner.recount(before, None)
    }

    /// Changes an entry that is there.
    fn known<T>(&self, uid: &str, change: impl FnOnce(&mut ObjectState) -> T) -> Option<T> {
        self.lock().entries.get_mut(uid).map(change)
    }

    fn entry<T>(&self, uid: &str, change: impl FnOnce(&mut ObjectState) -> T) -> T {
        let mut inner = self.lock();
        match inner.entries.get_mut(uid) {
            Some(entry) => change(entry),
            None => change(inner.entries.entry(uid.into()).or_default()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn recount(&mut self, before: Option<Reason>, now: Option<Reason>) -> Vec<(&'static str, usize)> {
        if before == now {
            return Vec::new();
        }
        if let Some(before) = before {
            let count = self.counts.entry(before).or_default();
            *count = count.saturating_sub(1);
        }
        if let Some(now) = now {
            *self.counts.entry(now).or_default() += 1;
        }
        let count = |reason: Reason| self.counts.get(&reason).copied().unwrap_or_default();
        let changed = [before, now].into_iter().flatten();
        changed.map(|reason| (reason.as_str(), count(reason))).collect()
    }
}

impl Shown {
    /// Returns what an object shows; `since` is since when it was not `Ready` as it was last shown.
    fn of<K: Managed>(object: &K, since: Option<Timestamp>, now: Timestamp) -> Self {
        let conditions = object.status().map(|status| status.conditions().as_slice()).unwrap_or_default();
        let has = |kind| find(conditions, kind).is_some_and(|condition| condition.status == "True");
        let suspended = object.is_suspended();
        let unsynced = !suspended && (!has(ConditionType::Ready) || !is_current(object, conditions));
        let began = || if has(ConditionType::Ready) { now } else { not_ready_since(object, conditions).unwrap_or(now) };
        Self {
            drifted: find(conditions, ConditionType::Drifted).is_some_and(|drifted| drifted.reason != ROTATED_IN_VAULT),
            suspended,
            unsynced_since: unsynced.then(|| since.unwrap_or_else(began)),
        }
    }
}

/// Returns whether `Ready` is about the newest generation.
fn is_current<K: Managed>(object: &K, conditions: &[Condition]) -> bool {
    find(conditions, ConditionType::Ready).is_some_and(|ready| ready.observed_generation >= object.meta().generation)
}

/// Returns since when `Ready` is not true; since the object was made, where no operator has looked at it yet.
fn not_ready_since<K: Managed>(object: &K, conditions: &[Condition]) -> Option<Timestamp> {
    let changed = find(conditions, ConditionType::Ready).map(|ready| ready.last_transition_time.0);
    let made = object.meta().creation_timestamp.as_ref().map(|made| made.0);
    changed.filter(|at| *at != Timestamp::UNIX_EPOCH).or(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::PamCredential;
    use serde_json::{Value, json};

    fn object(uid: &str, ready: &str, generation: i64, more: &Value) -> PamCredential {
        let ready = json!({"type": "Ready", "status": ready, "reason": "Synced", "message": "", "observedGeneration": 1, "lastTransitionTime": "2030-01-01T01:00:00Z"});
        let mut object = json!({
            "apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredential",
            "metadata": {"name": "a", "namespace": "ns", "uid": uid, "generation": generation, "creationTimestamp": "2030-01-01T00:00:00Z"},
            "spec": {"username": "u", "hostname": "h", "ip": "i"},
            "status": {"conditions": [ready]},
        });
        json_patch::merge(&mut object, more);
        serde_json::from_value(object).unwrap()
    }

    fn at(hour: i8) -> Timestamp {
        format!("2030-01-01T{hour:02}:00:00Z").parse().unwrap()
    }

    #[test]
    fn an_object_is_unsynced_since_it_is_not_ready_for_its_newest_generation() {
        let (nothing, states) = (json!({}), ObjectStates::default());
        let shows = |object: &PamCredential, hour: i8| {
            states.note_shown(object, at(hour));
            states.shown_counts().unsynced_since
        };
        assert_eq!(shows(&object("u", "True", 1, &nothing), 2), None);
        assert_eq!(shows(&object("u", "True", 2, &nothing), 3), Some(at(3)), "its spec was edited");
        assert_eq!(shows(&object("u", "False", 2, &nothing), 4), Some(at(3)), "since then, whatever else happened");
        assert_eq!(shows(&object("u", "True", 1, &nothing), 5), None);
        assert_eq!(shows(&object("u", "False", 1, &nothing), 6), Some(at(1)), "as after a restart");
        assert_eq!(shows(&object("u", "False", 1, &json!({"spec": {"suspend": true}})), 7), None);
        let unseen = json!({"status": {"conditions": [
            {"type": "Ready", "status": "Unknown", "reason": "Progressing", "message": "", "lastTransitionTime": "1970-01-01T00:00:00Z"}
        ]}});
        assert_eq!(shows(&object("u", "True", 1, &unseen), 8), Some(at(0)), "since it was made");
        let rotated = json!({"type": "Drifted", "status": "True", "reason": "RotatedInVault", "message": "", "lastTransitionTime": "2030-01-01T01:00:00Z"});
        states.note_shown(&object("u", "True", 1, &json!({"status": {"conditions": [rotated]}})), at(9));
        assert_eq!(states.shown_counts().drifted, 0, "as the vault's policy says");
        states.forget("u");
        assert_eq!(states.shown_counts(), ShownCounts::default());
    }

    #[test]
    fn ten_thousand_objects_are_counted_in_a_few_milliseconds() {
        let (states, drifted) = (
            ObjectStates::default(),
            json!({"type": "Drifted", "status": "True", "reason": "NotListed", "message": "", "lastTransitionTime": "2030-01-01T01:00:00Z"}),
        );
        let object = object("u", "True", 1, &json!({"status": {"conditions": [drifted]}}));
        for number in 0..10_000 {
            let mut object = object.clone();
            object.metadata.uid = Some(number.to_string());
            states.note_shown(&object, at(2));
        }
        let began = std::time::Instant::now();
        let counts = states.shown_counts();
        let took = began.elapsed();
        assert_eq!((counts.drifted, counts.unsynced_since), (10_000, Some(at(0))));
        assert!(took < Duration::from_millis(100), "{took:?}");
    }
}
