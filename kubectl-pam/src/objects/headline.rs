//! What every list says first of an object.

use serde::Serialize;

use super::kind::{full_name, short_name};
use super::object::PamObject;
use crate::manual;
use pam_operator::api::ConditionType;

/// Which object it is, and what `Ready` says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Headline {
    /// Kind of the object.
    pub kind: &'static str,
    /// Its namespace; absent for an object of the whole cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// The reason of `Ready`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The message of `Ready`, or what happened instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What to do, where somebody has to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what_to_do: Option<String>,
}

impl Headline {
    /// Returns the headline of an object; `unwell` says that somebody may have to do something.
    pub fn of(object: &PamObject, unwell: bool) -> Self {
        Self {
            kind: object.kind.as_str(),
            namespace: Some(object.namespace()).filter(|namespace| !namespace.is_empty()),
            name: object.name(),
            ..Self::default()
        }
        .saying(object, unwell)
    }

    /// Returns the same headline with what `Ready` says of an object.
    pub fn saying(self, object: &PamObject, unwell: bool) -> Self {
        let ready = object.condition(ConditionType::Ready);
        let status = ready.as_ref().map(|ready| ready.reason.clone());
        let row = status.as_deref().filter(|_| unwell).and_then(manual::reason);
        Self { what_to_do: row.map(|row| row.what_to_do), message: ready.map(|ready| ready.message), status, ..self }
    }

    /// Returns the name as kubectl prints it: `pamcredential.pam-operator.io/db`.
    pub fn full_name(&self) -> String {
        full_name(self.kind, &self.name)
    }

    /// Returns the name as the user gives it: `pamcred/db`.
    pub fn short_name(&self) -> String {
        short_name(self.kind, &self.name)
    }

    /// Returns what to do as a line, where somebody has to.
    pub fn to_do(&self) -> Option<String> {
        self.what_to_do.as_ref().map(|what| format!("→ {what}"))
    }
}
