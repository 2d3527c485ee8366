//! Makes the digests of values that were sent, so that a change of a value is found without keeping the value (P8).

use hmac::{Hmac, KeyInit, Mac};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, Patch, PatchParams};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::api::{DIGEST_KEY_FIELD, DIGEST_KEY_SECRET, FIELD_MANAGER};
use crate::controller::runtime::error::{Error, bounded};
use crate::controller::runtime::object_id::NamespacedName;
use crate::domain::Keyed;
use crate::secret::read;

/// Length of the key in bytes.
const KEY_LENGTH: usize = 32;

/// The key of the digests in status: HMAC-SHA-256, cut to 128 bits.
pub(crate) struct DigestKey {
    id: String,
    key: Zeroizing<Vec<u8>>,
    /// Whether this process made the key: digests in statuses are then of a key that is lost.
    is_new: bool,
}

impl DigestKey {
    fn new(key: Zeroizing<Vec<u8>>) -> Self {
        let id = hex(&Sha256::digest(key.as_slice())[..4]);
        Self { id, key, is_new: false }
    }

    /// Returns the digest of `value`, apart for each `owner` and `field`: `v1:{key id}:{mac}`.
    pub(crate) fn mac(&self, owner: &str, field: &str, value: &[u8]) -> String {
        let mac = self.hmac(owner, field, value).finalize().into_bytes();
        format!("v1:{}:{}", self.id, hex(&mac[..16]))
    }

    /// Returns whether `digest` is the digest of `value` with this key. Takes the same time for each value.
    fn is_of(&self, digest: &str, owner: &str, field: &str, value: &[u8]) -> bool {
        let mac = digest.rsplit(':').next().and_then(unhex).unwrap_or_default();
        mac.len() == 16 && self.hmac(owner, field, value).verify_truncated_left(&mac).is_ok()
    }

    /// Returns whether this process made the key.
    pub(crate) const fn is_new(&self) -> bool {
        self.is_new
    }

    /// Returns whether `digest` was made with this key.
    pub(crate) fn made(&self, digest: &str) -> bool {
        digest
            .strip_prefix("v1:")
            .and_then(|rest| rest.strip_prefix(&self.id))
            .is_some_and(|rest| rest.starts_with(':'))
    }

    fn hmac(&self, owner: &str, field: &str, value: &[u8]) -> Hmac<Sha256> {
        #[allow(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut hmac = Hmac::<Sha256>::new_from_slice(&self.key).expect("any length");
        for part in [owner.as_bytes(), field.as_bytes(), value] {
            hmac.update(&(part.len() as u64).to_be_bytes());
            hmac.update(part);
        }
        hmac
    }
}

/// The key of the digests of one object. The owner is `{namespace}/{name}` and not the uid, since a restore gives objects new
/// uids and the digests must stay valid.
pub(crate) struct OwnedKey<'a> {
    pub(crate) key: &'a DigestKey,
    pub(crate) owner: String,
}

impl Keyed for OwnedKey<'_> {
    fn digest(&self, field: &str, text: &[u8]) -> String {
        self.key.mac(&self.owner, field, text)
    }

    fn made(&self, digest: &str) -> bool {
        self.key.made(digest)
    }

    fn is_of(&self, digest: &str, field: &str, text: &[u8]) -> bool {
        self.key.is_of(digest, &self.owner, field, text)
    }
}

/// Returns a digest without a key, of text that is no secret: readers of the object see the text anyway.
pub(crate) fn plain(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    format!("v1:{}", hex(&hash.finalize()[..16]))
}

/// Returns eight hex digits by which two texts can be told apart.
pub(crate) fn fingerprint(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes())[..4])
}

/// Reads the digest key from the operator's own Secret, and makes one where the chart's Secret is still empty.
pub(crate) async fn load_key(client: &kube::Client, namespace: &str) -> Result<DigestKey, Error> {
    if let Some(key) = read_key(client, namespace).await? {
        return Ok(key);
    }
    // Two replicas may write a key at once: the precondition refuses the second write, and the second replica reads the key of
    // the first.
    let is_new = match write_key(client, namespace).await {
        Err(error) if !error.is_conflict() => return Err(error),
        written => written.is_ok(),
    };
    let key = read_key(client, namespace).await?.ok_or(Error::DigestKeyMissing)?;
    Ok(DigestKey { is_new, ..key })
}

