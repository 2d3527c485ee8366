//! Who in this cluster is after which record, so that two objects never write one (P4).
//!
//! The list shows what is in the PAM, but two first pushes at the same moment see the same empty list: whoever asks
//! first gets the record here, and the other waits until it goes. A place is a PAM's origin and a tenant there: two
//! connections to one PAM are one place, and so are two that are not surely different.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::groups;
use super::versions::Key;
use crate::api::PamCredential;
use crate::pam::Place;

/// What an object is after.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) place: Place,
    pub(super) identifier: String,
    /// A digest of the account.
    pub(super) account: String,
    /// The device, and a digest of what is to be written onto it.
    pub(super) device: Option<(String, String)>,
}

/// What somebody else has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Identifier(Key),
    Account(Key),
    Device(Key),
}

/// Everyone's claims.
#[derive(Debug, Default)]
pub(super) struct Claims {
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    /// The uids of those that are there. A pass may still be under way when its object is gone: it books nothing.
    living: HashSet<String>,
    /// By uid.
    owners: HashMap<String, Owner>,
    /// Who has what, or would like to, by uid.
    holders: HashMap<Spot, BTreeSet<String>>,
}

/// Something that can be had, at one origin.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Spot {
    origin: String,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum What {
    /// One at a time has an identifier,
    Identifier(String),
    /// and an account.
    Account(String),
    /// Several may have a device, if they write the same onto it.
    Device(String),
    /// A record, by its id.
    Record(String),
    /// An identifier that somebody would like to have, or has.
    Wish(String),
}

/// What one object has.
#[derive(Clone, Debug, Default)]
struct Owner {
    key: Key,
    /// What is written onto the device.
    block: Option<String>,
    has: Vec<(Place, What)>,
}

impl Claims {
    /// Takes in what the status of an object says it has. What another has stays that one's.
    pub(super) fn note(&self, object: &PamCredential) {
        let book = &mut *self.lock();
        book.living.extend(object.metadata.uid.clone());
        let Some((uid, place, has)) = held(object) else { return };
        let mut owner = book.take(&uid);
        let device = object.status.as_ref().and_then(|status| status.digests.get(groups::DEVICE)).cloned();
        owner.key = super::watch::key(object);
        owner.block = owner.block.or(device);
        // An account or a device that a pass claimed is newer than what the spec says of it.
        owner.has.retain(|(_, what)| !matches!(what, What::Identifier(_) | What::Record(_)));
        for what in has {
            let claim = (place.clone(), what);
            if !owner.has_like(&claim.1) && book.taken(&uid, &owner, &claim).is_none() {
                owner.has.push(claim);
            }
        }
        book.put(uid, owner);
    }

    /// Takes in under which identifier an object would have a record, long before it can claim that: a record that
    /// somebody came for is not disabled when its owner goes. `None`: it may have none.
    pub(super) fn want(&self, uid: &str, key: &Key, place: &Place, identifier: Option<&str>) {
        let book = &mut *self.lock();
        if !book.living.contains(uid) {
            return;
        }
        let mut owner = book.take(uid);
        owner.key.clone_from(key);
        owner.has.retain(|(_, what)| !matches!(what, What::Wish(_)));
        owner.has.extend(identifier.map(|identifier| (place.clone(), What::Wish(identifier.to_owned()))));
        book.put(uid.to_owned(), owner);
    }

    /// Claims an identifier, an account and a device, all or none. What the object had before is free then: `Ok(true)`
    /// says that there was such.
    pub(super) fn claim(&self, uid: &str, key: &Key, wish: &Wish) -> Result<bool, Taken> {
        let book = &mut *self.lock();
        if !book.living.contains(uid) {
            return Ok(false);
        }
        let before = book.take(uid);
        let mut owner = wish.owner(key);
        let taken = book.first_taken(uid, &owner);
        let frees = taken.is_none() && before.frees(&owner);
        let stays =
            |what: &What| matches!(what, What::Record(_)) || (taken.is_some() && !matches!(what, What::Wish(_)));
        if taken.is_some() {
            // It keeps what it has.
            (owner.has, owner.block) = (Vec::new(), before.block);
        }
        owner.has.extend(before.has.into_iter().filter(|(_, what)| stays(what)));
        owner.has.push((wish.place.clone(), What::Wish(wish.identifier.clone())));
        book.put(uid.to_owned(), owner);
        taken.map_or(Ok(frees), Err)
    }

