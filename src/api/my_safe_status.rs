//! What the operator writes into the `status` of a MySafePassword. No byte of a secret, and nothing that lets a reader guess
//! one, or the tag of an entry (P8).

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::conditions::Conditioned;
use super::source::SourceSecret;
use super::status::ConnectionStatus;

/// What is known of the object's entry in MySafe.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MySafePasswordStatus {
    /// The `metadata.generation` that this status describes; -1 until the operator has looked at the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The identifier that MySafe gave the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub identifier: Option<String>,
    /// How many entries the operator began to make for this object: one, or more where a creation got no answer and MySafe
    /// then showed no entry of it. The tag of an entry is made from this number with the operator's own key.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// The MySafe in which the entry was last written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionStatus>,
    /// When MySafe last accepted a write for this object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sync_time: Option<Time>,
    /// The Secrets that the digests are of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 3), extend("x-kubernetes-list-type" = "atomic"))]
    pub source: Vec<SourceSecret>,
    /// Internal. Digests of what MySafe last accepted, by field. Those of secret values are keyed (`v1:{key
    /// id}:{mac}`), so that readers of this object cannot test passwords against them. One that begins with `?` is in
    /// doubt: a later write of the field has no answer yet.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16, "additionalProperties" = {"type": "string", "maxLength": 128}))]
    pub digests: BTreeMap<String, String>,
    /// The write that has no answer yet, or is about to be sent; several of them are one here. MySafe may execute it up to 90 s
    /// later. Not for users to edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<EntryInFlight>,
    /// What `spec.mode: Apply` would do now. Only while `spec.mode` is `Plan`, or the operator runs with `planOnly`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<EntryPlan>,
    /// The last value of the annotation `pam-operator.io/reconcile-requested-at` that was acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub last_handled_reconcile_at: Option<String>,
    /// `Ready`, with `Reconciling` or `Stalled` beside it while it is not, `Suspended` while `spec.suspend` is set,
    /// `Drifted` while MySafe's list shows the entry otherwise than it was written, and `SharingIncomplete` while
    /// MySafe has not shared the entry with everyone whom the spec names.
    #[serde(default)]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

impl Conditioned for MySafePasswordStatus {
    fn conditions(&self) -> &Vec<Condition> {
        &self.conditions
    }

    fn conditions_mut(&mut self) -> &mut Vec<Condition> {
        &mut self.conditions
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// A write that is about to be sent, or was sent and has no answer.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryInFlight {
    /// The creation, if the write makes an entry. Absent for a write to the entry of `status.identifier`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create: Option<EntryCreation>,
    /// Digests of what the write carries, by field, as in `status.digests`; empty texts where several writes carry different
    /// things.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16, "additionalProperties" = {"type": "string", "maxLength": 128}))]
    pub groups: BTreeMap<String, String>,
    /// When the write was about to be sent, or was found to have no answer.
    pub since: Time,
}

/// What finds an entry again whose creation got no answer, beside its tag.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryCreation {
    /// The largest identifier that MySafe's list showed before. The new entry has a larger one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub largest_identifier: Option<String>,
    /// Keyed digest of name, username and address. While the list shows another newer entry that looks the same, no second
    /// entry is made.
    #[schemars(length(max = 128))]
    pub looks: String,
}

/// What would be done.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryPlan {
    /// What would be done first.
    pub action: EntryPlanAction,
    /// Identifier of the entry that would be written; absent where one would be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub identifier: Option<String>,
    /// The fields that would be sent. One that comes from another Secret than those of the last write is among them whether
    /// or not MySafe has what that Secret holds: a plan does not tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 64)), extend("x-kubernetes-list-type" = "set"))]
    pub groups: Vec<String>,
}

/// What would be done first.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum EntryPlanAction {
    /// Nothing is due.
    #[default]
    Nothing,
    /// An entry would be made.
    Create,
    /// The entry that `spec.identifier` names, or that a creation without an answer made, would become this object's.
    Adopt,
    /// The object's own entry would be written.
    Update,
    /// The entry would be activated.
    Activate,
    /// The entry would be deactivated.
    Deactivate,
    /// Nothing can be done now, for the reason that `Ready` gives.
    Blocked,
}
