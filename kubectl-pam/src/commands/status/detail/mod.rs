//! What is shown of an object that was asked for by name: what it claims, its Secrets, its plan and its last events.

mod claims;
mod events;
mod secrets;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use self::claims::Claims;
use self::events::EventItem;
use self::secrets::{SecretItem, Used};
use crate::cluster::Cluster;
use crate::exit::Failure;
use crate::objects::PamObject;
use crate::output::age;

/// More of one object.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Detail {
    /// What the object claims in the PAM; absent for a connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claims: Option<Claims>,
    /// Where the PAM is that has the record: scheme, host, port and path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The tenant that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// A write that has no answer yet, as `status.inFlight` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<Value>,
    /// The Secrets that the spec refers to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretItem>,
    /// What `spec.mode: Apply` would do, as `status.plan` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Value>,
    /// The last events, the newest last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventItem>,
    /// Why the events could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events_unread: Option<String>,
}

impl Detail {
    /// Reads the details of an object. What the user may not read is said to be unread.
    pub async fn read(cluster: &Cluster, object: &PamObject) -> Result<Self, Failure> {
        let text = |pointer: &str| object.text(pointer).map(str::to_owned);
        let events = events::read(cluster, object).await?;
        Ok(Self {
            claims: Claims::of(object),
            origin: text("/status/connection/origin"),
            tenant: text("/status/connection/tenant"),
            in_flight: object.value("/status/inFlight").cloned(),
            secrets: secrets::read(cluster, object).await?,
            plan: object.value("/status/plan").cloned(),
            events_unread: events.as_ref().err().cloned(),
            events: events.unwrap_or_default(),
        })
    }

    /// Returns the details as lines; `last_sync` is when the PAM last accepted a write.
    pub fn lines(&self, last_sync: Option<Timestamp>, now: Timestamp) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(claims) = &self.claims {
            lines.extend(claims.lines());
        }
        if let Some(origin) = &self.origin {
            let tenant = self.tenant.as_ref().map(|tenant| format!(", tenant {tenant}")).unwrap_or_default();
            lines.push(format!("vault    {origin}{tenant}"));
        }
        if self.claims.is_some() {
            let pushed = last_sync.map_or_else(|| "not yet".to_owned(), |time| format!("{} ago", age(time, now)));
            lines.push(format!("pushed   {pushed}"));
        }
        let used = if self.claims.is_some() { Used::ByPush } else { Used::ByLogin };
        lines.extend(self.secrets.iter().map(|secret| secret.line(used, now)));
        lines.extend(self.in_flight.as_ref().map(|write| format!("flight   {}", one_line(write))));
        lines.extend(self.plan.as_ref().map(|plan| format!("plan     {}", one_line(plan))));
        lines.extend(self.events.iter().map(|event| event.line(now)));
        lines.extend(self.events_unread.as_ref().map(|why| format!("event    {why}")));
        lines
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_details_are_lines_without_anything_of_a_secret() {
        let now: Timestamp = "2026-01-01T00:10:00Z".parse().unwrap();
        let before = now.checked_sub(jiff::SignedDuration::from_secs(300)).ok();
        let detail = Detail {
            claims: Some(Claims { username: Some("svc".to_owned()), ..Claims::default() }),
            origin: Some("https://pam.example.com".to_owned()),
            tenant: Some("one".to_owned()),
            secrets: vec![SecretItem {
                name: "db".to_owned(),
                state: "Changed",
                changed: before,
                ..SecretItem::default()
            }],
            in_flight: Some(json!({"action": "Update", "value": true})),
            plan: Some(json!({"action": "Update", "groups": ["notes", "tags"], "value": "Sent"})),
            events: vec![EventItem {
                time: now,
                severity: "Normal".to_owned(),
                reason: "Pushed".to_owned(),
                message: "m".to_owned(),
            }],
            events_unread: None,
        };
        assert_eq!(
            detail.lines(before, now),
            [
                "account  svc at  ()",
                "record   none yet",
                "vault    https://pam.example.com, tenant one",
                "pushed   5m ago",
                "secret   db: changed since the last push, last changed 5m ago",
                "flight   action=Update value=true",
                "plan     action=Update groups=notes,tags value=Sent",
                "event    0s ago: Normal Pushed: m",
            ]
        );
    }

    #[test]
    fn what_never_was_and_what_could_not_be_read_is_said() {
        let unread = Some("cannot list events: refused".to_owned());
        let detail = Detail { claims: Some(Claims::default()), events_unread: unread, ..Detail::default() };
        let lines = detail.lines(None, Timestamp::UNIX_EPOCH);
        assert_eq!(lines[2..], ["pushed   not yet", "event    cannot list events: refused"]);
        let of_connection = Detail { claims: None, ..detail }.lines(None, Timestamp::UNIX_EPOCH);
        assert_eq!(of_connection, ["event    cannot list events: refused"], "a connection is not pushed");
    }
}
