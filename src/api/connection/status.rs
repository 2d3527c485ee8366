//! What the operator writes into the `status` of a connection.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::conditions::Conditioned;
use crate::api::source::SourceSecret;

/// What is known of the PAM.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PamConnectionStatus {
    /// The `metadata.generation` that this status describes; -1 until the operator has looked at the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The name under which this cluster's generated identifiers begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_name: Option<String>,
    /// Internal. The Secret and the CA bundle that the last login was tried with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub source: Vec<SourceSecret>,
    /// Internal. Keyed digest of the login data used last. After a restart the operator does not repeat a login that is
    /// known to fail or to work.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digests: BTreeMap<String, String>,
    /// How many objects refer to this connection: of kind PamCredential, or of kind MySafePassword.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<i64>,
    /// What the last list showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<InventoryStatus>,
    /// While the brake is on: how many credentials that are being deleted wait for their records to be disabled. It is
    /// the number that the annotation `pam-operator.io/confirm-disable` confirms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_disables: Option<i64>,
    /// The namespaces of these credentials, as many as there is room for. The annotation's value `<namespace>=<count>`
    /// confirms the number of one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "atomic"))]
    pub held_namespaces: Vec<HeldNamespace>,
    /// Internal. The disables that count for `spec.disableBrake`, noted before they are sent, so that a restart forgets
    /// none of them. Those that are older than its window stay here until the next one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "atomic"))]
    pub recent_disables: Vec<RecentDisables>,
    /// The value of the annotation `pam-operator.io/confirm-disable` that was last looked at (its beginning), or that
    /// was there when the brake came on. It does not count again until the annotation was removed or changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 96))]
    pub last_handled_confirm_disable: Option<String>,
    /// `Ready`, with `Reconciling` or `Stalled` beside it while it is not. Present only while true: `InventoryIncomplete`
    /// while the list cannot be trusted, `VaultRestored` while it shows records older than they were, `DisablesHeld` while
    /// the brake holds disables back.
    #[serde(default)]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

impl Conditioned for PamConnectionStatus {
    fn conditions(&self) -> &Vec<Condition> {
        &self.conditions
    }

    fn conditions_mut(&mut self) -> &mut Vec<Condition> {
        &mut self.conditions
    }
}

/// What the last list showed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryStatus {
    /// How many records it held.
    pub records: i64,
    /// False while it cannot be trusted: then nothing is created, corrected or disabled. It may be true while single
    /// `namespaces` are held.
    pub complete: bool,
    /// Number of known records that were missing in the last list, or had another account. Set only when this number is
    /// above the safety limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<i64>,
    /// How many records this cluster knew then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<i64>,
    /// How many records it showed older than they were, as after a restore from a backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub older: Option<i64>,
    /// The namespaces of which too many records were missing or had another account, while those of the others are as
    /// they are known: nothing is created, corrected or disabled in these alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "atomic"))]
    pub namespaces: Vec<NamespaceInventory>,
}

/// What the last list showed of the records of a namespace.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceInventory {
    /// Whose records they are.
    #[schemars(length(max = 63))]
    pub namespace: String,
    /// How many of them were missing, or had another account.
    pub missing: i64,
    /// How many were known then.
    pub known: i64,
    /// True after the number was confirmed: then the namespace is not stopped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirmed: bool,
}

/// Credentials of a namespace that wait for their records to be disabled.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldNamespace {
    /// Where they are.
    #[schemars(length(max = 63))]
    pub namespace: String,
    /// How many they are.
    pub count: i64,
}

/// Disables of about the same time.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecentDisables {
    /// The namespace of their objects. Absent: of the namespaces that are not named, all together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub namespace: Option<String>,
    /// When the last of them was sent.
    pub time: Time,
    /// How many there were.
    pub count: i64,
}
