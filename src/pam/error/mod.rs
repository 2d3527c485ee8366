//! What can go wrong with a call, by meaning, and the sentences for it.

mod code;
mod pam_error;
mod summary;

pub(in crate::pam) use code::by_code;
pub use code::field_of;
pub use pam_error::{AuthFailure, Call, PamError, Retry, TlsFault, Unavailable};
