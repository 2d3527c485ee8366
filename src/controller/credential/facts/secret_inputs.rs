//! What a pass read from Secrets.

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::controller::credential::facts::secret_refs::SecretGroup;
use crate::domain::credential::ReadSecrets;
use crate::pam::{WireField, WireValue};
use crate::secret::value::Content;

/// Values that were read from Secrets. They live no longer than the pass.
#[derive(Default)]
pub(crate) struct SecretInputs {
    pub(crate) content: Option<Content>,
    pub(crate) username: Option<Zeroizing<String>>,
    /// The seed of one-time passwords.
    pub(crate) totp: Option<SecretString>,
    /// Further fields of a login, each with all that it has.
    pub(crate) login_fields: Vec<Vec<WireField>>,
    /// The values among these that begin or end with a character that cannot be seen.
    pub(crate) unseen_ends: Vec<UnseenEnds>,
    /// Whether the plan must not tell how the value compares with the one that was last sent.
    pub(crate) is_undisclosed: bool,
    /// Versions and digests of all of these.
    pub(crate) read: ReadSecrets,
}

/// A value that begins or ends with a character that cannot be seen.
pub(crate) struct UnseenEnds {
    /// The group of fields that the value is in.
    pub(crate) group: SecretGroup,
    /// The reference to the value, as users write it in the spec.
    pub(crate) field: String,
}

impl SecretInputs {
    /// Returns what is digested of a group; `None` where there is nothing of it.
    pub(crate) fn bytes(&self, group: SecretGroup) -> Option<Zeroizing<Vec<u8>>> {
        let whole = |text: &str| Zeroizing::new(text.as_bytes().to_vec());
        match group {
            SecretGroup::Content => self.content.as_ref().map(|content| whole(content.value.expose_secret())),
            SecretGroup::Username => self.username.as_ref().map(|username| whole(username)),
            SecretGroup::Totp => self.totp.as_ref().map(|seed| whole(seed.expose_secret())),
            SecretGroup::LoginFields => (!self.login_fields.is_empty()).then(|| joined(&self.login_fields)),
        }
    }
}

/// Returns all parts of all fields, each after its length: no two lists look alike. The buffer never grows.
fn joined(fields: &[Vec<WireField>]) -> Zeroizing<Vec<u8>> {
    let parts = fields.iter().flatten().filter_map(|field| match &field.value {
        WireValue::Text(text) => Some(text.as_str()),
        WireValue::Secret(secret) => Some(secret.expose_secret()),
        _ => None,
    });
    let mut joined = Zeroizing::new(Vec::with_capacity(parts.clone().map(|part| part.len() + 8).sum()));
    for part in parts {
        joined.extend_from_slice(&(part.len() as u64).to_be_bytes());
        joined.extend_from_slice(part.as_bytes());
    }
    joined
}
