//! The operator's events. Events of others may hold anything, and are left out.

use k8s_openapi::api::core::v1::Event;
use kube::Api;
use kube::api::ListParams;
use pam_operator::api::{FIELD_MANAGER, GROUP};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::objects::Kind;

/// How many events of a kind are in the archive.
const MOST: u32 = 500;

/// Reads the events, as far as the user may see them.
pub async fn read(cluster: &Cluster) -> Vec<Value> {
    let mut events = Vec::new();
    for kind in Kind::ALL {
        let params = ListParams::default().fields(&format!("involvedObject.kind={kind}")).limit(MOST);
        let everywhere = Api::<Event>::all(cluster.client.clone());
        let mut listed = cluster.call("list events", everywhere.list(&params)).await;
        if listed.is_err() {
            let own = Api::<Event>::namespaced(cluster.client.clone(), &cluster.namespace);
            listed = cluster.call("list events", own.list(&params)).await;
        }
        events.extend(listed.into_iter().flat_map(|listed| listed.items).filter_map(|event| allowed(&event)));
    }
    events
}

fn allowed(event: &Event) -> Option<Value> {
    let object = &event.involved_object;
    let of_us = object.api_version.as_deref().is_some_and(|version| version.starts_with(GROUP));
    let source = event.source.as_ref().and_then(|source| source.component.as_deref());
    let by_us = event.reporting_component.as_deref().or(source) == Some(FIELD_MANAGER);
    let time = event.event_time.as_ref().map(|time| time.0).or(event.last_timestamp.as_ref().map(|time| time.0));
    (of_us && by_us).then(|| {
        json!({
            "kind": object.kind, "namespace": object.namespace, "name": object.name, "type": event.type_,
            "reason": event.reason, "message": event.message, "time": time, "count": event.count,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_operators_own_events_are_in_it() {
        let event = |by: &str| -> Event {
            serde_json::from_value(json!({
                "metadata": {"name": "e", "annotations": {"x": "CANARY"}},
                "involvedObject": {"apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredential", "name": "db"},
                "reportingComponent": by, "reason": "Pushed", "message": "m", "action": "CANARY",
            }))
            .unwrap()
        };
        let own = allowed(&event("pam-operator")).unwrap();
        assert!(own["message"] == "m" && !own.to_string().contains("CANARY"), "{own}");
        assert_eq!(allowed(&event("somebody")), None);
    }
}
