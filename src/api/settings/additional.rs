//! `additionalSettings`: owner, TOTP, criticality and further fields of a login (API 2.4).

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TEXT;
use crate::api::refs::Trim;
use crate::api::validation::{DATA_KEY, OBJECT_NAME};

/// What is needed to use a credential beside its value. A field that is not set is not sent, and the PAM keeps what it
/// has. The API's second `identifier` is not offered: which of the two would win is not documented.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdditionalSettings {
    /// Username of the PAM user who owns the credential, and always has access to it. Needs `Owner` among what the
    /// connection's `access` allows. The PAM answers an unknown one with an error (500) that does not name the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub user_credential_owner: Option<String>,
    /// Path on the server of the script or file that holds the credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 1024))]
    pub server_path: Option<String>,
    /// Where to read the seed of time-based one-time passwords (TOTP) from: base32, as the service shows it. Spaces and
    /// lower case are allowed. It is sent when it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_key_secret_ref: Option<SecretKeyRef>,
    /// How critical the credential is: `Low`, `Medium` or `High`, however the PAM spells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criticality: Option<Criticality>,
    /// Further fields of a login, such as a PIN. The whole list is replaced in the PAM, when one of them changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["shortName"]))]
    pub additional_authentication_fields: Option<Vec<AuthenticationField>>,
}

/// How critical the credential is: `Low`, `Medium` or `High`, however the PAM spells it.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum Criticality {
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
}

/// A further field of a login.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticationField {
    /// Name of the field, as people see it in the PAM.
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 255))]
    pub name: String,
    /// Short name of the field, by which the PAM knows it. No two fields may have the same.
    #[schemars(regex(pattern = TEXT), length(min = 1, max = 64))]
    pub short_name: String,
    /// Where to read the field's value from. It is never written in the spec itself. It is sent byte for byte, unless
    /// `trim` of the reference says otherwise; a value that is sent with a space, a tab or a line break at one of its
    /// ends causes a Warning event.
    pub value_secret_ref: ValueSecretRef,
}

/// One key of a Secret in the credential's own namespace.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ValueSecretRef {
    /// Name of the Secret. It must be in the namespace of this object; there is no way to name another.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
    /// Key in the Secret's data that holds the value.
    #[schemars(length(min = 1, max = 253), regex(pattern = DATA_KEY))]
    pub key: String,
    /// What is cut off a text before it is used: `None`, nothing; `TrailingNewline`, one line break (LF or CR LF) at
    /// its end; `Whitespace`, spaces, tabs and line breaks at both ends.
    // No default: tools that compare lists as a whole would see one in each item as a difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trim: Option<Trim>,
}

/// The seed of one-time passwords: one key of a Secret in the credential's own namespace.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// Name of the Secret. It must be in the namespace of this object; there is no way to name another.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
    /// Key in the Secret's data that holds the seed. Defaults to `secretKey`.
    #[serde(default = "secret_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = DATA_KEY))]
    pub key: String,
    /// What is cut off the text. `TrailingNewline` removes one line break (LF or CR LF) at its end; `Whitespace`
    /// removes spaces, tabs and line breaks at both ends; `None` nothing. Spaces, hyphens, and line breaks and `=` at
    /// its end are no part of a seed, and are never sent.
    #[serde(default = "Trim::of_names")]
    pub trim: Trim,
}

fn secret_key() -> String {
    "secretKey".to_owned()
}
