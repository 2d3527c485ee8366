//! The product of a PAM that a connection is for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The product of a PAM that a connection is for.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum Product {
    /// PAM Core, which keeps credentials. The login is an A2A authorization.
    #[default]
    PamCore,
    /// MySafe, which keeps the passwords of users. The login is an access key of one user.
    MySafe,
}

impl Product {
    /// Returns true for the default. It is not written into the digest of a login, which older versions made without it.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use crate::api::{ConnectionSpec, Product};
    use serde_json::json;

    #[test]
    fn the_default_is_not_written_so_that_digests_of_older_versions_stay_good() {
        let mut spec = json!({"url": "https://pam", "productVersion": "4.2", "auth": {"oauth2": {"clientSecretRef": {"name": "x"}}}});
        for product in [None, Some("PamCore")] {
            spec.as_object_mut().unwrap().extend(product.map(|product| ("product".to_owned(), product.into())));
            let read: ConnectionSpec = serde_json::from_value(spec.clone()).unwrap();
            assert_eq!(read.product, Product::PamCore);
            assert_eq!(serde_json::to_value(read).unwrap().get("product"), None);
        }
        spec["product"] = "MySafe".into();
        let read: ConnectionSpec = serde_json::from_value(spec).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap()["product"], "MySafe");
    }
}
