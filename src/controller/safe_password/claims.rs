//! Which object of the cluster has which entry (P4).
//!
//! An object has the entry of its status. An object that takes over an entry has it from just before its status says so. Of
//! two objects with one entry, as after a copy of an object with its status, the older one has the entry.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::api::MySafePassword;
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::safe_password::facts::stored_status;
use crate::domain::{Departed, RecordId, Unsettled, VaultId};

/// An entry: an identifier in one vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntryKey {
    pub(crate) vault: VaultId,
    pub(crate) identifier: RecordId,
}

/// The claims of all objects.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    inner: Mutex<Inner>,
    /// When this process began.
    started: Timestamp,
}

/// Another object that has an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) name: NamespacedName,
    /// The object is gone, and has the entry until then: the PAM may still execute a write of that object.
    pub(crate) until: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Inner {
    /// By uid of the object.
    claims: HashMap<String, Claim>,
    /// The uids of the objects that have an entry of that identifier.
    by_identifier: HashMap<RecordId, Vec<String>>,
    /// The objects over which a pass is under way, and whether the object went since the pass began.
    passing: HashMap<String, bool>,
    /// The objects that are gone and count until a certain time.
    departed: Departed,
    /// The objects without an entry of which a creation named none, and when.
    creations: HashMap<String, Instant>,
}

#[derive(Clone, Debug)]
struct Claim {
    entry: EntryKey,
    /// Of two claims on one entry the smaller one counts.
    rank: Rank,
    /// The object takes the entry over, and no status says so yet.
    is_taken: bool,
    /// Its writes that have no answer.
    unsettled: Unsettled,
    /// The object is gone, and counts until then.
    gone_until: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    created: Timestamp,
    name: NamespacedName,
}

impl Rank {
    fn of(object: &MySafePassword) -> Self {
        let created = object.metadata.creation_timestamp.as_ref().map_or(Timestamp::MAX, |time| time.0);
        Self { created, name: NamespacedName::of(object) }
    }
}

impl Claim {
    fn new(object: &MySafePassword, entry: EntryKey, is_taken: bool) -> Self {
        Self { entry, rank: Rank::of(object), is_taken, unsettled: Unsettled::default(), gone_until: None }
    }

    fn counts(&self, now: Timestamp) -> bool {
        self.gone_until.is_none_or(|until| now < until)
    }
}

impl Claims {
    /// Makes it for a process that began then.
    pub(crate) fn new(started: Timestamp) -> Self {
        Self { started, ..Self::default() }
    }

    /// Takes in what a status says that an object has. Returns whether the object has another entry than before.
    pub(crate) fn note(&self, object: &MySafePassword) -> bool {
        let Some(uid) = object.metadata.uid.as_deref() else { return false };
        let mut inner = self.lock();
        inner.claims.get_mut(uid).into_iter().for_each(|claim| claim.gone_until = None);
        let known = inner.claims.get(uid).cloned();
        let Some(entry) = entry_of(object) else {
            let named = object.spec.identifier.as_deref();
            let stays = |claim: &Claim| claim.is_taken && named == Some(&*claim.entry.identifier);
            return known.is_some_and(|claim| !stays(&claim)) && inner.remove(uid);
        };
        inner.creations.remove(uid);
        let mut claim = Claim::new(object, entry.clone(), false);
        claim.unsettled = known.as_ref().map(|known| known.unsettled).unwrap_or_default();
        // How long an earlier process kept trying after the time in the status, nothing tells.
        claim.unsettled.tell(in_flight(object).map(|since| since.max(self.started)));
        inner.put(uid, claim);
        known.is_some_and(|claim| claim.entry != entry)
    }

    /// Has an object take over an entry; `false` if another object has it.
    pub(crate) fn take(&self, object: &MySafePassword, entry: EntryKey, now: Timestamp) -> bool {
        let uid = object.metadata.uid.as_deref().unwrap_or_default();
        let mut inner = self.lock();
        inner.drop_settled(now);
        let is_free = inner.other(uid, &entry, now).is_none();
        if is_free {
            inner.put(uid, Claim::new(object, entry, true));
        }
        is_free
    }

    /// Returns the other object that has an entry.
    pub(crate) fn other(&self, uid: &str, entry: &EntryKey, now: Timestamp) -> Option<Holder> {
        self.lock().other(uid, entry, now)
    }

    /// Notes that a write of an object has no answer: should the object go, its claim ends once the PAM can no longer execute
    /// that write.
    pub(crate) fn note_lost(&self, uid: &str, now: Timestamp) {
        if let Some(claim) = self.lock().claims.get_mut(uid) {
            claim.unsettled.lose(now);
        }
    }

    /// Notes that the write that the status tells of as announced then has an answer, and that no other one was open.
    pub(crate) fn note_answered(&self, uid: &str, announced: Timestamp) {
        if let Some(claim) = self.lock().claims.get_mut(uid) {
            claim.unsettled.answer(announced.max(self.started));
        }
    }

