//! Who in this cluster is after which record, so that two objects never write one (P4).
//!
//! The list shows what is in the PAM, but two first pushes at the same moment see the same empty list: whoever asks
//! first gets the record here, and the other waits until it goes.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

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
    owners: HashMap<String, Key>,
    identifiers: HashMap<Spot, String>,
    accounts: HashMap<Spot, String>,
    /// Who has a record, by its id; and who would like to, by its identifier.
    records: HashMap<Spot, HashSet<String>>,
    wishes: HashMap<Spot, HashSet<String>>,
}

impl Claims {
    /// Takes in what the status of an object says it has.
    pub(super) fn note(&self, object: &PamCredential) {
        let Some((uid, spot, identifier)) = held(object) else { return };
        let mut book = self.lock();
        book.owners.insert(uid.clone(), super::watch::key(object));
        let origin = spot.0.clone();
        book.records.entry(spot).or_default().insert(uid.clone());
        if let Some(identifier) = identifier {
            // Whoever has the record has the identifier, whatever somebody else reserved.
            book.identifiers.entry((origin, identifier)).or_insert(uid);
        }
    }

    /// Claims an identifier and an account, both or neither.
    pub(super) fn claim(&self, uid: &str, key: &Key, wish: &Wish) -> Result<(), Taken> {
        let mut book = self.lock();
        let (identifier, account) =
            ((wish.origin.clone(), wish.identifier.clone()), (wish.origin.clone(), wish.account.clone()));
        book.wishes.entry(identifier.clone()).or_default().insert(uid.to_owned());
        let other = |holder: Option<&String>| holder.filter(|holder| *holder != uid).and_then(|h| book.owners.get(h));
        if let Some(holder) = other(book.identifiers.get(&identifier)) {
            return Err(Taken::Identifier(holder.clone()));
        }
        if let Some(holder) = other(book.accounts.get(&account)) {
            return Err(Taken::Account(holder.clone()));
        }
        book.accounts.retain(|_, holder| holder != uid);
        book.owners.insert(uid.to_owned(), key.clone());
        book.identifiers.insert(identifier, uid.to_owned());
        book.accounts.insert(account, uid.to_owned());
        Ok(())
    }

    /// Lets go of everything that an object has or wants.
    pub(super) fn release(&self, uid: &str) {
        let book = &mut *self.lock();
        book.owners.remove(uid);
        book.identifiers.retain(|_, holder| holder != uid);
        book.accounts.retain(|_, holder| holder != uid);
        for spots in [&mut book.records, &mut book.wishes] {
            spots.values_mut().for_each(|uids| _ = uids.remove(uid));
            spots.retain(|_, uids| !uids.is_empty());
        }
    }

    /// Whether another object has the record, or would like to.
    pub(super) fn is_shared(&self, uid: &str, origin: &str, id: &str, identifier: &str) -> bool {
        let book = self.lock();
        let others = |uids: Option<&HashSet<String>>| uids.is_some_and(|uids| uids.iter().any(|other| other != uid));
        others(book.records.get(&(origin.to_owned(), id.to_owned())))
            || others(book.wishes.get(&(origin.to_owned(), identifier.to_owned())))
    }

    /// Whether a list of that place shows another record of this cluster than `id`.
    pub(super) fn others_listed(&self, origin: &str, id: &str, listed: impl Fn(&str) -> bool) -> bool {
        self.lock().records.keys().any(|(place, other)| place == origin && other != id && listed(other))
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn held(object: &PamCredential) -> Option<(String, Spot, Option<String>)> {
    let status = object.status.as_ref()?;
    let origin = status.connection.as_ref()?.origin.clone();
    Some((object.metadata.uid.clone()?, (origin, status.id.clone()?), status.identifier.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(identifier: &str, account: &str) -> Wish {
        Wish { origin: "https://pam".into(), identifier: identifier.into(), account: account.into() }
    }

    fn key(name: &str) -> Key {
        ("ns".into(), name.into())
    }

    #[test]
    fn whoever_asks_first_has_it_until_it_goes() {
        let claims = Claims::default();
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(()));
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(()), "again is no conflict");
        assert_eq!(claims.claim("b", &key("b"), &wish("i", "y")), Err(Taken::Identifier(key("a"))));
        assert_eq!(claims.claim("b", &key("b"), &wish("j", "x")), Err(Taken::Account(key("a"))));
        claims.release("a");
        assert_eq!(claims.claim("b", &key("b"), &wish("i", "x")), Ok(()));
    }

    #[test]
    fn another_pam_is_another_place() {
        let claims = Claims::default();
        let elsewhere = Wish { origin: "https://other".into(), ..wish("i", "x") };
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(()));
        assert_eq!(claims.claim("b", &key("b"), &elsewhere), Ok(()));
    }

    #[test]
    fn a_record_that_somebody_else_waits_for_is_shared() {
        let claims = Claims::default();
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(()));
        assert!(!claims.is_shared("a", "https://pam", "7", "i"));
        assert!(claims.claim("b", &key("b"), &wish("i", "x")).is_err());
        assert!(claims.is_shared("a", "https://pam", "7", "i"));
        claims.release("b");
        assert!(!claims.is_shared("a", "https://pam", "7", "i"));
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
        let claims = Claims::default();
        claims.note(&object);
        assert_eq!(claims.claim("b", &key("b"), &wish("i", "x")), Err(Taken::Identifier(key("a"))));
        assert!(claims.others_listed("https://pam", "8", |id| id == "7"));
        assert!(!claims.others_listed("https://pam", "7", |_| true));
    }
}
