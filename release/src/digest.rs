//! SHA-256 of files and texts, in hexadecimal digits.

use std::path::Path;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

/// Returns the SHA-256 of bytes.
pub(crate) fn of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// Returns the SHA-256 of a file.
pub(crate) fn of_file(path: &Path) -> Result<String> {
    Ok(of(&std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_digest_is_the_known_one() {
        assert_eq!(super::of(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
