//! What HTTP libraries hide: resets, bodies that misbehave, and certificates that nobody vouches for.

mod body;
mod client;
mod stream;

pub(crate) use body::WireBody;
pub(crate) use client::AnyClient;
pub(crate) use stream::{Control, ControlledStream};
