//! From a stored status to what an object remembers, and back.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::api::{self, ConnectionRef, InFlightAction, InFlightWrite, PamCredentialStatus, RemoteStatus};
use crate::controller::connection::stored_vault::{bound_vault, connection_status};
use crate::controller::secret::versions::{secret_version, source_secret};
use crate::domain::credential::{Asked, MismatchRecord, Remote, Status};
use crate::domain::keyed::is_entry;
use crate::domain::{RecordId, RecordIdentifier, UnackedWrite, WriteAction, is_time};

/// The longest annotation that a pass sees.
const LONGEST_REQUEST: usize = 512;

/// Returns what an object remembers by its stored status.
///
/// A text from outside that breaks its rule, which an earlier version may have stored, is dropped. Without its id a record
/// counts as not known: as before a first push, the list tells whose record has the identifier and the account (P3, P4).
pub(crate) fn from_stored(stored: &PamCredentialStatus) -> Status {
    Status {
        observed_generation: stored.observed_generation,
        id: stored.id.as_deref().and_then(RecordId::parse),
        identifier: stored.identifier.clone(),
        former_identifier: stored.former_identifier.as_deref().map(shown),
        vault: stored.connection.as_ref().map(bound_vault),
        last_write: stored.last_sync_time.as_ref().map(|time| time.0),
        source: stored.source.iter().map(secret_version).collect(),
        digests: stored.digests.clone().into_iter().filter(|(_, entry)| is_entry(entry)).collect(),
        ensured_enabled: stored.ensured_enabled,
        value_withheld: stored.value_held_back,
        in_flight: stored.in_flight.as_ref().map(unacked),
        remote: stored.remote.as_ref().map(|remote| Remote {
            change: remote.change.clone().filter(|change| is_time(change)),
            identifier: remote.identifier.as_deref().map(shown),
        }),
        corrections: stored.corrections.iter().map(|time| time.0).collect(),
        mismatch: stored.mismatch.as_ref().map(|record| MismatchRecord {
            id: record.id.as_deref().and_then(RecordId::parse),
            identifier: record.identifier.as_deref().map(shown),
            target: record.target.clone(),
        }),
        handled: Asked {
            reconcile: stored.last_handled_reconcile_at.clone().filter(|text| is_request(text)),
            push_value: stored.last_handled_push_value_at.clone().filter(|text| is_request(text)),
        },
    }
}

/// Returns whether a stored text can be that of a request: a longer annotation is never seen.
fn is_request(text: &str) -> bool {
    text.len() <= LONGEST_REQUEST
}

/// Returns an identifier of a record as it is shown.
fn shown(identifier: &str) -> String {
    RecordIdentifier::of(identifier).to_string()
}

/// Returns the status to store; plan and conditions are for the caller to add.
pub(crate) fn to_stored(status: Status, reference: &ConnectionRef) -> PamCredentialStatus {
    PamCredentialStatus {
        observed_generation: status.observed_generation,
        id: status.id.map(|id| id.to_string()),
        identifier: status.identifier,
        former_identifier: status.former_identifier,
        connection: status.vault.map(|vault| connection_status(vault, reference)),
        last_sync_time: status.last_write.map(Time),
        source: status.source.into_iter().map(source_secret).collect(),
        digests: status.digests,
        ensured_enabled: status.ensured_enabled,
        value_held_back: status.value_withheld,
        in_flight: status.in_flight.map(in_flight_write),
        remote: status.remote.map(|Remote { change, identifier }| RemoteStatus { change, identifier }),
        corrections: status.corrections.into_iter().map(Time).collect(),
        mismatch: status.mismatch.map(|MismatchRecord { id, identifier, target }| api::MismatchRecord {
            id: id.map(|id| id.to_string()),
            identifier,
            target,
        }),
        last_handled_reconcile_at: status.handled.reconcile,
        last_handled_push_value_at: status.handled.push_value,
        plan: None,
        conditions: Vec::new(),
    }
}

/// Each action in the stored form and in the rules' form.
const ACTIONS: [(InFlightAction, WriteAction); 6] = [
    (InFlightAction::Create, WriteAction::Create),
    (InFlightAction::TakeOver, WriteAction::TakeOver),
    (InFlightAction::Update, WriteAction::Update),
    (InFlightAction::Enable, WriteAction::Enable),
    (InFlightAction::Disable, WriteAction::Disable),
    (InFlightAction::Unrecorded, WriteAction::Unrecorded),
];

fn unacked(write: &InFlightWrite) -> UnackedWrite {
    let action = ACTIONS.into_iter().find(|(stored, _)| *stored == write.action);
    UnackedWrite {
        action: action.map_or(WriteAction::Unrecorded, |(_, action)| action),
        identifier: write.identifier.clone(),
        account: write.account.clone(),
        origin: write.origin.clone(),
        former: write.former.as_deref().map(shown),
        since: write.since.0,
        value: write.value,
    }
}

