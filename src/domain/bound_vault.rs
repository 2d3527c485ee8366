//! The vault that a record was written to, and where a connection leads.

use super::TenantName;

/// The vault that a record is in, and the connection that wrote the record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BoundVault {
    /// The connection and the login that wrote the record.
    pub used: ConnectedVault,
    /// The tenant, as the PAM named it.
    pub tenant: Option<TenantName>,
}

/// Where a connection leads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ConnectedVault {
    /// Kind and name of the connection.
    pub connection: String,
    /// Scheme, host, port and path of the PAM.
    pub origin: String,
    /// The tenant that the login asks for.
    pub requested_tenant: Option<String>,
    /// Keyed digest of the OAuth client id.
    pub login: Option<String>,
}

impl ConnectedVault {
    /// Returns whether a record that was written to `known` is where this connection leads. Another connection may log in
    /// as another tenant, or see other records, even at the same address.
    #[must_use]
    pub fn leads_to(&self, known: &BoundVault) -> bool {
        let same = (&self.connection, &self.origin) == (&known.used.connection, &known.used.origin);
        same && self.is_tenant_of(known)
    }

    /// Returns whether the login asks for the tenant of the record. To ask for the tenant that the PAM named anyway leads nowhere
    /// else; to ask for none may.
    #[must_use]
    pub fn is_tenant_of(&self, known: &BoundVault) -> bool {
        let (asked, answered) = (self.requested_tenant.as_deref(), known.tenant.as_deref());
        let same_word = asked.zip(answered).is_some_and(|(asked, answered)| asked.eq_ignore_ascii_case(answered));
        self.requested_tenant == known.used.requested_tenant || same_word
    }
}