    /// Who else has what an object is after, without a claim of its own.
    pub(super) fn holder(&self, uid: &str, wish: &Wish) -> Option<Taken> {
        self.lock().first_taken(uid, &wish.owner(&Key::default()))
    }

    /// Lets go of everything that an object has or wants; `true` if there was something.
    pub(super) fn release(&self, uid: &str) -> bool {
        !self.lock().take(uid).has.is_empty()
    }

    /// Lets go of an object that is gone, for good.
    pub(super) fn forget(&self, uid: &str) {
        let book = &mut *self.lock();
        book.living.remove(uid);
        book.take(uid);
    }

    /// Whether another object has the record, or would like to.
    pub(super) fn is_shared(&self, uid: &str, place: &Place, id: &str, identifier: &str) -> bool {
        let book = self.lock();
        [What::Record(id.to_owned()), What::Wish(identifier.to_owned())]
            .into_iter()
            .any(|what| book.others(uid, &(place.clone(), what)).next().is_some())
    }

    /// Whether a list of that place shows another record of this cluster than `id`.
    pub(super) fn others_listed(&self, origin: &str, id: &str, listed: impl Fn(&str) -> bool) -> bool {
        let book = self.lock();
        let other = |spot: &Spot| match &spot.what {
            What::Record(other) => spot.origin == origin && other != id && listed(other),
            _ => false,
        };
        book.holders.keys().any(other)
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wish {
    /// Who has all of it.
    fn owner(&self, key: &Key) -> Owner {
        let device = self.device.as_ref().map(|(device, _)| What::Device(device.clone()));
        let both = [What::Identifier(self.identifier.clone()), What::Account(self.account.clone())];
        let has = both.into_iter().chain(device).map(|what| (self.place.clone(), what)).collect();
        Owner { key: key.clone(), block: self.device.as_ref().map(|(_, block)| block.clone()), has }
    }
}

impl Owner {
    /// Whether it has something of that kind already.
    fn has_like(&self, what: &What) -> bool {
        self.has.iter().any(|(_, had)| std::mem::discriminant(had) == std::mem::discriminant(what))
    }

    /// Whether something that others may wait for is free once it has that instead.
    fn frees(&self, next: &Self) -> bool {
        let is_freed = |claim: &(Place, What)| match claim.1 {
            What::Identifier(_) | What::Account(_) => !next.has.contains(claim),
            What::Device(_) => self.block != next.block || !next.has.contains(claim),
            What::Record(_) | What::Wish(_) => false,
        };
        self.has.iter().any(is_freed)
    }

    fn spots(&self) -> impl Iterator<Item = Spot> {
        self.has.iter().map(|(place, what)| Spot { origin: place.origin.clone(), what: what.clone() })
    }
}

impl Book {
    /// Takes an object out of the book, with all it has.
    fn take(&mut self, uid: &str) -> Owner {
        let owner = self.owners.remove(uid).unwrap_or_default();
        for spot in owner.spots() {
            if let Some(uids) = self.holders.get_mut(&spot) {
                uids.remove(uid);
                if uids.is_empty() {
                    self.holders.remove(&spot);
                }
            }
        }
        owner
    }

    /// Puts an object into the book.
    fn put(&mut self, uid: String, owner: Owner) {
        for spot in owner.spots() {
            self.holders.entry(spot).or_default().insert(uid.clone());
        }
        self.owners.insert(uid, owner);
    }

    /// The others who have that, at a place that is not surely another.
    fn others<'a>(&'a self, uid: &'a str, (place, what): &'a (Place, What)) -> impl Iterator<Item = &'a Owner> {
        let spot = Spot { origin: place.origin.clone(), what: what.clone() };
        let uids = self.holders.get(&spot).into_iter().flatten().filter(move |other| *other != uid);
        let owners = uids.filter_map(|other| self.owners.get(other));
        owners.filter(move |owner| owner.has.iter().any(|(other, had)| had == what && place.may_be(other)))
    }

