//! The arguments of `kubectl pam doctor`.

use std::path::PathBuf;

use clap::Args;

use crate::connection::LoginArgs;
use crate::exit::{Exit, Failure};
use crate::objects::ConnectionName;
use crate::output::Format;

/// Find out what is wrong: the cluster, the operator, and each connection to a PAM
///
/// Each check says `ok`, `warn` or `FAIL`, what it found, and what to do. Nothing is written, and no record is read by its id:
/// of the PAM's calls there are the login and the list. A check that your rights do not allow is a `warn` that names the right.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Exits with 1 if a check fails.")]
pub struct DoctorArgs {
    /// Only this connection
    #[arg(long, value_name = "[KIND/]NAME")]
    pub connection: Option<ConnectionName>,
    /// Write an archive for a support case: conditions, versions and events, and no Secret, no value and no spec
    #[arg(long, value_name = "FILE.tgz")]
    pub bundle: Option<PathBuf>,
    /// Form of the output
    #[arg(short = 'o', long = "output", value_enum, value_name = "FORM")]
    pub output: Option<Format>,
    #[command(flatten)]
    pub login: LoginArgs,
}

impl DoctorArgs {
    /// Checks what only all arguments together tell: one login is for one connection.
    pub fn check(&self) -> Result<(), Failure> {
        if self.login.is_given() && self.connection.is_none() {
            return Err(Failure::new(Exit::Usage, "--client-id is for one connection: give --connection"));
        }
        if matches!(self.output, Some(Format::Name | Format::Wide)) {
            return Err(Failure::new(Exit::Usage, "the checks have no such form: give -o json or -o yaml"));
        }
        Ok(())
    }
}
