//! Starts passes over objects that did not change themselves, because something that they depend on or wait for changed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kube::Resource;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::controller::runtime::object_id::ObjectId;
use crate::controller::runtime::pass_queue::Woken;
use crate::domain::Urgency;

/// Starts passes over objects of any kind. Each controller reads the names of the objects from a channel of its own.
#[derive(Default)]
pub(crate) struct Triggers {
    channels: Vec<Channel>,
    /// How often something that each object waited for was released.
    releases: Mutex<HashMap<ObjectId, u64>>,
}

/// Sends names of objects to one controller.
struct Channel {
    kind: Cow<'static, str>,
    /// The namespace that the controller serves; `None` is all of them.
    scope: Option<String>,
    send: UnboundedSender<Woken>,
}

impl Triggers {
    /// Opens the channel of the controller that serves the kind `K` in one namespace, or in all of them.
    pub(crate) fn add<K: Resource<DynamicType = ()>>(&mut self, scope: Option<String>) -> UnboundedReceiver<Woken> {
        let (send, receiver) = unbounded_channel();
        self.channels.push(Channel { kind: K::kind(&()), scope, send });
        receiver
    }

    /// Starts a pass over each of these objects.
    pub(crate) fn wake(&self, objects: &[ObjectId]) {
        for object in objects {
            self.send(object, Urgency::Backlog);
        }
    }

    /// Starts a pass over each of these objects, before those that [`Triggers::wake`] woke.
    pub(crate) fn wake_fresh(&self, objects: &[ObjectId]) {
        for object in objects {
            self.send(object, Urgency::Fresh);
        }
    }

    fn send(&self, ObjectId { kind, key }: &ObjectId, urgency: Urgency) {
        let serves = |channel: &&Channel| {
            channel.kind == *kind && channel.scope.as_ref().is_none_or(|scope| *scope == key.namespace)
        };
        for channel in self.channels.iter().filter(serves) {
            // A receiver is gone only while everything stops.
            _ = channel.send.send(Woken { key: key.clone(), urgency });
        }
    }

    /// Wakes objects after something that they waited for was released. The number of releases is part of a pass's input
    /// hash: a pass that read the old state and is about to wait finds its input hash changed, and runs again.
    pub(crate) fn wake_after_release(&self, objects: &[ObjectId]) {
        let mut releases = self.lock();
        for object in objects {
            *releases.entry(object.clone()).or_default() += 1;
        }
        drop(releases);
        self.wake(objects);
    }

    /// Returns how often something that an object waited for was released.
    pub(crate) fn release_count(&self, object: &ObjectId) -> u64 {
        self.lock().get(object).copied().unwrap_or_default()
    }

    /// Forgets an object that is gone.
    pub(crate) fn forget(&self, object: &ObjectId) {
        self.lock().remove(object);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ObjectId, u64>> {
        self.releases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::runtime::object_id::NamespacedName;
    use k8s_openapi::api::core::v1::{ConfigMap, Secret};

    #[test]
    fn only_the_controller_of_that_kind_and_namespace_is_told() {
        let mut triggers = Triggers::default();
        let mut here = triggers.add::<Secret>(Some("here".to_owned()));
        let mut there = triggers.add::<Secret>(Some("there".to_owned()));
        let mut other = triggers.add::<ConfigMap>(None);
        let woken = ObjectId::new::<Secret>(NamespacedName::new("here", "a"));
        triggers.wake(std::slice::from_ref(&woken));
        assert_eq!(here.try_recv().unwrap(), Woken { key: woken.key.clone(), urgency: Urgency::Backlog });
        assert!(there.try_recv().is_err() && other.try_recv().is_err());
        assert_eq!(triggers.release_count(&woken), 0);
        triggers.wake_after_release(std::slice::from_ref(&woken));
        assert_eq!((triggers.release_count(&woken), here.try_recv().is_ok()), (1, true));
    }
}
