//! Writes Kubernetes events. An event that repeats within minutes is counted in the one that is there.
//!
//! kube has a recorder, too. It makes no event of an object whose name is nearly as long as a name may be, since its suffix
//! does not fit; and where somebody deleted an event, it goes on patching that event, and no more of its reason come.

use std::collections::HashMap;
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
    recent: Mutex<HashMap<EventKey, RecentEvent>>,
}

/// What two events that are counted as one have in common.
#[derive(Clone, PartialEq, Eq, Hash)]
struct EventKey {
    kind: EventType,
    reason: String,
    object: [Option<String>; 4],
}

/// An event that was written.
#[derive(Clone)]
struct RecentEvent {
    name: String,
    count: i32,
    last: Instant,
}

impl EventKey {
    fn new(object: &ObjectReference, said: &Said) -> Self {
        let ObjectReference { kind, namespace, name, uid, .. } = object.clone();
        Self { kind: said.kind, reason: said.reason.clone(), object: [kind, namespace, name, uid] }
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
        let key = EventKey::new(object, said);
        if let Some(before) = self.recent(&key)
            && self.repeat(&api, &before).await?
        {
            self.note(key, before.name, before.count + 1);
            return Ok(());
        }
        let name = event_name(object.name.as_deref().unwrap_or(FIELD_MANAGER), rand::random());
        api.create(&PostParams::default(), &self.event(object, said, &name)).await?;
        self.note(key, name, 1);
        Ok(())
    }

    /// Counts an event on; returns `false` if the event is gone.
    async fn repeat(&self, api: &Api<Event>, before: &RecentEvent) -> kube::Result<bool> {
        let series = json!({"count": before.count + 1, "lastObservedTime": MicroTime(self.clock.now())});
        let patch = Patch::Merge(json!({"series": series}));
        match api.patch(&before.name, &PatchParams::default(), &patch).await {
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

    /// Returns the event that an event repeats, and forgets those that are over.
    fn recent(&self, key: &EventKey) -> Option<RecentEvent> {
        let mut recent = self.lock();
        recent.retain(|_, event| event.last.elapsed() < REPEATS);
        recent.get(key).cloned()
    }

    fn note(&self, key: EventKey, name: String, count: i32) {
        self.lock().insert(key, RecentEvent { name, count, last: Instant::now() });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<EventKey, RecentEvent>> {
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
