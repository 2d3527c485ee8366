//! The PAM itself: the login, the paths, the tenant and the list.

use pam_operator::pam::{PamError, Unavailable};

use crate::commands::doctor::facts::{ConnectionFacts, Known, ObjectFact};
use crate::commands::doctor::line::{Lines, Verdict};

/// Makes the lines of the login and of the list.
pub fn check(lines: &mut Lines, connection: &ConnectionFacts) {
    if !matches!(connection.network.connected, Known::Is(Ok(()))) {
        // The lines of the way to the PAM say why nothing was tried.
        return;
    }
    match &connection.login {
        Known::Is(Ok(())) => lines.ok("login", "the PAM accepts the login"),
        Known::Is(Err(error)) if is_of_the_handshake(error) => {}
        Known::Is(Err(error)) => refused(lines, "login", connection, error),
        Known::Unknown(why) => lines.tell("login", Verdict::Warn, why),
    }
    match &connection.list {
        Known::Is(Ok(count)) => lines.ok("list", format!("the PAM's list shows {count} records")),
        Known::Is(Err(error)) => refused(lines, "list", connection, error),
        Known::Unknown(_) => {}
    }
}

/// Tells whether the handshake of a login failed: the line of the certificate says that.
const fn is_of_the_handshake(error: &PamError) -> bool {
    matches!(error, PamError::Unavailable { why: Unavailable::Tls(_), .. })
}

fn refused(lines: &mut Lines, check: &'static str, connection: &ConnectionFacts, error: &PamError) {
    let said = error.summary();
    match error {
        PamError::Misrouted(_) | PamError::Redirected(_) => {
            lines.tell("prefix", Verdict::Fail, &format!("{said}; the connection has {}", connection.paths));
        }
        PamError::AuthenticationFailed(_) => {
            let asked = connection.tenant.as_ref().map(|tenant| format!("; it asks for the tenant {tenant}"));
            lines.tell(check, Verdict::Fail, &(said + &asked.unwrap_or_default()));
        }
        _ if said.contains(": ") => lines.tell(check, Verdict::Fail, &said),
        _ => lines.fail(check, said, "look at the PAM and at what is between it and you, and run it again"),
    }
}

/// Compares the tenant that the connection asks for with those that the PAM named in its answers.
pub fn tenant(lines: &mut Lines, connection: &ConnectionFacts, objects: &[&ObjectFact]) {
    let Some(asked) = &connection.tenant else { return };
    let named = objects.iter().filter_map(|object| Some((object, object.tenant.as_ref()?)));
    let mut other = named.filter(|(_, tenant)| !tenant.eq_ignore_ascii_case(asked));
    if let Some((object, tenant)) = other.next() {
        lines.fail(
            "tenant",
            format!("the connection asks for the tenant {asked}, and the PAM named {tenant} for {}", object.name),
            "correct spec.auth.oauth2.tenant, or give the Secret the OAuth client of that tenant",
        );
    }
}
