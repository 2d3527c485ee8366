//! Who in this cluster is after which record, so that two objects never write one (P4).
//!
//! The list shows what is in the PAM, but two first pushes at the same moment see the same empty list: whoever asks
//! first gets the record here, and the other waits until it goes. A place is a PAM's origin and a tenant there: two
//! connections to one PAM are one place, and so are two that are not surely different.

mod book;

use std::sync::{Mutex, MutexGuard, PoisonError};

use book::{Book, Owner, Spot, What};

use crate::api::{PamCredential, PamCredentialStatus};
use crate::controller::credential::facts::field_groups;
use crate::controller::runtime::object_id::NamespacedName;
use crate::pam::VaultId;

/// What an object is after.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) place: VaultId,
    pub(crate) identifier: String,
    /// A digest of the account.
    pub(crate) account: String,
    /// The device, and a digest of what is to be written onto it.
    pub(crate) device: Option<(String, String)>,
    /// The id of the record that would be written, if one is listed.
    pub(crate) record: Option<String>,
    /// It would be had through a tenant's own connection.
    pub(crate) by_tenant: bool,
}

/// What somebody else has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Identifier(NamespacedName),
    Account(NamespacedName),
    Device(NamespacedName),
}

/// Everyone's claims.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    book: Mutex<Book>,
}

impl Claims {
    /// Takes in what an object's status says it has, and what its spec would write onto its device. What another has
    /// stays that one's. `true`: who waits for the device may have it now.
    pub(crate) fn note(&self, object: &PamCredential) -> bool {
        let book = &mut *self.lock();
        let Some(uid) = object.metadata.uid.clone() else { return false };
        book.living.insert(uid.clone());
        let mut owner = book.take(&uid);
        let frees = owner.wants(field_groups::device(&object.spec));
        if let Some((place, has)) = held(object) {
            if !owner.has_device() {
                owner.block =
                    object.status.as_ref().and_then(|status| status.digests.get(field_groups::DEVICE)).cloned();
            }
            owner.key = NamespacedName::of(object);
            book.recall(&uid, &mut owner, &place, has);
        }
        book.put(uid, owner);
        frees
    }

    /// Takes in under which identifier an object would have a record, long before it can claim that: a record that
    /// somebody came for is not disabled when its owner goes. `None`: it may have none.
    pub(crate) fn want(
        &self,
        uid: &str,
        key: &NamespacedName,
        (place, by_tenant): (&VaultId, bool),
        identifier: Option<&str>,
    ) {
        let book = &mut *self.lock();
        if !book.living.contains(uid) {
            return;
        }
        let mut owner = book.take(uid);
        owner.key.clone_from(key);
        owner.by_tenant = by_tenant;
        owner.has.retain(|(_, what)| !matches!(what, What::Wish(_)));
        owner.has.extend(identifier.map(|identifier| (place.clone(), What::Wish(identifier.to_owned()))));
        book.put(uid.to_owned(), owner);
    }

    /// Claims an identifier, an account and a device, all or none. What the object had before is free then: `Ok(true)`
    /// says that there was such.
    pub(crate) fn claim(&self, uid: &str, key: &NamespacedName, wish: &Wish) -> Result<bool, Taken> {
        let book = &mut *self.lock();
        if !book.living.contains(uid) {
            return Ok(false);
        }
        let mut owner = book.take(uid);
        let asked = wish.owner(key);
        let taken = book.first_taken(uid, &asked, wish);
        let frees = taken.is_none() && owner.frees(&asked);
        owner.key.clone_from(key);
        owner.by_tenant = wish.by_tenant;
        owner.wanted = wish.block();
        owner.has.retain(|(_, what)| !matches!(what, What::Wish(_)));
        if taken.is_none() {
            owner.claim(asked);
        }
        owner.has.push((wish.place.clone(), What::Wish(wish.identifier.clone())));
        book.put(uid.to_owned(), owner);
        taken.map_or(Ok(frees), Err)
    }

