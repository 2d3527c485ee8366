//! Decides whether the login of a connection is tried, and when it is tried again after refusals.

mod refused;

pub use refused::{LoginEnd, LoginTurn, RefusedLogins};

/// What the connection's status remembers of its last login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// None was tried, or it ended without a clear answer.
    Nothing,
    /// It worked.
    Worked,
    /// It was refused.
    Refused,
}

/// What to do about a connection's login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// What is remembered still holds.
    Keep,
    /// Try it.
    Try,
}

/// Decides whether a login is tried.
///
/// `unchanged` says that the address, the client and the CA are those that were remembered; `doubted` that a
/// call since then was refused; `second_look` that a refused login has waited its time.
///
/// A login that worked is not proved anew at a restart, and one that was refused is not repeated: PAMs lock
/// accounts (P10).
#[must_use]
pub const fn login(remembered: Remembered, unchanged: bool, doubted: bool, second_look: bool) -> Login {
    match (remembered, unchanged) {
        (Remembered::Worked, true) if !doubted => Login::Keep,
        (Remembered::Refused, true) if !second_look => Login::Keep,
        _ => Login::Try,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_not_asked_again() {
        for doubted in [false, true] {
            assert_eq!(login(Remembered::Refused, true, doubted, false), Login::Keep);
        }
        for second_look in [false, true] {
            assert_eq!(login(Remembered::Worked, true, false, second_look), Login::Keep);
        }
    }

    #[test]
    fn what_changed_or_is_doubted_or_unknown_is_tried() {
        for remembered in [Remembered::Nothing, Remembered::Worked, Remembered::Refused] {
            assert_eq!(login(remembered, false, false, false), Login::Try);
        }
        assert_eq!(login(Remembered::Nothing, true, false, false), Login::Try);
        assert_eq!(login(Remembered::Worked, true, true, false), Login::Try);
        assert_eq!(login(Remembered::Refused, true, false, true), Login::Try);
    }
}
