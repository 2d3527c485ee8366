//! What happens in a world while it is measured.

pub mod cold;
pub mod idle;
pub mod restart;
mod settle;
