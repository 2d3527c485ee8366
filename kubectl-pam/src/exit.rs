//! The exit codes, and failures that end a command with one of them.

use std::fmt;
use std::io;
use std::process::ExitCode;

use pam_operator::kubernetes::CallError;
use pam_operator::login::LoginError;
use pam_operator::message::Problem;
use pam_operator::pam::PamError;

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done; everything is ready; there is no change.
    Done,
    /// The command answered, and the answer is no, or not yet.
    No,
    /// The command was not understood.
    Usage,
    /// Kubernetes cannot be reached, or refuses.
    Kubernetes,
    /// The PAM cannot be reached, or refuses.
    Pam,
    /// The user did not confirm, or could not be asked.
    NotConfirmed,
    /// What was waited for did not come in time.
    Timeout,
    /// The user interrupted the command.
    Interrupted,
}

impl Exit {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 8] = [
        Self::Done,
        Self::No,
        Self::Usage,
        Self::Kubernetes,
        Self::Pam,
        Self::NotConfirmed,
        Self::Timeout,
        Self::Interrupted,
    ];

    /// Returns the code of the process.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Kubernetes => 3,
            Self::Pam => 4,
            Self::NotConfirmed => 5,
            Self::Timeout => 6,
            Self::Interrupted => 130,
        }
    }

    /// Returns what the code means, as `--help` and the manual have it.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done; everything is ready; no change",
            Self::No => "answered, and the answer is no or not yet: something is not ready, a plan has changes",
            Self::Usage => "the command line was not understood",
            Self::Kubernetes => "Kubernetes could not be reached, or refused",
            Self::Pam => "the PAM could not be reached, or refused",
            Self::NotConfirmed => "not confirmed: declined, or no terminal to ask at and no --yes",
            Self::Timeout => "what was waited for did not come in time (--timeout)",
            Self::Interrupted => "interrupted (Ctrl-C)",
        }
    }

    /// Returns the table of all codes, for `--help`.
    pub fn table() -> String {
        let row = |exit: Self| format!("  {:<5}{}\n", exit.code(), exit.meaning());
        format!("Exit codes:\n{}", Self::ALL.map(row).concat().trim_end())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command ends early: the code, and what the user reads.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The code of the process.
    pub exit: Exit,
    /// What happened and what to do about it. Empty where nothing is to be said.
    pub message: String,
}

impl Failure {
    /// Returns a failure with this message.
    pub fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, message: message.to_string() }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::new(Exit::Kubernetes, error)
    }
}

impl From<Problem> for Failure {
    fn from(Problem { reason, message }: Problem) -> Self {
        Self::new(Exit::Pam, format!("{}: {message}", reason.as_str()))
    }
}

impl From<LoginError> for Failure {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Problem(problem) => problem.into(),
            LoginError::Kubernetes(error) => error.into(),
        }
    }
}

impl From<PamError> for Failure {
    fn from(error: PamError) -> Self {
        Self::new(Exit::Pam, error.summary())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // The reader of our output, such as `head`, has seen enough.
            io::ErrorKind::BrokenPipe => Self::new(Exit::Done, ""),
            _ => Self::new(Exit::No, format!("the output cannot be written: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_given_once_and_named_in_the_table() {
        let table = Exit::table();
        let mut codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        for exit in Exit::ALL {
            assert!(table.contains(&format!("  {:<5}{}", exit.code(), exit.meaning())), "{table}");
        }
        codes.dedup();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 130]);
    }

    #[test]
    fn a_reader_that_has_seen_enough_is_no_failure() {
        let closed = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((closed.exit, closed.message.as_str()), (Exit::Done, ""));
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::StorageFull)).exit, Exit::No);
    }
}