    /// Who stands in the way of that.
    fn taken(&self, uid: &str, asked: &Owner, claim: &(Place, What)) -> Option<Taken> {
        let mut others = self.others(uid, claim);
        match claim.1 {
            What::Identifier(_) => others.next().map(|owner| Taken::Identifier(owner.key.clone())),
            What::Account(_) => others.next().map(|owner| Taken::Account(owner.key.clone())),
            What::Device(_) => {
                others.find(|owner| owner.block != asked.block).map(|owner| Taken::Device(owner.key.clone()))
            }
            What::Record(_) | What::Wish(_) => None,
        }
    }

    fn first_taken(&self, uid: &str, asked: &Owner) -> Option<Taken> {
        asked.has.iter().find_map(|claim| self.taken(uid, asked, claim))
    }
}

/// The account of an object whose spec has all of it.
fn account(object: &PamCredential) -> Option<String> {
    let spec = &object.spec;
    let account = crate::domain::Account {
        username: spec.username.clone()?,
        hostname: spec.hostname.clone(),
        ip: spec.ip.clone(),
    };
    let (username, hostname, ip) = account.folded();
    Some(super::digest::plain(&[&username, &hostname, &ip]))
}

/// The device of an object, in the form in which two spellings are equal.
pub(super) fn device(object: &PamCredential) -> String {
    super::digest::plain(&[&object.spec.hostname.to_lowercase(), &object.spec.ip.to_lowercase()])
}

/// What the status of an object says it has, and where.
fn held(object: &PamCredential) -> Option<(String, Place, Vec<What>)> {
    let status = object.status.as_ref()?;
    let place = place_of(status.connection.as_ref()?);
    let record = What::Record(status.id.clone()?);
    let identifier = status.identifier.clone().map(What::Identifier);
    let device = status.digests.contains_key(groups::DEVICE).then(|| What::Device(device(object)));
    let has = [record].into_iter().chain(identifier).chain(account(object).map(What::Account)).chain(device);
    Some((object.metadata.uid.clone()?, place, has.collect()))
}

