//! Which records the objects of the cluster claim.

use std::collections::HashSet;

use pam_operator::domain::{Account, VaultId};
use pam_operator::pam::ListedCredential;

use super::skipped::account;
use crate::objects::PamObject;

/// The records of one vault that objects claim: by the id and the identifier in a status, by the identifier of a spec, and by the
/// account.
#[derive(Default)]
pub struct Claimed {
    ids: HashSet<String>,
    identifiers: HashSet<String>,
    accounts: HashSet<[String; 3]>,
}

impl Claimed {
    /// Notes what an object claims, if it leads to the vault. `leads_to` is where its connection leads; `None` where that is not
    /// known, so that it may lead here. The object is read as far as its fields go: one of another version claims, too.
    pub fn note(&mut self, object: &PamObject, vault: &VaultId, leads_to: Option<&VaultId>) {
        if object.is_throwaway() {
            return;
        }
        let own = |pointer: &str| object.text(pointer).map(str::to_owned);
        let origin = object.text("/status/connection/origin");
        let written = origin.map(|origin| VaultId::new(origin, object.text("/status/connection/tenant")));
        if written.as_ref().or(leads_to).is_none_or(|at| at.may_be(vault)) {
            self.ids.extend(own("/status/id"));
            self.identifiers.extend(own("/status/identifier"));
        }
        if leads_to.is_none_or(|at| at.may_be(vault)) {
            self.identifiers.extend(own("/spec/identifier"));
            self.accounts.extend(account_of(object).map(|account| account.folded()));
        }
    }

    /// Returns true if an object claims the record.
    #[must_use]
    pub fn has(&self, record: &ListedCredential) -> bool {
        self.ids.contains(&*record.id)
            || record.identifier.as_deref().is_some_and(|identifier| self.identifiers.contains(identifier))
            || self.accounts.contains(&account(record).folded())
    }
}

/// Returns the account of an object; `None` if its username is in a Secret.
fn account_of(object: &PamObject) -> Option<Account> {
    let text = |pointer: &str| object.text(pointer).map(str::to_owned);
    Some(Account { username: text("/spec/username")?, hostname: text("/spec/hostname")?, ip: text("/spec/ip")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::Kind;
    use kube::ResourceExt as _;
    use kube::api::DynamicObject;
    use pam_operator::domain::RecordIdentifier;
    use serde_json::{Value, json};

    fn object(spec: &Value, status: &Value) -> PamObject {
        let mut whole = json!({"spec": {"hostname": "db01", "ip": "10.0.0.7"}, "status": status});
        whole["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        let mut object = DynamicObject::new("x", &Kind::PamCredential.resource());
        object.data = whole;
        PamObject { kind: Kind::PamCredential, object }
    }

    fn record(id: u64, identifier: &str, username: &str) -> ListedCredential {
        ListedCredential {
            id: id.into(),
            identifier: Some(RecordIdentifier::of(identifier)),
            username: username.into(),
            hostname: "DB01".into(),
            ip: "10.0.0.7".into(),
            ..ListedCredential::default()
        }
    }

    #[test]
    fn an_object_claims_by_id_identifier_and_account_what_is_in_its_vault() {
        let here = VaultId::new("https://pam", Some("acme"));
        let elsewhere = VaultId::new("https://other", None);
        let status = json!({"id": "101", "identifier": "k8s-a", "conditions": [],
            "connection": {"kind": "PamConnection", "name": "c", "origin": "https://pam", "tenant": "acme"}});
        let mut claimed = Claimed::default();
        claimed.note(&object(&json!({"username": "svc"}), &status), &here, Some(&here));
        claimed.note(&object(&json!({"username": "new", "identifier": "k8s-b"}), &Value::Null), &here, Some(&here));
        claimed.note(
            &object(&json!({"username": "far", "identifier": "k8s-c"}), &Value::Null),
            &here,
            Some(&elsewhere),
        );
        for (record, expected) in [
            (record(101, "x", "x"), true),
            (record(7, "k8s-a", "x"), true),
            (record(7, "k8s-b", "x"), true),
            (record(7, "x", "SVC"), true),
            (record(7, "x", "new"), true),
            (record(7, "k8s-c", "far"), false),
            (record(7, "x", "x"), false),
        ] {
            assert_eq!(claimed.has(&record), expected, "{record:?} {}", record.username);
        }
    }

    #[test]
    fn a_record_stays_claimed_where_it_was_written_although_the_connection_leads_elsewhere_now() {
        let (here, elsewhere) = (VaultId::new("https://pam", None), VaultId::new("https://other", None));
        let status = json!({"id": "101", "identifier": "k8s-a", "conditions": [],
            "connection": {"kind": "PamConnection", "name": "c", "origin": "https://pam"}});
        let moved = object(&json!({"username": "svc"}), &status);
        let mut claimed = Claimed::default();
        claimed.note(&moved, &here, Some(&elsewhere));
        assert!(claimed.has(&record(101, "x", "x")) && !claimed.has(&record(7, "x", "svc")));
        let mut other = Claimed::default();
        other.note(&moved, &elsewhere, Some(&elsewhere));
        assert!(!other.has(&record(101, "x", "x")) && other.has(&record(7, "x", "svc")));
    }

    #[test]
    fn an_object_that_only_asks_what_would_be_done_claims_nothing() {
        let here = VaultId::new("https://pam", None);
        let mut asks =
            object(&json!({"username": "svc", "identifier": "k8s-a"}), &json!({"plan": {}, "conditions": []}));
        asks.object.annotations_mut().insert("pam-operator.io/throwaway".to_owned(), "db".to_owned());
        let mut claimed = Claimed::default();
        claimed.note(&asks, &here, Some(&here));
        assert!(!claimed.has(&record(7, "k8s-a", "svc")));
        asks.object.data["status"]["id"] = json!("7");
        claimed.note(&asks, &here, Some(&here));
        assert!(claimed.has(&record(7, "k8s-a", "svc")), "it is served as itself");
    }
}
