//! What HTTP libraries hide: resets, and bodies that misbehave.

mod body;
mod stream;

pub(crate) use body::WireBody;
pub(crate) use stream::{Control, ControlledStream};
