//! What a pass read from Secrets.

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::controller::safe_password::facts::secret_refs::Reference;
use crate::domain::Keyed;
use crate::domain::safe_password::{CONTENT, ReadSecrets, TOTP, USERNAME, digest_field};
use crate::secret::value::{self, Unusable};

/// What a pass read from Secrets. No `Debug`.
#[derive(Default)]
pub(crate) struct SecretInputs {
    /// What rules are asked with.
    pub(crate) read: ReadSecrets,
    pub(crate) username: Option<Zeroizing<String>>,
    pub(crate) content: Option<SecretString>,
    pub(crate) totp: Option<SecretString>,
    /// The value begins or ends with a character that cannot be seen.
    pub(crate) has_unseen_ends: bool,
}

impl SecretInputs {
    /// Takes in the bytes of one key, and records their digest.
    pub(crate) fn take_in(
        &mut self,
        reference: &Reference<'_>,
        bytes: &[u8],
        keyed: &dyn Keyed,
    ) -> Result<(), Unusable> {
        let digest = |text: &str| keyed.digest(&digest_field(reference.group), text.as_bytes());
        let digest = match reference.group {
            USERNAME => {
                let username = value::username(bytes, reference.trim)?;
                let digest = digest(&username);
                self.username = Some(username);
                digest
            }
            TOTP => {
                let seed = value::totp_seed(bytes, reference.trim)?;
                let digest = digest(seed.expose_secret());
                self.totp = Some(seed);
                digest
            }
            _ => {
                let content = value::content(bytes, reference.trim)?;
                let digest = digest(content.value.expose_secret());
                (self.has_unseen_ends, self.content) = (content.has_unseen_ends, Some(content.value));
                digest
            }
        };
        self.read.digests.insert(reference.group.to_owned(), digest);
        Ok(())
    }

    /// Returns whether the value is another one than the status has a digest of.
    pub(crate) fn is_news(&self, recorded: Option<&String>) -> bool {
        recorded.is_none_or(|recorded| Some(recorded) != self.read.digests.get(CONTENT))
    }
}