    /// What an object claimed was written: now it has it, and this is what is on its device. After a lost answer that may be
    /// what it had before, and was sent again without a claim. `true`: it has something else by now, and its record left
    /// what it had before. Who came for that since the claim found the record there still.
    pub(crate) fn keep(&self, uid: &str, block: Option<String>) -> bool {
        let book = &mut *self.lock();
        let Some(owner) = book.owners.get_mut(uid) else { return false };
        if owner.has_device() {
            owner.block = block;
        }
        let before = owner.before.take();
        before.is_some_and(|(had, _)| had.iter().any(|claim| !owner.has.contains(claim)))
    }

    /// Nothing came of a claim: what was free before is free again, lest whoever may not write keep others from writing.
    /// `for_good` says that the object can do without, for now. `true` if something is free now.
    pub(crate) fn give_back(&self, uid: &str, for_good: bool) -> bool {
        let book = &mut *self.lock();
        if !book.owners.contains_key(uid) {
            return false;
        }
        let mut owner = book.take(uid);
        let before = owner.before.take();
        let frees = before.is_some();
        if let Some((had, block)) = before {
            owner.has.retain(|(_, what)| !what.is_exclusive());
            owner.has.extend(had);
            owner.block = block;
        }
        owner.has.retain(|(_, what)| !(for_good && matches!(what, What::Wish(_))));
        book.put(uid.to_owned(), owner);
        frees
    }

    /// Who else has what an object is after, without a claim of its own.
    pub(crate) fn holder(&self, uid: &str, wish: &Wish) -> Option<Taken> {
        self.lock().first_taken(uid, &wish.owner(&NamespacedName::default()), wish)
    }

    /// Lets go of everything that an object has or wants; `true` if there was something.
    pub(crate) fn release(&self, uid: &str) -> bool {
        !self.lock().take(uid).has.is_empty()
    }

    /// Lets go of an object that is gone, for good.
    pub(crate) fn forget(&self, uid: &str) {
        let book = &mut *self.lock();
        book.living.remove(uid);
        book.take(uid);
    }

    /// Whether another object has the record, or would like to. What a tenant would like to have through a connection of
    /// its own, whose identifiers no rule covers, counts in its own namespace only: else it could keep everybody's
    /// records from being disabled.
    pub(crate) fn is_shared(
        &self,
        (namespace, uid): (&str, &str),
        place: &VaultId,
        id: &str,
        identifier: &str,
    ) -> bool {
        let book = self.lock();
        let has = (place.clone(), What::Record(id.to_owned()));
        let wants = (place.clone(), What::Wish(identifier.to_owned()));
        let counts = |owner: &&Owner| !owner.by_tenant || owner.key.namespace == namespace;
        book.others(uid, &has).next().is_some() || book.others(uid, &wants).any(|owner| counts(&owner))
    }

