//! Who in this cluster is after which record, so that two objects never write one (P4).
//!
//! The list shows what is in the PAM, but two first pushes at the same moment see the same empty list: whoever asks
//! first gets the record here, and the other waits until it goes. A place is a PAM's origin and a tenant there: two
//! connections to one PAM are one place, and so are two that are not surely different.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::groups;
use super::target::{account, device};
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
    place: Option<Place>,
    /// What is written onto the device.
    block: Option<String>,
    /// What its spec would write onto it.
    wanted: Option<String>,
    has: Vec<What>,
}

impl Claims {
    /// Takes in what an object's status says it has, and what its spec would write onto its device. What another has
    /// stays that one's. `true`: who waits for the device may have it now.
    pub(super) fn note(&self, object: &PamCredential) -> bool {
        let book = &mut *self.lock();
        let Some(uid) = object.metadata.uid.clone() else { return false };
        book.living.insert(uid.clone());
        let mut owner = book.take(&uid);
        let frees = owner.wants(groups::device(&object.spec));
        if let Some((place, has)) = held(object) {
            let moved = owner.place.as_ref() != Some(&place);
            // What was claimed by a pass is newer than what status, or the spec, says of it.
            let kept = |what: &What| matches!(what, What::Account(_) | What::Wish(_) | What::Device(_)) && !moved;
            owner.has.retain(kept);
            if !owner.has_device() {
                owner.block = object.status.as_ref().and_then(|status| status.digests.get(groups::DEVICE)).cloned();
            }
            (owner.key, owner.place) = (super::watch::key(object), Some(place));
            let free: Vec<What> = has.into_iter().filter(|what| !owner.has_like(what)).collect();
            let free: Vec<What> = free.into_iter().filter(|what| book.taken(&uid, &owner, what).is_none()).collect();
            owner.has.extend(free);
        }
        book.put(uid, owner);
        frees
    }

    /// Claims an identifier, an account and a device, all or none. What the object had before is free then: `Ok(true)`
    /// says that there was such.
    pub(super) fn claim(&self, uid: &str, key: &Key, wish: &Wish) -> Result<bool, Taken> {
        let book = &mut *self.lock();
        if !book.living.contains(uid) {
            return Ok(false);
        }
        let before = book.take(uid);
        let asked = Owner {
            key: key.clone(),
            place: Some(wish.place.clone()),
            block: wish.block(),
            wanted: wish.block(),
            has: wish.whats(),
        };
        let taken = asked.has.iter().find_map(|what| book.taken(uid, &asked, what));
        let records = before.has.iter().filter(|what| matches!(what, What::Record(_))).cloned();
        let (mut owner, frees) = match &taken {
            // It keeps what it has, and is known to wish.
            Some(_) => {
                let wanted = wish.block();
                (Owner { has: without_wishes(&before.has), key: key.clone(), wanted, ..before.clone() }, false)
            }
            None => (asked.clone(), before.frees(&asked)),
        };
        owner.place.get_or_insert_with(|| wish.place.clone());
        if taken.is_none() {
            owner.has.extend(records);
        }
        owner.has.push(What::Wish(wish.identifier.clone()));
        book.put(uid.to_owned(), owner);
        taken.map_or(Ok(frees), Err)
    }

    /// Lets go of everything that an object has or wants.
    pub(super) fn release(&self, uid: &str) {
        self.lock().take(uid);
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
            .any(|what| book.others(uid, place, &what).next().is_some())
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
    fn block(&self) -> Option<String> {
        self.device.as_ref().map(|(_, block)| block.clone())
    }

    fn whats(&self) -> Vec<What> {
        let device = self.device.as_ref().map(|(device, _)| What::Device(device.clone()));
        let both = [What::Identifier(self.identifier.clone()), What::Account(self.account.clone())];
        both.into_iter().chain(device).collect()
    }
}

fn without_wishes(has: &[What]) -> Vec<What> {
    has.iter().filter(|what| !matches!(what, What::Wish(_))).cloned().collect()
}

impl Owner {
    /// Notes what its spec would write onto the device; `true` if that is something else than before. Whoever writes
    /// nothing onto it any more has it no longer.
    fn wants(&mut self, block: Option<String>) -> bool {
        let news = self.has_device() && self.wanted != block;
        self.wanted = block;
        if self.wanted.is_none() {
            self.block = None;
            self.has.retain(|what| !matches!(what, What::Device(_)));
        }
        news
    }

    fn has_device(&self) -> bool {
        self.has.iter().any(|what| matches!(what, What::Device(_)))
    }

    /// Whether it has something of that kind already.
    fn has_like(&self, what: &What) -> bool {
        self.has.iter().any(|had| std::mem::discriminant(had) == std::mem::discriminant(what))
    }

    /// Whether something that others may wait for is free once it has that instead.
    fn frees(&self, next: &Self) -> bool {
        let exclusive = |what: &&What| matches!(what, What::Identifier(_) | What::Account(_) | What::Device(_));
        let kept =
            |what: &What| next.has.contains(what) && (self.block == next.block || !matches!(what, What::Device(_)));
        self.has.iter().filter(exclusive).any(|what| self.place != next.place || !kept(what))
    }

