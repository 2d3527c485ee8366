//! `execution_settings`: rotation by the vault, reconciliation, and the parent credential (API 2.2).

use serde::ser::SerializeMap;

use super::account::{AccountRef, ConnectWith, Procedure};
use super::wire::{Entries, Part};

/// How the vault rotates and reconciles the value. What is `None` is not sent, and the PAM keeps what it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionSettings {
    /// The parent credential.
    pub parent: Option<AccountRef>,
    /// Whether the vault rotates the value by itself.
    pub automatic_change: Option<bool>,
    /// Whether a software agent rotates it.
    pub agent_based_password_change: Option<bool>,
    /// What rotates it on the device.
    pub change: Option<Procedure>,
    /// With which credential the PAM connects to rotate it.
    pub connect_with: ConnectWith,
    /// What happens after a rotation that failed.
    pub reconciliation: Option<Reconciliation>,
}

/// Reconciliation after a rotation that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciliation {
    /// Whether it happens; the API calls it `status`.
    pub enabled: bool,
    /// The credential that does it.
    pub account: Option<AccountRef>,
    /// What is run.
    pub procedure: Option<Procedure>,
}

impl Part for ExecutionSettings {
    fn put<M: SerializeMap>(&self, to: &mut Entries<'_, M>) -> Result<(), M::Error> {
        to.account(["parent_credential", "parent_hostname", "parent_ip"], self.parent.as_ref())?;
        to.flag("automatic_change", self.automatic_change)?;
        to.flag("agent_based_password_change", self.agent_based_password_change)?;
        to.procedure(["change_plugin", "change_template"], self.change.as_ref())?;
        to.connect_with(&self.connect_with)?;
        self.reconciliation.as_ref().map_or(Ok(()), |reconciliation| reconciliation.put(to))
    }
}

impl Part for Reconciliation {
    fn put<M: SerializeMap>(&self, to: &mut Entries<'_, M>) -> Result<(), M::Error> {
        to.flag("status", Some(self.enabled))?;
        let account = ["reconciliation_credential", "reconciliation_hostname", "reconciliation_ip"];
        to.account(account, self.account.as_ref())?;
        to.procedure(["reconciliation_plugin", "reconciliation_template"], self.procedure.as_ref())
    }
}
