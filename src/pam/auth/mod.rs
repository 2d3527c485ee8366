//! The login: the request for a token, and the token that all calls of a client share.

mod login;
mod token;

pub(in crate::pam) use login::{Grant, Login, granted};
pub(in crate::pam) use token::{Token, Tokens};
