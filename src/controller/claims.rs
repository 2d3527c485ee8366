//! Who in this cluster is after which record, so that two objects never write one (P4).
//!
//! The list shows what is in the PAM, but two first pushes at the same moment see the same empty list: whoever asks
//! first gets the record here, and the other waits until it goes.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::groups;
use super::versions::Key;
use crate::api::PamCredential;

/// A place (a PAM's origin) and an identifier, an account's digest or a record's id in it.
type Spot = (String, String);

/// What an object is after.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) origin: String,
    pub(super) identifier: String,
    /// A digest of the account.
    pub(super) account: String,
    /// The id of the record that would be written, if one is listed.
    pub(super) record: Option<String>,
    /// It would be had through a tenant's own connection.
    pub(super) by_tenant: bool,
}

/// What somebody else has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Identifier(Key),
    Account(Key),
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
    identifiers: HashMap<Spot, String>,
    accounts: HashMap<Spot, String>,
    /// Who has a record, by its id; and who would like to, by its identifier.
    records: HashMap<Spot, HashSet<String>>,
    wishes: HashMap<Spot, HashSet<String>>,
}

/// What one object has.
#[derive(Clone, Debug, Default)]
struct Owner {
    key: Key,
    identifier: Option<Spot>,
    account: Option<Spot>,
    record: Option<Spot>,
    wish: Option<Spot>,
    /// The wish is one of a tenant's own connection.
    by_tenant: bool,
    /// The identifier and the account from before a claim of which nothing came yet.
    before: Option<(Option<Spot>, Option<Spot>)>,
}

impl Claims {
    /// Takes in what the status of an object says it has.
    pub(super) fn note(&self, object: &PamCredential) {
        let book = &mut *self.lock();
        book.living.extend(object.metadata.uid.clone());
        let Some((uid, record, identifier)) = held(object) else { return };
        let mut owner = book.take(&uid);
        owner.key = super::watch::key(object);
        owner.account = owner.account.or_else(|| account(object, &record.0));
        owner.identifier = identifier.map(|identifier| (record.0.clone(), identifier));
        owner.record = Some(record);
        book.put(uid, owner);
    }

    /// Claims an identifier and an account, both or neither. What the object had before is free then: `Ok(true)` says
    /// that there was such.
    pub(super) fn claim(&self, uid: &str, key: &Key, wish: &Wish) -> Result<bool, Taken> {
        let book = &mut *self.lock();
        if !book.living.contains(uid) {
            return Ok(false);
        }
        let spot = |what: &String| Some((wish.origin.clone(), what.clone()));
        let (identifier, account) = (spot(&wish.identifier), spot(&wish.account));
        let mut owner = book.take(uid);
        owner.key.clone_from(key);
        owner.wish.clone_from(&identifier);
        owner.by_tenant = wish.by_tenant;
        let record = wish.record.as_ref().and_then(spot);
        let taken = book.taken(identifier.as_ref(), account.as_ref(), record.as_ref());
        let frees = owner.identifier != identifier || owner.account != account;
        let had = owner.identifier.is_some() || owner.account.is_some();
        if taken.is_none() {
            let before = (owner.identifier.take(), owner.account.take());
            owner.before.get_or_insert(before);
            (owner.identifier, owner.account) = (identifier, account);
        }
        book.put(uid.to_owned(), owner);
        taken.map_or(Ok(frees && had), Err)
    }

    /// What an object claimed was written: now it has it.
    pub(super) fn keep(&self, uid: &str) {
        if let Some(owner) = self.lock().owners.get_mut(uid) {
            owner.before = None;
        }
    }

    /// Nothing came of a claim: what was free before is free again, lest whoever may not write keep others from writing.
    /// `for_good` says that the object can do without, for now. `true` if something is free now.
    pub(super) fn give_back(&self, uid: &str, for_good: bool) -> bool {
        let book = &mut *self.lock();
        if !book.owners.contains_key(uid) {
            return false;
        }
        let mut owner = book.take(uid);
        let before = owner.before.take();
        let frees = before.is_some();
        if let Some(before) = before {
            (owner.identifier, owner.account) = before;
        }
        owner.wish = owner.wish.filter(|_| !for_good);
        book.put(uid.to_owned(), owner);
        frees
    }

    /// Lets go of everything that an object has or wants.
    pub(super) fn release(&self, uid: &str) {
        let book = &mut *self.lock();
        book.take(uid);
    }

    /// Lets go of an object that is gone, for good.
    pub(super) fn forget(&self, uid: &str) {
        let book = &mut *self.lock();
        book.living.remove(uid);
        book.take(uid);
    }

