//! The claims of all objects on records (P4): the lock around the [`ClaimBook`], and what of an object that book is told.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::api::{ConnectionStatus, InFlightAction, PamCredential, PamCredentialStatus};
use crate::controller::connection::object::RefersToConnection as _;
use crate::controller::credential::facts::field_groups;
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::secret::digest;
use crate::domain::{
    Account, ClaimBook, ClaimRequest, HeldClaims, LeavingRecord, NotedClaims, ObjectName, RecordId, RecordKey, Taken,
    TenantName, VaultId, VaultRecord, WantedRecord, canonical_address,
};

/// The claims of all objects.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    book: Mutex<ClaimBook>,
    /// When this process began.
    started: Timestamp,
}

impl Claims {
    /// Makes it for a process that began then.
    pub(crate) fn new(started: Timestamp) -> Self {
        Self { started, ..Self::default() }
    }

    /// See [`ClaimBook::note`].
    pub(crate) fn note(&self, object: &PamCredential) -> bool {
        let Some(uid) = object.metadata.uid.as_deref() else { return false };
        let noted = NotedClaims {
            name: object_name(&NamespacedName::of(object)),
            wanted_block: field_groups::claimed_device(&object.spec),
            held: held(object),
            // How long an earlier process kept trying after the time in the status, nothing tells.
            in_flight: in_flight(object).map(|since| since.max(self.started)),
        };
        self.lock().note(uid, noted)
    }

    /// See [`ClaimBook::want`].
    pub(crate) fn want(&self, uid: &str, wanted: WantedRecord) {
        self.lock().want(uid, wanted);
    }

    /// See [`ClaimBook::seek`].
    pub(crate) fn seek(&self, uid: &str, request: &ClaimRequest) -> bool {
        self.lock().seek(uid, request)
    }

    /// See [`ClaimBook::claim`].
    pub(crate) fn claim(&self, uid: &str, key: &NamespacedName, request: &ClaimRequest) -> Result<bool, Taken> {
        self.lock().claim(uid, &object_name(key), request)
    }

    /// See [`ClaimBook::keep`].
    pub(crate) fn keep(&self, uid: &str, block: Option<String>) -> bool {
        self.lock().keep(uid, block)
    }

    /// See [`ClaimBook::give_back`].
    pub(crate) fn give_back(&self, uid: &str, for_good: bool) -> bool {
        self.lock().give_back(uid, for_good)
    }

    /// See [`ClaimBook::hold_up`].
    pub(crate) fn hold_up(&self, uid: &str) -> bool {
        self.lock().hold_up(uid)
    }

    /// See [`ClaimBook::come_for_nothing`].
    pub(crate) fn come_for_nothing(&self, uid: &str) -> bool {
        self.lock().come_for_nothing(uid)
    }

    /// See [`ClaimBook::is_third_in_the_way`].
    pub(crate) fn is_third_in_the_way(&self, uid: &str, key: &NamespacedName, request: &ClaimRequest) -> bool {
        self.lock().is_third_in_the_way(uid, &object_name(key), request)
    }

    /// See [`ClaimBook::lose`].
    pub(crate) fn lose(&self, uid: &str, now: Timestamp) -> bool {
        self.lock().lose(uid, now)
    }

    /// See [`ClaimBook::note_lost`].
    pub(crate) fn note_lost(&self, uid: &str, now: Timestamp) {
        self.lock().note_lost(uid, now);
    }

    /// See [`ClaimBook::end_pass`].
    pub(crate) fn end_pass(&self, uid: &str) -> bool {
        self.lock().end_pass(uid)
    }

    /// See [`ClaimBook::is_in_doubt`].
    pub(crate) fn is_in_doubt(&self, uid: &str, now: Timestamp) -> bool {
        self.lock().is_in_doubt(uid, now)
    }

    /// See [`ClaimBook::counts_until`].
    pub(crate) fn counts_until(&self, uid: &str, request: &ClaimRequest) -> Option<Timestamp> {
        self.lock().counts_until(uid, request)
    }

    /// See [`ClaimBook::holder`].
    pub(crate) fn holder(&self, uid: &str, key: &NamespacedName, request: &ClaimRequest) -> Option<Taken> {
        self.lock().holder(uid, &object_name(key), request)
    }

    /// See [`ClaimBook::is_offered`].
    pub(crate) fn is_offered(&self, uid: &str, key: &NamespacedName, request: &ClaimRequest) -> bool {
        self.lock().is_offered(uid, &object_name(key), request)
    }

