//! What is shown of an object that was asked for by name: its record, its Secrets, its plan and its last events.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Secret};
use kube::api::{Api, ListParams};
use serde::Serialize;
use serde_json::Value;

use crate::cluster::{Cluster, code};
use crate::exit::Failure;
use crate::objects::PamObject;
use crate::output::age;

/// How many events are shown.
const EVENTS: usize = 5;

/// More of one object.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Detail {
    /// Where the PAM is that has the record: scheme, host, port and path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The tenant that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// A write that has no answer yet, as `status.inFlight` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<Value>,
    /// The Secrets that the last write was made from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretItem>,
    /// What `spec.mode: Apply` would do, as `status.plan` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Value>,
    /// The last events, the newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventItem>,
}

/// One Secret, without anything that is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SecretItem {
    /// Name of the Secret.
    pub name: String,
    /// `Pushed`: the last write was made from this version. `Changed`: it has another version now. `Missing`: it is not there.
    /// `Unknown`: you may not read it.
    pub state: &'static str,
    /// When the Secret was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub created: Option<Timestamp>,
}

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

impl Detail {
    /// Reads the details of an object. What the user may not read is left out.
    pub async fn read(cluster: &Cluster, object: &PamObject) -> Result<Self, Failure> {
        let text = |pointer: &str| object.text(pointer).map(str::to_owned);
        let mut secrets = Vec::new();
        for source in object.value("/status/source").and_then(Value::as_array).into_iter().flatten() {
            secrets.push(secret(cluster, &object.namespace(), source).await?);
        }
        Ok(Self {
            origin: text("/status/connection/origin"),
            tenant: text("/status/connection/tenant"),
            in_flight: object.value("/status/inFlight").cloned(),
            secrets,
            plan: object.value("/status/plan").cloned(),
            events: events(cluster, object).await?,
        })
    }

    /// Returns the details as lines.
    pub fn lines(&self, now: Timestamp) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(origin) = &self.origin {
            let tenant = self.tenant.as_ref().map(|tenant| format!(", tenant {tenant}")).unwrap_or_default();
            lines.push(format!("vault    {origin}{tenant}"));
        }
        for secret in &self.secrets {
            let age = secret.created.map(|created| format!(", {} old", age(created, now))).unwrap_or_default();
            lines.push(format!("secret   {}: {}{age}", secret.name, state_in_words(secret.state)));
        }
        if let Some(write) = &self.in_flight {
            lines.push(format!("in flight {}", one_line(write)));
        }
        if let Some(plan) = &self.plan {
            lines.push(format!("plan     {}", one_line(plan)));
        }
        let event = |event: &EventItem| {
            format!("event    {} ago: {} {}: {}", age(event.time, now), event.severity, event.reason, event.message)
        };
        lines.extend(self.events.iter().map(event));
        lines
    }
}

fn state_in_words(state: &str) -> &'static str {
    match state {
        "Pushed" => "as it was pushed",
        "Changed" => "changed since the last push",
        "Missing" => "not there",
        _ => "you may not read it",
    }
}

/// Returns the fields of an object of the status, without what has no value.
fn one_line(value: &Value) -> String {
    let fields = value.as_object().into_iter().flatten();
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(|item| item.as_str().unwrap_or_default()).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    };
    fields.map(|(name, value)| format!("{name}={}", text(value))).collect::<Vec<_>>().join(" ")
}

/// Compares a Secret with the version that the last write was made from. Only its metadata is asked for.
async fn secret(cluster: &Cluster, namespace: &str, source: &Value) -> Result<SecretItem, Failure> {
    let field = |name: &str| source[name].as_str().unwrap_or_default().to_owned();
    let name = field("name");
    let api = Api::<Secret>::namespaced(cluster.client.clone(), namespace);
    let (state, created) = match cluster.answer(&format!("look at Secret {name}"), api.get_metadata(&name)).await? {
        Ok(found) => {
            let meta = found.metadata;
            let same = meta.uid == Some(field("uid")) && meta.resource_version == Some(field("resourceVersion"));
            (if same { "Pushed" } else { "Changed" }, meta.creation_timestamp.map(|time| time.0))
        }
        Err(error) if code(&error) == Some(404) => ("Missing", None),
        Err(_) => ("Unknown", None),
    };
    Ok(SecretItem { name, state, created })
}

async fn events(cluster: &Cluster, object: &PamObject) -> Result<Vec<EventItem>, Failure> {
    let uid = object.object.metadata.uid.clone().unwrap_or_default();
    let params = ListParams::default().fields(&format!("involvedObject.uid={uid}"));
    // The events of an object of the whole cluster are in the namespace `default`.
    let namespace = if object.kind.is_namespaced() { object.namespace() } else { "default".to_owned() };
    let api = Api::<Event>::namespaced(cluster.client.clone(), &namespace);
    let Ok(listed) = cluster.answer("list events", api.list(&params)).await? else { return Ok(Vec::new()) };
    let mut events: Vec<EventItem> = listed.items.into_iter().filter_map(event).collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.time));
    events.truncate(EVENTS);
    Ok(events)
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
    use serde_json::json;

    #[test]
    fn the_details_are_lines_without_anything_of_a_secret() {
        let now: Timestamp = "2026-01-01T00:10:00Z".parse().unwrap();
        let detail = Detail {
            origin: Some("https://pam.example.com".to_owned()),
            tenant: Some("one".to_owned()),
            secrets: vec![SecretItem {
                name: "db".to_owned(),
                state: "Changed",
                created: now.checked_sub(jiff::SignedDuration::from_secs(300)).ok(),
            }],
            plan: Some(json!({"action": "Update", "groups": ["notes", "tags"], "value": "Sent"})),
            events: vec![EventItem {
                time: now,
                severity: "Normal".to_owned(),
                reason: "Pushed".to_owned(),
                message: "m".to_owned(),
            }],
            ..Detail::default()
        };
        assert_eq!(
            detail.lines(now),
            [
                "vault    https://pam.example.com, tenant one",
                "secret   db: changed since the last push, 5m old",
                "plan     action=Update groups=notes,tags value=Sent",
                "event    0s ago: Normal Pushed: m",
            ]
        );
    }
}
