//! The product that a connection is for.

use std::fmt;

use super::version::ProductVersion;

/// The product of a PAM that a connection is for. Each has logins of its own, and a login of one cannot be given the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Product {
    /// PAM Core, which keeps credentials. The login is an A2A authorization.
    #[default]
    PamCore,
    /// MySafe, which keeps the entries of users. The login is an access key of one user.
    MySafe,
}

impl Product {
    /// Returns the first segment of every path. MySafe has its paths, the token endpoint's too, under `/api` in every version
    /// (API 1.1, 5).
    pub(in crate::pam) fn prefix(self, version: ProductVersion) -> &'static str {
        match self {
            Self::PamCore => version.prefix(),
            Self::MySafe => "/api",
        }
    }

    /// Returns the path of what the product keeps, below the prefix.
    pub(in crate::pam) const fn resource(self) -> &'static str {
        match self {
            Self::PamCore => "/pam/credential",
            Self::MySafe => "/mysafe/password",
        }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PamCore => "PAM Core",
            Self::MySafe => "MySafe",
        })
    }
}
