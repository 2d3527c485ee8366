//! The keys of Secrets that a spec refers to.

use crate::api::{AuthenticationField, PamCredential, PamCredentialSpec, Trim};
use crate::domain::credential::{CONTENT, LOGIN_FIELDS, TOTP, USERNAME};
use crate::secret::read::each_once;

/// A group of fields that comes from Secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretGroup {
    Username,
    Content,
    Totp,
    LoginFields,
}

impl SecretGroup {
    /// Every group, in the order of [`KEYED`](crate::domain::credential::KEYED).
    #[cfg(test)]
    const ALL: [Self; 4] = [Self::Username, Self::Content, Self::Totp, Self::LoginFields];

    /// Returns the name of the group, as in status and in the table of fields.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Username => USERNAME,
            Self::Content => CONTENT,
            Self::Totp => TOTP,
            Self::LoginFields => LOGIN_FIELDS,
        }
    }
}

/// What one key of a Secret is for, with what the spec says of its use.
#[derive(Clone, Copy)]
pub(crate) enum SecretUse<'a> {
    Username,
    Content,
    Totp,
    LoginField(&'a AuthenticationField),
}

impl SecretUse<'_> {
    /// Returns the group of fields that the key is read for.
    pub(crate) const fn group(self) -> SecretGroup {
        match self {
            Self::Username => SecretGroup::Username,
            Self::Content => SecretGroup::Content,
            Self::Totp => SecretGroup::Totp,
            Self::LoginField(_) => SecretGroup::LoginFields,
        }
    }
}

/// One key of a Secret that a spec refers to.
#[derive(Clone, Copy)]
pub(crate) struct Reference<'a> {
    pub(crate) usage: SecretUse<'a>,
    /// The field of the spec, as users write it.
    pub(crate) field: &'static str,
    pub(crate) name: &'a str,
    pub(crate) key: &'a str,
    /// What is cut off the text.
    pub(crate) trim: Trim,
}

/// Returns every key of a Secret that a spec refers to; the further fields of a login are in the order of the spec.
pub(crate) fn references(spec: &PamCredentialSpec) -> Vec<Reference<'_>> {
    use SecretUse::{Content, LoginField, Totp, Username};
    let content = spec.content_secret_ref.as_ref();
    let content = content.map(|r| (Content, "spec.contentSecretRef", &r.name, &r.key, r.trim));
    let username = spec.username_secret_ref.as_ref();
    let username = username.map(|r| (Username, "spec.usernameSecretRef", &r.name, &r.key, r.trim));
    let settings = spec.additional_settings.as_ref();
    let totp = settings.and_then(|settings| settings.secret_key_secret_ref.as_ref());
    let totp = totp.map(|r| (Totp, "spec.additionalSettings.secretKeySecretRef", &r.name, &r.key, r.trim));
    let fields = settings.and_then(|settings| settings.additional_authentication_fields.as_ref());
    let path = "spec.additionalSettings.additionalAuthenticationFields";
    let fields = fields.into_iter().flatten().map(|field| (LoginField(field), path, &field.value_secret_ref));
    let fields = fields.map(|(usage, path, r)| (usage, path, &r.name, &r.key, r.trim.unwrap_or_default()));
    let all = content.into_iter().chain(username).chain(totp).chain(fields);
    all.map(|(usage, field, name, key, trim)| Reference { usage, field, name, key, trim }).collect()
}

/// Returns the Secrets that a credential refers to, each once, in a fixed order.
pub(crate) fn secret_names(object: &PamCredential) -> Vec<&str> {
    each_once(references(&object.spec).iter().map(|reference| reference.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::credential::KEYED;

    #[test]
    fn the_groups_from_secrets_are_those_whose_digests_are_keyed() {
        assert_eq!(SecretGroup::ALL.map(SecretGroup::name), KEYED);
    }
}
