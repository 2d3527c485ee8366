//! Pure functions: what a decision asks for, derived from spec, status and list.

pub(crate) mod access;
pub(crate) mod binding;
pub(crate) mod corrections;
pub(crate) mod drift;
pub(crate) mod field_groups;
pub(crate) mod removed_fields;
pub(crate) mod settings;
pub(crate) mod settle_window;
pub(crate) mod target;
pub(crate) mod version_skew;
