//! From the key of a Secret to a text that can be sent, or to what is wrong with it (P8).

pub(crate) mod read;
pub(crate) mod value;
