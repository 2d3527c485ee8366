//! The way to a PAM: its name, a connection, its certificate and its clock.

use jiff::{SignedDuration, Timestamp};

use crate::commands::doctor::facts::{ConnectionFacts, Known};
use crate::commands::doctor::line::{Lines, Verdict};
use pam_operator::pam::{PamError, Unavailable};

use super::clock;

/// How long a certificate should still be valid.
const SOON: SignedDuration = SignedDuration::from_hours(21 * 24);

/// Makes the lines of the way to a PAM. `reached_by_operator` says that the operator reaches it: what fails from here then
/// concerns this machine alone.
pub fn check(lines: &mut Lines, connection: &ConnectionFacts, reached_by_operator: bool, now: Timestamp) {
    let network = &connection.network;
    let host = &network.host;
    match &network.addresses {
        Known::Is(Ok(count)) => lines.ok("dns", format!("{host} has {}", addresses(*count))),
        Known::Is(Err(why)) => {
            let message = format!(
                "{host} has no address here ({why}): {}",
                remedy(reached_by_operator, "correct url, or the name service")
            );
            lines.tell("dns", verdict(reached_by_operator), &message);
        }
        Known::Unknown(_) => {}
    }
    match &network.connected {
        Known::Is(Ok(())) => lines.ok("tcp", format!("{host} takes connections")),
        Known::Is(Err(why)) => {
            let open = "correct url, or have the network between let you through";
            let message =
                format!("{host} takes no connection from here ({why}): {}", remedy(reached_by_operator, open));
            lines.tell("tcp", verdict(reached_by_operator), &message);
        }
        Known::Unknown(_) => {}
    }
    if matches!(network.connected, Known::Is(Ok(()))) {
        chain(lines, connection);
        validity(lines, connection, now);
        clock::check(lines, "the PAM", &network.clock);
    } else if matches!((&network.connected, &connection.login), (Known::Unknown(_), Known::Is(_))) {
        // Through a proxy there is no connection of our own, and the login alone tells of the certificate.
        chain(lines, connection);
    }
}

fn addresses(count: usize) -> String {
    if count == 1 { "1 address".to_owned() } else { format!("{count} addresses") }
}

const fn verdict(reached_by_operator: bool) -> Verdict {
    if reached_by_operator { Verdict::Warn } else { Verdict::Fail }
}

const fn remedy(reached_by_operator: bool, otherwise: &'static str) -> &'static str {
    if reached_by_operator { "the operator reaches it, so that this concerns your machine alone" } else { otherwise }
}

/// Says whether the certificate is trusted as the connection says.
fn chain(lines: &mut Lines, connection: &ConnectionFacts) {
    match &connection.login {
        Known::Is(Err(error @ PamError::Unavailable { why: Unavailable::Tls(_), .. })) => {
            lines.tell("tls", Verdict::Fail, &error.summary());
        }
        // No answer came that could tell.
        Known::Is(Err(PamError::Unavailable {
            why:
                Unavailable::Connect
                | Unavailable::Proxy(_)
                | Unavailable::Timeout
                | Unavailable::Reset
                | Unavailable::CircuitOpen { .. },
            ..
        })) => {}
        Known::Is(_) => lines.ok("tls", "the PAM's certificate is trusted"),
        Known::Unknown(_) => lines.warn(
            "tls",
            "whether the PAM's certificate is trusted was not tried, since there is no login",
            "see the line of the login",
        ),
    }
}

fn validity(lines: &mut Lines, connection: &ConnectionFacts, now: Timestamp) {
    let until = match &connection.network.valid_until {
        Known::Is(until) => *until,
        Known::Unknown(why) => {
            lines.warn("certificate", why, "look at the certificate by hand");
            return;
        }
    };
    let left = until.duration_since(now);
    let day = until.strftime("%Y-%m-%d");
    if left < SignedDuration::ZERO {
        lines.fail("certificate", format!("the PAM's certificate expired on {day}"), "renew it in the PAM");
    } else if left < SOON {
        let days = left.as_hours() / 24;
        lines.warn(
            "certificate",
            format!("the PAM's certificate expires in {days} days, on {day}"),
            "renew it in the PAM",
        );
    } else {
        lines.ok("certificate", format!("the PAM's certificate is valid until {day}"));
    }
}
