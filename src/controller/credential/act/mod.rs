//! The only writes to a PAM.

pub(crate) mod disable;
pub(crate) mod enable;
pub(crate) mod push;