    /// Whether another object has the record, or would like to. What a tenant would like to have through a connection of
    /// its own, whose identifiers no rule covers, counts in its own namespace only: else it could keep everybody's
    /// records from being disabled.
    pub(super) fn is_shared(&self, (namespace, uid): (&str, &str), origin: &str, id: &str, identifier: &str) -> bool {
        let book = self.lock();
        let spot = |what: &str| (origin.to_owned(), what.to_owned());
        let counts = |other: &str| {
            let owner = book.owners.get(other);
            owner.is_some_and(|owner| !owner.by_tenant || owner.key.0 == namespace)
        };
        let has = book.records.get(&spot(id)).into_iter().flatten();
        let wants = book.wishes.get(&spot(identifier)).into_iter().flatten().filter(|other| counts(other));
        has.chain(wants).any(|other| other != uid)
    }

    /// Whether a list of that place shows another record of this cluster than `id`.
    pub(super) fn others_listed(&self, origin: &str, id: &str, listed: impl Fn(&str) -> bool) -> bool {
        self.lock().records.keys().any(|(place, other)| place == origin && other != id && listed(other))
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// Takes an object out of the book, with all it has.
    fn take(&mut self, uid: &str) -> Owner {
        let owner = self.owners.remove(uid).unwrap_or_default();
        for (held, spots) in [(&owner.identifier, &mut self.identifiers), (&owner.account, &mut self.accounts)] {
            if let Some(spot) = held
                && spots.get(spot).is_some_and(|holder| holder == uid)
            {
                spots.remove(spot);
            }
        }
        for (held, spots) in [(&owner.record, &mut self.records), (&owner.wish, &mut self.wishes)] {
            if let Some(spot) = held
                && let Some(uids) = spots.get_mut(spot)
            {
                uids.remove(uid);
                if uids.is_empty() {
                    spots.remove(spot);
                }
            }
        }
        owner
    }

    /// Puts an object into the book; what another has stays that one's.
    fn put(&mut self, uid: String, owner: Owner) {
        for (held, spots) in [(&owner.identifier, &mut self.identifiers), (&owner.account, &mut self.accounts)] {
            if let Some(spot) = held {
                spots.entry(spot.clone()).or_insert_with(|| uid.clone());
            }
        }
        for (held, spots) in [(&owner.record, &mut self.records), (&owner.wish, &mut self.wishes)] {
            if let Some(spot) = held {
                spots.entry(spot.clone()).or_default().insert(uid.clone());
            }
        }
        self.owners.insert(uid, owner);
    }

    /// Who has a record has its account: which one that is, status does not tell where the username is in a Secret.
    fn taken(&self, identifier: Option<&Spot>, account: Option<&Spot>, record: Option<&Spot>) -> Option<Taken> {
        let holder = |spots: &HashMap<Spot, String>, spot: Option<&Spot>| {
            let uid = spots.get(spot?)?;
            self.owners.get(uid).map(|owner| owner.key.clone())
        };
        let by_identifier = holder(&self.identifiers, identifier).map(Taken::Identifier);
        let by_record = || {
            let uid = self.records.get(record?)?.iter().next()?;
            self.owners.get(uid).map(|owner| Taken::Account(owner.key.clone()))
        };
        by_identifier.or_else(|| holder(&self.accounts, account).map(Taken::Account)).or_else(by_record)
    }
}

/// The account of an object whose spec has all of it, if it is the one that was sent: an edit gives nobody an account.
fn account(object: &PamCredential, origin: &str) -> Option<Spot> {
    let spec = &object.spec;
    let sent = object.status.as_ref()?.digests.get(groups::ACCOUNT)?;
    if *sent != groups::account(spec) {
        return None;
    }
    let account = crate::domain::Account {
        username: spec.username.clone()?,
        hostname: spec.hostname.clone(),
        ip: spec.ip.clone(),
    };
    let (username, hostname, ip) = account.folded();
    Some((origin.to_owned(), super::digest::plain(&[&username, &hostname, &ip])))
}

fn held(object: &PamCredential) -> Option<(String, Spot, Option<String>)> {
    let status = object.status.as_ref()?;
    let origin = status.connection.as_ref()?.origin.clone();
    Some((object.metadata.uid.clone()?, (origin, status.id.clone()?), status.identifier.clone()))
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
        assert!(!claims.is_shared(("ns", "b"), "https://pam", "7", "i"));
    }

