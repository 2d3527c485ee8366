//! The digests of what was read of Secrets, and the versions that were read (P8, P9).

pub(crate) mod digest;
pub(crate) mod former_key;
pub(crate) mod versions;
