//! How the settings name another credential.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::TEXT;

/// Another credential to connect with: all of it with `useOwnCredentialToConnect: false`, and none of it with true.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
pub struct OtherCredential {
    /// Username of the other credential to connect with; goes with `authenticationHostname` and `authenticationIp`.
    #[serde(default, rename = "authenticationCredential", skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub credential: Option<String>,
    /// Hostname of the device of the credential to connect with.
    #[serde(default, rename = "authenticationHostname", skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub hostname: Option<String>,
    /// Address of the device of the credential to connect with.
    #[serde(default, rename = "authenticationIp", skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub ip: Option<String>,
}