async fn read_key(client: &kube::Client, namespace: &str) -> Result<Option<DigestKey>, Error> {
    let name = NamespacedName::new(namespace, DIGEST_KEY_SECRET);
    let mut found = read::read(client, &name, &[DIGEST_KEY_FIELD]).await?.ok_or(Error::DigestKeyMissing)?;
    match found.values.remove(DIGEST_KEY_FIELD) {
        None => Ok(None),
        Some(key) if key.len() == KEY_LENGTH => Ok(Some(DigestKey::new(key))),
        Some(_) => Err(Error::DigestKeyInvalid),
    }
}

async fn write_key(client: &kube::Client, namespace: &str) -> Result<(), Error> {
    let name = NamespacedName::new(namespace, DIGEST_KEY_SECRET);
    let found = read::read(client, &name, &[]).await?.ok_or(Error::DigestKeyMissing)?;
    let mut key = Zeroizing::new([0_u8; KEY_LENGTH]);
    rand::fill(key.as_mut_slice());
    let body = serde_json::json!({
        "metadata": { "resourceVersion": found.version.resource_version },
        "data": { DIGEST_KEY_FIELD: k8s_openapi::ByteString(key.to_vec()) },
    });
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    let api = Api::<Secret>::namespaced(client.clone(), namespace);
    // Only the metadata is asked for in the answer: an answer with the key would go through kube's decoder.
    bounded("write the digest key", api.patch_metadata(DIGEST_KEY_SECRET, &params, &Patch::Merge(body))).await?;
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    digits.map(|digits| digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::domain::Compared;

    fn key(byte: u8) -> DigestKey {
        DigestKey::new(Zeroizing::new(vec![byte; KEY_LENGTH]))
    }

    /// Compares the content of one object.
    fn compare(byte: u8, recorded: Option<&String>, value: &[u8]) -> Compared {
        OwnedKey { key: &key(byte), owner: "ns/a".to_owned() }.compare(recorded, "content", value)
    }

    #[test]
    fn a_value_is_known_again_and_another_is_not() {
        let digest = key(1).mac("ns/a", "content", b"CANARY");
        assert_eq!(compare(1, Some(&digest), b"CANARY"), Compared::Same);
        assert_eq!(compare(1, Some(&digest), b"canary"), Compared::Changed);
        assert_eq!(compare(1, None, b"CANARY"), Compared::New);
    }

    #[test]
    fn another_key_is_a_lost_key_and_not_a_changed_value() {
        let digest = key(1).mac("ns/a", "content", b"CANARY");
        assert_eq!(compare(2, Some(&digest), b"CANARY"), Compared::Unknown);
        assert_eq!(compare(2, Some(&"v0:x".into()), b"CANARY"), Compared::Unknown);
    }

    #[test]
    fn equal_values_of_two_credentials_or_fields_have_different_digests() {
        let mac = |owner, field| key(1).mac(owner, field, b"CANARY");
        assert_ne!(mac("ns/a", "content"), mac("ns/b", "content"));
        assert_ne!(mac("ns/a", "content"), mac("ns/a", "username"));
        assert!(!mac("ns/a", "content").contains("CANARY"));
    }

    #[test]
    fn a_damaged_digest_is_a_change_and_nothing_worse() {
        let damaged = key(1).mac("ns/a", "content", b"x").replace(|c: char| c.is_ascii_hexdigit(), "g");
        for text in [format!("v1:{}:", key(1).id), format!("v1:{}:00", key(1).id)] {
            assert_eq!(compare(1, Some(&text), b"x"), Compared::Changed);
        }
        assert_eq!(compare(1, Some(&damaged), b"x"), Compared::Unknown);
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(plain(&["ab", "c"]), plain(&["a", "bc"]));
    }
}
