//! The commands: each has its arguments and its way in a file of its own.

pub mod completion;
pub mod doctor;
pub mod explain;
pub mod get;
pub mod import;
pub mod man;
pub mod plan;
pub mod status;
pub mod sync;
pub mod version;
