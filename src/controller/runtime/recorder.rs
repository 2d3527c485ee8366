//! Writes Kubernetes events. An event that repeats within minutes is counted in the one that is there.
//!
//! kube has a recorder, too. It makes no event of an object whose name is nearly as long as a name may be, since its suffix
//! does not fit; and where somebody deleted an event, it goes on patching that event, and no more of its reason come.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::runtime::events::EventType;
use serde_json::json;
use tokio::time::Instant;

use crate::api::FIELD_MANAGER;
use crate::clock::Clock;

/// For how long after its last repetition an event is counted on.
const REPEATS: Duration = Duration::from_mins(6);
/// The longest name of an object of Kubernetes.
const LONGEST: usize = 253;
/// The namespace of the events of cluster-scoped objects.
const CLUSTER_SCOPED: &str = "default";

/// What an event says.
pub(crate) struct Said {
    pub(crate) kind: EventType,
    pub(crate) reason: String,
    pub(crate) note: String,
}

/// Writes events, and remembers those of the last minutes.
pub(crate) struct Recorder {
    client: Client,
    clock: Clock,
    /// The name of this replica.
    instance: String,
    recent: Mutex<RecentEvents>,
}

/// The events of the last minutes. Ten thousand objects may have one each.
#[derive(Default)]
struct RecentEvents {
    hasher: RandomState,
    known: HashMap<EventKey, RecentEvent>,
    /// When each known event was written, or counted on, in the order of time.
    by_time: VecDeque<(Instant, EventKey)>,
}

/// The hash of what two events that are counted as one have in common.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct EventKey(u64);

/// An event that was written.
#[derive(Clone, Copy)]
struct RecentEvent {
    /// The end of its name; see [`event_name`].
    number: u64,
    count: i32,
    last: Instant,
}

impl RecentEvents {
    fn key(&self, object: &ObjectReference, said: &Said) -> EventKey {
        let ObjectReference { kind, namespace, name, uid, .. } = object;
        EventKey(self.hasher.hash_one((said.kind, &said.reason, kind, namespace, name, uid)))
    }

    /// Returns the event that an event repeats, and forgets those that are over.
    fn get(&mut self, key: EventKey) -> Option<RecentEvent> {
        while let Some((written, over)) = self.by_time.front().copied().filter(|(at, _)| at.elapsed() >= REPEATS) {
            self.by_time.pop_front();
            if self.known.get(&over).is_some_and(|event| event.last == written) {
                self.known.remove(&over);
            }
        }
        self.known.get(&key).copied()
    }

    fn note(&mut self, key: EventKey, number: u64, count: i32) {
        let last = Instant::now();
        self.by_time.push_back((last, key));
        self.known.insert(key, RecentEvent { number, count, last });
    }
}

impl Recorder {
    /// Returns a recorder of the replica of that name.
    pub(crate) fn new(client: Client, clock: Clock, instance: String) -> Self {
        Self { client, clock, instance, recent: Mutex::default() }
    }

    /// Writes an event of an object.
    pub(crate) async fn publish(&self, object: &ObjectReference, said: &Said) -> kube::Result<()> {
        let api = Api::namespaced(self.client.clone(), object.namespace.as_deref().unwrap_or(CLUSTER_SCOPED));
        let name = |number| event_name(object.name.as_deref().unwrap_or(FIELD_MANAGER), number);
        let key = self.lock().key(object, said);
        let before = self.lock().get(key);
        if let Some(RecentEvent { number, count, .. }) = before
            && self.repeat(&api, &name(number), count + 1).await?
        {
            self.lock().note(key, number, count + 1);
            return Ok(());
        }
        let number = rand::random();
        api.create(&PostParams::default(), &self.event(object, said, &name(number))).await?;
        self.lock().note(key, number, 1);
        Ok(())
    }

    /// Counts an event on; returns `false` if the event is gone.
    async fn repeat(&self, api: &Api<Event>, name: &str, count: i32) -> kube::Result<bool> {
        let series = json!({"count": count, "lastObservedTime": MicroTime(self.clock.now())});
        let patch = Patch::Merge(json!({"series": series}));
        match api.patch(name, &PatchParams::default(), &patch).await {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn event(&self, object: &ObjectReference, said: &Said, name: &str) -> Event {
        let kind = match said.kind {
            EventType::Normal => "Normal",
            EventType::Warning => "Warning",
        };
        let (name, namespace) = (Some(name.to_owned()), object.namespace.clone());
        Event {
            metadata: ObjectMeta { name, namespace, ..ObjectMeta::default() },
            action: Some("Reconcile".to_owned()),
            reason: Some(said.reason.clone()),
            note: Some(said.note.clone()),
            type_: Some(kind.to_owned()),
            event_time: Some(MicroTime(self.clock.now())),
            regarding: Some(object.clone()),
            reporting_controller: Some(FIELD_MANAGER.to_owned()),
            reporting_instance: Some(self.instance.clone()),
            ..Event::default()
        }
    }

    fn lock(&self) -> MutexGuard<'_, RecentEvents> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns a name for an event: the name of its object, as far as that fits, and what tells the event from others. Each part
/// between dots of a name must end in a letter or a digit.
fn event_name(object: &str, number: u64) -> String {
    let suffix = format!(".{number:016x}");
    let cut: String = object.chars().take(LONGEST - suffix.len()).collect();
    cut.trim_end_matches(['.', '-']).to_owned() + &suffix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_event_is_counted_on_until_it_has_not_repeated_for_minutes_and_nothing_is_kept_of_it_then() {
        let mut recent = RecentEvents::default();
        let object = |name: &str| ObjectReference { name: Some(name.to_owned()), ..ObjectReference::default() };
        let said = |reason: &str| Said { kind: EventType::Normal, reason: reason.to_owned(), note: String::new() };
        let [a, b] = ["a", "b"].map(|name| recent.key(&object(name), &said("Synced")));
        assert!(
            a == recent.key(&object("a"), &said("Synced")) && a != b && a != recent.key(&object("a"), &said("Other"))
        );
        recent.note(a, 7, 1);
        recent.note(b, 8, 1);
        tokio::time::advance(Duration::from_secs(REPEATS.as_secs() - 1)).await;
        assert_eq!(recent.get(a).map(|event| (event.number, event.count)), Some((7, 1)));
        recent.note(a, 7, 2);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!((recent.get(a).map(|event| event.count), recent.get(b).is_some()), (Some(2), false));
        tokio::time::advance(REPEATS).await;
        assert!(recent.get(a).is_none() && recent.known.is_empty() && recent.by_time.is_empty());
    }

    #[test]
    fn the_name_of_an_event_fits_and_is_one_whatever_the_objects_name_is() {
        assert_eq!(event_name("svc", 0x1f), "svc.000000000000001f");
        for length in 1..=LONGEST {
            for middle in ["a", "-", "."] {
                // The cut may come behind any of these.
                let object = format!("{}{}", format!("a{middle}").repeat(LONGEST), "z");
                let name = event_name(&object[..length], u64::MAX);
                assert!(name.len() <= LONGEST, "{name}");
                assert!(name.split('.').all(|part| !part.is_empty() && !part.ends_with('-')), "{name}");
            }
        }
    }
}
