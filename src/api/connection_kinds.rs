//! `ClusterPamConnection` and `PamConnection`: one spec, and for the first the rules of its use.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::access::AccessRule;
use super::connection::{ConnectionSpec, PamConnectionStatus};

/// A PAM that the cluster's namespaces may use, as far as `access` says, and how the operator logs in to it.
#[derive(Clone, CustomResource, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[kube(
    group = "pam-operator.io",
    version = "v1alpha1",
    kind = "ClusterPamConnection",
    plural = "clusterpamconnections",
    shortname = "clusterpamconn",
    category = "pam",
    status = "PamConnectionStatus",
    derive = "PartialEq",
    doc = "A PAM (privileged access management) vault that this cluster's PamCredentials are kept in, how the operator logs in to it, and which namespaces may use it for what.",
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Status", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "URL", type_ = "string", json_path = ".spec.url"),
    printcolumn(name = "Credentials", type_ = "integer", json_path = ".status.credentials"),
    printcolumn(name = "Version", type_ = "string", json_path = ".spec.productVersion"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = "1"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct ClusterPamConnectionSpec {
    /// Where the PAM is and how to log in to it.
    #[serde(flatten)]
    pub connection: ConnectionSpec,
    /// Who may use this connection for what. A credential needs one rule that covers its namespace, its identifier and
    /// its hostname. Absent: every namespace, for its generated identifiers and those that begin with the namespace's
    /// own name and `_`, on all hosts, and nothing of what `allow` lists. Identifiers that start with the cluster's
    /// name and `_` are reserved: a namespace can use only the ones generated for itself, and no rule can change this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub access: Option<Vec<AccessRule>>,
}

/// A PAM that one namespace brings along, and how the operator logs in to it.
#[derive(Clone, CustomResource, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[kube(
    group = "pam-operator.io",
    version = "v1alpha1",
    kind = "PamConnection",
    plural = "pamconnections",
    shortname = "pamconn",
    category = "pam",
    namespaced,
    status = "PamConnectionStatus",
    derive = "PartialEq",
    doc = "A PAM (privileged access management) vault that the PamCredentials of this namespace may be kept in, and how the operator logs in to it. Its host must be among the operator's --allowed-hosts.",
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Status", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "URL", type_ = "string", json_path = ".spec.url"),
    printcolumn(name = "Credentials", type_ = "integer", json_path = ".status.credentials"),
    printcolumn(name = "Version", type_ = "string", json_path = ".spec.productVersion"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = "1"
    )
)]
// Through a proxy, the operator cannot check the address that a tenant's host leads to: the proxy alone resolves the name.
#[x_kube(validation = Rule::new("!has(self.proxy)").message("proxy is for ClusterPamConnections alone: leave proxy out, or ask the people who run the operator for a ClusterPamConnection"))]
#[serde(rename_all = "camelCase")]
pub struct PamConnectionSpec {
    /// Where the PAM is and how to log in to it.
    #[serde(flatten)]
    pub connection: ConnectionSpec,
}
