//! The status after a decision was carried out, and the facts that the next pass derives from it.
//!
//! [`concrete`] makes a status, a spec and a pass out of given facts; [`chain`] follows them from one pass to the next. The
//! other files show what single fields of the status become.

pub(super) mod chain;
mod concrete;
mod passes;
mod results;
mod written;

use super::*;
