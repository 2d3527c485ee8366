//! Pure functions: what a decision asks for, derived from spec, status and list.

pub(crate) mod access;
pub(crate) mod desired;
pub(crate) mod drift;
pub(crate) mod field_groups;
pub(crate) mod identity;
pub(crate) mod observation;
pub(crate) mod rows;
pub(crate) mod secret_inputs;
pub(crate) mod secret_refs;
pub(crate) mod settings;
pub(crate) mod stored_status;
