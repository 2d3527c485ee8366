//! What a pass knows, and what rules are asked with: plain data, made without a call.

pub(crate) mod access;
pub(crate) mod desired;
pub(crate) mod list;
pub(crate) mod observation;
pub(crate) mod request;
pub(crate) mod secret_inputs;
pub(crate) mod secret_refs;
pub(crate) mod stored_status;
