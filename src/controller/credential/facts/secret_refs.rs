//! The keys of Secrets that a spec refers to.

use crate::api::{PamCredential, PamCredentialSpec};
use crate::domain::credential::{CONTENT, LOGIN_FIELDS, TOTP, USERNAME};

/// One key of a Secret that a spec refers to.
#[derive(Clone, Copy)]
pub(crate) struct Reference<'a> {
    /// The group of fields that it is in.
    pub(crate) group: &'static str,
    /// The field of the spec, as users write it.
    pub(crate) field: &'static str,
    pub(crate) name: &'a str,
    pub(crate) key: &'a str,
}

/// Returns every key of a Secret that a spec refers to.
pub(crate) fn references(spec: &PamCredentialSpec) -> Vec<Reference<'_>> {
    let content = spec.content_secret_ref.as_ref().map(|r| (CONTENT, "spec.contentSecretRef", &r.name, &r.key));
    let username = spec.username_secret_ref.as_ref().map(|r| (USERNAME, "spec.usernameSecretRef", &r.name, &r.key));
    let settings = spec.additional_settings.as_ref();
    let totp = settings.and_then(|settings| settings.secret_key_secret_ref.as_ref());
    let totp = totp.map(|r| (TOTP, "spec.additionalSettings.secretKeySecretRef", &r.name, &r.key));
    let fields = settings.and_then(|settings| settings.additional_authentication_fields.as_ref());
    let field = "spec.additionalSettings.additionalAuthenticationFields";
    let fields = fields.into_iter().flatten().map(|one| &one.value_secret_ref);
    let fields = fields.map(|r| (LOGIN_FIELDS, field, &r.name, &r.key));
    let all = content.into_iter().chain(username).chain(totp).chain(fields);
    all.map(|(group, field, name, key)| Reference { group, field, name, key }).collect()
}

/// Returns the Secrets that a credential refers to, each once, in a fixed order.
pub(crate) fn secret_names(object: &PamCredential) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for reference in references(&object.spec) {
        if !names.contains(&reference.name) {
            names.push(reference.name);
        }
    }
    names
}
