//! The keys of Secrets that a spec refers to.

use crate::api::{MySafePasswordSpec, Trim};
use crate::domain::safe_password::{CONTENT, TOTP, USERNAME};
use crate::secret::read::each_once;

/// One key of a Secret that a spec refers to.
#[derive(Clone, Copy)]
pub(crate) struct Reference<'a> {
    /// The group of fields that the key is read for.
    pub(crate) group: &'static str,
    /// The field of the spec, as users write it.
    pub(crate) field: &'static str,
    pub(crate) name: &'a str,
    pub(crate) key: &'a str,
    /// What is cut off the text.
    pub(crate) trim: Trim,
}

/// Returns every key of a Secret that a spec refers to.
pub(crate) fn references(spec: &MySafePasswordSpec) -> Vec<Reference<'_>> {
    let r = &spec.content_secret_ref;
    let content =
        Reference { group: CONTENT, field: "spec.contentSecretRef", name: &r.name, key: &r.key, trim: r.trim };
    let username = spec.username_secret_ref.as_ref().map(|r| Reference {
        group: USERNAME,
        field: "spec.usernameSecretRef",
        name: &r.name,
        key: &r.key,
        trim: r.trim,
    });
    let totp = spec.totp_secret_ref.as_ref().map(|r| Reference {
        group: TOTP,
        field: "spec.totpSecretRef",
        name: &r.name,
        key: &r.key,
        trim: r.trim,
    });
    [Some(content), username, totp].into_iter().flatten().collect()
}

/// Returns the Secrets that a spec refers to, each once, in a fixed order.
pub(crate) fn secret_names(spec: &MySafePasswordSpec) -> Vec<&str> {
    each_once(references(spec).iter().map(|reference| reference.name))
}
