//! The client of a senhasegura / Segura PAM: its public HTTP API and nothing else. This module knows no cluster.
//!
//! Start reading at [`PamClient`]. A connection becomes an [`Endpoint`]; all clients of a process share one
//! [`Origins`], which holds what must be counted per PAM and not per connection: requests in flight, their rate,
//! the circuit breaker. What product versions differ in is one `Dialect` per client; where a tenant's connection may
//! lead is its [`AddressPolicy`]. [`Inventory`] answers what the PAM holds from one shared list. Everything that goes wrong
//! is a [`PamError`], by meaning.
//!
//! No value, token or text of an answer is in any error, log line or `Debug` output of this module (P8), and the
//! value of a credential is never asked for (P5).

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on may panic"))]

mod auth;
mod calls;
mod client;
mod credential;
mod endpoint;
mod error;
mod inventory;
mod transport;
mod vault_id;
mod wire;

pub use calls::{Disabled, Enabled};
pub use client::PamClient;
pub use credential::{
    AccountRef, AdditionalSettings, AuthenticationField, ConnectWith, CredentialRequest, Criticality, DeviceSettings,
    ExecutionSettings, JitMode, JitSettings, ListedCredential, Macro, Outcome, Procedure, Reconciliation,
    SessionSettings, Upserted,
};
pub use endpoint::{
    AdditionalSettingsShape, AddressKind, AddressPolicy, AllowedHostError, AllowedHosts, BooleanForm,
    ClientCertificate, Compatibility, CriticalityCase, Deadlines, Endpoint, EndpointError, Limits, NotesPlacement,
    NumberForm, OAuth2, ProductVersion, TokenRequest, VersionError,
};
pub use error::{AuthFailure, Call, PamError, Retry, TlsFault, Unavailable, field_of};
pub use inventory::{Account, Inventory, Seen, Snapshot};
pub use transport::{CallReport, Origins};
pub use vault_id::VaultId;
