//! The origin that a connection's URL leads to.

use url::Url;

/// Returns a PAM's address in its one spelling: `https://host[:port][/path]`, the port only if it is not 443, without a
/// final slash, and without the dot that may end a complete host name.
#[must_use]
pub fn origin_of(url: &Url) -> String {
    format!("{}{}", host_of(url), url.path().trim_end_matches('/'))
}

/// Returns the scheme, host and port of a PAM's address, in one spelling.
#[must_use]
pub fn host_of(url: &Url) -> String {
    let shown = url.origin().ascii_serialization();
    let (host, port) = match url.port() {
        Some(port) => (shown.strip_suffix(&format!(":{port}")).unwrap_or(&shown), format!(":{port}")),
        None => (shown.as_str(), String::new()),
    };
    format!("{}{port}", host.strip_suffix('.').unwrap_or(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_has_one_spelling() {
        let origin = |url: &str| origin_of(&url.parse().unwrap());
        for url in ["https://pam.example.com", "https://PAM.example.com:443/", "https://pam.example.com.//"] {
            assert_eq!(origin(url), "https://pam.example.com");
        }
        assert_eq!(origin("https://pam.example.com.:8443/vault/"), "https://pam.example.com:8443/vault");
        assert_eq!(origin("https://[::1]:8443"), "https://[::1]:8443");
        assert_eq!(origin("https://0x7f.1"), "https://127.0.0.1");
    }
}
