//! `sessionSettings`: what sessions with the credential may do (API 2.3).

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::{OtherCredential, TEXT};

/// Which protocols and remote applications the credential may be used for. A field that is not set is not sent, and the
/// PAM keeps what it has.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("[has(self.authenticationCredential), has(self.authenticationHostname), has(self.authenticationIp)].all(given, given == !self.useOwnCredentialToConnect)").message("with useOwnCredentialToConnect false give authenticationCredential, authenticationHostname and authenticationIp, all three; with true give none of them")
)]
pub struct SessionSettings {
    /// Whether SSH sessions are allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh: Option<bool>,
    /// Whether Telnet sessions are allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telnet: Option<bool>,
    /// Whether MySQL sessions are allowed.
    #[serde(default, rename = "mysql", skip_serializing_if = "Option::is_none")]
    pub mysql: Option<bool>,
    /// Whether SQL Server sessions are allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql_server: Option<bool>,
    /// Whether HTTP sessions are allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<bool>,
    /// Whether HTTPS sessions are allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub https: Option<bool>,
    /// Whether RDP sessions are allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rdp: Option<bool>,
    /// Whether X11 forwarding is allowed.
    #[serde(default, rename = "x11Forward", skip_serializing_if = "Option::is_none")]
    pub x11_forward: Option<bool>,
    /// Whether VNC sessions are allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vnc: Option<bool>,
    /// Whether the credential may be used in sessions of remote applications only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restrict_access_to_remote_application: Option<bool>,
    /// Automations of remote applications. The whole list is replaced in the PAM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), extend("x-kubernetes-list-type" = "atomic"))]
    pub macros: Option<Vec<Macro>>,
    /// Whether sessions connect with this credential itself. Required, since versions of the PAM differ in what they take
    /// for granted. With false the three `authentication` fields name the other credential.
    pub use_own_credential_to_connect: bool,
    /// The other credential to connect with.
    #[serde(flatten)]
    pub other: OtherCredential,
}

/// The automation of a remote application.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Macro {
    /// The remote application, by its name in the PAM.
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub remote_app: String,
    /// The protocol that it works over, such as `RDP`.
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub connectivity: String,
}
