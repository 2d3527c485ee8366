//! Holds logins back after refusals (P10): those of each connection, and those of a namespace to one PAM together, so that
//! neither edits nor further connections get the account of a client, or the operator's address, locked.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use url::Url;

use crate::controller::connection::object::AnyConnection;
use crate::controller::message::connection::login_held;
use crate::controller::message::problem::Problem;
use crate::domain::{LoginEnd, LoginTurn, Reason, RefusedLogins};
use crate::pam::host_of;

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
        all.entry(group(connection)).or_default().begin(changed, now)
    }

    /// Ends a login of a connection.
    pub(crate) fn end(&self, connection: &AnyConnection, end: LoginEnd, now: Timestamp) {
        let forgives = connection.metadata.namespace.is_none();
        self.lock().entry(group(connection)).or_default().end(end, forgives, now);
    }

    /// Returns until when a changed login of a connection is held back.
    pub(crate) fn held_until(&self, connection: &AnyConnection, now: Timestamp) -> Option<Timestamp> {
        self.lock().get(&group(connection))?.held_until(now)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, RefusedLogins>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that a login is held back, and until when.
pub(crate) fn held(connection: &AnyConnection, until: Timestamp) -> Problem {
    let of_tenant = connection.metadata.namespace.is_some();
    Problem { reason: Reason::PamAuthenticationFailed, message: login_held(of_tenant, until) }
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
