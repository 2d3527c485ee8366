//! Which certificates of a PAM are trusted, and which one the operator shows.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::validation::{DATA_KEY, OBJECT_NAME};

/// Base64 in one line.
pub(in crate::api) const BASE64: &str = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$";

/// Which certificates are trusted.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!(has(self.caBundle) && has(self.caBundleRef))").message("give caBundle or caBundleRef, not both"))]
pub struct Tls {
    /// The CA certificates to trust, and no others: PEM, base64-encoded as in other Kubernetes kinds. At most 64 KiB in
    /// base64; a larger bundle goes into a ConfigMap (`caBundleRef`). A block that cannot be used is skipped, and named in the
    /// message of `Ready`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65_536), regex(pattern = BASE64))]
    pub ca_bundle: Option<String>,
    /// The ConfigMap or Secret to read the CA certificates (PEM) from, instead of `caBundle`. A block that cannot be used is
    /// skipped and named, as there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_bundle_ref: Option<CaBundleRef>,
    /// The operator's own certificate and key, a Secret of type `kubernetes.io/tls`: for an authorization that is bound to the
    /// certificate's fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_secret_ref: Option<ClientCertificateSecretRef>,
}

/// A Secret of type `kubernetes.io/tls`: `tls.crt` and `tls.key`.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientCertificateSecretRef {
    /// Name of the Secret: for a ClusterPamConnection in the operator's own namespace, for a PamConnection in its own.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
}

/// A ConfigMap or Secret that holds CA certificates.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CaBundleRef {
    /// What holds the certificates: a `ConfigMap` or a `Secret`.
    #[serde(default)]
    pub kind: CaBundleKind,
    /// Name of the ConfigMap or Secret: for a ClusterPamConnection in the operator's own namespace, for a PamConnection
    /// in its own.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
    /// Key in the ConfigMap's or Secret's data that holds the certificates.
    #[serde(default = "ca_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = DATA_KEY))]
    pub key: String,
}

/// What kind of object holds CA certificates.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum CaBundleKind {
    /// A ConfigMap, as trust-manager and others make them.
    #[default]
    ConfigMap,
    /// A Secret.
    Secret,
}

fn ca_key() -> String {
    "ca.crt".to_owned()
}
