//! The part of a spec that both kinds of connection have: where a PAM is, and how it is spoken to.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::auth::Auth;
use super::brake::DisableBrake;
use super::inventory::InventorySettings;
use super::limits::Limits;
use super::product::Product;
use super::proxy::Proxy;
use super::tls::Tls;
use crate::api::compatibility::Compatibility;
use crate::api::validation::HEADER_TEXT;

/// An https URL without user information, query and fragment; a path is kept.
pub(in crate::api) const HTTPS_URL: &str = r"^https://[^\s/?#@\\]+(/[^\s?#\\]*)?$";
/// A plain path: segments of letters, digits, `-`, `_`, `.` and `~`.
pub(in crate::api) const API_PATH: &str = r"^(/|(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+/?)$";
/// A PAM, and how the operator logs in to it: the part of a spec that both kinds of connection have.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionSpec {
    /// Address of the PAM: `https://`, a host, and where needed a port and a path, such as `https://pam.example.com`.
    #[schemars(length(min = 9, max = 2048), regex(pattern = HTTPS_URL))]
    pub url: String,
    /// Product of the PAM that the connection is for: `PamCore`, which keeps the record of each PamCredential, with the
    /// login of an A2A authorization; or `MySafe`, the PAM's personal safe, with the login of an access key of one of its users. Each product
    /// has logins of its own, so that a connection is for one of them.
    #[serde(default, skip_serializing_if = "Product::is_default")]
    #[schemars(extend("default" = "PamCore"))]
    pub product: Product,
    /// Version of the PAM as its own pages show it, such as `4.2`, `3.33.1` or `3.32`. It decides paths, names and
    /// shapes of all calls. Versions from 3.30 on are supported.
    #[schemars(length(min = 3, max = 16))]
    #[x_kube(validation = Rule::new("self.matches('^(3[.]3[0-3]|4[.][0-9]{1,3})([.][0-9]{1,3})?$')").message("productVersion must be 3.30 to 3.33 or 4.x, as the PAM shows it; for example 4.2"))]
    pub product_version: String,
    /// First part of the API's paths, where it is not what `productVersion` implies (`/iso` up to 3.32, `/api` later;
    /// for `MySafe` always `/api`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = API_PATH))]
    pub api_prefix: Option<String>,
    /// Path of the token endpoint, where it is not `{apiPrefix}/oauth2/token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 255), regex(pattern = API_PATH))]
    pub token_path: Option<String>,
    /// How the PAM's API differs from what `productVersion` implies. Rarely needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compatibility: Option<Compatibility>,
    /// The `Referer` header of every call, for an authorization that is restricted to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024), regex(pattern = HEADER_TEXT))]
    pub referrer: Option<String>,
    /// How the operator logs in.
    pub auth: Auth,
    /// Which certificates are trusted. Absent: those that the operator's image trusts. There is no way to
    /// skip the check: give a self-signed appliance's certificate as the CA bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// The HTTP proxy that the operator reaches the PAM through; only in a ClusterPamConnection. Absent: the operator connects to
    /// the PAM directly, whatever the variables `HTTPS_PROXY` and `NO_PROXY` say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Proxy>,
    /// The most requests to the PAM at the same time and per second. Counted over all connections to one PAM; those of
    /// a namespace's own `PamConnection` count for that namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// How the operator watches what the PAM holds: one list of all records that the login sees, in each interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<InventorySettings>,
    /// How many records of a namespace are disabled without a confirmation. When more objects with `deletionPolicy:
    /// Disable` are deleted, the rest wait until a person confirms it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disable_brake: Option<DisableBrake>,
}