    /// Notes that a creation named no entry. Whatever its answer says, there may be one.
    pub(crate) fn note_creation(&self, uid: &str) {
        self.lock().creations.insert(uid.to_owned(), Instant::now());
    }

    /// Returns when the last creation named no entry: a list that began before does not tell whether there is one.
    pub(crate) fn last_creation(&self, uid: &str) -> Option<Instant> {
        self.lock().creations.get(uid).copied()
    }

    /// Notes that a pass over an object begins.
    pub(crate) fn begin_pass(&self, uid: &str) {
        self.lock().passing.insert(uid.to_owned(), false);
    }

    /// Notes that a pass over an object is over. Returns whether the object is gone, and had an entry: that is free now, or is
    /// known to be free at a certain time.
    pub(crate) fn end_pass(&self, uid: &str) -> bool {
        let mut inner = self.lock();
        inner.passing.remove(uid) == Some(true) && inner.leave(uid)
    }

    /// Forgets an object that is gone. Returns whether its entry is free now, or is known to be free at a certain time: while a
    /// pass goes on, its write may be under way.
    pub(crate) fn forget(&self, uid: &str) -> bool {
        let mut inner = self.lock();
        inner.creations.remove(uid);
        match inner.passing.get_mut(uid) {
            Some(gone) => {
                *gone = true;
                false
            }
            None => inner.leave(uid),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn put(&mut self, uid: &str, claim: Claim) {
        self.remove(uid);
        self.by_identifier.entry(claim.entry.identifier.clone()).or_default().push(uid.to_owned());
        self.claims.insert(uid.to_owned(), claim);
    }

    fn remove(&mut self, uid: &str) -> bool {
        let Some(claim) = self.claims.remove(uid) else { return false };
        if let Some(uids) = self.by_identifier.get_mut(&claim.entry.identifier) {
            uids.retain(|other| other != uid);
            if uids.is_empty() {
                self.by_identifier.remove(&claim.entry.identifier);
            }
        }
        true
    }

    /// Takes an object out that is gone, unless the PAM may still execute a write of it; `true` if it had an entry.
    fn leave(&mut self, uid: &str) -> bool {
        let Some(claim) = self.claims.get_mut(uid) else { return false };
        let Some(until) = claim.unsettled.until() else { return self.remove(uid) };
        claim.gone_until = Some(until);
        self.departed.add(uid, until);
        true
    }

    /// Drops the objects that are gone and count no longer.
    fn drop_settled(&mut self, now: Timestamp) {
        while let Some((until, uid)) = self.departed.take_ended(now) {
            // An object that was lost from sight may have come back, or gone again later.
            if self.claims.get(&uid).is_some_and(|claim| claim.gone_until == Some(until)) {
                self.remove(&uid);
            }
        }
    }

    fn other(&self, uid: &str, entry: &EntryKey, now: Timestamp) -> Option<Holder> {
        let own = self.claims.get(uid).filter(|own| own.entry.identifier == entry.identifier);
        let uids = self.by_identifier.get(&entry.identifier).into_iter().flatten();
        let others = uids.filter(|other| *other != uid).filter_map(|other| self.claims.get(other));
        let others = others.filter(|other| other.counts(now) && other.entry.vault.may_be(&entry.vault));
        let first = others.min_by_key(|other| &other.rank)?;
        let holder = || Holder { name: first.rank.name.clone(), until: first.gone_until };
        own.is_none_or(|own| first.rank < own.rank).then(holder)
    }
}

/// The time of the write that the status of an object tells of and that has no answer.
fn in_flight(object: &MySafePassword) -> Option<Timestamp> {
    Some(object.status.as_ref()?.in_flight.as_ref()?.since.0)
}

/// Returns the entry of an object's status.
fn entry_of(object: &MySafePassword) -> Option<EntryKey> {
    let status = stored_status::from_stored(object.status.as_ref()?);
    let used = &status.vault.as_ref()?.used;
    let vault = VaultId::new(&used.origin, used.requested_tenant.as_deref());
    Some(EntryKey { vault, identifier: status.identifier? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn object(uid: &str, created: u32, has: Option<&str>, tenant: Option<&str>) -> MySafePassword {
        let connection =
            json!({"kind": "PamConnection", "name": "c", "origin": "https://pam", "requestedTenant": tenant});
        let status = json!({"identifier": has, "connection": connection, "conditions": []});
        serde_json::from_value(json!({
            "apiVersion": "pam-operator.io/v1alpha1", "kind": "MySafePassword",
            "metadata": {"name": uid, "namespace": "ns", "uid": uid, "creationTimestamp": format!("2031-01-01T00:00:{created:02}Z")},
            "spec": {"connectionRef": {"name": "c"}, "username": "u", "contentSecretRef": {"name": "s"}, "identifier": "7",
                "adoptionPolicy": "ByIdentifier"},
            "status": status,
        }))
        .unwrap()
    }

    fn seven(tenant: Option<&str>) -> EntryKey {
        EntryKey { vault: VaultId::new("https://pam", tenant), identifier: 7.into() }
    }

    #[test]
    fn p4_an_entry_is_of_the_older_object_and_of_no_other_in_the_same_vault() {
        let claims = Claims::default();
        let holder = |uid: &str| claims.other(uid, &seven(None), NOW).map(|other| other.name.name);
        claims.note(&object("young", 9, Some("7"), None));
        assert_eq!((holder("young"), holder("new")), (None, Some("young".to_owned())));
        claims.note(&object("old", 1, Some("7"), None));
        assert_eq!((holder("young"), holder("old")), (Some("old".to_owned()), None));
        assert!(
            !claims.take(&object("new", 0, None, None), seven(None), NOW),
            "what an object has is taken over by no older one"
        );
        assert!(claims.forget("old") && !claims.forget("old"));
        assert_eq!(holder("young"), None);
    }

    #[test]
    fn p4_the_entry_of_an_object_that_goes_during_its_pass_is_free_once_the_pass_is_over() {
        let (claims, second) = (Claims::default(), object("b", 1, None, None));
        claims.note(&object("a", 5, Some("7"), None));
        claims.begin_pass("a");
        assert!(!claims.forget("a") && !claims.take(&second, seven(None), NOW), "its write may be under way");
        assert!(claims.end_pass("a") && claims.take(&second, seven(None), NOW));
        claims.begin_pass("b");
        assert!(!claims.end_pass("b"), "it is there");
    }

    #[test]
    fn p4_the_same_identifier_of_surely_another_tenant_is_another_entry() {
        let claims = Claims::default();
        claims.note(&object("a", 1, Some("7"), Some("one")));
        for (tenant, is_free) in [(Some("two"), true), (Some("one"), false), (None, false)] {
            assert_eq!(claims.other("b", &seven(tenant), NOW).is_none(), is_free, "{tenant:?}");
        }
    }

    #[test]
    fn p4_what_is_taken_over_is_taken_before_the_status_says_so_and_until_the_spec_names_another() {
        let claims = Claims::default();
        let (mut first, second) = (object("a", 5, None, None), object("b", 1, None, None));
        assert!(claims.take(&first, seven(None), NOW) && !claims.take(&second, seven(None), NOW));
        assert!(!claims.note(&first), "no status says so yet");
        assert!(!claims.take(&second, seven(None), NOW));
        first.spec.identifier = Some("8".to_owned());
        assert!(claims.note(&first) && claims.take(&second, seven(None), NOW));
    }

    #[test]
    fn p3_an_entry_of_a_gone_object_is_free_once_a_write_without_an_answer_can_no_longer_arrive() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let second = object("b", 1, None, None);
        for is_passing in [false, true] {
            for (told, lost) in [(None, None), (Some(20), None), (None, Some(10)), (Some(20), Some(10))] {
                let (claims, mut first) = (Claims::new(at(15)), object("a", 5, Some("7"), None));
                let write = told.map(|since| json!({"since": at(since), "groups": {}}));
                let in_flight = serde_json::from_value(write.unwrap_or_default()).unwrap();
                first.status.as_mut().unwrap().in_flight = in_flight;
                if is_passing {
                    claims.begin_pass("a");
                }
                claims.note(&first);
                if let Some(second) = lost {
                    claims.note_lost("a", at(second));
                }
                assert_eq!(claims.forget("a"), !is_passing, "those who wait learn until when");
                assert_eq!(claims.end_pass("a"), is_passing);
                let end = told.max(lost).map(|second| at(second + 90));
                let holder = claims.other("b", &seven(None), at(99));
                assert_eq!(holder.map(|holder| holder.until), end.map(Some), "{told:?} {lost:?}");
                assert!(claims.take(&second, seven(None), at(110)) && claims.lock().claims.len() == 1);
            }
        }
    }

    #[test]
    fn p4_an_entry_of_an_object_that_goes_with_the_answer_to_its_last_write_is_free_at_once() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        for (answered, is_free) in [(20, true), (19, false)] {
            let (claims, mut first) = (Claims::new(at(15)), object("a", 5, Some("7"), None));
            let write = json!({"since": at(20), "groups": {}});
            first.status.as_mut().unwrap().in_flight = Some(serde_json::from_value(write).unwrap());
            claims.note(&first);
            claims.begin_pass("a");
            claims.note_answered("a", at(answered));
            claims.note(&first);
            claims.forget("a");
            assert!(claims.end_pass("a"));
            assert_eq!(claims.take(&object("b", 1, None, None), seven(None), at(21)), is_free, "{answered}");
        }
    }

    #[test]
    fn p3_how_long_an_earlier_process_kept_trying_nothing_tells() {
        let claims = Claims::new(Timestamp::from_second(500).unwrap());
        let mut first = object("a", 5, Some("7"), None);
        let write = json!({"since": "1970-01-01T00:00:01Z", "groups": {}});
        first.status.as_mut().unwrap().in_flight = Some(serde_json::from_value(write).unwrap());
        claims.note(&first);
        claims.forget("a");
        let until = claims.other("b", &seven(None), NOW).unwrap().until;
        assert_eq!(until, Some(Timestamp::from_second(590).unwrap()));
    }
}
