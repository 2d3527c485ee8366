//! Objects of our kinds in the cluster. They are read as plain JSON, so that a plugin and an operator of different versions
//! understand each other as far as their fields go.

mod headline;
mod kind;
mod named;
mod object;
mod selection;
mod watch;

pub use headline::Headline;
pub use kind::{Kind, short_name};
pub use named::{ConnectionName, Named, checked};
pub use object::{PamObject, get};
pub use selection::{Found, Selection};
pub use watch::{Change, Changes, changes};