    fn spots(&self) -> impl Iterator<Item = Spot> {
        let origin = self.place.as_ref().map(|place| place.origin.clone()).unwrap_or_default();
        self.has.iter().map(move |what| Spot { origin: origin.clone(), what: what.clone() })
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

    /// The others at that place who have that.
    fn others<'a>(&'a self, uid: &'a str, place: &'a Place, what: &What) -> impl Iterator<Item = &'a Owner> {
        let spot = Spot { origin: place.origin.clone(), what: what.clone() };
        let uids = self.holders.get(&spot).into_iter().flatten().filter(move |other| *other != uid);
        let owners = uids.filter_map(|other| self.owners.get(other));
        owners.filter(|owner| owner.place.as_ref().is_some_and(|other| place.may_be(other)))
    }

    /// Who stands in the way of that.
    fn taken(&self, uid: &str, asked: &Owner, what: &What) -> Option<Taken> {
        let place = asked.place.as_ref()?;
        let mut others = self.others(uid, place, what);
        match what {
            What::Identifier(_) => others.next().map(|owner| Taken::Identifier(owner.key.clone())),
            What::Account(_) => others.next().map(|owner| Taken::Account(owner.key.clone())),
            What::Device(_) => {
                // Who would write the same, and waits for us to do so, does not stand in the way.
                let differs = |owner: &&Owner| owner.block != asked.block && owner.wanted != asked.block;
                others.find(differs).map(|owner| Taken::Device(owner.key.clone()))
            }
            What::Record(_) | What::Wish(_) => None,
        }
    }
}

/// What the status of an object says it has, and where.
fn held(object: &PamCredential) -> Option<(Place, Vec<What>)> {
    let status = object.status.as_ref()?;
    let place = place_of(status.connection.as_ref()?);
    let record = What::Record(status.id.clone()?);
    let identifier = status.identifier.clone().map(What::Identifier);
    let writes = object.spec.device.is_some() && status.digests.contains_key(groups::DEVICE);
    let device = writes.then(|| What::Device(device(object)));
    let has = [record].into_iter().chain(identifier).chain(account(object).map(What::Account)).chain(device);
    Some((place, has.collect()))
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

    /// An object as the watch shows it, that wrote one site onto its device and wants this.
    fn noted(name: &str, wrote: &str, wants: &str) -> PamCredential {
        let with =
            |site: &str| if site.is_empty() { serde_json::Value::Null } else { serde_json::json!({"site": site}) };
        let object = |site: &str| -> PamCredential {
            serde_json::from_value(serde_json::json!({
                "apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredential",
                "metadata": {"name": name, "namespace": "ns", "uid": name},
                "spec": {"username": name, "hostname": "h", "ip": "i", "device": with(site)},
                "status": {"id": name, "identifier": name,
                    "connection": {"kind": "ClusterPamConnection", "name": "c", "origin": "https://pam"}},
            }))
            .unwrap()
        };
        let digest = groups::device(&object(wrote).spec);
        let mut object = object(wants);
        object.status.as_mut().unwrap().digests.extend(digest.map(|digest| (groups::DEVICE.to_owned(), digest)));
        object
    }

    fn wish_of(object: &PamCredential) -> Wish {
        let name = object.metadata.name.clone().unwrap();
        let device = groups::device(&object.spec).map(|block| (device(object), block));
        Wish { device, ..wish(&name, &account(object).unwrap()) }
    }

    #[test]
    fn two_that_share_a_device_go_on_to_something_else_together() {
        let claims = book();
        claims.note(&noted("a", "x", "x"));
        claims.note(&noted("b", "x", "x"));
        let a = noted("a", "x", "y");
        assert!(claims.note(&a), "who waits for it looks again");
        assert_eq!(claims.claim("a", &key("a"), &wish_of(&a)), Err(Taken::Device(key("b"))));
        let b = noted("b", "x", "y");
        assert!(claims.note(&b), "a is woken");
        assert_eq!(claims.claim("a", &key("a"), &wish_of(&a)), Ok(true));
        assert_eq!(claims.claim("b", &key("b"), &wish_of(&b)), Ok(true));
    }

    #[test]
    fn who_no_longer_writes_onto_a_device_stands_in_nobodys_way() {
        let claims = book();
        claims.note(&noted("a", "x", "x"));
        let b = wish_of(&noted("b", "", "y"));
        assert_eq!(claims.claim("b", &key("b"), &b), Err(Taken::Device(key("a"))));
        assert!(claims.note(&noted("a", "x", "")));
        assert_eq!(claims.claim("b", &key("b"), &b), Ok(false));
    }

    #[test]
    fn an_older_status_does_not_take_back_what_a_pass_claimed() {
        let claims = book();
        claims.note(&noted("a", "x", "x"));
        let a = noted("a", "x", "y");
        assert_eq!(claims.claim("a", &key("a"), &wish_of(&a)), Ok(true));
        claims.note(&a);
        let b = wish_of(&noted("b", "", "x"));
        assert_eq!(claims.claim("b", &key("b"), &b), Err(Taken::Device(key("a"))));
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
