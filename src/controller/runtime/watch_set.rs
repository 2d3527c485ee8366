//! Knows which objects exist, by one watch: an object that a list after a gap no longer shows is gone, though no event
//! says so.

use std::collections::HashMap;

use kube::ResourceExt;
use kube::runtime::watcher::Event;

use crate::controller::runtime::object_id::NamespacedName;

/// The objects that one watch has shown, with their uids.
#[derive(Debug, Default)]
pub(crate) struct KnownObjects {
    present: HashMap<NamespacedName, String>,
    listed: HashMap<NamespacedName, String>,
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

impl KnownObjects {
    /// Takes in an event.
    pub(crate) fn take_in<K: ResourceExt>(&mut self, event: &Event<K>) -> Delta {
        match event {
            Event::Init => self.listed.clear(),
            Event::InitApply(object) => _ = self.listed.insert(NamespacedName::of(object), uid(object)),
            Event::InitDone => return self.end_list(),
            Event::Apply(object) => {
                let (key, uid) = (NamespacedName::of(object), uid(object));
                let before = self.present.insert(key.clone(), uid.clone());
                let replaced = before.filter(|before| *before != uid).map(|uid| Gone { key, uid });
                return Delta { gone: replaced.into_iter().collect(), reconcile_again: vec![] };
            }
            Event::Delete(object) => {
                let key = NamespacedName::of(object);
                let uid = self.present.remove(&key).unwrap_or_else(|| uid(object));
                return Delta { gone: vec![Gone { key, uid }], reconcile_again: vec![] };
            }
        }
        Delta::default()
    }

    fn end_list(&mut self) -> Delta {
        let before = std::mem::replace(&mut self.present, std::mem::take(&mut self.listed));
        let before = before.into_iter().map(|(key, uid)| Gone { key, uid });
        let gone = before.filter(|known| self.present.get(&known.key) != Some(&known.uid)).collect();
        self.lists += 1;
        let reconcile_again = if self.lists > 1 { self.present.keys().cloned().collect() } else { vec![] };
        Delta { gone, reconcile_again }
    }
}

fn uid(object: &impl ResourceExt) -> String {
    object.uid().unwrap_or_default()
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
        let mut known_objects = KnownObjects::default();
        for event in [Event::Init, Event::InitApply(object("a", "1")), Event::InitApply(object("b", "2"))] {
            assert_eq!(known_objects.take_in(&event), Delta::default());
        }
        assert_eq!(
            known_objects.take_in(&Event::<ConfigMap>::InitDone),
            Delta::default(),
            "the first list is news as it is"
        );
        known_objects.take_in(&Event::<ConfigMap>::Init);
        known_objects.take_in(&Event::InitApply(object("b", "3")));
        let delta = known_objects.take_in(&Event::<ConfigMap>::InitDone);
        assert_eq!(delta.reconcile_again, [named("b")]);
        let mut gone = delta.gone;
        gone.sort();
        assert_eq!(gone, [gone_is("a", "1"), gone_is("b", "2")], "b was made again");
    }

    #[test]
    fn a_deletion_and_a_namesake_are_told() {
        let mut known_objects = KnownObjects::default();
        known_objects.take_in(&Event::Apply(object("a", "1")));
        assert_eq!(known_objects.take_in(&Event::Apply(object("a", "2"))).gone, [gone_is("a", "1")]);
        assert_eq!(known_objects.take_in(&Event::Delete(object("a", "2"))).gone, [gone_is("a", "2")]);
    }
}
