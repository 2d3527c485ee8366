//! The proxy between a client and its PAM: the plain data that the way through the proxy is made from.

use std::fmt;

use secrecy::SecretString;
use url::{Host, Url};

use super::error::EndpointError;

/// An HTTP proxy that a client reaches its PAM through, by `CONNECT`: the proxy relays TLS and sees no call.
#[derive(Clone)]
pub struct Proxy {
    /// The proxy's address: http, a host, and where needed a port; nothing else.
    pub url: Url,
    /// The login at the proxy.
    pub login: Option<ProxyLogin>,
}

/// A login at a proxy, sent as HTTP Basic credentials to the proxy alone.
#[derive(Clone)]
pub struct ProxyLogin {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

impl Proxy {
    /// Checks what can be checked without a request; `pam` is what the proxy is asked for.
    pub(super) fn check(&self, pam: &Host<&str>) -> Result<(), EndpointError> {
        let url = &self.url;
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let has_login = !url.username().is_empty() || url.password().is_some();
        if url.scheme() != "http" || !url.has_host() || has_login || !is_bare {
            return Err(EndpointError::ProxyUrl);
        }
        if self.login.as_ref().is_some_and(|login| login.username.contains(':')) {
            return Err(EndpointError::ProxyUsername);
        }
        // The HTTP client checks no certificate for such an address behind a proxy, and fails.
        if matches!(pam, Host::Ipv6(_)) { Err(EndpointError::Ipv6ThroughProxy) } else { Ok(()) }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("origin", &self.url.origin().ascii_serialization()).finish_non_exhaustive()
    }
}

impl fmt::Debug for ProxyLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyLogin").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, username: &str) -> Result<(), EndpointError> {
        let login = Some(ProxyLogin { username: username.into(), password: "CANARY".into() });
        Proxy { url: url.parse().unwrap(), login }.check(&Host::Domain("pam.example.com"))
    }

    #[test]
    fn only_a_plain_http_address_without_a_login_is_a_proxy() {
        for url in ["http://proxy", "http://proxy:3128/", "http://10.0.0.7:3128", "http://[fd12::1]:3128"] {
            assert_eq!(check(url, "user"), Ok(()), "{url}");
        }
        let refused = ["https://proxy", "socks5://proxy", "http://user@proxy", "http://:x@proxy", "http://proxy/path"];
        for url in refused.into_iter().chain(["http://proxy?x", "http://proxy#x"]) {
            assert_eq!(check(url, "user"), Err(EndpointError::ProxyUrl), "{url}");
        }
        assert_eq!(check("http://proxy", "a:b"), Err(EndpointError::ProxyUsername));
    }

    #[test]
    fn debug_shows_no_part_of_the_login() {
        let login = ProxyLogin { username: "CANARY".into(), password: "CANARY".into() };
        let proxy = Proxy { url: "http://CANARY:CANARY@proxy:3128".parse().unwrap(), login: Some(login.clone()) };
        let shown = format!("{proxy:?} {login:?}");
        assert!(!shown.contains("CANARY") && shown.contains("http://proxy:3128"), "{shown}");
    }
}
