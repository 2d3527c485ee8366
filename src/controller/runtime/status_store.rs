//! Keeps the newest status of each object: the watch may be behind our own last write, and a pass that acts on what the
//! watch shows would do the work twice.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource;
use kube::api::{Api, ObjectMeta, Patch, PatchParams};
use serde_json::{Value, json};

use crate::api::{ConditionType, FIELD_MANAGER, ReadyState, condition, find};
use crate::controller::runtime::error::{Error, bounded};
use crate::controller::runtime::managed::Managed;
use crate::domain::{Reason, StatusTrace};
use crate::kubernetes::CallError;

/// Holds the statuses that this process made and the watch has not shown yet, by the uid of the object.
#[derive(Debug, Default)]
pub(crate) struct StatusStore<S> {
    last: Mutex<HashMap<String, Entry<S>>>,
}

#[derive(Debug)]
struct Entry<S> {
    status: S,
    /// The resourceVersion that the write of `status` got; `None` while the status is owed, which is not yet written.
    version: Option<u64>,
}

impl<S: Clone> StatusStore<S> {
    /// Returns the newest status of an object as the watch shows it.
    pub(crate) fn of<K>(&self, object: &K) -> S
    where
        K: Managed<Status = S>,
        S: Default,
    {
        let meta = object.meta();
        let shown = object.status().cloned().unwrap_or_default();
        self.freshest(meta.uid.as_deref().unwrap_or_default(), meta.resource_version.as_deref(), shown)
    }

    /// Returns the newest status: one that must still be written, one that the watch has not shown yet, or the shown
    /// one. Versions of one object may be compared as numbers (KEP-5504).
    pub(crate) fn freshest(&self, uid: &str, resource_version: Option<&str>, shown: S) -> S {
        let mut last = self.lock();
        let shown_version = number(resource_version);
        match last.get(uid) {
            Some(Entry { status, version: None }) => status.clone(),
            Some(Entry { status, version: Some(written) }) if shown_version.is_some_and(|shown| shown < *written) => {
                status.clone()
            }
            Some(_) => {
                last.remove(uid);
                shown
            }
            None => shown,
        }
    }

    /// Remembers a status as owed before its write: if the write fails, the work that the status tells of must not be
    /// done again.
    pub(crate) fn owe(&self, uid: &str, status: S) {
        self.lock().insert(uid.to_owned(), Entry { status, version: None });
    }

    /// Returns whether the status of an object is owed: remembered, and not yet written.
    pub(crate) fn is_owed(&self, uid: &str) -> bool {
        self.lock().get(uid).is_some_and(|entry| entry.version.is_none())
    }

    /// Remembers a written status, until the watch shows its resourceVersion.
    pub(crate) fn note(&self, uid: &str, resource_version: Option<&str>, status: S) {
        match number(resource_version) {
            version @ Some(_) => _ = self.lock().insert(uid.to_owned(), Entry { status, version }),
            None => self.forget(uid),
        }
    }

