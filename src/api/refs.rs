//! References of a credential to its connection and its Secrets. None has a namespace field: a Secret is read from the
//! namespace of the object that refers to it, and from no other (P9).

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::validation::{DATA_KEY, OBJECT_NAME};

/// The value to push: one key of a Secret in the credential's own namespace.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContentSecretRef {
    /// Name of the Secret. It must be in the namespace of this object; there is no way to name another.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
    /// Key in the Secret's data that holds the value. Defaults to `password`, as in a Secret of type `kubernetes.io/basic-auth`.
    #[serde(default = "password_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = DATA_KEY))]
    pub key: String,
    /// What is cut off the value before it is sent. `None` sends it byte for byte; `TrailingNewline` removes one line
    /// break (LF or CR LF) at its end, as files made with an editor or `echo` have; `Whitespace` removes spaces, tabs
    /// and line breaks at both ends. A value that is sent with a space, a tab or a line break at one of its ends causes
    /// a Warning event.
    #[serde(default)]
    pub trim: Trim,
}

/// What is cut off a text before it is used: `None`, nothing; `TrailingNewline`, one line break (LF or CR LF) at its
/// end; `Whitespace`, spaces, tabs and line breaks at both ends.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum Trim {
    /// Nothing: the text is used byte for byte.
    #[default]
    None,
    /// One trailing `\n` or `\r\n`.
    TrailingNewline,
    /// White space at both ends.
    Whitespace,
}

impl Trim {
    /// Returns the default of names and logins, which lose a line break at their end by themselves.
    pub(super) const fn of_names() -> Self {
        Self::TrailingNewline
    }
}

/// The username of the account: one key of a Secret in the credential's own namespace.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UsernameSecretRef {
    /// Name of the Secret. It must be in the namespace of this object; there is no way to name another.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
    /// Key in the Secret's data that holds the username. Defaults to `username`, as in a Secret of type `kubernetes.io/basic-auth`.
    #[serde(default = "username_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = DATA_KEY))]
    pub key: String,
    /// What is cut off the username. `TrailingNewline` removes one line break (LF or CR LF) at its end, as files made
    /// with an editor or `echo` have; `Whitespace` removes spaces, tabs and line breaks at both ends; `None` nothing.
    /// What is left must not start or end with a space, and contains no invisible character.
    #[serde(default = "Trim::of_names")]
    pub trim: Trim,
}

/// Which connection to use.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionRef {
    /// Kind of the connection: `ClusterPamConnection`, or `PamConnection` for one in the credential's own namespace.
    #[serde(default)]
    pub kind: ConnectionKind,
    /// Name of the connection.
    #[serde(default = "default_connection")]
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
}

/// The kinds of connection there are.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Hash, Serialize)]
pub enum ConnectionKind {
    /// A connection that the platform's administrators made for the whole cluster.
    #[default]
    ClusterPamConnection,
    /// A connection in the credential's own namespace.
    PamConnection,
}

impl Default for ConnectionRef {
    fn default() -> Self {
        Self { kind: ConnectionKind::default(), name: default_connection() }
    }
}

fn password_key() -> String {
    "password".to_owned()
}

fn username_key() -> String {
    "username".to_owned()
}

fn default_connection() -> String {
    "default".to_owned()
}
