//! How the operator logs in to a PAM.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::refs::Trim;
use crate::api::validation::{DATA_KEY, HEADER_TEXT, OBJECT_NAME};

/// How the operator logs in to the PAM.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Auth {
    /// OAuth 2.0 client credentials: of an A2A authorization with read and write permission on PAM Core, or, for the product
    /// `MySafe`, of an access key with full access that a user of MySafe made.
    pub oauth2: Oauth2,
}

/// OAuth 2.0 client credentials.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Oauth2 {
    /// The Secret that holds the client id and the client secret: for a ClusterPamConnection in the operator's own
    /// namespace, for a PamConnection in its own.
    pub client_secret_ref: ClientSecretRef,
    /// The tenant to log in to: its subdomain. Needed where `url` names the PAM by its IP address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = HEADER_TEXT))]
    pub tenant: Option<String>,
    /// How client id and client secret are sent: `Form`, in the request's form, or `Basic`, as HTTP Basic credentials, which
    /// some old versions ask for.
    #[serde(default)]
    pub token_request: TokenRequest,
}

/// How client id and client secret are sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum TokenRequest {
    /// In the form.
    #[default]
    Form,
    /// As HTTP Basic credentials, as old versions ask for.
    Basic,
}

/// A Secret with a client id and a client secret.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientSecretRef {
    /// Name of the Secret: for a ClusterPamConnection in the operator's own namespace, for a PamConnection in its own.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
    /// Key in the Secret's data that holds the client id.
    #[serde(default = "client_id_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = DATA_KEY))]
    pub client_id_key: String,
    /// Key in the Secret's data that holds the client secret.
    #[serde(default = "client_secret_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = DATA_KEY))]
    pub client_secret_key: String,
    /// What is cut off client id and client secret. `TrailingNewline` removes one line break (LF or CR LF) at the end
    /// of each, as files made with an editor or `echo` have; `Whitespace` removes spaces, tabs and line breaks at both
    /// ends; `None` nothing. What is left must not start or end with a space, and contains no invisible character.
    // A default is not serialized: the digest of a login that an earlier version recorded does not have it.
    #[serde(default = "Trim::of_names", skip_serializing_if = "is_usual_trim")]
    #[schemars(extend("default" = "TrailingNewline"))]
    pub trim: Trim,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_usual_trim(trim: &Trim) -> bool {
    *trim == Trim::of_names()
}

fn client_id_key() -> String {
    "clientId".to_owned()
}

fn client_secret_key() -> String {
    "clientSecret".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_that_an_earlier_version_knew_is_digested_as_it_was() {
        let earlier = serde_json::json!({"name": "s", "clientIdKey": "i", "clientSecretKey": "k"});
        let reference: ClientSecretRef = serde_json::from_value(earlier.clone()).unwrap();
        assert_eq!(reference.trim, Trim::TrailingNewline);
        assert_eq!(serde_json::to_value(&reference).unwrap(), earlier);
        let whole = ClientSecretRef { trim: Trim::Whitespace, ..reference };
        assert_eq!(serde_json::to_value(&whole).unwrap()["trim"], "Whitespace");
    }
}
