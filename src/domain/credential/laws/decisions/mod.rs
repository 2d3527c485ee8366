//! What one pass decides, in every state: a file for each promise, then one for each subject that several promises share.
//!
//! Only [`p1`] and [`plan`] also look at the pass that follows, by [`super::transitions::chain`].

mod drift;
mod enable;
mod finalizer;
pub(super) mod gates;
mod hand_over;
mod looks;
mod p1;
mod p3;
mod p4;
mod p6;
mod p7;
mod plan;

use super::transitions::chain;
use super::*;
