//! What a pass knows of the connection of its object.

use std::time::Duration;

use crate::api::Product;
use crate::controller::connection::object::ConnectionId;
use crate::controller::connection::state::ConnectionState;
use crate::domain::{ConnectedVault, Denial, Grants, Reason};
use crate::message::connection as message;

/// The connection of an object.
pub(crate) struct ConnectionFacts {
    pub(crate) state: Option<ConnectionState>,
    /// Where the connection leads.
    pub(crate) vault: Option<ConnectedVault>,
    /// What the connection's rules say to the object; `None` without a connection.
    pub(crate) access: Option<Result<Grants, Denial>>,
    /// A connection may exist and yet not be served by this operator.
    pub(crate) selects: bool,
}

impl ConnectionFacts {
    /// Returns what the connection's rules let the object do beyond having records of its own.
    pub(crate) fn grants(&self) -> Grants {
        self.access.as_ref().and_then(|access| access.as_ref().ok()).copied().unwrap_or_default()
    }

    /// Returns why the connection's rules do not let the object be served.
    pub(crate) fn denial(&self) -> Option<&Denial> {
        self.access.as_ref()?.as_ref().err()
    }

    /// Returns what users read of a connection that blocks an object of this product for that reason.
    pub(crate) fn why_not_ready(&self, id: &ConnectionId, product: Product, reason: Reason) -> String {
        let name = &id.to_string();
        let Some(state) = &self.state else { return message::connection_missing(name, self.selects) };
        if !state.is_for(product) {
            return message::connection_for_another_product(name, product);
        }
        let by_pam = if reason == Reason::ConnectionNotReady { "" } else { &state.message };
        message::connection_not_ready(name, state.reason, by_pam)
    }

    /// Returns how often the connection is listed.
    pub(crate) fn list_interval(&self) -> Duration {
        let settings = self.state.as_ref().and_then(|state| state.connection.spec.inventory.clone());
        settings.unwrap_or_default().interval()
    }
}
