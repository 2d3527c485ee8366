//! References to Secrets. None has a namespace field: a Secret is read from its reader's own namespace (P9).

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A Secret's name, as the API server bounds it.
pub(super) const OBJECT_NAME: &str = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$";
/// A key in a Secret's or ConfigMap's data, as the API server bounds it.
pub(super) const DATA_KEY: &str = r"^[-._a-zA-Z0-9]+$";

/// The value to push: one key of a Secret in the credential's own namespace.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContentSecretRef {
    /// Name of the Secret. It must be in the namespace of the PamCredential; there is no way to name another.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
    /// Key in the Secret's data that holds the value. Defaults to `password`, as in a Secret of type `kubernetes.io/basic-auth`.
    #[serde(default = "password_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = DATA_KEY))]
    pub key: String,
    /// What is cut off the value before it is sent. `None` sends it byte for byte; `TrailingNewline` removes
    /// one newline at its end, as files made with an editor or `echo` have. A value that ends in a newline
    /// and is sent as it is causes a Warning event.
    #[serde(default)]
    pub trim: Trim,
}

/// What is cut off a value before it is sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum Trim {
    /// Nothing: the value is sent byte for byte.
    #[default]
    None,
    /// One trailing `\n` or `\r\n`.
    TrailingNewline,
}

/// The username of the account: one key of a Secret in the credential's own namespace.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UsernameSecretRef {
    /// Name of the Secret. It must be in the namespace of the PamCredential; there is no way to name another.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
    /// Key in the Secret's data that holds the username. Defaults to `username`, as in a Secret of type `kubernetes.io/basic-auth`.
    #[serde(default = "username_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = DATA_KEY))]
    pub key: String,
}

fn password_key() -> String {
    "password".to_owned()
}

fn username_key() -> String {
    "username".to_owned()
}
