//! All states that a law is tried on: the values of each fact, and the paths on which a law asks for them.

mod explore;
mod values;

pub(super) use explore::law;
pub(in crate::domain::credential) use values::is_possible;
