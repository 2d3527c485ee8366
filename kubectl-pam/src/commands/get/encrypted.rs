//! Values that the PAM encrypts for the authorization: RSA with OAEP and SHA-1, in base64. No field of an answer
//! tells a ciphertext from a value.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::PrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use zeroize::Zeroizing;

use crate::exit::{Exit, Failure};

/// As many bytes has a ciphertext of a key of 1024, 2048, 3072, 4096 or 8192 bits.
const CIPHERTEXTS: [usize; 5] = [128, 256, 384, 512, 1024];

/// How the text of an answer becomes the value.
pub enum Opening {
    /// The text is the value, unless it looks like a ciphertext.
    Plain,
    /// The text is the value, whatever it looks like.
    AsItIs,
    /// The text is a ciphertext for this key.
    With(Box<PrivateKey>),
}

impl Opening {
    /// Reads a private key: PKCS #8 or PKCS #1 in PEM, without a passphrase.
    pub fn with_key(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let pem = fs::read_to_string(path).map(Zeroizing::new);
        let pem = pem.map_err(|error| Failure::new(Exit::Usage, format!("{shown} cannot be read: {error}")))?;
        let key = PrivateKey::from_pkcs8_pem(&pem).ok().or_else(|| PrivateKey::from_pkcs1_pem(&pem).ok());
        let key = key.ok_or_else(|| {
            Failure::new(Exit::Usage, format!("{shown} holds no RSA private key in PEM: give the key that the PAM let you download, without a passphrase"))
        })?;
        Ok(Self::With(Box::new(key)))
    }

    /// Returns the value that a text of an answer stands for. A ciphertext is never returned as a value (but by `AsItIs`).
    pub fn open(&self, text: &SecretString) -> Result<SecretString, Failure> {
        match self {
            Self::Plain if looks_encrypted(text.expose_secret()) => Err(refused(
                "the PAM's answer looks like a ciphertext, and nothing was shown: give the key of the authorization with \
                 --private-key, or --not-encrypted if this is the value itself",
            )),
            Self::Plain | Self::AsItIs => Ok(text.clone()),
            Self::With(key) => decrypted(text.expose_secret(), key).ok_or_else(|| {
                refused(
                    "the PAM's answer is no ciphertext for this key, and nothing was shown: give the key of the authorization \
                     that the connection logs in with, or leave --private-key out if it has no encryption",
                )
            }),
        }
    }
}

fn refused(message: &str) -> Failure {
    Failure::new(Exit::Pam, message)
}

fn looks_encrypted(text: &str) -> bool {
    STANDARD.decode(text.trim()).map(Zeroizing::new).is_ok_and(|bytes| CIPHERTEXTS.contains(&bytes.len()))
}

fn decrypted(text: &str, key: &PrivateKey) -> Option<SecretString> {
    let ciphertext = STANDARD.decode(text.trim()).ok().filter(|bytes| bytes.len() == key.size())?;
    let value = key.oaep_decrypt::<Sha1>(&ciphertext).ok().map(Zeroizing::new)?;
    std::str::from_utf8(&value).ok().map(SecretString::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    /// Made with openssl: `openssl genrsa -traditional 1024`, the same with `openssl pkcs8 -topk8 -nocrypt`, and
    /// `openssl pkeyutl -encrypt -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1`.
    const KEY: &str = include_str!("../../../tests/fixtures/decryption-key.pem");
    const CIPHERTEXT: &str = include_str!("../../../tests/fixtures/ciphertext.txt");

    fn key() -> Opening {
        Opening::With(Box::new(PrivateKey::from_pkcs8_pem(KEY).unwrap()))
    }

    fn open(opening: &Opening, text: &str) -> Result<String, Failure> {
        opening.open(&SecretString::from(text)).map(|value| value.expose_secret().to_owned())
    }

    #[test]
    fn a_ciphertext_of_another_program_is_opened() {
        assert_eq!(open(&key(), CIPHERTEXT), Ok("CANARY-value \"\\\u{e9}".to_owned()));
        assert_eq!(open(&key(), CIPHERTEXT.trim()), open(&key(), CIPHERTEXT));
    }

    #[test]
    fn a_key_is_read_in_both_forms_and_nothing_else_is_a_key() {
        let folder = Scratch::new("key");
        let path = folder.join("key.pem");
        let other_form = include_str!("../../../tests/fixtures/decryption-key-pkcs1.pem");
        for pem in [KEY, other_form] {
            fs::write(&path, pem).unwrap();
            assert_eq!(open(&Opening::with_key(&path).unwrap(), CIPHERTEXT), open(&key(), CIPHERTEXT));
        }
        fs::write(&path, "CANARY").unwrap();
        let Err(failure) = Opening::with_key(&path) else { panic!("no key") };
        assert!(failure.exit == Exit::Usage && !failure.message.contains("CANARY"), "{}", failure.message);
        fs::remove_file(&path).unwrap();
        assert!(Opening::with_key(&path).is_err());
    }

    #[test]
    fn a_ciphertext_is_never_taken_for_a_value() {
        let refused = open(&Opening::Plain, CIPHERTEXT.trim()).unwrap_err();
        assert!(refused.exit == Exit::Pam && refused.message.contains("--private-key"));
        assert_eq!(open(&Opening::AsItIs, "QUJD"), Ok("QUJD".to_owned()));
        for value in ["secret@2504", "QUJD", "", "a b", &"x".repeat(256)] {
            assert_eq!(open(&Opening::Plain, value), Ok(value.to_owned()), "{value}");
        }
    }

    #[test]
    fn what_is_no_ciphertext_for_the_key_is_no_value() {
        let mut other = STANDARD.decode(CIPHERTEXT.trim()).unwrap();
        other[7] ^= 1;
        for text in ["CANARY", "Q0FOQVJZ", &STANDARD.encode(&other), &STANDARD.encode(&other[..127])] {
            let refused = open(&key(), text).unwrap_err();
            assert!(refused.exit == Exit::Pam && !refused.message.contains("CANARY"), "{}", refused.message);
        }
    }
}
