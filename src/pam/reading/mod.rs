//! Reading the value of a credential (API 4.1) and giving its custody back (API 4.4), for a person who asks for it.
//!
//! The operator does neither (P5): a read takes custody, is audited, and may have the vault rotate the value. No other part
//! of the library names this room, and nothing is exported from it further up: `tests/structure` holds both.

mod handed_out;
mod reader;

pub use handed_out::HandedOut;
pub use reader::{Reader, Released};
