//! The proxy between the operator and a PAM.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::api::validation::OBJECT_NAME;

/// An http URL of a host and a port alone.
pub(in crate::api) const PROXY_URL: &str = r"^http://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?$";
/// A list of hosts as in the variable `NO_PROXY`.
pub(in crate::api) const NO_PROXY: &str = r"^[A-Za-z0-9.,:/*_\[\] -]+$";

/// An HTTP proxy that the operator reaches the PAM through.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proxy {
    /// Address of the proxy: `http://`, a host, and where needed a port (else 80), such as `http://proxy.example.com:3128`. The
    /// operator asks the proxy by `CONNECT` for the host and port of `spec.url`, and speaks TLS with the PAM itself: the proxy
    /// sees the PAM's name and no part of a call. The name of the PAM is resolved by the proxy alone. The address holds no user
    /// name and no password.
    #[schemars(length(min = 8, max = 1024), regex(pattern = PROXY_URL))]
    #[x_kube(validation = Rule::new("!self.contains('@')").message("proxy.url must have no user name and no password: put them into a Secret of type kubernetes.io/basic-auth, and name it in proxy.basicAuthSecretRef"))]
    pub url: String,
    /// Hosts that the operator connects to without the proxy, separated by commas, as in the variable `NO_PROXY`:
    /// `example.com` is that name and all names below it, `.example.com` only the names below it, `10.0.0.0/8` and `10.0.0.7`
    /// are addresses that `spec.url` itself holds, and `*` is every host. A name or an address may have a port: `example.com:8443`.
    /// No name is resolved for the comparison.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048), regex(pattern = NO_PROXY))]
    pub no_proxy: Option<String>,
    /// The login at the proxy, sent as HTTP Basic credentials, which the network between operator and proxy can read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic_auth_secret_ref: Option<BasicAuthSecretRef>,
}

/// A Secret of type `kubernetes.io/basic-auth`: `username` and `password`.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BasicAuthSecretRef {
    /// Name of the Secret, which is in the operator's own namespace.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_left_out_is_not_serialized() {
        let given = json!({"url": "http://proxy.example.com:3128"});
        let proxy: Proxy = serde_json::from_value(given.clone()).unwrap();
        assert_eq!(serde_json::to_value(proxy).unwrap(), given);
    }
}