    /// See [`ClaimBook::is_known_as`].
    pub(crate) fn is_known_as(&self, uid: &str, request: &ClaimRequest, identifier: &str) -> bool {
        self.lock().is_known_as(uid, request, identifier)
    }

    /// See [`ClaimBook::takes_over`].
    pub(crate) fn takes_over(&self, uid: &str) -> bool {
        self.lock().takes_over(uid)
    }

    /// See [`ClaimBook::heir`].
    pub(crate) fn heir(&self, uid: &str, record: &LeavingRecord) -> Option<ObjectName> {
        self.lock().heir(uid, record)
    }

    /// See [`ClaimBook::retract`].
    pub(crate) fn retract(&self, uid: &str, record: &LeavingRecord) {
        self.lock().retract(uid, record);
    }

    /// See [`ClaimBook::offer`].
    pub(crate) fn offer(&self, uid: &str, record: &LeavingRecord) -> bool {
        self.lock().offer(uid, record)
    }

    /// See [`ClaimBook::begin_pass`].
    pub(crate) fn begin_pass(&self, uid: &str) {
        self.lock().begin_pass(uid);
    }

    /// See [`ClaimBook::close_pass`].
    pub(crate) fn close_pass(&self, uid: &str) -> bool {
        self.lock().close_pass(uid)
    }

    /// See [`ClaimBook::is_there`].
    pub(crate) fn is_there(&self, uid: &str) -> bool {
        self.lock().is_there(uid)
    }

    /// See [`ClaimBook::withdraw`].
    pub(crate) fn withdraw(&self, uid: &str, record: VaultRecord<'_>) -> bool {
        self.lock().withdraw(uid, record)
    }

    /// See [`ClaimBook::forget`].
    pub(crate) fn forget(&self, uid: &str) -> bool {
        self.lock().forget(uid)
    }

    /// See [`ClaimBook::is_shared`].
    pub(crate) fn is_shared(&self, uid: &str, record: VaultRecord<'_>) -> bool {
        self.lock().is_shared(uid, record)
    }

    /// See [`ClaimBook::others_listed`].
    pub(crate) fn others_listed(&self, origin: &str, id: &str, listed: impl Fn(&str) -> bool) -> bool {
        self.lock().others_listed(origin, id, listed)
    }

