//! What is shown of one object.

use jiff::Timestamp;
use pam_operator::api::ConditionType;
use serde::Serialize;

use super::detail::Detail;
use crate::manual;
use crate::objects::{Headline, Kind, PamObject};
use crate::output::{Cell, Tone};

/// Conditions that say something besides `Ready`, and are there only while true.
const BESIDES: [ConditionType; 5] = [
    ConditionType::Drifted,
    ConditionType::SharingIncomplete,
    ConditionType::InventoryIncomplete,
    ConditionType::VaultRestored,
    ConditionType::DisablesHeld,
];

/// One object, as the operator's status tells of it.
#[allow(clippy::struct_excessive_bools, reason = "each is one independent fact")]
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StatusItem {
    /// Which object it is, and what `Ready` says of it.
    #[serde(flatten)]
    pub headline: Headline,
    /// True if `Ready` is true for the newest version of the spec.
    pub ready: bool,
    /// What the condition `Ready` says: `True`, `False` or `Unknown`. Absent while nobody has looked at the object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready_status: Option<String>,
    /// False while the status speaks of an older version of the spec.
    pub observed: bool,
    /// True if the operator does nothing until somebody changes something.
    pub stalled: bool,
    /// True while `spec.suspend` is set.
    pub suspended: bool,
    /// What else the operator says, where it is true: `Drifted`, `SharingIncomplete`, `InventoryIncomplete`, `VaultRestored`,
    /// `DisablesHeld`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<AlsoSaid>,
    /// The PAM's id of the record, or MySafe's identifier of the entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The identifier of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// The hostname of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// The connection that the object refers to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionItem>,
    /// When the PAM last accepted a write.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub last_sync: Option<Timestamp>,
    /// When the object was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub created: Option<Timestamp>,
    /// More of an object that was asked for by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail>,
}

/// A condition besides `Ready`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AlsoSaid {
    /// Type of the condition.
    pub condition: &'static str,
    /// Its reason.
    pub reason: String,
    /// Its message.
    pub message: String,
}

/// A connection, by kind and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConnectionItem {
    /// Kind of the connection.
    pub kind: String,
    /// Its name.
    pub name: String,
}

impl StatusItem {
    /// Returns what is shown of an object, without what only its own view shows.
    pub fn of(object: &PamObject) -> Self {
        let ready = object.condition(ConditionType::Ready);
        let observed = object.is_observed();
        let is_ready = observed && object.is(ConditionType::Ready);
        let text = |pointer: &str| object.text(pointer).map(str::to_owned);
        let (id, identifier) = match object.kind {
            Kind::MySafePassword => (text("/status/identifier"), None),
            _ => (text("/status/id"), text("/status/identifier")),
        };
        Self {
            headline: Headline::of(object, !is_ready),
            ready: is_ready,
            ready_status: ready.map(|ready| ready.status),
            observed,
            stalled: object.is(ConditionType::Stalled),
            suspended: object.is(ConditionType::Suspended),
            also: BESIDES.into_iter().filter_map(|kind| also_said(object, kind)).collect(),
            id,
            identifier,
            hostname: text("/spec/hostname"),
            connection: object.connection().map(|connection| ConnectionItem {
                kind: connection.kind.map(|kind| format!("{kind:?}")).unwrap_or_default(),
                name: connection.name,
            }),
            last_sync: object.text("/status/lastSyncTime").and_then(|time| time.parse().ok()),
            created: object.object.metadata.creation_timestamp.as_ref().map(|time| time.0),
            detail: None,
        }
    }

    /// Returns what the column READY shows.
    pub fn ready_text(&self) -> &str {
        match &self.ready_status {
            Some(status) if self.observed => status,
            _ => "Unknown",
        }
    }

    /// Returns the tone of the object's state.
    pub const fn tone(&self) -> Tone {
        match (self.ready, self.stalled) {
            (true, _) => Tone::Good,
            (false, true) => Tone::Bad,
            (false, false) => Tone::Waiting,
        }
    }

    /// Returns the columns of the wide table.
    pub fn more(&self) -> [Cell; 5] {
        let drifted = self.also.iter().find(|said| said.condition == ConditionType::Drifted.as_str());
        [
            Cell::from(self.identifier.clone().unwrap_or_default()),
            Cell::from(self.hostname.clone().unwrap_or_default()),
            Cell::from(self.connection.as_ref().map(|connection| connection.name.clone()).unwrap_or_default()),
            Cell::from(drifted.map(|said| said.reason.clone()).unwrap_or_default()),
            Cell::from(if self.suspended { "True" } else { "" }),
        ]
    }

    /// Returns the lines below the object's own.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.headline.status.is_none() {
            notes.push("the operator has not looked at it yet".to_owned());
            notes.extend(manual::reason("Progressing").map(|row| format!("→ {}", row.what_to_do)));
        } else if !self.observed {
            notes.push("the operator has not looked at the newest version of the spec yet".to_owned());
        } else if !self.ready {
            notes.extend(self.headline.message.clone());
            notes.extend(self.headline.to_do());
        }
        notes.extend(self.also.iter().map(|said| format!("{}: {}", said.condition, said.message)));
        notes
    }
}

fn also_said(object: &PamObject, kind: ConditionType) -> Option<AlsoSaid> {
    let condition = object.condition(kind).filter(|condition| condition.status == "True")?;
    Some(AlsoSaid { condition: kind.as_str(), reason: condition.reason, message: condition.message })
}
