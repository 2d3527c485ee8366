//! The objects that one watch shows, and which of them are gone. A watch that lost its place begins with a new list: an object
//! that is not in that list is gone, and no event tells of it.

use std::sync::Arc;

use kube::ResourceExt;
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::watcher::Event;

use crate::controller::runtime::object_id::NamespacedName;

/// The objects that one watch shows.
pub(crate) struct WatchSet<K: ResourceExt<DynamicType = ()> + Clone + 'static> {
    shown: Store<K>,
    writer: reflector::store::Writer<K>,
    lists: usize,
}

/// An object that no longer exists.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Gone {
    pub(crate) key: NamespacedName,
    pub(crate) uid: String,
}

/// Lists the objects that one event concerns though the event does not name them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Delta {
    /// Objects that no longer exist.
    pub(crate) gone: Vec<Gone>,
    /// Objects to reconcile again: a pass that ran while a list came in saw the store as it was before the list.
    pub(crate) reconcile_again: Vec<NamespacedName>,
}

impl<K: ResourceExt<DynamicType = ()> + Clone + 'static> WatchSet<K> {
    /// Returns a set that shows nothing yet, and the store by which others see what it shows.
    pub(crate) fn new() -> (Self, Store<K>) {
        let (shown, writer) = reflector::store();
        (Self { shown: shown.clone(), writer, lists: 0 }, shown)
    }

    /// Takes in an event.
    pub(crate) fn take_in(&mut self, event: &Event<K>) -> Delta {
        let before = self.replaced_by(event);
        self.writer.apply_watcher_event(event);
        self.lists += usize::from(matches!(event, Event::InitDone));
        let gone = before.iter().filter(|object| !self.shows(object)).map(|object| Gone::of(&**object));
        Delta { gone: gone.collect(), reconcile_again: self.to_reconcile_again(event) }
    }

    /// Returns the objects that an event may take away.
    fn replaced_by(&self, event: &Event<K>) -> Vec<Arc<K>> {
        match event {
            Event::Apply(object) | Event::Delete(object) => {
                self.shown.get(&ObjectRef::from_obj(object)).into_iter().collect()
            }
            Event::InitDone => self.shown.state(),
            Event::Init | Event::InitApply(_) => Vec::new(),
        }
    }

    /// Returns whether an object is shown, and not another one that was made under its name since.
    fn shows(&self, object: &K) -> bool {
        self.shown.get(&ObjectRef::from_obj(object)).is_some_and(|now| now.meta().uid == object.meta().uid)
    }

    fn to_reconcile_again(&self, event: &Event<K>) -> Vec<NamespacedName> {
        // The first list is news as it is.
        let is_later_list = matches!(event, Event::InitDone) && self.lists > 1;
        let shown = if is_later_list { self.shown.state() } else { Vec::new() };
        shown.iter().map(|object| NamespacedName::of(&**object)).collect()
    }
}

impl Gone {
    fn of(object: &impl ResourceExt) -> Self {
        Self { key: NamespacedName::of(object), uid: object.uid().unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::api::ObjectMeta;

    fn object(name: &str, uid: &str) -> ConfigMap {
        let metadata = ObjectMeta { name: Some(name.into()), uid: Some(uid.into()), ..ObjectMeta::default() };
        ConfigMap { metadata, ..ConfigMap::default() }
    }

    fn named(name: &str) -> NamespacedName {
        NamespacedName::new("", name)
    }

    fn gone_is(name: &str, uid: &str) -> Gone {
        Gone { key: named(name), uid: uid.to_owned() }
    }

    #[test]
    fn what_a_later_list_does_not_show_is_gone_and_the_rest_is_looked_at_again() {
        let (mut set, shown) = WatchSet::new();
        for event in [Event::Init, Event::InitApply(object("a", "1")), Event::InitApply(object("b", "2"))] {
            assert_eq!(set.take_in(&event), Delta::default());
        }
        assert_eq!(set.take_in(&Event::<ConfigMap>::InitDone), Delta::default(), "the first list is news as it is");
        assert_eq!(shown.len(), 2);
        set.take_in(&Event::<ConfigMap>::Init);
        set.take_in(&Event::InitApply(object("b", "3")));
        let delta = set.take_in(&Event::<ConfigMap>::InitDone);
        assert_eq!(delta.reconcile_again, [named("b")]);
        let mut gone = delta.gone;
        gone.sort();
        assert_eq!(gone, [gone_is("a", "1"), gone_is("b", "2")], "b was made again");
        assert_eq!(shown.len(), 1);
    }

    #[test]
    fn a_deletion_and_a_namesake_are_told() {
        let (mut set, _) = WatchSet::new();
        set.take_in(&Event::Apply(object("a", "1")));
        assert_eq!(set.take_in(&Event::Apply(object("a", "2"))).gone, [gone_is("a", "1")]);
        assert_eq!(set.take_in(&Event::Apply(object("a", "2"))).gone, [], "the same object");
        assert_eq!(set.take_in(&Event::Delete(object("a", "2"))).gone, [gone_is("a", "2")]);
    }
}
