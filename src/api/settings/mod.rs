//! The blocks of settings of a `PamCredential`: what the PAM's API calls `execution_settings`, `session_settings`,
//! `additional_settings` and `jit_settings`, and the keys that rewrite a device.
//!
//! A field is called here as the API spells it, in camelCase. Each block is one group: it is sent whole when something
//! in it changed, and not at all otherwise.

mod account;
mod additional;
mod device;
mod execution;
mod jit;
mod session;

pub use account::OtherCredential;
pub use additional::{AdditionalSettings, AuthenticationField, Criticality, SecretKeyRef, ValueSecretRef};
pub(super) use device::CONNECTIVITY;
pub use device::DeviceSettings;
pub use execution::{ExecutionSettings, ReconciliationSettings};
pub use jit::JitSettings;
pub use session::{Macro, SessionSettings};

/// Text without characters that cannot be seen, and without blanks at its ends.
const TEXT: &str = super::validation::CLEAN_TEXT;
/// The same, without a comma.
const ITEM: &str = super::validation::LIST_ITEM;
