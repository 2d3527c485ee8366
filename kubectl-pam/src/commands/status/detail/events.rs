//! The last events of an object.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;
use kube::api::{Api, ListParams};
use serde::Serialize;

use crate::cluster::{Cluster, failed};
use crate::exit::Failure;
use crate::objects::PamObject;
use crate::output::age;

/// How many events are shown.
const EVENTS: usize = 5;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EventItem {
    /// When it was last seen.
    #[cfg_attr(test, schemars(with = "String"))]
    pub time: Timestamp,
    /// `Normal` or `Warning`.
    pub severity: String,
    /// Its reason.
    pub reason: String,
    /// Its text.
    pub message: String,
}

impl EventItem {
    /// Returns the event as a line.
    pub fn line(&self, now: Timestamp) -> String {
        let Self { time, severity, reason, message } = self;
        format!("event    {} ago: {severity} {reason}: {message}", age(*time, now))
    }
}

/// Reads the last events of an object, the newest last; or says why they cannot be read.
pub async fn read(cluster: &Cluster, object: &PamObject) -> Result<Result<Vec<EventItem>, String>, Failure> {
    let uid = object.object.metadata.uid.clone().unwrap_or_default();
    let params = ListParams::default().fields(&format!("involvedObject.uid={uid}"));
    // The events of an object of the whole cluster are in the namespace `default`.
    let namespace = if object.kind.is_namespaced() { object.namespace() } else { "default".to_owned() };
    let api = Api::<Event>::namespaced(cluster.client.clone(), &namespace);
    Ok(match cluster.answer("list events", api.list(&params)).await? {
        Ok(listed) => Ok(newest(listed.items.into_iter().filter_map(event).collect())),
        Err(error) => Err(failed("list events", &error).message),
    })
}

fn newest(mut events: Vec<EventItem>) -> Vec<EventItem> {
    events.sort_by_key(|event| event.time);
    events.split_off(events.len().saturating_sub(EVENTS))
}

fn event(event: Event) -> Option<EventItem> {
    let series = event.series.and_then(|series| series.last_observed_time).map(|time| time.0);
    let time = series
        .or_else(|| event.last_timestamp.map(|time| time.0))
        .or_else(|| event.event_time.map(|time| time.0))
        .or_else(|| event.metadata.creation_timestamp.map(|time| time.0))?;
    Some(EventItem {
        time,
        severity: event.type_.unwrap_or_default(),
        reason: event.reason.unwrap_or_default(),
        message: event.message.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake;
    use crate::objects::Kind;
    use kube::api::DynamicObject;
    use serde_json::{Value, json};

    fn object() -> PamObject {
        let object = DynamicObject::new("db", &Kind::PamCredential.resource()).within("shop");
        PamObject { kind: Kind::PamCredential, object }
    }

    fn listed(minutes: &[u8]) -> Value {
        let event = |minute: &u8| {
            json!({"metadata": {"name": "e"}, "involvedObject": {}, "type": "Normal", "reason": format!("R{minute}"),
                "message": "m", "lastTimestamp": format!("2026-01-01T00:{minute:02}:00Z")})
        };
        json!({"metadata": {}, "items": minutes.iter().map(event).collect::<Vec<_>>()})
    }

    #[tokio::test]
    async fn the_last_five_events_are_read_and_the_newest_is_the_last() {
        let (cluster, _) = fake::cluster(|_, _| Some(listed(&[6, 1, 7, 3, 2, 5, 4])));
        let read = read(&cluster, &object()).await.unwrap().unwrap();
        let reasons: Vec<&str> = read.iter().map(|event| event.reason.as_str()).collect();
        assert_eq!(reasons, ["R3", "R4", "R5", "R6", "R7"]);
        let now: Timestamp = "2026-01-01T00:08:00Z".parse().unwrap();
        assert_eq!(read[4].line(now), "event    60s ago: Normal R7: m");
    }

    #[tokio::test]
    async fn events_that_may_not_be_read_are_said_to_be_unread() {
        let (cluster, _) = fake::cluster(|_, _| None);
        let why = read(&cluster, &object()).await.unwrap().unwrap_err();
        assert_eq!(why, "cannot list events: Kubernetes refused (403): no");
    }
}
