//! Holds logins back after refusals (P10): those of each connection, and those of a namespace to one PAM together, so that
//! neither edits nor further connections get the account of a client, or the operator's address, locked.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use url::Url;

use crate::controller::connection::object::AnyConnection;
use crate::domain::{LoginEnd, LoginTurn, Reason, RefusedLogins};
use crate::message::connection::login_held;
use crate::message::problem::Problem;
use crate::pam::{PamError, Unavailable, host_of};

/// How many logins of one namespace may be under way at once, wherever they lead: each may be answered by a megabyte that
/// never ends.
const OF_ONE: usize = 4;

/// The refused logins of all connections.
#[derive(Debug, Default)]
pub(crate) struct LoginGate {
    refused: Mutex<HashMap<String, RefusedLogins>>,
}

impl LoginGate {
    /// Begins a login of a connection, if one may be sent now; `changed` says that it is another one than was refused.
    pub(crate) fn begin(&self, connection: &AnyConnection, changed: bool, now: Timestamp) -> LoginTurn {
        let mut all = self.lock();
        all.retain(|_, refused| !refused.is_over(now));
        if is_busy(&all, connection, now) {
            return LoginTurn::Busy;
        }
        all.entry(group(connection)).or_default().begin(changed, now)
    }

    /// Returns whether a login of a connection has to wait for another one, whatever changed.
    pub(crate) fn is_busy(&self, connection: &AnyConnection, now: Timestamp) -> bool {
        is_busy(&self.lock(), connection, now)
    }

    /// Ends a login of a connection.
    pub(crate) fn end(&self, connection: &AnyConnection, end: LoginEnd, now: Timestamp) {
        self.lock().entry(group(connection)).or_default().end(end, forgives(connection), now);
    }

    /// Takes in what a login of a connection came to that did not begin here.
    pub(crate) fn end_proved(&self, connection: &AnyConnection, end: LoginEnd, now: Timestamp) {
        self.lock().entry(group(connection)).or_default().end_proved(end, forgives(connection), now);
    }

    /// Returns until when a changed login of a connection is held back.
    pub(crate) fn held_until(&self, connection: &AnyConnection, now: Timestamp) -> Option<Timestamp> {
        self.lock().get(&group(connection))?.held_until(now)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, RefusedLogins>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns what a login came to. What something before the PAM refuses may be the PAM's refusal in a shape that nobody knows.
pub(crate) fn login_end(error: Option<&PamError>) -> LoginEnd {
    match error {
        None => LoginEnd::Accepted,
        Some(
            PamError::AuthenticationFailed(_) | PamError::Unavailable { why: Unavailable::Intercepted { .. }, .. },
        ) => LoginEnd::Refused,
        Some(_) => LoginEnd::Unclear,
    }
}

/// Says that a login is held back, and until when.
pub(crate) fn held(connection: &AnyConnection, until: Timestamp) -> Problem {
    let of_tenant = connection.metadata.namespace.is_some();
    Problem { reason: Reason::PamAuthenticationFailed, message: login_held(of_tenant, until) }
}

fn forgives(connection: &AnyConnection) -> bool {
    connection.metadata.namespace.is_none()
}

fn is_busy(all: &HashMap<String, RefusedLogins>, connection: &AnyConnection, now: Timestamp) -> bool {
    let is_under_way = |refused: &RefusedLogins| refused.is_under_way(now);
    let of_tenant = connection.metadata.namespace.as_ref().is_some_and(|namespace| {
        let of_namespace = all.iter().filter(|(group, _)| group.split_once(' ').is_some_and(|(of, _)| of == namespace));
        of_namespace.filter(|(_, refused)| is_under_way(refused)).count() >= OF_ONE
    });
    of_tenant || all.get(&group(connection)).is_some_and(is_under_way)
}

/// Returns the name of what counts its refusals together: a connection; of tenants, all connections of a namespace to one
/// host, whatever their paths are.
fn group(connection: &AnyConnection) -> String {
    match &connection.metadata.namespace {
        None => connection.id().to_string(),
        Some(namespace) => {
            let url = &connection.spec.url;
            let host = Url::parse(url).map_or_else(|_| url.clone(), |url| host_of(&url));
            format!("{namespace} {host}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::PamConnection;
    use crate::controller::connection::object::IntoAny as _;

    fn connection(namespace: &str, host: &str) -> AnyConnection {
        let object = serde_json::json!({
            "apiVersion": "pam-operator.io/v1alpha1", "kind": "PamConnection",
            "metadata": {"name": "one", "namespace": namespace, "uid": "u", "generation": 1},
            "spec": {"url": format!("https://{host}"), "productVersion": "4.2",
                "auth": {"oauth2": {"clientSecretRef": {"name": "login"}}}},
        });
        serde_json::from_value::<PamConnection>(object).unwrap().any()
    }

    #[test]
    fn logins_of_one_namespace_are_few_at_once_wherever_they_lead_and_no_other_namespace_waits() {
        let (gate, now) = (LoginGate::default(), Timestamp::from_second(1_000_000).unwrap());
        let ports: Vec<_> = (1..=100).map(|port| connection("hostile", &format!("pam:{port}"))).collect();
        let begun = ports.iter().filter(|one| gate.begin(one, true, now) == LoginTurn::Now).count();
        assert_eq!(begun, OF_ONE);
        assert!(ports.iter().all(|one| gate.is_busy(one, now)));
        let neighbour = connection("neighbour", "pam:1");
        assert!(!gate.is_busy(&neighbour, now));
        assert_eq!(gate.begin(&neighbour, true, now), LoginTurn::Now);
        gate.end(&ports[0], LoginEnd::Accepted, now);
        assert_eq!(gate.begin(&ports[99], true, now), LoginTurn::Now);
    }
}
