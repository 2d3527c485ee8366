//! `executionSettings`: rotation by the vault, reconciliation, and the parent (API 2.2).

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::{OtherCredential, TEXT};

/// How the vault rotates and reconciles the value. A field that is not set is not sent, and the PAM keeps what it has.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("[has(self.authenticationCredential), has(self.authenticationHostname), has(self.authenticationIp)].all(given, given == !self.useOwnCredentialToConnect)").message("with useOwnCredentialToConnect false give authenticationCredential, authenticationHostname and authenticationIp, all three; with true give none of them"),
    validation = Rule::new("has(self.parentCredential) == has(self.parentHostname) && has(self.parentHostname) == has(self.parentIp)").message("give parentCredential, parentHostname and parentIp together, or none of them"),
    validation = Rule::new("has(self.changePlugin) == has(self.changeTemplate)").message("give changePlugin and changeTemplate together, or neither")
)]
pub struct ExecutionSettings {
    /// Username of the parent credential; goes with `parentHostname` and `parentIp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub parent_credential: Option<String>,
    /// Hostname of the parent credential's device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub parent_hostname: Option<String>,
    /// Address of the parent credential's device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub parent_ip: Option<String>,
    /// Whether the vault rotates the value by itself. Then the value in the vault is newer than the Secret's, and is
    /// overwritten only when the Secret changes or a person asks for it. A value of more than 70 characters causes a
    /// Warning event: the PAM's own pages take no longer one then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic_change: Option<bool>,
    /// Whether a software agent on the device rotates the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_based_password_change: Option<bool>,
    /// The plugin that rotates the value, by its name in the PAM, such as `SSH`; goes with `changeTemplate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub change_plugin: Option<String>,
    /// The template that `changePlugin` runs, by its name in the PAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub change_template: Option<String>,
    /// Whether the PAM connects to the device with this credential itself to change it. Required, since versions of the
    /// PAM differ in what they take for granted. With false the three `authentication` fields name the other credential.
    pub use_own_credential_to_connect: bool,
    /// The other credential to connect with.
    #[serde(flatten)]
    pub other: OtherCredential,
    /// What happens when the value on the device is no longer the vault's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconciliation: Option<ReconciliationSettings>,
}

/// What happens when the value on the device is no longer the vault's.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.credential) == has(self.hostname) && has(self.hostname) == has(self.ip)").message("give credential, hostname and ip together, or none of them"),
    validation = Rule::new("has(self.plugin) == has(self.template)").message("give plugin and template together, or neither")
)]
pub struct ReconciliationSettings {
    /// Whether the PAM reconciles: sets the value on the device again where it is no longer the vault's. The PAM's API
    /// calls this `status`.
    pub enabled: bool,
    /// Username of the credential that the PAM reconciles with; goes with `hostname` and `ip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub credential: Option<String>,
    /// Hostname of the device of that credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub hostname: Option<String>,
    /// Address of the device of that credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub ip: Option<String>,
    /// The plugin that reconciles, by its name in the PAM; goes with `template`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub plugin: Option<String>,
    /// The template that `plugin` runs, by its name in the PAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub template: Option<String>,
}