fn in_flight_write(write: UnackedWrite) -> InFlightWrite {
    let action = ACTIONS.into_iter().find(|(_, action)| *action == write.action);
    InFlightWrite {
        action: action.map_or(InFlightAction::Unrecorded, |(stored, _)| stored),
        identifier: write.identifier,
        account: write.account,
        origin: write.origin,
        former: write.former,
        since: Time(write.since),
        value: write.value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ConnectionKind;
    use serde_json::json;

    fn stored() -> PamCredentialStatus {
        serde_json::from_value(json!({
            "observedGeneration": 3, "id": "17", "identifier": "c_ns_n", "formerIdentifier": "old",
            "connection": {"kind": "PamConnection", "name": "one", "origin": "https://pam", "tenant": "t",
                "requestedTenant": "T", "login": "v1:k:l"},
            "lastSyncTime": "2026-01-01T00:00:00Z",
            "source": [{"name": "s", "uid": "u", "resourceVersion": "9"}],
            "digests": {"content": "v1:k:m"}, "ensuredEnabled": true, "valueHeldBack": true,
            "inFlight": {"action": "TakeOver", "identifier": "c_ns_n", "account": "v1:k:a", "origin": "https://pam",
                "former": "f", "since": "2026-01-01T00:00:00Z", "value": true},
            "remote": {"change": "2031-01-01 10:00:00", "identifier": "i"}, "corrections": ["2026-01-01T00:00:00Z"],
            "mismatch": {"id": "18", "identifier": "j", "target": "v1:k:t"},
            "lastHandledReconcileAt": "1", "lastHandledPushValueAt": "2", "conditions": [],
        }))
        .unwrap()
    }

    #[test]
    fn a_status_comes_back_as_it_was_stored() {
        let reference = ConnectionRef { kind: ConnectionKind::ClusterPamConnection, name: "another".to_owned() };
        assert_eq!(to_stored(from_stored(&stored()), &reference), stored());
        for (action, _) in ACTIONS {
            let mut stored = stored();
            stored.in_flight.as_mut().unwrap().action = action;
            assert_eq!(to_stored(from_stored(&stored), &reference), stored);
        }
    }

    #[test]
    fn p4_what_breaks_its_rule_is_dropped_and_the_rest_of_the_status_is_kept() {
        let long = "9".repeat(900_000);
        let mut old = serde_json::to_value(stored()).unwrap();
        for (path, text) in [
            ("/id", long.as_str()),
            ("/connection/tenant", "a\r\nb"),
            ("/formerIdentifier", "\u{1b}[31m"),
            ("/inFlight/former", "a\u{202e}b"),
            ("/remote/change", "secret"),
            ("/remote/identifier", "a b"),
            ("/mismatch/id", "secret"),
            ("/lastHandledReconcileAt", &"n".repeat(900_000)),
        ] {
            *old.pointer_mut(path).unwrap() = text.into();
        }
        let status = from_stored(&serde_json::from_value(old).unwrap());
        let known = from_stored(&stored());
        let other = || Some("another one".to_owned());
        let mut expected = Status { id: None, former_identifier: other(), ..known };
        expected.vault.as_mut().unwrap().tenant = None;
        expected.in_flight.as_mut().unwrap().former = other();
        expected.remote = Some(Remote { change: None, identifier: other() });
        expected.mismatch.as_mut().unwrap().id = None;
        expected.handled.reconcile = None;
        assert_eq!(status, expected);
        assert_eq!(status.binding(None), crate::domain::Binding::Unbound);
    }

    #[test]
    fn a_status_of_an_earlier_version_keeps_id_identifier_and_digests() {
        let mut old = serde_json::to_value(stored()).unwrap();
        let fields = old.as_object_mut().unwrap();
        fields.remove("inFlight");
        fields.remove("mismatch");
        fields.insert(
            "pending".to_owned(),
            json!({"action": "Create", "identifier": "c_ns_n", "account": "v1:k:a",
            "origin": "https://pam", "since": "2026-01-01T00:00:00Z"}),
        );
        fields.insert("unsettled".to_owned(), json!({"since": "2026-01-01T00:00:00Z", "value": true}));
        fields.insert("unchecked".to_owned(), json!(true));
        fields.insert("unexpected".to_owned(), json!({"target": "v1:k:t"}));
        fields.insert("sentFields".to_owned(), json!(["tags"]));
        fields.insert(
            "formerPlaces".to_owned(),
            json!([{"id": "1", "connection": {"kind": "PamConnection", "name": "x",
            "origin": "https://other"}}]),
        );
        let read: PamCredentialStatus = serde_json::from_value(old).unwrap();
        assert_eq!(read, PamCredentialStatus { in_flight: None, mismatch: None, ..stored() });
    }
}
