//! What the metrics read at each scrape.

use std::sync::{Arc, Weak};

use jiff::Timestamp;

use crate::api::{MySafePassword, PamCredential};
use crate::controller::connection;
use crate::controller::controllers::Kinds;
use crate::controller::credential;
use crate::controller::runtime::managed::Managed;
use crate::controller::runtime::object_states::ObjectStates;
use crate::controller::safe_password;
use crate::metrics::{ObjectReadings, Readings};

/// The contexts of all kinds, as long as the operator works.
struct Contexts {
    connections: Weak<connection::context::Context>,
    credentials: Weak<credential::context::Context>,
    safe_passwords: Weak<safe_password::context::Context>,
}

/// Has the metrics read their numbers from what the passes share, for as long as the operator works.
pub(super) fn publish(kinds: &Kinds) {
    let contexts = Contexts {
        connections: Arc::downgrade(&kinds.connections),
        credentials: Arc::downgrade(&kinds.credentials),
        safe_passwords: Arc::downgrade(&kinds.safe_passwords),
    };
    kinds.connections.cluster.metrics.read_from(move || read(&contexts));
}

fn read(contexts: &Contexts) -> Option<Readings> {
    let connections = contexts.connections.upgrade()?;
    let (credentials, safe_passwords) = (contexts.credentials.upgrade()?, contexts.safe_passwords.upgrade()?);
    let (cluster, now) = (&connections.cluster, connections.cluster.clock.now());
    Some(Readings {
        objects: vec![
            of_kind::<PamCredential>(&credentials.state, now),
            of_kind::<MySafePassword>(&safe_passwords.state, now),
        ],
        waiting: cluster.slots.waiting(),
        watch_ages: cluster.contacts.ages(),
        ..connections.store.readings()
    })
}

fn of_kind<K: Managed>(states: &ObjectStates, now: Timestamp) -> ObjectReadings {
    let counts = states.shown_counts();
    let age = counts.unsynced_since.map(|since| now.duration_since(since));
    ObjectReadings {
        kind: K::KIND,
        drifted: counts.drifted,
        suspended: counts.suspended,
        oldest_unsynced: age.and_then(|age| age.try_into().ok()).unwrap_or_default(),
    }
}
