//! The calls to the PAM, by name.

/// A call to the PAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// Asking the token endpoint for a token.
    Token,
    /// `POST` of a credential.
    UpsertCredential,
    /// `GET` of all credentials.
    ListCredentials,
    /// `DELETE` of a credential, which disables it.
    DisableCredential,
    /// `PUT` of a credential, which enables it.
    EnableCredential,
}

impl Call {
    /// Returns a constant name, for metrics and logs: `token`, `upsert_credential`, `list_credentials`,
    /// `disable_credential`, `enable_credential`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::UpsertCredential => "upsert_credential",
            Self::ListCredentials => "list_credentials",
            Self::DisableCredential => "disable_credential",
            Self::EnableCredential => "enable_credential",
        }
    }

    /// Returns true if the call changes something in the PAM.
    #[must_use]
    pub fn is_write(self) -> bool {
        matches!(self, Self::UpsertCredential | Self::DisableCredential | Self::EnableCredential)
    }
}
