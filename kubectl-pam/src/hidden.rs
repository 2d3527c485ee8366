//! What a user types and no terminal shows.

use std::io;

use zeroize::Zeroizing;

/// Asks for a secret at the terminal. The echo is off before the question is there: `rpassword` asks first, so that a terminal
/// shows what a fast typist, or a program that types, answers on a busy machine.
pub fn prompt(question: &str) -> io::Result<Zeroizing<String>> {
    let _quiet = Quiet::of_terminal();
    rpassword::prompt_password(question).map(Zeroizing::new)
}

/// The terminal without its echo, until this is dropped.
#[cfg(unix)]
struct Quiet(Option<Before>);

/// The terminal, and how it was.
#[cfg(unix)]
struct Before {
    terminal: std::fs::File,
    modes: rustix::termios::Termios,
}

#[cfg(unix)]
impl Quiet {
    fn of_terminal() -> Self {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let quiet = || -> io::Result<Before> {
            let terminal = std::fs::File::options().read(true).write(true).open("/dev/tty")?;
            let modes = tcgetattr(&terminal)?;
            let mut silent = modes.clone();
            silent.local_modes.remove(LocalModes::ECHO);
            tcsetattr(&terminal, OptionalActions::Now, &silent)?;
            Ok(Before { terminal, modes })
        };
        Self(quiet().ok())
    }
}

#[cfg(unix)]
impl Drop for Quiet {
    fn drop(&mut self) {
        if let Some(Before { terminal, modes }) = &self.0 {
            let _ = rustix::termios::tcsetattr(terminal, rustix::termios::OptionalActions::Now, modes);
        }
    }
}

/// A terminal of another system, whose echo `rpassword` alone turns off.
#[cfg(not(unix))]
struct Quiet;

#[cfg(not(unix))]
impl Quiet {
    const fn of_terminal() -> Self {
        Self
    }
}
