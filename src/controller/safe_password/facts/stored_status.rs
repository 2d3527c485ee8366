//! From a stored status to what an object remembers, and back.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::api::{ConnectionRef, EntryCreation, EntryInFlight, MySafePasswordStatus};
use crate::controller::connection::stored_vault::{bound_vault, connection_status};
use crate::controller::secret::versions::{secret_version, source_secret};
use crate::domain::RecordId;
use crate::domain::keyed::is_entry;
use crate::domain::safe_password::{ACTIVE, CreateAttempt, InFlight, Status};

/// The longest annotation that a pass sees.
const LONGEST_REQUEST: usize = 512;

/// The largest number of attempts that counts: each is looked for in a list.
const MOST_ATTEMPTS: u32 = 1000;

/// Returns what an object remembers by its stored status. What is in no form that a version stores is dropped.
pub(crate) fn from_stored(stored: &MySafePasswordStatus) -> Status {
    Status {
        observed_generation: stored.observed_generation,
        identifier: stored.identifier.as_deref().and_then(RecordId::parse),
        attempt: stored.attempts.min(MOST_ATTEMPTS),
        vault: stored.connection.as_ref().map(bound_vault),
        last_write: stored.last_sync_time.as_ref().map(|time| time.0),
        source: stored.source.iter().map(secret_version).collect(),
        digests: known(&stored.digests, |_| false),
        in_flight: stored.in_flight.as_ref().map(in_flight),
        handled: stored.last_handled_reconcile_at.clone().filter(|text| text.len() <= LONGEST_REQUEST),
    }
}

/// Returns the status to store; plan and conditions are for the caller to add.
pub(crate) fn to_stored(status: Status, reference: &ConnectionRef) -> MySafePasswordStatus {
    MySafePasswordStatus {
        observed_generation: status.observed_generation,
        identifier: status.identifier.map(|id| id.to_string()),
        attempts: status.attempt,
        connection: status.vault.map(|vault| connection_status(vault, reference)),
        last_sync_time: status.last_write.map(Time),
        source: status.source.into_iter().map(source_secret).collect(),
        digests: status.digests,
        in_flight: status.in_flight.map(stored_in_flight),
        plan: None,
        last_handled_reconcile_at: status.handled,
        conditions: Vec::new(),
    }
}

/// Returns the digests that have a form in which one is recorded. Whether an entry is active is recorded as it is.
fn known(digests: &BTreeMap<String, String>, is_besides: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
    let is_switch = |digest: &str| ["", "true", "false"].contains(&digest.trim_start_matches('?'));
    let is_known =
        |group: &str, digest: &str| is_entry(digest) || is_besides(digest) || (group == ACTIVE && is_switch(digest));
    digests.clone().into_iter().filter(|(group, digest)| is_known(group, digest)).collect()
}

fn in_flight(stored: &EntryInFlight) -> InFlight {
    let create = stored.create.as_ref().map(|create| CreateAttempt {
        largest: create.largest_identifier.as_deref().and_then(RecordId::parse),
        looks: create.looks.clone(),
    });
    let groups = known(&stored.groups, |digest| digest == InFlight::SEVERAL);
    InFlight { create, groups, since: stored.since.0 }
}

fn stored_in_flight(write: InFlight) -> EntryInFlight {
    let create = write.create.map(|create| EntryCreation {
        largest_identifier: create.largest.map(|id| id.to_string()),
        looks: create.looks,
    });
    EntryInFlight { create, groups: write.groups, since: Time(write.since) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_status_comes_back_as_it_was_stored_and_without_what_no_version_stores() {
        let reference = ConnectionRef { kind: crate::api::ConnectionKind::PamConnection, name: "safe".to_owned() };
        let stored = json!({
            "observedGeneration": 3, "identifier": "9001", "attempts": 2,
            "connection": {"kind": "PamConnection", "name": "safe", "origin": "https://pam", "login": "v1:k:l"},
            "lastSyncTime": "2026-01-01T00:00:00Z",
            "source": [{"name": "s", "uid": "u", "resourceVersion": "9"}],
            "digests": {"content": "v1:k:m", "active": "?true", "url": "?", "secretKey": "removed"},
            "inFlight": {"create": {"largestIdentifier": "9000", "looks": "v1:k:n"},
                "groups": {"content": "v1:k:m", "active": "false", "name": ""}, "since": "2026-01-01T00:00:00Z"},
            "lastHandledReconcileAt": "1", "conditions": [],
        });
        let read: MySafePasswordStatus = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(to_stored(from_stored(&read), &reference), read);
        let mut odd = stored;
        for (path, text) in [("/identifier", "9\r\n"), ("/digests/content", "secret"), ("/digests/url", "true")] {
            *odd.pointer_mut(path).unwrap() = text.into();
        }
        let odd = from_stored(&serde_json::from_value(odd).unwrap());
        assert_eq!((odd.identifier, odd.digests.len()), (None, 2));
    }
}