    /// Forgets an object that is gone.
    pub(crate) fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry<S>>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn number(resource_version: Option<&str>) -> Option<u64> {
    resource_version?.parse().ok()
}

/// Replaces a status as a whole, and returns the new resourceVersion; `None` if the object is gone, or another one has
/// its name. Server-side apply would leave in place what others wrote (a restored backup, an edit by hand), and a stray
/// `Stalled` condition would make kstatus call a ready object failed.
pub(crate) async fn write<K: Managed>(
    api: &Api<K>,
    meta: &ObjectMeta,
    status: &K::Status,
) -> Result<Option<String>, Error> {
    let steps = json!([
        // An object that was made under this name since must not get the status of the old one.
        { "op": "test", "path": "/metadata/uid", "value": meta.uid },
        { "op": "add", "path": "/status", "value": status },
    ]);
    patch(api, meta, steps).await
}

/// Replaces a status as [`write`] does, unless the object has changed since the version in `meta`: that is a refusal (422).
pub(crate) async fn write_unless_changed<K: Managed>(
    api: &Api<K>,
    meta: &ObjectMeta,
    status: &K::Status,
) -> Result<Option<String>, Error> {
    let steps = json!([
        { "op": "test", "path": "/metadata/uid", "value": meta.uid },
        { "op": "test", "path": "/metadata/resourceVersion", "value": meta.resource_version },
        { "op": "add", "path": "/status", "value": status },
    ]);
    patch(api, meta, steps).await
}

/// Returns whether there is another version of an object than the one in `meta`.
pub(crate) async fn is_changed<K: Managed>(api: &Api<K>, meta: &ObjectMeta) -> Result<bool, Error> {
    let found =
        bounded("look whether an object changed", api.get_metadata_opt(meta.name.as_deref().unwrap_or_default()));
    Ok(found.await?.is_none_or(|found| found.metadata.resource_version != meta.resource_version))
}

async fn patch<K: Managed>(api: &Api<K>, meta: &ObjectMeta, steps: Value) -> Result<Option<String>, Error> {
    let action = "write a status";
    let patch: json_patch::Patch = serde_json::from_value(steps).map_err(|_| CallError::Failed(action))?;
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    let name = meta.name.clone().unwrap_or_default();
    match bounded(action, api.patch_status(&name, &params, &Patch::Json::<()>(patch))).await {
        Ok(written) => Ok(written.meta().resource_version.clone()),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) if error.is_conflict() || error.is_invalid() => {
            // Either the test failed, or the API server refuses the status. Only a failed test means that the object is
            // another.
            let found = bounded(action, api.get_metadata_opt(&name)).await?;
            if found.is_some_and(|found| found.metadata.uid == meta.uid) { Err(error) } else { Ok(None) }
        }
        Err(error) => Err(error),
    }
}

/// Returns `Ready`, and `Reconciling` or `Stalled` beside it.
pub(crate) fn conditions(
    reason: Reason,
    message: &str,
    generation: Option<i64>,
    now: jiff::Timestamp,
    before: &[Condition],
) -> Vec<Condition> {
    let now = k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(now);
    let make = |kind, status| condition(kind, status, reason.as_str(), message, generation, &now, before);
    match ready_state(reason) {
        ReadyState::Ready => vec![make(ConditionType::Ready, "True")],
        ReadyState::Progressing => {
            vec![make(ConditionType::Ready, "Unknown"), make(ConditionType::Reconciling, "True")]
        }
        ReadyState::Reconciling => vec![make(ConditionType::Ready, "False"), make(ConditionType::Reconciling, "True")],
        ReadyState::Stalled => vec![make(ConditionType::Ready, "False"), make(ConditionType::Stalled, "True")],
    }
}

/// Returns the conditions of a suspended object: `Ready` keeps what it said, with `Suspended` beside it. `unseen` is what
/// `Ready` says of an object that nothing was sent for yet.
pub(crate) fn suspended(
    message: &str,
    unseen: Option<&str>,
    generation: Option<i64>,
    now: jiff::Timestamp,
    before: &[Condition],
) -> Vec<Condition> {
    let now = k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(now);
    let mut conditions = before.to_vec();
    conditions.retain(|condition| condition.type_ != ConditionType::Suspended.as_str());
    if let Some(unseen) = unseen {
        let reason = Reason::Progressing.as_str();
        conditions = vec![condition(ConditionType::Ready, "Unknown", reason, unseen, None, &now, before)];
    }
    conditions.push(condition(ConditionType::Suspended, "True", "Suspended", message, generation, &now, before));
    conditions
}

/// Returns the reason of `Ready`.
pub(crate) fn ready_reason(conditions: &[Condition]) -> Reason {
    let ready = find(conditions, ConditionType::Ready);
    ready.and_then(|ready| Reason::named(&ready.reason)).unwrap_or(Reason::Progressing)
}

/// Returns what a status shows of another operator; `foreign` says that digests in it were made with another key.
pub(crate) fn status_trace<'a>(
    object: &'a impl Resource,
    conditions: &[Condition],
    observed_generation: Option<i64>,
    foreign: bool,
) -> StatusTrace<'a> {
    let meta = object.meta();
    let generation = meta.generation.unwrap_or_default();
    StatusTrace {
        version: meta.resource_version.as_deref().unwrap_or_default(),
        generation,
        foreign,
        said: ready_reason(conditions) == Reason::AnotherOperator && observed_generation == Some(generation),
    }
}

