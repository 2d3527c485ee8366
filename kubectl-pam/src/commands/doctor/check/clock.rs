//! Clocks that differ. A clock that is off makes certificates and tokens invalid, and leases look expired.

use crate::commands::doctor::facts::Known;
use crate::commands::doctor::line::Lines;

/// How many seconds two clocks may differ.
pub const MOST: i64 = 60;

/// Compares a clock with that of this machine.
pub fn check(lines: &mut Lines, whose: &str, ahead: &Known<i64>) {
    match ahead {
        Known::Is(ahead) if ahead.abs() <= MOST => {
            lines.ok("clock", format!("the clocks of {whose} and of this machine agree"));
        }
        Known::Is(ahead) => {
            let (seconds, side) = (ahead.abs(), if *ahead > 0 { "ahead of" } else { "behind" });
            lines.fail(
                "clock",
                format!("the clock of {whose} is {seconds} s {side} this machine's"),
                "set the wrong one of the two by NTP: certificates and tokens are judged by it",
            );
        }
        Known::Unknown(why) => lines.warn("clock", why, format!("compare the clock of {whose} by hand")),
    }
}