    /// Whether a list of that place shows another record of this cluster than `id`.
    pub(crate) fn others_listed(&self, origin: &str, id: &str, listed: impl Fn(&str) -> bool) -> bool {
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
    fn owner(&self, key: &NamespacedName) -> Owner {
        let device = self.device.as_ref().map(|(device, _)| What::Device(device.clone()));
        let both = [What::Identifier(self.identifier.clone()), What::Account(self.account.clone())];
        let has = both.into_iter().chain(device).map(|what| (self.place.clone(), what)).collect();
        Owner { key: key.clone(), block: self.block(), wanted: self.block(), has, ..Owner::default() }
    }

    /// A digest of what is to be written onto the device.
    fn block(&self) -> Option<String> {
        self.device.as_ref().map(|(_, block)| block.clone())
    }
}

/// The account of an object whose spec has all of it, if it is the one that was sent: an edit gives nobody an account.
fn account(object: &PamCredential) -> Option<String> {
    let spec = &object.spec;
    let sent = object.status.as_ref()?.digests.get(field_groups::ACCOUNT)?;
    if *sent != field_groups::account(spec) {
        return None;
    }
    let account = crate::domain::Account {
        username: spec.username.clone()?,
        hostname: spec.hostname.clone(),
        ip: spec.ip.clone(),
    };
    let (username, hostname, ip) = account.folded();
    Some(crate::controller::secret::digest::plain(&[&username, &hostname, &ip]))
}

/// The device of an object, in the form in which two spellings are equal.
pub(crate) fn device(object: &PamCredential) -> String {
    crate::controller::secret::digest::plain(&[&object.spec.hostname.to_lowercase(), &object.spec.ip.to_lowercase()])
}

/// What the status of an object says it has, and where.
fn held(object: &PamCredential) -> Option<(VaultId, Vec<What>)> {
    let status = object.status.as_ref()?;
    let place = place_of(status.connection.as_ref()?);
    let record = What::Record(status.id.clone()?);
    let identifier = status.identifier.clone().map(What::Identifier);
    let device = wrote_device(object, status).then(|| What::Device(device(object)));
    let has = [record].into_iter().chain(identifier).chain(account(object).map(What::Account)).chain(device);
    Some((place, has.collect()))
}

/// Whether the device that the spec names is one that was written onto. A spec that moves on to another device has that
/// one once it claims it: else who may not have it would keep it from others after a restart.
fn wrote_device(object: &PamCredential, status: &PamCredentialStatus) -> bool {
    let (spec, wrote) = (&object.spec, status.digests.get(field_groups::DEVICE));
    let same_account = status.digests.get(field_groups::ACCOUNT) == Some(&field_groups::account(spec));
    let wants = field_groups::device(spec);
    wants.is_some() && wrote.is_some() && (same_account || wrote == wants.as_ref())
}

/// The place that a status speaks of.
pub(crate) fn place_of(known: &crate::api::ConnectionStatus) -> VaultId {
    let tenant = known.requested_tenant.as_deref().or(known.tenant.as_deref());
    VaultId::new(&known.origin, tenant)
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
        assert!(!claims.is_shared(("ns", "b"), &at("https://pam"), "7", "i"));
    }

    fn wish(identifier: &str, account: &str) -> Wish {
        Wish {
            place: at("https://pam"),
            identifier: identifier.into(),
            account: account.into(),
            device: None,
            record: None,
            by_tenant: false,
        }
    }

    fn at(origin: &str) -> VaultId {
        VaultId::new(origin, None)
    }

    fn of(tenant: &str) -> Wish {
        Wish { place: VaultId::new("https://pam", Some(tenant)), ..wish("i", "x") }
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
        let digest = field_groups::device(&object(wrote).spec);
        let mut object = object(wants);
        let account = (field_groups::ACCOUNT.to_owned(), field_groups::account(&object.spec));
        let digests = &mut object.status.as_mut().unwrap().digests;
        digests.extend(digest.map(|digest| (field_groups::DEVICE.to_owned(), digest)).into_iter().chain([account]));
        object
    }

