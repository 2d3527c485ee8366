//! What the documentation leaves open about handing out values and about custody, as knobs.

use anyhow::Result;
use rsa::pkcs8::{DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::{PrivateKey, PublicKey};
use serde::{Deserialize, Serialize};
use sha1::Sha1;

use crate::secret::Hidden;

/// The knobs of the call that hands out a value, and of custody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "independent knobs, each named at its use")]
pub struct Reading {
    /// Which keys of the answer hold the value; default: both, as the page has it.
    pub value_keys: ValueKeys,
    /// Whether a client may view a record that another one has in custody; default true. It then has the custody.
    pub simultaneous: bool,
    /// The code of the answer where it may not; no page names it; default 1099.
    pub held_code: u16,
    /// Whether another view by the client that has the custody counts as a view; default true.
    pub repeated_view_counts: bool,
    /// Whether `expiration_time` has an offset, as the field list has it and the sample has not; default false.
    pub expiry_offset: bool,
    /// Whether the field list's `expiration` stands beside `expiration_time`; default false, as in the samples.
    pub names_expiration: bool,
    /// Whether giving custody back needs write permission (1039): its error list says so, its prerequisites do not;
    /// default true.
    pub release_needs_write: bool,
}

/// Which keys of an answer hold a record's value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKeys {
    /// `password` and `content`.
    #[default]
    Both,
    /// `password` alone.
    Password,
    /// `content` alone.
    Content,
}

impl ValueKeys {
    /// The names of the keys.
    pub(crate) const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Both => &["password", "content"],
            Self::Password => &["password"],
            Self::Content => &["content"],
        }
    }
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            value_keys: ValueKeys::default(),
            simultaneous: true,
            held_code: 1099,
            repeated_view_counts: true,
            expiry_offset: false,
            names_expiration: false,
            release_needs_write: true,
        }
    }
}

/// Whether a text is a public key that answers can be encrypted for: RSA, as `PUBLIC KEY` in PEM.
pub(crate) fn is_public_key(pem: &str) -> bool {
    PublicKey::from_public_key_pem(pem).is_ok()
}

/// A value encrypted for a key: RSA with OAEP (SHA-1, no label), in base64. `None` if it is no key, or the value is
/// longer than the key takes.
pub(crate) fn encrypted(value: &str, pem: &str) -> Option<String> {
    use base64::Engine;
    let key = PublicKey::from_public_key_pem(pem).ok()?;
    let bytes = key.oaep_encrypt::<Sha1>(value.as_bytes()).ok()?;
    Some(base64::engine::general_purpose::STANDARD.encode(bytes))
}

/// A pair of keys for [`crate::Authorization::encrypted_for`], as the product makes one for each authorization.
#[derive(Clone)]
pub struct KeyPair {
    /// The public key in PEM.
    pub public_pem: String,
    /// The private key in PEM, as it can be downloaded once.
    pub private_pem: Hidden,
}

impl KeyPair {
    /// A new pair of this many bits.
    pub fn generate(bits: usize) -> Result<Self> {
        let key = PrivateKey::new(&mut rand::rng(), bits)?;
        let private_pem = key.to_pkcs8_pem(LineEnding::LF)?.as_str().into();
        Ok(Self { public_pem: key.to_public_key().to_public_key_pem(LineEnding::LF)?, private_pem })
    }
}