    fn wish(identifier: &str, account: &str) -> Wish {
        Wish {
            origin: "https://pam".into(),
            identifier: identifier.into(),
            account: account.into(),
            record: None,
            by_tenant: false,
        }
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
        let elsewhere = Wish { origin: "https://other".into(), ..wish("i", "x") };
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(false));
        assert_eq!(claims.claim("b", &key("b"), &elsewhere), Ok(false));
    }

    #[test]
    fn a_record_that_somebody_else_waits_for_is_shared() {
        let claims = book();
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(false));
        assert!(!claims.is_shared(("ns", "a"), "https://pam", "7", "i"));
        assert!(claims.claim("b", &key("b"), &wish("i", "x")).is_err());
        assert!(claims.is_shared(("ns", "a"), "https://pam", "7", "i"));
        assert_eq!(claims.claim("b", &key("b"), &wish("j", "y")), Ok(false), "it wants another now");
        assert!(!claims.is_shared(("ns", "a"), "https://pam", "7", "i"));
    }

    #[test]
    fn whoever_got_nothing_by_a_claim_keeps_nobody_from_it() {
        let claims = book();
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(false));
        assert!(claims.give_back("a", false));
        assert!(!claims.give_back("a", false), "once");
        assert!(claims.is_shared(("ns", "b"), "https://pam", "7", "i"), "it would still like to");
        assert_eq!(claims.claim("b", &key("b"), &wish("i", "x")), Ok(false));
        claims.keep("b");
        assert!(!claims.give_back("b", true), "it was written");
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "y")), Err(Taken::Identifier(key("b"))));
        assert!(!claims.give_back("a", true));
        assert!(!claims.is_shared(("ns", "b"), "https://pam", "7", "i"), "it no longer may");
    }

    #[test]
    fn whoever_cannot_move_has_what_it_had_before() {
        let claims = book();
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(false));
        claims.keep("a");
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "y")), Ok(true));
        assert!(claims.give_back("a", false));
        assert_eq!(claims.claim("b", &key("b"), &wish("j", "x")), Err(Taken::Account(key("a"))));
        assert_eq!(claims.claim("b", &key("b"), &wish("j", "y")), Ok(false));
    }

    #[test]
    fn what_a_tenant_wants_through_a_connection_of_its_own_is_nothing_to_other_namespaces() {
        let claims = book();
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(false));
        let tenant = Wish { by_tenant: true, ..wish("i", "y") };
        assert!(claims.claim("b", &("theirs".into(), "b".into()), &tenant).is_err());
        assert!(!claims.is_shared(("ns", "a"), "https://pam", "7", "i"));
        assert!(claims.is_shared(("theirs", "c"), "https://pam", "7", "i"));
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
    fn an_account_that_was_never_sent_is_not_held_by_who_has_a_record() {
        let mut object: PamCredential = serde_json::from_value(serde_json::json!({
            "apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredential",
            "metadata": {"name": "a", "namespace": "ns", "uid": "a"},
            "spec": {"username": "u", "hostname": "h", "ip": "i"},
            "status": {"id": "7", "identifier": "i",
                "connection": {"kind": "ClusterPamConnection", "name": "c", "origin": "https://pam"}},
        }))
        .unwrap();
        let sent = groups::account(&object.spec);
        object.status.as_mut().unwrap().digests.insert(groups::ACCOUNT.to_owned(), sent);
        let account = account(&object, "https://pam").unwrap().1;
        object.spec.hostname = "theirs".to_owned();
        assert_eq!(super::account(&object, "https://pam"), None);
        object.spec.hostname = "h".to_owned();
        let claims = book();
        claims.note(&object);
        assert_eq!(claims.claim("b", &key("b"), &wish("j", &account)), Err(Taken::Account(key("a"))));
    }

    #[test]
    fn who_has_a_record_has_it_whatever_its_account_is() {
        let object: PamCredential = serde_json::from_value(serde_json::json!({
            "apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredential",
            "metadata": {"name": "a", "namespace": "ns", "uid": "a"},
            "spec": {"usernameSecretRef": {"name": "s"}, "hostname": "h", "ip": "i"},
            "status": {"id": "7", "identifier": "i",
                "connection": {"kind": "ClusterPamConnection", "name": "c", "origin": "https://pam"}},
        }))
        .unwrap();
        let claims = book();
        claims.note(&object);
        let onto = |id: &str| Wish { record: Some(id.into()), ..wish("j", "x") };
        assert_eq!(claims.claim("b", &key("b"), &onto("7")), Err(Taken::Account(key("a"))));
        assert_eq!(claims.claim("b", &key("b"), &onto("8")), Ok(false));
        assert!(claims.claim("a", &key("a"), &Wish { record: Some("7".into()), ..wish("i", "z") }).is_ok());
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
