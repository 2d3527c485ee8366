//! `additional_settings`: owner, server path, TOTP, criticality, further fields of a login, and the notes of older
//! versions (API 2.4).
//!
//! The nested `identifier` is never sent: which of the two would win is not documented (API 7 #4).

use secrecy::SecretString;
use serde::ser::SerializeMap;

use super::wire::{Entries, Part};
use crate::pam::endpoint::{AdditionalSettingsShape, CriticalityCase, NotesPlacement};

/// What is needed to use a credential beside its value. What is `None` is not sent, and the PAM keeps what it has.
///
/// `Debug` shows no secret.
#[derive(Clone, Debug, Default)]
pub struct AdditionalSettings {
    /// Username of the PAM user who owns the credential. An unknown one is answered with 500 (API 2.4).
    pub user_credential_owner: Option<String>,
    /// Path of the script or file that holds the credential on the server.
    pub server_path: Option<String>,
    /// The seed of time-based one-time passwords.
    pub secret_key: Option<SecretString>,
    /// How critical the credential is.
    pub criticality: Option<Criticality>,
    /// Further fields of a login; sent whole, with all their values.
    pub additional_authentication_fields: Option<Vec<AuthenticationField>>,
}

/// How critical a credential is. API v2 shows a fourth level that this call does not document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Criticality {
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
}

/// A further field of a login.
#[derive(Clone, Debug)]
pub struct AuthenticationField {
    /// Its name.
    pub name: String,
    /// Its short name.
    pub short_name: String,
    /// What is filled in.
    pub value: SecretString,
}

impl Criticality {
    fn spelled(self, case: CriticalityCase) -> &'static str {
        match (self, case) {
            (Self::Low, CriticalityCase::Capitalized) => "Low",
            (Self::Medium, CriticalityCase::Capitalized) => "Medium",
            (Self::High, CriticalityCase::Capitalized) => "High",
            (Self::Low, CriticalityCase::LowerCase) => "low",
            (Self::Medium, CriticalityCase::LowerCase) => "medium",
            (Self::High, CriticalityCase::LowerCase) => "high",
        }
    }
}

impl AdditionalSettings {
    /// True if nothing is set.
    fn is_empty(&self) -> bool {
        self.user_credential_owner.is_none()
            && self.server_path.is_none()
            && self.secret_key.is_none()
            && self.criticality.is_none()
            && self.additional_authentication_fields.is_none()
    }
}

impl Part for AdditionalSettings {
    fn put<M: SerializeMap>(&self, to: &mut Entries<'_, M>) -> Result<(), M::Error> {
        let case = to.dialect.criticality;
        to.text("user_credential_owner", self.user_credential_owner.as_deref())?;
        to.text("server_path", self.server_path.as_deref())?;
        to.secret("secret_key", self.secret_key.as_ref())?;
        to.text("criticality", self.criticality.map(|criticality| criticality.spelled(case)))?;
        to.parts("additional_authentication_fields", self.additional_authentication_fields.as_deref())
    }
}

impl Part for AuthenticationField {
    fn put<M: SerializeMap>(&self, to: &mut Entries<'_, M>) -> Result<(), M::Error> {
        to.text("name", Some(&self.name))?;
        to.text("short_name", Some(&self.short_name))?;
        to.secret("value", Some(&self.value))
    }
}

/// The block as it is sent: the settings, and the notes where they belong inside.
struct Block<'a> {
    settings: Option<&'a AdditionalSettings>,
    notes: Option<&'a str>,
}

impl Part for Block<'_> {
    fn put<M: SerializeMap>(&self, to: &mut Entries<'_, M>) -> Result<(), M::Error> {
        self.settings.map_or(Ok(()), |settings| settings.put(to))?;
        to.text("notes", self.notes)
    }
}

impl<M: SerializeMap> Entries<'_, M> {
    /// The additional settings and the notes, each where the dialect has them.
    pub(super) fn additional(
        &mut self,
        settings: Option<&AdditionalSettings>,
        notes: Option<&str>,
    ) -> Result<(), M::Error> {
        let (outside, inside) = match self.dialect.notes {
            NotesPlacement::TopLevel => (notes, None),
            NotesPlacement::AdditionalSettings => (None, notes),
        };
        self.text("notes", outside)?;
        let block = Block { settings: settings.filter(|settings| !settings.is_empty()), notes: inside };
        if block.settings.is_none() && block.notes.is_none() {
            return Ok(());
        }
        match self.dialect.settings {
            AdditionalSettingsShape::Object => self.part("additional_settings", Some(&block)),
            AdditionalSettingsShape::Array => self.parts("additional_settings", Some(&[block])),
        }
    }
}
