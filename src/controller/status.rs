//! The newest status of an object: the watch may be behind our own last write, and acting on what it shows then
//! would do the work twice.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource;
use kube::api::{Api, Patch, PatchParams};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::error::{Error, bounded};
use crate::api::{ConditionType, FIELD_MANAGER, Standing, condition};
use crate::domain::Reason;

/// The statuses this process wrote and the watch has not shown yet, by uid.
#[derive(Debug, Default)]
pub(super) struct Written<S> {
    last: Mutex<HashMap<String, (u64, S)>>,
}

impl<S: Clone> Written<S> {
    /// The newer of what the watch shows and what was written. Versions of one object may be compared as
    /// numbers (KEP-5504).
    pub(super) fn freshest(&self, uid: &str, resource_version: Option<&str>, shown: S) -> S {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let shown_version = number(resource_version);
        match last.get(uid) {
            Some((written, status)) if shown_version.is_some_and(|shown| shown < *written) => status.clone(),
            Some(_) => {
                last.remove(uid);
                shown
            }
            None => shown,
        }
    }

    /// Remembers a write.
    pub(super) fn note(&self, uid: &str, resource_version: Option<&str>, status: S) {
        if let Some(version) = number(resource_version) {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            last.insert(uid.to_owned(), (version, status));
        }
    }

    /// Forgets an object that is gone.
    pub(super) fn forget(&self, uid: &str) {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
    }
}

fn number(resource_version: Option<&str>) -> Option<u64> {
    resource_version?.parse().ok()
}

/// Writes a status by server-side apply, and returns the new resourceVersion; `None` if the object is gone or was
/// made anew in the meantime.
pub(super) async fn write<K, S>(api: &Api<K>, object: &K, status: &S) -> Result<Option<String>, Error>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + std::fmt::Debug,
    S: Serialize + Sync,
{
    let meta = object.meta();
    let name = meta.name.clone().unwrap_or_default();
    let body = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        // The uid is a precondition: an object made anew under this name has not earned this status.
        "metadata": { "name": name, "uid": meta.uid },
        "status": status,
    });
    let params = PatchParams::apply(FIELD_MANAGER).force();
    match bounded("write a status", api.patch_status(&name, &params, &Patch::Apply(body))).await {
        Ok(written) => Ok(written.meta().resource_version.clone()),
        Err(error) if error.is_not_found() || error.is_conflict() => Ok(None),
        Err(error) => Err(error),
    }
}

/// `Ready`, and `Reconciling` or `Stalled` beside it.
pub(super) fn conditions(
    reason: Reason,
    message: &str,
    generation: Option<i64>,
    now: jiff::Timestamp,
    before: &[Condition],
) -> Vec<Condition> {
    let now = k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(now);
    let standing = standing(reason);
    let make = |kind, status| condition(kind, status, (reason.as_str(), message), generation, &now, before);
    match standing {
        Standing::Ready => vec![make(ConditionType::Ready, "True")],
        Standing::Progressing => vec![make(ConditionType::Ready, "Unknown"), make(ConditionType::Reconciling, "True")],
        Standing::Reconciling => vec![make(ConditionType::Ready, "False"), make(ConditionType::Reconciling, "True")],
        Standing::Stalled => vec![make(ConditionType::Ready, "False"), make(ConditionType::Stalled, "True")],
    }
}

const fn standing(reason: Reason) -> Standing {
    match reason {
        Reason::Progressing => Standing::Progressing,
        _ if reason.is_ready() => Standing::Ready,
        _ if reason.is_stalled() => Standing::Stalled,
        _ => Standing::Reconciling,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_wins_until_the_watch_has_caught_up() {
        let written = Written::default();
        written.note("u", Some("100"), "new");
        assert_eq!(written.freshest("u", Some("99"), "old"), "new");
        assert_eq!(written.freshest("u", Some("100"), "shown"), "shown");
        assert_eq!(written.freshest("u", Some("99"), "late"), "late", "forgotten once caught up");
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
