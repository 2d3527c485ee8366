//! How the PAM's versions spell requests and answers.

mod body;
mod dialect;
mod envelope;
mod failure;
mod lenient;
mod speaker;

pub(in crate::pam) use body::json_body;
pub(in crate::pam) use dialect::Dialect;
pub(in crate::pam) use envelope::{Envelope, Exception, Status};
pub(in crate::pam) use failure::{Failure, failure, failure_of, unreadable};
pub(in crate::pam) use lenient::{if_object, lenient_bool, lenient_i64, lenient_string};
pub(in crate::pam) use speaker::{is_other_than_json, is_page};
