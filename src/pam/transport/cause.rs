//! What caused an error of the HTTP client.

use std::error::Error;
use std::io;

/// Returns the error of type `E` that caused an error. An `io::Error` does not name its content as its source, so that
/// following the sources alone would miss the content.
pub(super) fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    if let Some(found) = error.downcast_ref() {
        return Some(found);
    }
    let content = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    match content {
        Some(content) => cause(content),
        None => error.source().and_then(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tls_error_is_found_inside_io_errors() {
        let tls = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let nested = io::Error::other(io::Error::other(tls.clone()));
        assert_eq!(cause(&nested), Some(&tls));
        assert_eq!(cause::<rustls::Error>(&io::Error::other("x")), None);
    }
}
