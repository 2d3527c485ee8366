//! From the key of a Secret to a value that can be sent, and its digest (P8, P9).

pub(crate) mod digest;
pub(crate) mod read;
pub(crate) mod value;
