//! `device`: what is written onto the device that the credential is on (API 2.1).

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::{ITEM, TEXT};

/// A protocol and a port.
pub(in crate::api) const CONNECTIVITY: &str = r"^[A-Za-z][A-Za-z0-9 ]*:[0-9]{1,5}$";

/// What is written onto the credential's device. The device is shared: this rewrites it for every credential on it. A
/// field that is not set is not sent, and the PAM keeps what it has. Two credentials that set different blocks for one
/// device are told so, and the later one is not pushed.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceSettings {
    /// Type of the device, such as `Server`. If the PAM does not have this type, it creates it.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub kind: Option<String>,
    /// Maker of the device. If the PAM does not have this maker, it creates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub vendor: Option<String>,
    /// Model of the device. If the PAM does not have this model, it creates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub model: Option<String>,
    /// Site of the device. If the PAM does not have this site, it creates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub site: Option<String>,
    /// Domains of the device, each registered in the PAM. The whole list is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), inner(regex(pattern = ITEM), length(min = 1, max = 255)))]
    pub domains: Option<Vec<String>>,
    /// Keywords on the device. The whole list is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), inner(regex(pattern = ITEM), length(min = 1, max = 128)))]
    pub tags: Option<Vec<String>>,
    /// How the device is reached: protocol and port, such as `SSH:22`. The whole list is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), inner(regex(pattern = CONNECTIVITY), length(min = 3, max = 64)))]
    pub connectivities: Option<Vec<String>>,
    /// Login expression of the device, such as `SSH:EXPECT:FILL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 1024))]
    pub session_remote_config: Option<String>,
}
