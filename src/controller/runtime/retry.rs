//! Tells when each object may be tried again. kube has no backoff of its own, and any event of an object starts a pass
//! at once: without this gate, our own status write would turn every failure into a hot loop.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::controller::runtime::object_id::ObjectId;
use crate::domain::{Retry, backoff};

/// Returns the hash of all inputs of a pass; while it is unchanged, retrying before the backoff is over is pointless.
pub(crate) fn input_hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// Says whether an object may be tried now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// The object may be tried now.
    Now,
    /// The object may be tried after this time.
    In(Duration),
    /// The object may be tried only after an input changed.
    OnChange,
}

/// Says what follows from a failure for the next try.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure {
    pub(crate) retry: Retry,
    /// How long the PAM asked to be left alone.
    pub(crate) asked: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    input_hash: u64,
    failures: u32,
    not_before: Option<Instant>,
}

/// The objects that failed, and when they may be tried again.
#[derive(Debug, Default)]
pub(crate) struct Retries {
    entries: Mutex<HashMap<ObjectId, Entry>>,
}

impl Retries {
    /// Returns whether an object may be tried now.
    pub(crate) fn gate(&self, key: &ObjectId, input_hash: u64, now: Instant) -> Gate {
        match self.lock().get(key) {
            Some(entry) if entry.input_hash == input_hash => match entry.not_before {
                Some(at) if at > now => Gate::In(at - now),
                Some(_) => Gate::Now,
                None => Gate::OnChange,
            },
            _ => Gate::Now,
        }
    }

    /// Returns whether the last pass over an object failed, or waits, with these inputs.
    pub(crate) fn has_failed(&self, key: &ObjectId, input_hash: u64) -> bool {
        self.lock().get(key).is_some_and(|entry| entry.input_hash == input_hash)
    }

    /// Notes a failure, and returns when to come back; `None` is "on change".
    pub(crate) fn failed(
        &self,
        key: &ObjectId,
        input_hash: u64,
        failure: Failure,
        now: Instant,
        chance: f64,
    ) -> Option<Duration> {
        let mut entries = self.lock();
        let same = entries.get(key).filter(|entry| entry.input_hash == input_hash);
        let failures = same.map_or(1, |entry| entry.failures.saturating_add(1));
        let wait = backoff::wait(failure.retry, failures, failure.asked, chance);
        entries.insert(key.clone(), Entry { input_hash, failures, not_before: wait.map(|wait| now + wait) });
        wait
    }

    /// Holds an object back until then, unless its inputs change.
    pub(crate) fn hold(&self, key: &ObjectId, input_hash: u64, until: Instant) {
        self.lock().insert(key.clone(), Entry { input_hash, failures: 1, not_before: Some(until) });
    }

    /// Forgets the failures of an object whose status could not be written onto the version that the pass saw. Such a status is
    /// not owed: the next pass makes it again, and must not be held back until an input changes.
    pub(crate) fn forget_untold<E>(&self, key: &ObjectId, written: &Result<bool, E>) {
        if !matches!(written, Ok(true)) {
            self.forget(key);
        }
    }

    /// Forgets the failures of an object that is well, or gone.
    pub(crate) fn forget(&self, key: &ObjectId) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ObjectId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::runtime::object_id::NamespacedName;
    use k8s_openapi::api::core::v1::ConfigMap;

    fn key() -> ObjectId {
        ObjectId::new::<ConfigMap>(NamespacedName::new("ns", "a"))
    }

    const fn backoff() -> Failure {
        Failure { retry: Retry::Backoff, asked: None }
    }

    #[test]
    fn nothing_but_a_change_or_time_brings_a_failed_object_its_turn() {
        let (schedule, start) = (Retries::default(), Instant::now());
        assert_eq!(schedule.gate(&key(), 1, start), Gate::Now);
        let wait = schedule.failed(&key(), 1, backoff(), start, 1.0).unwrap();
        assert_eq!(schedule.gate(&key(), 1, start), Gate::In(wait));
        assert_eq!(schedule.gate(&key(), 1, start + wait), Gate::Now);
        assert_eq!(schedule.gate(&key(), 2, start), Gate::Now);
    }

    #[test]
    fn waits_grow_while_nothing_changes_and_start_anew_when_something_does() {
        let (schedule, now) = (Retries::default(), Instant::now());
        let fail = |input_hash| schedule.failed(&key(), input_hash, backoff(), now, 1.0);
        let waits = [fail(1), fail(1), fail(1), fail(2)].map(|wait| wait.unwrap().as_secs());
        assert_eq!(waits, [1, 2, 4, 1]);
    }

    #[test]
    fn what_only_a_change_can_mend_is_left_alone() {
        let (schedule, now) = (Retries::default(), Instant::now());
        let on_change = Failure { retry: Retry::OnChange, asked: None };
        assert_eq!(schedule.failed(&key(), 1, on_change, now, 1.0), None);
        assert_eq!(schedule.gate(&key(), 1, now + Duration::from_secs(99_999)), Gate::OnChange);
        assert_eq!(schedule.gate(&key(), 2, now), Gate::Now);
        schedule.forget(&key());
        assert_eq!(schedule.gate(&key(), 1, now), Gate::Now);
    }
}
