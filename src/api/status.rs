//! What the operator writes into a credential's `status`. No byte of a secret, and nothing that lets a
//! reader guess one (P8).

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::conditions::Conditioned;
use super::refs::ConnectionKind;
use super::source::SourceSecret;

/// What is known of the credential's record in the PAM.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PamCredentialStatus {
    /// The `metadata.generation` that this status describes; -1 until the operator has looked at the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The PAM's id of the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub id: Option<String>,
    /// The identifier that is sent to the PAM for this credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub identifier: Option<String>,
    /// The identifier that the record had before this credential took it over (`spec.adoptionPolicy: TakeOver`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub former_identifier: Option<String>,
    /// The PAM in which the record was last written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionStatus>,
    /// When the PAM last accepted a write for this credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sync_time: Option<Time>,
    /// Internal. The Secrets that the last write was made from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub source: Vec<SourceSecret>,
    /// Internal. Digests of what was last sent, by group of fields. Those of secret values are keyed (`v1:{key
    /// id}:{mac}`), so that readers of this object cannot test passwords against them. One that begins with `?` is in
    /// doubt: a later write of the group has no answer yet.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digests: BTreeMap<String, String>,
    /// Internal. True if the operator created or enabled the record. False if the record existed before; it can then be
    /// disabled in the PAM.
    #[serde(default, skip_serializing_if = "is_false")]
    pub ensured_enabled: bool,
    /// True while the record has the vault's value, since the value of the Secret was withheld (`Adopted`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub value_held_back: bool,
    /// Internal. The one write that has no answer yet, or is about to be sent. The PAM may execute the write up to 90 s
    /// later, and so overwrite what the operator has sent in the meantime; then the newest state is sent again. Not for
    /// users to edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<InFlightWrite>,
    /// Internal. What the PAM's list showed of the record after the last write. Absent until a list shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<RemoteStatus>,
    /// Internal. When the record was written again because it had been changed in the PAM (`spec.driftPolicy:
    /// Correct`), since the last write for another cause.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 3), extend("x-kubernetes-list-type" = "atomic"))]
    pub corrections: Vec<Time>,
    /// What `spec.mode: Apply` would do now. Only while `spec.mode` is `Plan`, or the operator runs with `planOnly`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// A record that the PAM named in an answer where another was expected. While it is here, nothing is
    /// written for the same account unless the PAM's list shows that the record is this credential's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<MismatchRecord>,
    /// The last value of the annotation `pam-operator.io/reconcile-requested-at` that was acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub last_handled_reconcile_at: Option<String>,
    /// The last value of the annotation `pam-operator.io/push-value-requested-at` that was acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub last_handled_push_value_at: Option<String>,
    /// `Ready`, with `Reconciling` or `Stalled` beside it while it is not, `Suspended` while `spec.suspend` is set, and
    /// `Drifted` while the PAM's list shows the record otherwise than it was written.
    #[serde(default)]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

impl Conditioned for PamCredentialStatus {
    fn conditions(&self) -> &Vec<Condition> {
        &self.conditions
    }

    fn conditions_mut(&mut self) -> &mut Vec<Condition> {
        &mut self.conditions
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// What the PAM's list showed of the record after the last write.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RemoteStatus {
    /// Last-change time of the record as text from the PAM. The operator only checks whether it changed; do not parse
    /// it. Absent where the list shows what cannot be a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40))]
    pub change: Option<String>,
    /// The identifier that the list shows, if it is another than `status.identifier`: `another one` where it has characters
    /// that no identifier may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub identifier: Option<String>,
}

/// What would be done.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// What would be sent to the PAM first.
    pub action: PlanAction,
    /// The PAM's id of the record that would be written, enabled or disabled; absent where one would be created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub id: Option<String>,
    /// The identifier that would be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub identifier: Option<String>,
    /// The identifier that the record has now and would lose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub former_identifier: Option<String>,
    /// The groups of fields that would be sent, beside identifier, username, hostname and ip, which always are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "set"))]
    pub groups: Vec<String>,
    /// Whether the value would be sent, or why not.
    pub value: PlannedValue,
    /// Ids of records that have the same username and only one of hostname and ip, or an account that looks like this one
    /// (accented, full-width or dotless letters): possible matches, which are not touched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), inner(length(max = 20)), extend("x-kubernetes-list-type" = "set"))]
    pub possible_matches: Vec<String>,
}

/// What would be sent to the PAM first.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum PlanAction {
    /// Nothing is due.
    #[default]
    Nothing,
    /// A record would be created.
    Create,
    /// The credential's own record would be written.
    Update,
    /// An existing record would be written, and no other identifier is lost.
    Adopt,
    /// Another identifier's or another account's record would be written.
    TakeOver,
    /// The record would be written again, since it was changed in the PAM.
    Correct,
    /// The record would be enabled.
    Enable,
    /// The record would be disabled.
    Disable,
    /// Nothing can be done now, for the reason that `Ready` gives.
    Blocked,
}

/// Whether the value would be sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum PlannedValue {
    /// The spec names none.
    #[default]
    None,
    /// It would be sent.
    Sent,
    /// It would not: the PAM has it.
    Unchanged,
    /// It would not: the vault rotates it, or may hold a newer one.
    HeldBack,
    /// Not told: the spec names another Secret than those of the last write. A plan would otherwise tell readers who
    /// have no access to Secrets whether both hold the same value.
    Undisclosed,
}

/// A write that is about to be sent, or was sent and has no answer.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InFlightWrite {
    /// What the write is to do.
    pub action: InFlightAction,
    /// The identifier that the write carries.
    #[schemars(length(max = 255))]
    pub identifier: String,
    /// Keyed digest of username, hostname and ip: a username may come from a Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The PAM that the write goes to: scheme, host, port and path.
    pub origin: String,
    /// The identifier that the record had before, where it has another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub former: Option<String>,
    /// When the write was about to be sent, or was found to have no answer.
    pub since: Time,
    /// True if the write carries the value.
    #[serde(default, skip_serializing_if = "is_false")]
    pub value: bool,
}

/// What a write is to do.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum InFlightAction {
    /// Create a record.
    Create,
    /// Write onto another identifier's or another account's record.
    TakeOver,
    /// Update a record.
    Update,
    /// Enable a record.
    Enable,
    /// Disable a record.
    Disable,
    /// Unknown: an earlier process of the operator may have sent a write that it did not record. The PAM's list is compared
    /// for that, once it can be.
    Unrecorded,
}

/// The PAM that a record is in.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionStatus {
    /// Kind of the connection that was used.
    pub kind: ConnectionKind,
    /// Name of the connection that was used.
    pub name: String,
    /// Where the PAM was: scheme, host, port and path.
    pub origin: String,
    /// The tenant, as the PAM named it in its answer. Absent where the answer names none that can be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub tenant: Option<String>,
    /// The tenant that the connection's login asked for, if it asked for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub requested_tenant: Option<String>,
    /// Keyed digest of the OAuth client id that logged in: another client may be another tenant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
}

/// A record that the PAM named in an answer where another was expected.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MismatchRecord {
    /// The PAM's id of that record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub id: Option<String>,
    /// The identifier that the PAM gave for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub identifier: Option<String>,
    /// Keyed digest of the vault, identifier and account that the write was for.
    pub target: String,
}
