//! The CA certificates of the image.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

/// The longest line that RFC 7468 lets a generator write.
const LINE: usize = 64;

/// Returns Mozilla's certificates of CAs, in PEM.
pub(crate) fn pem() -> String {
    let mut text = String::new();
    for certificate in TLS_SERVER_ROOT_CERTS {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let encoded = STANDARD.encode(certificate);
        for line in encoded.as_bytes().chunks(LINE) {
            // Writing into a String does not fail, and base64 is ASCII.
            let _ = writeln!(text, "{}", String::from_utf8_lossy(line));
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_certificate_is_there_and_can_be_decoded() {
        let text = pem();
        let found: Vec<_> = text.split("-----BEGIN CERTIFICATE-----\n").skip(1).collect();
        assert!(found.len() > 100, "{}", found.len());
        assert_eq!(found.len(), TLS_SERVER_ROOT_CERTS.len());
        for (pem, der) in found.iter().zip(TLS_SERVER_ROOT_CERTS) {
            let (body, rest) = pem.split_once("-----END CERTIFICATE-----\n").unwrap();
            assert_eq!(rest, "");
            assert!(body.lines().all(|line| line.len() <= LINE));
            assert_eq!(STANDARD.decode(body.replace('\n', "")).unwrap(), der.as_ref());
        }
    }
}
