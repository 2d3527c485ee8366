//! `jit_settings`: accounts that exist, or are enabled, only while a session lasts (API 2.5).

use serde::ser::SerializeMap;

use super::account::{ConnectWith, Procedure};
use super::wire::{Entries, Part};

/// Just-in-time access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JitSettings {
    /// Whether it is on.
    pub jit: bool,
    /// What happens to the account around a session; `None` leaves what the PAM has.
    pub mode: Option<JitMode>,
    /// With which credential the PAM connects to do it.
    pub connect_with: ConnectWith,
}

/// What happens to the account around a session. The modes are alternatives; both switches are always sent, so that a
/// record that had the other mode leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JitMode {
    /// It is created before the session and deleted after it.
    CreateAndDelete {
        /// What creates it.
        creation: Procedure,
        /// What deletes it.
        deletion: Procedure,
    },
    /// It is enabled before the session and disabled after it.
    EnableAndDisable {
        /// What enables it.
        enable: Procedure,
        /// What disables it.
        disable: Procedure,
    },
    /// Neither.
    Neither,
}

impl Part for JitSettings {
    fn put<M: SerializeMap>(&self, to: &mut Entries<'_, M>) -> Result<(), M::Error> {
        to.flag("jit", Some(self.jit))?;
        self.mode.as_ref().map_or(Ok(()), |mode| mode.put(to))?;
        to.connect_with(&self.connect_with)
    }
}

impl Part for JitMode {
    fn put<M: SerializeMap>(&self, to: &mut Entries<'_, M>) -> Result<(), M::Error> {
        to.flag("credential_creation_and_deletion", Some(matches!(self, Self::CreateAndDelete { .. })))?;
        to.flag("enable_disable_credential", Some(matches!(self, Self::EnableAndDisable { .. })))?;
        match self {
            Self::CreateAndDelete { creation, deletion } => {
                to.procedure(["credential_creation_plugin", "credential_creation_template"], Some(creation))?;
                to.procedure(["credential_deletion_plugin", "credential_deletion_template"], Some(deletion))
            }
            Self::EnableAndDisable { enable, disable } => {
                to.procedure(["credential_enable_plugin", "credential_enable_template"], Some(enable))?;
                to.procedure(["credential_disable_plugin", "credential_disable_template"], Some(disable))
            }
            Self::Neither => Ok(()),
        }
    }
}
