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

mod account;
mod address;
mod breaker;
mod budget;
mod client;
mod code;
mod credential;
mod dialect;
mod endpoint;
mod envelope;
mod error;
mod gate;
mod http;
mod index;
mod inventory;
mod lenient;
mod list;
mod login;
mod resolver;
mod snapshot;
mod summary;
mod switch;
mod table;
mod tls;
mod token;
mod vault_id;
mod version;

pub use account::Account;
pub use address::{AddressKind, AddressPolicy, AllowedHostError, AllowedHosts};
pub use client::PamClient;
pub use code::field_of;
pub use credential::{
    AccountRef, AdditionalSettings, AuthenticationField, ConnectWith, CredentialRequest, Criticality, DeviceSettings,
    ExecutionSettings, JitMode, JitSettings, ListedCredential, Macro, Outcome, Procedure, Reconciliation,
    SessionSettings, Upserted,
};
pub use dialect::{AdditionalSettingsShape, BooleanForm, Compatibility, CriticalityCase, NotesPlacement, NumberForm};
pub use endpoint::{ClientCertificate, Deadlines, Endpoint, EndpointError, Limits, OAuth2, TokenRequest};
pub use error::{AuthFailure, Call, PamError, Retry, TlsFault, Unavailable};
pub use gate::{CallReport, Origins};
pub use inventory::Inventory;
pub use snapshot::{Seen, Snapshot};
pub use switch::{Disabled, Enabled};
pub use vault_id::VaultId;
pub use version::{ProductVersion, VersionError};
