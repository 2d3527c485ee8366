//! Which vault a record is in.

/// A vault: the origin of a PAM, and a tenant there. Ids mean something within one vault only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct VaultId {
    /// The PAM's address in its one spelling.
    pub origin: String,
    /// The tenant: as the PAM answered, else as the connection asks for; `None` if neither is known. Versions before
    /// 3.33 never answer one.
    pub tenant: Option<String>,
}

impl VaultId {
    /// Makes the vault at that origin; an empty tenant is none.
    #[must_use]
    pub fn new(origin: &str, tenant: Option<&str>) -> Self {
        let tenant = tenant.map(str::trim).filter(|tenant| !tenant.is_empty());
        Self { origin: origin.to_owned(), tenant: tenant.map(str::to_owned) }
    }

    /// Returns true unless the two are surely different: another origin, or tenants that are both known and differ, case
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vaults_differ_by_origin_or_by_known_tenants() {
        let vault = |origin, tenant| VaultId::new(origin, tenant);
        assert!(vault("https://a", Some("acme")).may_be(&vault("https://a", Some("Acme"))));
        assert!(vault("https://a", None).may_be(&vault("https://a", Some("acme"))));
        assert!(vault("https://a", Some(" ")).may_be(&vault("https://a", Some("acme"))));
        assert!(!vault("https://a", Some("umbrella")).may_be(&vault("https://a", Some("acme"))));
        assert!(!vault("https://a", None).may_be(&vault("https://b", None)));
    }
}
