//! What the PAM answers to each call about credentials.

mod list;
mod switch;

pub(in crate::pam) use list::{Listing, Most, read_list};
pub use switch::{Disabled, Enabled};
pub(in crate::pam) use switch::{disabled, enabled, id_segment};
