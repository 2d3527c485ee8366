//! The only reads of a pass.

pub(crate) mod connected;
pub(crate) mod list;
pub(crate) mod observation;
pub(crate) mod secret_inputs;
