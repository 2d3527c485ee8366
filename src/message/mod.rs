//! What users read: problems, conflicts and failures of the PAM. Every program of the project says a thing in these words.

pub(crate) mod conflict;
pub(crate) mod connection;
pub(crate) mod credential;
pub(crate) mod digest_key;
pub(crate) mod drift;
pub(crate) mod pam_error;
pub(crate) mod plan;
pub(crate) mod problem;
pub(crate) mod removed;
pub(crate) mod safe_password;

pub use pam_error::reason;
pub use problem::Problem;
