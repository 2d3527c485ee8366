//! The calls to the PAM, by name.

use crate::pam::endpoint::Product;

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
    /// `GET` of one credential with its value. It gives custody to the client and may have the vault rotate the value. No
    /// part of the operator makes it (P5).
    ReadCredential,
    /// `DELETE` of the custody of a credential, after which a vault that rotates the record replaces its value.
    ReleaseCustody,
    /// `POST` of an entry of MySafe. It is no upsert: each one that is executed makes an entry.
    CreateEntry,
    /// `PUT` of an entry of MySafe.
    UpdateEntry,
    /// `GET` of all entries of MySafe, or of those with a tag.
    ListEntries,
    /// `POST` that deactivates an entry of MySafe.
    DeactivateEntry,
    /// `POST` that activates an entry of MySafe.
    ActivateEntry,
}

impl Call {
    /// Returns a constant name, for metrics and logs: `token`, `upsert_credential`, `list_credentials`,
    /// `disable_credential`, `enable_credential`, `read_credential`, `release_custody`, `create_entry`, `update_entry`,
    /// `list_entries`, `deactivate_entry`, `activate_entry`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::UpsertCredential => "upsert_credential",
            Self::ListCredentials => "list_credentials",
            Self::DisableCredential => "disable_credential",
            Self::EnableCredential => "enable_credential",
            Self::ReadCredential => "read_credential",
            Self::ReleaseCustody => "release_custody",
            Self::CreateEntry => "create_entry",
            Self::UpdateEntry => "update_entry",
            Self::ListEntries => "list_entries",
            Self::DeactivateEntry => "deactivate_entry",
            Self::ActivateEntry => "activate_entry",
        }
    }

    /// Returns true if the call changes something in the PAM.
    #[must_use]
    pub fn is_write(self) -> bool {
        !matches!(self, Self::Token | Self::ListCredentials | Self::ListEntries)
    }

    /// Returns true if the call hands out a value or gives custody back.
    pub(super) fn is_reading(self) -> bool {
        matches!(self, Self::ReadCredential | Self::ReleaseCustody)
    }

    /// Returns true if the call carries values that users choose, which the PAM may not cope with.
    pub(super) fn has_content(self) -> bool {
        matches!(self, Self::UpsertCredential | Self::CreateEntry | Self::UpdateEntry)
    }

    /// Returns the product that the call is of; `None` for the login, which each product has.
    pub(in crate::pam) fn product(self) -> Option<Product> {
        match self {
            Self::Token => None,
            Self::UpsertCredential
            | Self::ListCredentials
            | Self::DisableCredential
            | Self::EnableCredential
            | Self::ReadCredential
            | Self::ReleaseCustody => Some(Product::PamCore),
            Self::CreateEntry | Self::UpdateEntry | Self::ListEntries | Self::DeactivateEntry | Self::ActivateEntry => {
                Some(Product::MySafe)
            }
        }
    }
}
