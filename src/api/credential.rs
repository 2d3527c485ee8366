//! `PamCredential`: one credential of a PAM, kept equal to a Secret.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::refs::{ConnectionRef, ContentSecretRef, UsernameSecretRef};
use super::settings::{AdditionalSettings, DeviceSettings, ExecutionSettings, JitSettings, SessionSettings};
use super::status::PamCredentialStatus;
use super::validation::{CLEAN_TEXT, FREE_TEXT, LIST_ITEM};

/// API 2.1: letters, digits, `_`, `-` and `.`.
pub(super) const IDENTIFIER: &str = r"^[A-Za-z0-9._-]{1,255}$";

/// One credential in a PAM (privileged access management) vault.
///
/// The operator reads the value from the Secret that `contentSecretRef` names, creates or updates the credential
/// through the PAM's API, and writes the PAM's id and identifier into `status`. A Secret that changes is pushed
/// immediately; nothing is sent while nothing changes. Deleting this object leaves the record in the PAM as it is,
/// unless `deletionPolicy` says otherwise.
#[derive(Clone, CustomResource, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[kube(
    group = "pam-operator.io",
    version = "v1alpha1",
    kind = "PamCredential",
    plural = "pamcredentials",
    shortname = "pamcred",
    category = "pam",
    namespaced,
    status = "PamCredentialStatus",
    derive = "PartialEq",
    doc = "One credential in a PAM (privileged access management) vault, kept equal to a Secret of this cluster.",
    validation = Rule::new(
        "!has(oldSelf.status) || !has(oldSelf.status.identifier) || \
         (has(self.spec.identifier) ? self.spec.identifier == oldSelf.status.identifier || \
         (has(oldSelf.spec.identifier) && self.spec.identifier == oldSelf.spec.identifier) : !has(oldSelf.spec.identifier))"
    ).message("spec.identifier cannot change once status.identifier is set: the record in the PAM is known by it. Writing down the identifier that status shows is allowed; for another one, create a new PamCredential"),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Status", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "ID", type_ = "string", json_path = ".status.id"),
    printcolumn(name = "Identifier", type_ = "string", json_path = ".status.identifier"),
    printcolumn(name = "Last Sync", type_ = "date", json_path = ".status.lastSyncTime"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Hostname", type_ = "string", json_path = ".spec.hostname", priority = "1"),
    printcolumn(name = "Connection", type_ = "string", json_path = ".spec.connectionRef.name", priority = "1"),
    printcolumn(name = "Drifted", type_ = "string", json_path = r#".status.conditions[?(@.type=="Drifted")].reason"#, priority = "1"),
    printcolumn(name = "Suspended", type_ = "string", json_path = r#".status.conditions[?(@.type=="Suspended")].status"#, priority = "1"),
    printcolumn(name = "Message", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].message"#, priority = "1")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.username) != has(self.usernameSecretRef)").message("give exactly one of username and usernameSecretRef"),
    validation = Rule::new("self.driftPolicy != 'Correct' || !has(self.executionSettings) || !has(self.executionSettings.automaticChange) || !self.executionSettings.automaticChange").message("driftPolicy Correct does not go with executionSettings.automaticChange: the vault changes the value by itself then; use Report"),
    validation = Rule::new("!(has(self.parentPassword) && has(self.contentSecretRef))").message("give contentSecretRef or parentPassword, not both: with parentPassword the value is the parent's")
)]
pub struct PamCredentialSpec {
    /// The connection to the PAM that holds this credential. Defaults to the ClusterPamConnection named `default`.
    #[serde(default)]
    pub connection_ref: ConnectionRef,
    /// The identifier under which the PAM knows this credential: letters, digits, `_`, `-` and `.`.
    /// When absent it is `{clusterName}_{namespace}_{name}`, with every other character turned to `-`, and
    /// cut to 64 characters with a short hash at the end where that changes it. Can be changed until `status.identifier` is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = IDENTIFIER), length(min = 1, max = 255))]
    pub identifier: Option<String>,
    /// Name of the account. Give either this or `usernameSecretRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = CLEAN_TEXT), length(min = 1, max = 255))]
    pub username: Option<String>,
    /// Where to read the name of the account from. Give either this or `username`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username_secret_ref: Option<UsernameSecretRef>,
    /// Hostname of the device the account is on. The device must exist in the PAM.
    #[schemars(regex(pattern = CLEAN_TEXT), length(min = 1, max = 255))]
    pub hostname: String,
    /// Address of that device as the PAM knows it: an IP address, a DNS name or a URL.
    #[schemars(regex(pattern = CLEAN_TEXT), length(min = 1, max = 255))]
    pub ip: String,
    /// The Secret that holds the value (the password). Without it no value is ever sent: the vault owns the value. The
    /// PAM takes UTF-8 text of at most 256 characters, and of 70 where the vault rotates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_secret_ref: Option<ContentSecretRef>,
    /// Additional information on the credential, as free text. Removing it here leaves the PAM's text as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = FREE_TEXT), length(min = 1, max = 4096))]
    pub additional: Option<String>,
    /// Keywords on the credential. The whole list is replaced in the PAM. No commas, since a comma
    /// separates them there. Removing the list here leaves the PAM's tags as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), inner(regex(pattern = LIST_ITEM), length(min = 1, max = 128)))]
    pub tags: Option<Vec<String>>,
    /// Type of the credential, such as `Local User` (the PAM's default), `Local administrator` or `Domain user`.
    /// Some versions of the PAM create a type that they do not know. Removing it here leaves it as it is in the PAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = CLEAN_TEXT), length(min = 1, max = 255))]
    pub credential_type: Option<String>,
    /// Name or short name of the credential's domain. Removing it here leaves it as it is in the PAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = CLEAN_TEXT), length(min = 1, max = 255))]
    pub domain: Option<String>,
    /// Notes on the credential. Removing them here leaves the PAM's notes as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = FREE_TEXT), length(min = 1, max = 4096))]
    pub notes: Option<String>,
    /// The PAM's id of a parent credential, whose value this one takes; instead of `contentSecretRef`. Removing it here
    /// leaves it as it is in the PAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_i64))]
    pub parent_password: Option<i64>,
    /// How the vault rotates and reconciles the value. Sent whole when something in it changed. What is removed here
    /// stays as it is in the PAM, as everywhere: the PAM's API cannot clear a field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_settings: Option<ExecutionSettings>,
    /// Which sessions the credential may be used for. Sent whole when something in it changed. What is removed here
    /// stays as it is in the PAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_settings: Option<SessionSettings>,
    /// Owner, one-time passwords, criticality and further fields of a login. Sent when something in it changed, each
    /// secret only when itself changed. What is removed here stays as it is in the PAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_settings: Option<AdditionalSettings>,
    /// Just-in-time access. Sent whole when something in it changed. What is removed here stays as it is in the PAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jit_settings: Option<JitSettings>,
    /// What is written onto the device that the credential is on, which other credentials share. Needs `DeviceSettings`
    /// among what the connection's `access` allows. Sent whole when something in it changed. What is removed here stays
    /// as it is in the PAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceSettings>,
    /// What to do if the PAM already has a matching record. Before the first push the operator looks into the PAM's
    /// list; a record with this identifier, or with the same account (username, hostname and ip together), can belong
    /// to something else.
    ///
    /// `Never` creates a new record or none: it writes only to records that the operator created for this object.
    ///
    /// `ByIdentifier` also writes to a record that has both this identifier and this account, and to one that has this
    /// account and no identifier (**the value of such a record is overwritten**, unless the vault rotates it). Anything
    /// else is a `RecordConflict`, and nothing is written.
    ///
    /// `TakeOver` also writes to a record that has only one of the two: one with this identifier is renamed or moved to
    /// this account, and one with this account gets this identifier in the place of its own, which is kept in
    /// `status.formerIdentifier`. Tools that use the old identifier no longer find the record. The connection must
    /// allow it, else `Ready` says `AccessDenied`.
    ///
    /// Several records that match, and SSH keys, are a conflict in every case. A record that the operator created under
    /// a former name of the cluster (see the operator's flag `--former-cluster-names`) counts as its own.
    #[serde(default)]
    pub adoption_policy: AdoptionPolicy,
    /// Whether an existing record is enabled, once, after it was first written for this credential. Absent, it is true
    /// where `deletionPolicy` is `Disable` (such a record is enabled while its object exists, and disabled when the
    /// object is deleted), and false where it is `Retain`. The PAM's list does not tell disabled records from others,
    /// and writing to one leaves it disabled. Setting this later enables the record then. A record that the operator
    /// created is enabled anyway, and a record that is disabled in the PAM later stays disabled. An edit of
    /// `deletionPolicy` from `Retain` to `Disable` counts as setting this: the record is enabled immediately.
    pub ensure_enabled: Option<bool>,
    /// What happens to the record in the PAM when this object is deleted. `Retain` leaves it as it is. `Disable`
    /// disables exactly that record (the PAM has no way to delete one); a finalizer holds the object until that is
    /// done. Setting `Retain` on an object that is being deleted ends the deletion immediately. Setting `Disable` later
    /// enables an existing record, unless `ensureEnabled` is false.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
    /// What happens when the PAM's list shows that the record was changed, renamed or moved in the PAM. `Report`
    /// reports it in the condition `Drifted` and leaves the record as it is. `Correct` writes the fields again, and the
    /// value unless the vault rotates it: at most three times within an hour, then it stays as it is until this object
    /// or its Secret changes. A record that is no longer listed is never written again for that: the login might only
    /// not see it.
    #[serde(default)]
    pub drift_policy: DriftPolicy,
    /// `Plan` sends nothing to the PAM and shows in `status.plan` what `Apply` would do.
    #[serde(default)]
    pub mode: Mode,
    /// While true, no call to the PAM is made for this object, its deletion included. What `Ready` says stays as it was.
    #[serde(default)]
    pub suspend: bool,
}

/// Which records that were there before may be written.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum AdoptionPolicy {
    /// None.
    Never,
    /// One with this identifier and this account, or with this account and no identifier.
    #[default]
    ByIdentifier,
    /// Also one with only this identifier or only this account, if the connection allows it.
    TakeOver,
}

/// What becomes of the record when the object is deleted.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum DeletionPolicy {
    /// The record stays as it is.
    #[default]
    Retain,
    /// The record is disabled.
    Disable,
}

/// What happens when somebody else changed the record.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum DriftPolicy {
    /// It is said in the condition `Drifted`.
    #[default]
    Report,
    /// The record is written again.
    Correct,
}

/// Whether anything is sent to the PAM.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum Mode {
    /// What is due is done.
    #[default]
    Apply,
    /// What would be done is shown in `status.plan`.
    Plan,
}
