//! Writes the body of a request that may hold secrets.

use std::io;

use serde::Serialize;
use zeroize::Zeroizing;

/// Returns something as JSON, in a buffer that is wiped.
///
/// The body is written twice, the first time only to be measured: a buffer that grew would leave copies of a secret in freed
/// memory.
pub(in crate::pam) fn json_body(content: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
    let mut length = Length(0);
    serde_json::to_writer(&mut length, content)?;
    let mut body = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *body, content)?;
    Ok(body)
}

/// A writer that keeps nothing but the length.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