    fn lock(&self) -> MutexGuard<'_, ClaimBook> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An object's name as the book of claims has it.
pub(crate) fn object_name(key: &NamespacedName) -> ObjectName {
    ObjectName { namespace: key.namespace.clone(), name: key.name.clone() }
}

/// The connection of an object, as the book of claims has it.
pub(crate) fn connection_name(object: &PamCredential) -> String {
    let id = object.connection_id();
    format!("{id} {}", id.key().namespace)
}

/// The vault that a status speaks of.
pub(crate) fn vault_of(known: &ConnectionStatus) -> VaultId {
    let answered = known.tenant.as_deref().and_then(TenantName::parse);
    VaultId::new(&known.origin, known.requested_tenant.as_deref().or(answered.as_deref()))
}

/// A digest of the device of an object, in the form in which two spellings are equal.
pub(crate) fn device(object: &PamCredential) -> String {
    digest::plain(&[&canonical_address(&object.spec.hostname), &canonical_address(&object.spec.ip)])
}

/// Returns by what the record of an object is known to those that come for it. The account of an object with a record is
/// the one that was sent.
pub(crate) fn record_key(object: &PamCredential, identifier: &str) -> RecordKey {
    let has_record = object.status.as_ref().is_some_and(|status| status.id.is_some());
    let account = if has_record { account(object) } else { wanted_account(object) };
    RecordKey { identifier: identifier.to_owned(), account, device: device(object) }
}

/// What the status of an object says it has.
fn held(object: &PamCredential) -> Option<HeldClaims> {
    let status = object.status.as_ref()?;
    Some(HeldClaims {
        vault: vault_of(status.connection.as_ref()?),
        record: RecordId::parse(status.id.as_deref()?)?.to_string(),
        identifier: status.identifier.clone(),
        account: account(object),
        device: wrote_device(object, status).then(|| device(object)),
        block: wrote_block(object, status),
    })
}

/// The time of the write that the status of an object tells of and that has no answer. A write that an earlier process may
/// have sent without recording it has none.
fn in_flight(object: &PamCredential) -> Option<Timestamp> {
    let write = object.status.as_ref()?.in_flight.as_ref()?;
    (write.action != InFlightAction::Unrecorded).then_some(write.since.0)
}

/// A digest of the account of an object whose spec has all of it, if it is the one that was sent: an edit gives no object an
/// account.
fn account(object: &PamCredential) -> Option<String> {
    let spec = &object.spec;
    let sent = object.status.as_ref()?.digests.get(field_groups::ACCOUNT)?;
    if *sent == field_groups::account(spec) { wanted_account(object) } else { None }
}

/// A digest of the account of an object whose spec has all of it.
fn wanted_account(object: &PamCredential) -> Option<String> {
    let spec = &object.spec;
    let account = Account { username: spec.username.clone()?, hostname: spec.hostname.clone(), ip: spec.ip.clone() };
    let [username, hostname, ip] = account.folded();
    Some(digest::plain(&[&username, &hostname, &ip]))
}

/// Whether the device that the spec names is one that was written onto. An object whose spec moves on to
/// another device has that one once it claims it: otherwise an object that may not have it would keep it from others after a
/// restart.
fn wrote_device(object: &PamCredential, status: &PamCredentialStatus) -> bool {
    let (spec, wrote) = (&object.spec, status.digests.get(field_groups::DEVICE));
    let same_account = status.digests.get(field_groups::ACCOUNT) == Some(&field_groups::account(spec));
    let wants = field_groups::device(spec);
    wants.is_some() && wrote.is_some() && (same_account || wrote == wants.as_ref())
}

/// A digest of what was written onto the device: comparable with others' where the spec still names it, since a status has
/// the address as it was spelled.
fn wrote_block(object: &PamCredential, status: &PamCredentialStatus) -> Option<String> {
    let wrote = status.digests.get(field_groups::DEVICE)?;
    let as_wanted = field_groups::device(&object.spec).as_ref() == Some(wrote);
    if as_wanted { field_groups::claimed_device(&object.spec) } else { Some(wrote.clone()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::DeviceClaim;

    fn book() -> Claims {
        let claims = Claims::default();
        for uid in ["a", "b"] {
            claims.lock().note(uid, NotedClaims::default());
        }
        claims
    }

    fn key(name: &str) -> NamespacedName {
        NamespacedName::new("ns", name)
    }

    fn named(name: &str) -> ObjectName {
        object_name(&key(name))
    }

    fn wish(identifier: &str, account: &str) -> ClaimRequest {
        ClaimRequest {
            vault: VaultId::new("https://pam", None),
            identifier: identifier.into(),
            account: account.into(),
            device: None,
            record: None,
            by_tenant: false,
            now: Timestamp::UNIX_EPOCH,
        }
    }

    /// An object as the watch shows it, that wrote one site onto its device and wants this.
    fn noted(name: &str, wrote: &str, wants: &str) -> PamCredential {
        let with =
            |site: &str| if site.is_empty() { serde_json::Value::Null } else { serde_json::json!({"site": site}) };
        let id: String = name.bytes().map(|byte| byte.to_string()).collect();
        let object = |site: &str| -> PamCredential {
            serde_json::from_value(serde_json::json!({
                "apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredential",
                "metadata": {"name": name, "namespace": "ns", "uid": name},
                "spec": {"username": name, "hostname": "h", "ip": "i", "device": with(site)},
                "status": {"id": id, "identifier": name,
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

    fn wish_of(object: &PamCredential) -> ClaimRequest {
        let name = object.metadata.name.clone().unwrap();
        let device =
            field_groups::claimed_device(&object.spec).map(|block| DeviceClaim { device: device(object), block });
        ClaimRequest { device, ..wish(&name, &account(object).unwrap()) }
    }

    #[test]
    fn an_account_and_a_device_are_held_in_every_spelling_of_their_address() {
        let at = |name: &str, ip: &str, site: &str| {
            let mut object = noted(name, site, site);
            object.spec.ip = ip.to_owned();
            let digest = field_groups::device(&object.spec).unwrap();
            let account = field_groups::account(&object.spec);
            let digests = &mut object.status.as_mut().unwrap().digests;
            digests.extend([(field_groups::DEVICE.to_owned(), digest), (field_groups::ACCOUNT.to_owned(), account)]);
            object
        };
        for (one, other) in [("2001:db8::1", "2001:0DB8::1"), ("2001:0DB8::1", "2001:db8::1")] {
            let (claims, a) = (book(), at("a", one, "x"));
            claims.note(&a);
            let same = wish_of(&at("b", other, "x"));
            assert_eq!(claims.claim("b", &key("b"), &same), Ok(false), "the same is written onto the device");
            let differs = wish_of(&at("b", other, "y"));
            assert_eq!(claims.claim("b", &key("b"), &differs), Err(Taken::Device(named("a"))));
            let mut twin = at("b", other, "x");
            twin.spec.username = a.spec.username.clone();
            let sent = field_groups::account(&twin.spec);
            twin.status.as_mut().unwrap().digests.insert(field_groups::ACCOUNT.to_owned(), sent);
            assert_eq!(claims.claim("b", &key("b"), &wish_of(&twin)), Err(Taken::Account(named("a"))));
        }
    }

    #[test]
    fn two_that_share_a_device_go_on_to_something_else_together() {
        let claims = book();
        claims.note(&noted("a", "x", "x"));
        claims.note(&noted("b", "x", "x"));
        let a = noted("a", "x", "y");
        assert!(claims.note(&a), "who waits for it looks again");
        assert_eq!(claims.claim("a", &key("a"), &wish_of(&a)), Err(Taken::Device(named("b"))));
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
        assert_eq!(claims.claim("b", &key("b"), &b), Err(Taken::Device(named("a"))));
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
        claims.keep("a", field_groups::claimed_device(&back.spec));
        let b = wish_of(&noted("b", "", "y"));
        assert_eq!(claims.claim("b", &key("b"), &b), Err(Taken::Device(named("a"))));
    }

    #[test]
    fn who_would_move_to_another_device_does_not_have_that_one_after_a_restart() {
        let mut a = noted("a", "x", "x");
        a.spec.hostname = "theirs".into();
        let claims = book();
        claims.note(&a);
        let mut b = noted("b", "", "y");
        b.spec.hostname = "theirs".into();
        let device = field_groups::claimed_device(&b.spec).map(|block| DeviceClaim { device: device(&b), block });
        assert_eq!(claims.claim("b", &key("b"), &ClaimRequest { device, ..wish("b", "b") }), Ok(false));
    }

    #[test]
    fn who_is_renamed_has_its_device_all_the_same_after_a_restart() {
        let mut a = noted("a", "x", "x");
        a.spec.username = Some("renamed".into());
        let claims = book();
        claims.note(&a);
        let b = wish_of(&noted("b", "", "y"));
        assert_eq!(claims.claim("b", &key("b"), &b), Err(Taken::Device(named("a"))));
    }

    #[test]
    fn an_empty_block_has_no_device() {
        let mut a = noted("a", "", "");
        a.spec.device = Some(crate::api::DeviceSettings::default());
        assert_eq!(field_groups::device(&a.spec), None);
        assert!(!field_groups::groups(&a.spec).plain.contains_key(field_groups::DEVICE));
    }

    #[test]
    fn an_older_status_does_not_take_back_what_a_pass_claimed() {
        let claims = book();
        claims.note(&noted("a", "x", "x"));
        let a = noted("a", "x", "y");
        assert_eq!(claims.claim("a", &key("a"), &wish_of(&a)), Ok(true));
        claims.note(&a);
        let b = wish_of(&noted("b", "", "x"));
        assert_eq!(claims.claim("b", &key("b"), &b), Err(Taken::Device(named("a"))));
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
        assert_eq!(claims.claim("b", &key("b"), &wish("j", &account)), Err(Taken::Account(named("a"))));
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
        let onto = |id: &str| ClaimRequest { record: Some(id.into()), ..wish("j", "x") };
        assert_eq!(claims.claim("b", &key("b"), &onto("7")), Err(Taken::Account(named("a"))));
        assert_eq!(claims.claim("b", &key("b"), &onto("8")), Ok(false));
        assert!(claims.claim("a", &key("a"), &ClaimRequest { record: Some("7".into()), ..wish("i", "z") }).is_ok());
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
        assert_eq!(claims.claim("b", &key("b"), &wish("i", "x")), Err(Taken::Identifier(named("a"))));
        assert!(claims.others_listed("https://pam", "8", |id| id == "7"));
        assert!(!claims.others_listed("https://pam", "7", |_| true));
    }
}
