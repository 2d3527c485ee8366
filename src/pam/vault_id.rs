//! Which vault a connection leads to.

use url::Url;

/// A vault: where a PAM is, and whose part of it. Ids mean something within one place only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct VaultId {
    /// See [`VaultId::origin_of`].
    pub origin: String,
    /// The tenant: as the PAM answered ([`Upserted::tenant`](super::Upserted::tenant)), else as the connection asks
    /// for; `None` if neither is known. Versions before 3.33 never answer one.
    pub tenant: Option<String>,
}

impl VaultId {
    /// A place; an empty tenant is none.
    #[must_use]
    pub fn new(origin: &str, tenant: Option<&str>) -> Self {
        let tenant = tenant.map(str::trim).filter(|tenant| !tenant.is_empty());
        Self { origin: origin.to_owned(), tenant: tenant.map(str::to_owned) }
    }

    /// A PAM's address in its one spelling: `https://host[:port][/path]`, the port only if it is not 443, without a
    /// final slash, and without the dot that may end a complete host name.
    #[must_use]
    pub fn origin_of(url: &Url) -> String {
        format!("{}{}", host_of(url), url.path().trim_end_matches('/'))
    }

    /// True unless the two are surely different: another origin, or tenants that are both known and differ, case
    /// aside. A tenant that is not known proves nothing, since the origin alone may fix it.
    #[must_use]
    pub fn may_be(&self, other: &Self) -> bool {
        self.origin == other.origin
            && match (&self.tenant, &other.tenant) {
                (Some(own), Some(other)) => own.eq_ignore_ascii_case(other),
                _ => true,
            }
    }
}

/// Scheme, host and port alone, in one spelling.
pub(super) fn host_of(url: &Url) -> String {
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
        let origin = |url: &str| VaultId::origin_of(&url.parse().unwrap());
        for url in ["https://pam.example.com", "https://PAM.example.com:443/", "https://pam.example.com.//"] {
            assert_eq!(origin(url), "https://pam.example.com");
        }
        assert_eq!(origin("https://pam.example.com.:8443/vault/"), "https://pam.example.com:8443/vault");
        assert_eq!(origin("https://[::1]:8443"), "https://[::1]:8443");
        assert_eq!(origin("https://0x7f.1"), "https://127.0.0.1");
    }

    #[test]
    fn places_differ_by_origin_or_by_known_tenants() {
        let place = |origin, tenant| VaultId::new(origin, tenant);
        assert!(place("https://a", Some("acme")).may_be(&place("https://a", Some("Acme"))));
        assert!(place("https://a", None).may_be(&place("https://a", Some("acme"))));
        assert!(place("https://a", Some(" ")).may_be(&place("https://a", Some("acme"))));
        assert!(!place("https://a", Some("umbrella")).may_be(&place("https://a", Some("acme"))));
        assert!(!place("https://a", None).may_be(&place("https://b", None)));
    }
}