    fn wish_of(object: &PamCredential) -> Wish {
        let name = object.metadata.name.clone().unwrap();
        let device = field_groups::device(&object.spec).map(|block| (device(object), block));
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
    fn who_went_back_after_a_lost_answer_has_what_it_wrote_then() {
        let claims = book();
        claims.note(&noted("a", "x", "x"));
        let a = noted("a", "x", "y");
        assert_eq!(claims.claim("a", &key("a"), &wish_of(&a)), Ok(true));
        let back = noted("a", "x", "x");
        claims.note(&back);
        claims.keep("a", field_groups::device(&back.spec));
        let b = wish_of(&noted("b", "", "y"));
        assert_eq!(claims.claim("b", &key("b"), &b), Err(Taken::Device(key("a"))));
    }

    #[test]
    fn who_would_move_to_another_device_does_not_have_that_one_after_a_restart() {
        let mut a = noted("a", "x", "x");
        a.spec.hostname = "theirs".into();
        let claims = book();
        claims.note(&a);
        let mut b = noted("b", "", "y");
        b.spec.hostname = "theirs".into();
        let device = field_groups::device(&b.spec).map(|block| (device(&b), block));
        assert_eq!(claims.claim("b", &key("b"), &Wish { device, ..wish("b", "b") }), Ok(false));
    }

    #[test]
    fn who_is_renamed_has_its_device_all_the_same_after_a_restart() {
        let mut a = noted("a", "x", "x");
        a.spec.username = Some("renamed".into());
        let claims = book();
        claims.note(&a);
        let b = wish_of(&noted("b", "", "y"));
        assert_eq!(claims.claim("b", &key("b"), &b), Err(Taken::Device(key("a"))));
    }

    #[test]
    fn an_empty_block_has_no_device() {
        let mut a = noted("a", "", "");
        a.spec.device = Some(crate::api::DeviceSettings::default());
        assert_eq!(field_groups::device(&a.spec), None);
        assert!(!field_groups::digests(&a.spec).contains_key(field_groups::DEVICE));
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

    fn key(name: &str) -> NamespacedName {
        NamespacedName::new("ns", name)
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
        assert!(!claims.is_shared(("ns", "a"), &at("https://pam"), "7", "i"));
        assert!(claims.claim("b", &key("b"), &wish("i", "x")).is_err());
        assert!(claims.is_shared(("ns", "a"), &at("https://pam"), "7", "i"));
        assert_eq!(claims.claim("b", &key("b"), &wish("j", "y")), Ok(false), "it wants another now");
        assert!(!claims.is_shared(("ns", "a"), &at("https://pam"), "7", "i"));
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
        claims.want("b", &key("b"), (&at("https://pam"), false), Some("i"));
        assert!(claims.is_shared(("ns", "a"), &at("https://pam"), "7", "i"));
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(false), "and nobody else's yet");
        claims.forget("b");
        claims.want("b", &key("b"), (&at("https://pam"), false), Some("i"));
        assert!(!claims.is_shared(("ns", "a"), &at("https://pam"), "7", "i"), "it is gone");
    }

    #[test]
    fn whoever_got_nothing_by_a_claim_keeps_nobody_from_it() {
        let claims = book();
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(false));
        assert!(claims.give_back("a", false));
        assert!(!claims.give_back("a", false), "once");
        assert!(claims.is_shared(("ns", "b"), &at("https://pam"), "7", "i"), "it would still like to");
        assert_eq!(claims.claim("b", &key("b"), &wish("i", "x")), Ok(false));
        claims.keep("b", None);
        assert!(!claims.give_back("b", true), "it was written");
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "y")), Err(Taken::Identifier(key("b"))));
        assert!(!claims.give_back("a", true));
        assert!(!claims.is_shared(("ns", "b"), &at("https://pam"), "7", "i"), "it no longer may");
    }

    #[test]
    fn whoever_cannot_move_has_what_it_had_before() {
        let claims = book();
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(false));
        claims.keep("a", None);
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
        assert!(claims.claim("b", &NamespacedName::new("theirs", "b"), &tenant).is_err());
        assert!(!claims.is_shared(("ns", "a"), &at("https://pam"), "7", "i"));
        assert!(claims.is_shared(("theirs", "c"), &at("https://pam"), "7", "i"));
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
        let sent = field_groups::account(&object.spec);
        object.status.as_mut().unwrap().digests.insert(field_groups::ACCOUNT.to_owned(), sent);
        let account = account(&object).unwrap();
        object.spec.hostname = "theirs".to_owned();
        assert_eq!(super::account(&object), None);
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
    fn whoever_moves_on_frees_what_it_had() {
        let claims = book();
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(false));
        assert_eq!(claims.claim("b", &key("b"), &wish("j", "x")), Err(Taken::Account(key("a"))));
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "z")), Ok(true));
        assert_eq!(claims.claim("b", &key("b"), &wish("j", "x")), Ok(false));
    }

    #[test]
    fn whoever_moved_says_so_once_more_when_its_record_has_moved_too() {
        let claims = book();
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "x")), Ok(false));
        assert!(!claims.keep("a", None), "it had nothing before");
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "z")), Ok(true));
        assert!(claims.keep("a", None), "who came in between found the record where it was");
        assert!(!claims.keep("a", None), "once");
        assert_eq!(claims.claim("a", &key("a"), &wish("i", "z")), Ok(false));
        assert!(!claims.keep("a", None), "it has what it had");
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
