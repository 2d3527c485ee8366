//! What can go wrong with a call, by meaning, and the sentences for it.

mod call;
mod code;
mod entry_refusal;
mod pam_error;
mod read_refusal;
mod retry;
mod summary;
mod unavailable;

pub use call::Call;
pub use code::field_of;
pub use entry_refusal::EntryRefusal;
pub use pam_error::PamError;
pub use read_refusal::ReadRefusal;
pub use retry::RetryAdvice;
pub use unavailable::{AuthFailure, ProxyFault, TlsFault, Unavailable};
