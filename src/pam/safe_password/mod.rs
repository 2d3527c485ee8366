//! What is sent for an entry of MySafe, and what MySafe says about one (API 5).

mod answer;
mod listed;
mod request;
mod shared_error;

pub use answer::{CreatedEntry, Sharing};
pub use listed::ListedEntry;
pub(in crate::pam) use request::EntryBody;
pub use request::{Edit, EntryChange, EntryFields, NewEntry, Share};
pub(in crate::pam) use shared_error::sharing_of;
