//! What is sent for a credential, and what the PAM says about one.

mod account;
mod additional;
mod answer;
mod device;
mod execution;
mod jit;
mod listed;
mod session;
#[cfg(test)]
mod tests;
mod wire;

use std::fmt;
use std::io;

use secrecy::SecretString;
use serde::ser::SerializeMap;
use zeroize::Zeroizing;

use crate::pam::wire::Dialect;
use wire::{Entries, Part, Spelled};

pub use account::{AccountRef, ConnectWith, Procedure};
pub use additional::{AdditionalSettings, AuthenticationField, Criticality};
pub use answer::{Outcome, Upserted};
pub use device::DeviceSettings;
pub use execution::{ExecutionSettings, Reconciliation};
pub use jit::{JitMode, JitSettings};
pub use listed::ListedCredential;
pub use session::{Macro, SessionSettings};

/// One `POST` of a credential (API 2.1): the four keys of a record, and of the rest only what is to be written.
///
/// A field that is `None` is not sent, and the PAM keeps what it has. There is no way to clear one (API 7 #23).
/// A group (the four `…_settings`, `device`) is sent whole or not at all. No item of a list may hold a comma, which
/// is what lists are joined by (API 7 #33).
/// `Debug` shows the identifier and which fields are set, no other value: even the username may come from a Secret.
#[derive(Clone, Default)]
pub struct CredentialRequest {
    /// The identifier under which the record is kept. Always sent (API 7 #5).
    pub identifier: String,
    /// The account. Never empty: the PAM would make it `usr`, and rename on update (API 2.1).
    pub username: String,
    /// The device's host name.
    pub hostname: String,
    /// The device's address, as the PAM knows it.
    pub ip: String,
    /// The value.
    pub content: Option<SecretString>,
    /// Free additional information.
    pub additional: Option<String>,
    /// Keywords.
    pub tags: Option<Vec<String>>,
    /// The credential's type.
    pub credential_type: Option<String>,
    /// The credential's domain.
    pub domain: Option<String>,
    /// The id of the parent credential, whose value this one takes.
    pub parent_password: Option<u64>,
    /// Notes; sent where the version takes them (API 7 #11).
    pub notes: Option<String>,
    /// Rotation, reconciliation and the parent.
    pub execution_settings: Option<ExecutionSettings>,
    /// What sessions may do.
    pub session_settings: Option<SessionSettings>,
    /// Owner, TOTP, criticality and the like.
    pub additional_settings: Option<AdditionalSettings>,
    /// Just-in-time access.
    pub jit_settings: Option<JitSettings>,
    /// What is written onto the shared device.
    pub device: Option<DeviceSettings>,
}

impl CredentialRequest {
    /// The request's body as JSON, in the connection's dialect.
    ///
    /// It is written twice, the first time only to be measured: a buffer that grew would leave copies of the value in
    /// freed memory.
    pub(super) fn to_json(&self, dialect: &Dialect) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        let spelled = Spelled(self, dialect);
        let mut length = Length(0);
        serde_json::to_writer(&mut length, &spelled)?;
        let mut body = Zeroizing::new(Vec::with_capacity(length.0));
        serde_json::to_writer(&mut *body, &spelled)?;
        Ok(body)
    }

    /// What of the rest is set, by its name.
    fn set(&self) -> impl Iterator<Item = &'static str> {
        let all = [
            ("content", self.content.is_some()),
            ("additional", self.additional.is_some()),
            ("tags", self.tags.is_some()),
            ("credential_type", self.credential_type.is_some()),
            ("domain", self.domain.is_some()),
            ("parent_password", self.parent_password.is_some()),
            ("notes", self.notes.is_some()),
            ("execution_settings", self.execution_settings.is_some()),
            ("session_settings", self.session_settings.is_some()),
            ("additional_settings", self.additional_settings.is_some()),
            ("jit_settings", self.jit_settings.is_some()),
            ("device", self.device.is_some()),
        ];
        all.into_iter().filter_map(|(name, set)| set.then_some(name))
    }
}

impl Part for CredentialRequest {
    fn put<M: SerializeMap>(&self, to: &mut Entries<'_, M>) -> Result<(), M::Error> {
        to.text("identifier", Some(&self.identifier))?;
        to.text("username", Some(&self.username))?;
        to.text("hostname", Some(&self.hostname))?;
        to.text("ip", Some(&self.ip))?;
        to.secret("content", self.content.as_ref())?;
        to.text("additional", self.additional.as_deref())?;
        to.list("tags", self.tags.as_deref())?;
        to.text("credential_type", self.credential_type.as_deref())?;
        to.text("domain", self.domain.as_deref())?;
        to.number("parent_password", self.parent_password)?;
        to.part("execution_settings", self.execution_settings.as_ref())?;
        to.part("session_settings", self.session_settings.as_ref())?;
        to.additional(self.additional_settings.as_ref(), self.notes.as_deref())?;
        to.part("jit_settings", self.jit_settings.as_ref())?;
        self.device.as_ref().map_or(Ok(()), |device| device.put(to))
    }
}

impl fmt::Debug for CredentialRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialRequest")
            .field("identifier", &self.identifier)
            .field("set", &self.set().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// A writer that keeps nothing but the length.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
