//! `jitSettings`: accounts that exist, or are enabled, only while a session lasts (API 2.5).

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::{OtherCredential, TEXT};

/// Just-in-time access: the account is created for a session and deleted after it, or enabled and disabled. A field that
/// is not set is not sent, and the PAM keeps what it has.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!(has(self.credentialCreationAndDeletion) && self.credentialCreationAndDeletion && has(self.enableDisableCredential) && self.enableDisableCredential)").message("credentialCreationAndDeletion and enableDisableCredential exclude each other: set one of them"),
    validation = Rule::new("!self.jit || (has(self.credentialCreationAndDeletion) && self.credentialCreationAndDeletion) || (has(self.enableDisableCredential) && self.enableDisableCredential)").message("with jit true set credentialCreationAndDeletion or enableDisableCredential"),
    validation = Rule::new("[has(self.credentialCreationPlugin), has(self.credentialCreationTemplate), has(self.credentialDeletionPlugin), has(self.credentialDeletionTemplate)].all(given, given == (has(self.credentialCreationAndDeletion) && self.credentialCreationAndDeletion))").message("credentialCreationPlugin, credentialCreationTemplate, credentialDeletionPlugin and credentialDeletionTemplate go with credentialCreationAndDeletion true, all four, and only with it"),
    validation = Rule::new("[has(self.credentialEnablePlugin), has(self.credentialEnableTemplate), has(self.credentialDisablePlugin), has(self.credentialDisableTemplate)].all(given, given == (has(self.enableDisableCredential) && self.enableDisableCredential))").message("credentialEnablePlugin, credentialEnableTemplate, credentialDisablePlugin and credentialDisableTemplate go with enableDisableCredential true, all four, and only with it"),
    validation = Rule::new("[has(self.authenticationCredential), has(self.authenticationHostname), has(self.authenticationIp)].all(given, given == !self.useOwnCredentialToConnect)").message("with useOwnCredentialToConnect false give authenticationCredential, authenticationHostname and authenticationIp, all three; with true give none of them")
)]
pub struct JitSettings {
    /// Whether just-in-time access is on.
    pub jit: bool,
    /// Whether the account is created before a session and deleted after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_creation_and_deletion: Option<bool>,
    /// Whether the account is enabled before a session and disabled after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_disable_credential: Option<bool>,
    /// The plugin that creates the account, by its name in the PAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub credential_creation_plugin: Option<String>,
    /// The template that `credentialCreationPlugin` runs, by its name in the PAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub credential_creation_template: Option<String>,
    /// The plugin that deletes the account, by its name in the PAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub credential_deletion_plugin: Option<String>,
    /// The template that `credentialDeletionPlugin` runs, by its name in the PAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub credential_deletion_template: Option<String>,
    /// The plugin that enables the account, by its name in the PAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub credential_enable_plugin: Option<String>,
    /// The template that `credentialEnablePlugin` runs, by its name in the PAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub credential_enable_template: Option<String>,
    /// The plugin that disables the account, by its name in the PAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub credential_disable_plugin: Option<String>,
    /// The template that `credentialDisablePlugin` runs, by its name in the PAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub credential_disable_template: Option<String>,
    /// Whether the PAM connects to the device with this credential itself to create, delete, enable or disable it. Required, since versions of the PAM
    /// differ in what they take for granted. With false the three `authentication` fields name the other credential.
    pub use_own_credential_to_connect: bool,
    /// The other credential to connect with.
    #[serde(flatten)]
    pub other: OtherCredential,
}
