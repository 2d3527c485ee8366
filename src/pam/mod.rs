//! The client of a senhasegura / Segura PAM: its public HTTP API and nothing else. This module knows no cluster.
//!
//! Start reading at [`PamClient`]. An [`Endpoint`] describes a connection. All clients of a process share one
//! [`Origins`], which holds what must be counted per PAM and not per connection: requests in flight, their rate, the
//! circuit breaker. One `Dialect` per client holds the differences between product versions. An [`AddressPolicy`]
//! limits where a tenant's connection may lead. An [`Inventory`] answers from one shared list what the PAM holds. Every
//! failure is a [`PamError`], by meaning.
//!
//! The rooms, from the top; each uses only rooms below it:
//!
//! | room | what it is for |
//! |---|---|
//! | `reading` | reading the value of a credential, and giving its custody back, for a person's tool; nothing of the operator names it |
//! | `inventory` | one shared list of the PAM's records, and when the next one may be asked for |
//! | `client` | the calls of one connection, as the operator uses them |
//! | `calls` | how a call is sent, and what the PAM's answer to it means |
//! | `auth`, `credential`, `safe_password` | the login and its token; the fields of a credential, and of an entry of MySafe |
//! | `wire` | how the PAM's versions spell requests and answers |
//! | `transport` | HTTP exchanges, trust in the peer, and how many requests there may be |
//! | `error` | what can go wrong with a call, and the sentences for it |
//! | `endpoint` | the plain data that a client is made from |
//!
//! No error, log line or `Debug` output of this module has a value, a token or text of an answer in it (P8). No
//! call asks for the value of a credential or of an entry (P5), but for the one in [`reading`].

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on may panic"))]

mod auth;
mod calls;
mod client;
mod credential;
mod endpoint;
mod error;
mod inventory;
pub mod reading;
mod safe_password;
mod transport;
mod vault_id;
mod wire;

pub use calls::{Disabled, Enabled, MySafe};
pub use client::PamClient;
pub use credential::{CredentialRequest, ListedCredential, UpsertEffect, Upserted, WireField, WireValue};
pub use endpoint::{
    AdditionalSettingsShape, AddressKind, AddressPolicy, AllowedHostError, AllowedHosts, BooleanForm,
    ClientCertificate, Compatibility, CriticalityCase, Deadlines, Endpoint, EndpointError, Limits, NoProxy,
    NotesPlacement, NumberForm, OAuth2, Product, ProductVersion, Proxy, ProxyLogin, TokenRequest, UnusedBlocks,
    VersionError,
};
pub use error::{
    AuthFailure, Call, EntryRefusal, PamError, ProxyFault, ReadRefusal, RetryAdvice, TlsFault, Unavailable, field_of,
};
pub use inventory::{Account, EntrySnapshot, Inventory, ListBudget, Seen, Snapshot};
pub use safe_password::{CreatedEntry, Edit, EntryChange, EntryFields, ListedEntry, NewEntry, Share, Sharing};
pub use transport::{CallReport, Origins, TokenRefresh};
pub use vault_id::{host_of, origin_of};

pub use crate::domain::VaultId;