const fn ready_state(reason: Reason) -> ReadyState {
    match reason {
        Reason::Progressing => ReadyState::Progressing,
        _ if reason.is_ready() => ReadyState::Ready,
        _ if reason.is_stalled() => ReadyState::Stalled,
        _ => ReadyState::Reconciling,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_wins_until_the_watch_has_caught_up() {
        let written = StatusStore::default();
        written.note("u", Some("100"), "new");
        assert_eq!(written.freshest("u", Some("99"), "old"), "new");
        assert_eq!(written.freshest("u", Some("100"), "shown"), "shown");
        assert_eq!(written.freshest("u", Some("99"), "late"), "late", "forgotten once caught up");
    }

    #[test]
    fn what_could_not_be_written_is_owed_and_not_done_again() {
        let written = StatusStore::default();
        written.owe("u", "done");
        assert_eq!(written.freshest("u", Some("100"), "old"), "done");
        assert!(written.is_owed("u"));
        written.note("u", Some("101"), "done");
        assert!(!written.is_owed("u"));
        assert_eq!(written.freshest("u", Some("100"), "old"), "done");
    }

    #[test]
    fn every_reason_has_ready_and_at_most_one_beside_it() {
        for reason in Reason::ALL {
            let made = conditions(reason, "m", Some(1), jiff::Timestamp::now(), &[]);
            assert_eq!(made[0].type_, "Ready");
            assert_eq!(made[0].status == "True", reason.is_ready());
            assert_eq!(made.len(), if reason.is_ready() { 1 } else { 2 });
        }
    }

    /// Says how kstatus reads an object that is not being deleted.
    fn kstatus(generation: i64, observed: i64, conditions: &[Condition]) -> &'static str {
        let is = |kind: &str, status: &str| conditions.iter().any(|c| c.type_ == kind && c.status == status);
        match () {
            () if observed != generation || is("Reconciling", "True") => "InProgress",
            () if is("Stalled", "True") => "Failed",
            () if is("Ready", "False") || is("Ready", "Unknown") => "InProgress",
            () => "Current",
        }
    }

    #[test]
    fn kstatus_reads_each_reason_as_the_table_says() {
        let rows =
            include_str!("../../../tests/fixtures/health.tsv").lines().filter(|line| !line.starts_with('#')).skip(1);
        let mut told = Vec::new();
        for row in rows {
            let [reason, ready, beside, read, _] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
            let made = conditions(Reason::named(reason).unwrap(), "m", Some(2), jiff::Timestamp::now(), &[]);
            let beside_it = made.get(1).map_or("-", |condition| condition.type_.as_str());
            assert_eq!((made[0].status.as_str(), beside_it), (ready, beside), "{reason}");
            assert_eq!(kstatus(2, 2, &made), read, "{reason}");
            assert_eq!(kstatus(3, 2, &made), "InProgress", "{reason} of an earlier generation");
            let held = suspended("m", None, Some(2), jiff::Timestamp::now(), &made);
            assert_eq!(kstatus(2, 2, &held), read, "{reason}, suspended");
            told.push(reason);
        }
        assert_eq!(told, Reason::ALL.map(Reason::as_str));
    }

    #[test]
    fn the_time_of_a_condition_moves_only_with_its_status() {
        let (then, now) = (jiff::Timestamp::from_second(1000).unwrap(), jiff::Timestamp::from_second(2000).unwrap());
        let before = conditions(Reason::SecretNotFound, "a", Some(1), then, &[]);
        let same = conditions(Reason::PamUnavailable, "b", Some(2), now, &before);
        assert_eq!(same[0].last_transition_time.0, then);
        let ready = conditions(Reason::Synced, "c", Some(2), now, &same);
        assert_eq!(ready[0].last_transition_time.0, now);
    }
}
