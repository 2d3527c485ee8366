//! How the PAM's versions spell requests and answers, whatever kind of record they are about.

mod dialect;
mod envelope;
mod lenient;

pub(in crate::pam) use dialect::Dialect;
pub use dialect::{AdditionalSettingsShape, BooleanForm, Compatibility, CriticalityCase, NotesPlacement, NumberForm};
pub(in crate::pam) use envelope::{Envelope, Exception, Failure, Status, failure, failure_of, if_object, upserted};
pub(in crate::pam) use lenient::{lenient_bool, lenient_i64, lenient_string};