/// The place that a status speaks of.
pub(super) fn place_of(known: &crate::api::ConnectionStatus) -> Place {
    let tenant = known.requested_tenant.as_deref().or(known.tenant.as_deref());
    Place::new(&known.origin, tenant)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> Claims {
        let claims = Claims::default();
        claims.lock().living.extend(["a", "b"].map(str::to_owned));
        claims
    }

    #[test]
    fn an_object_that_is_gone_claims_nothing_any_more() {
        let claims = book();
        claims.forget("a");
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(false));
        assert_eq!(claims.claim("b", &key("b"), &wish("i", "x")), Ok(false), "nobody has it");
        assert!(!claims.is_shared("b", &at("https://pam"), "7", "i"));
    }

    fn wish(identifier: &str, account: &str) -> Wish {
        Wish { place: at("https://pam"), identifier: identifier.into(), account: account.into(), device: None }
    }

    fn at(origin: &str) -> Place {
        Place::new(origin, None)
    }

    fn of(tenant: &str) -> Wish {
        Wish { place: Place::new("https://pam", Some(tenant)), ..wish("i", "x") }
    }

    #[test]
    fn tenants_that_are_surely_different_are_different_places_and_all_others_are_one() {
        let claims = book();
        claims.lock().living.insert("c".to_owned());
        assert_eq!(claims.claim("a", &key("a"), &of("acme")), Ok(false));
        assert_eq!(claims.claim("b", &key("b"), &of("umbrella")), Ok(false));
        assert_eq!(claims.claim("c", &key("c"), &of("Umbrella")), Err(Taken::Identifier(key("b"))));
        assert!(claims.claim("c", &key("c"), &wish("i", "x")).is_err(), "the host's own tenant may be either");
    }

    #[test]
    fn those_who_write_the_same_onto_a_device_share_it_and_no_others() {
        let claims = book();
        let onto = |account, block: &str| Wish { device: Some(("d".into(), block.into())), ..wish(account, account) };
        assert_eq!(claims.claim("a", &key("a"), &onto("i", "1")), Ok(false));
        assert_eq!(claims.claim("b", &key("b"), &onto("j", "2")), Err(Taken::Device(key("a"))));
        assert_eq!(claims.claim("b", &key("b"), &onto("j", "1")), Ok(false));
        assert_eq!(claims.claim("a", &key("a"), &onto("i", "2")), Err(Taken::Device(key("b"))));
        assert_eq!(claims.claim("b", &key("b"), &wish("j", "j")), Ok(true), "it writes nothing onto it any more");
        assert_eq!(claims.claim("a", &key("a"), &onto("i", "2")), Ok(true));
    }

    fn key(name: &str) -> Key {
        ("ns".into(), name.into())
    }

    #[test]
    fn whoever_asks_first_has_it_until_it_goes() {
        let claims = book();
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(false));
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(false), "again is no conflict");
        assert_eq!(claims.claim("b", &key("b"), &wish("i", "y")), Err(Taken::Identifier(key("a"))));
        assert_eq!(claims.claim("b", &key("b"), &wish("j", "x")), Err(Taken::Account(key("a"))));
        claims.release("a");
        assert_eq!(claims.claim("b", &key("b"), &wish("i", "x")), Ok(false));
    }

    #[test]
    fn another_pam_is_another_place() {
        let claims = book();
        let elsewhere = Wish { place: at("https://other"), ..wish("i", "x") };
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(false));
        assert_eq!(claims.claim("b", &key("b"), &elsewhere), Ok(false));
    }

    #[test]
    fn a_record_that_somebody_else_waits_for_is_shared() {
        let claims = book();
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(false));
        assert!(!claims.is_shared("a", &at("https://pam"), "7", "i"));
        assert!(claims.claim("b", &key("b"), &wish("i", "x")).is_err());
        assert!(claims.is_shared("a", &at("https://pam"), "7", "i"));
        assert_eq!(claims.claim("b", &key("b"), &wish("j", "y")), Ok(false), "it wants another now");
        assert!(!claims.is_shared("a", &at("https://pam"), "7", "i"));
    }

    #[test]
    fn whoever_only_asks_learns_who_has_it_and_claims_nothing() {
        let claims = book();
        assert_eq!(claims.holder("a", &wish("i", "x")), None);
        assert_eq!(claims.claim("b", &key("b"), &wish("i", "x")), Ok(false), "nobody has it");
        assert_eq!(claims.holder("b", &wish("i", "x")), None, "nobody else");
        assert_eq!(claims.holder("a", &wish("i", "y")), Some(Taken::Identifier(key("b"))));
        assert_eq!(claims.holder("a", &wish("j", "x")), Some(Taken::Account(key("b"))));
    }

    #[test]
    fn a_record_that_somebody_has_just_come_for_is_shared_until_that_one_goes() {
        let claims = book();
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(false));
        claims.want("b", &key("b"), &at("https://pam"), Some("i"));
        assert!(claims.is_shared("a", &at("https://pam"), "7", "i"));
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(false), "and nobody else's yet");
        claims.forget("b");
        claims.want("b", &key("b"), &at("https://pam"), Some("i"));
        assert!(!claims.is_shared("a", &at("https://pam"), "7", "i"), "it is gone");
    }

    #[test]
    fn whoever_moves_on_frees_what_it_had() {
        let claims = book();
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(false));
        assert_eq!(claims.claim("b", &key("b"), &wish("j", "x")), Err(Taken::Account(key("a"))));
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "z")), Ok(true));
        assert_eq!(claims.claim("b", &key("b"), &wish("j", "x")), Ok(false));
    }

    #[test]
    fn what_a_status_says_is_held_from_the_start() {
        let object: PamCredential = serde_json::from_value(serde_json::json!({
            "apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredential",
            "metadata": {"name": "a", "namespace": "ns", "uid": "a"},
            "spec": {"username": "u", "hostname": "h", "ip": "i"},
            "status": {"id": "7", "identifier": "i",
                "connection": {"kind": "ClusterPamConnection", "name": "c", "origin": "https://pam"}},
        }))
        .unwrap();
        let claims = book();
        claims.note(&object);
        assert_eq!(claims.claim("b", &key("b"), &wish("i", "x")), Err(Taken::Identifier(key("a"))));
        assert!(claims.others_listed("https://pam", "8", |id| id == "7"));
        assert!(!claims.others_listed("https://pam", "7", |_| true));
    }
}
