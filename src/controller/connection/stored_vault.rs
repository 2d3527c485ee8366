//! Where a record is, from and to the form in which the status of an object has it.

use crate::api::{ConnectionKind, ConnectionRef, ConnectionStatus};
use crate::controller::connection::state::ConnectionState;
use crate::domain::{BoundVault, ConnectedVault, TenantName};

/// Names a connection in what an object remembers.
fn connection_name(kind: ConnectionKind, name: &str) -> String {
    format!("{kind:?}/{name}")
}

/// Returns where a connection leads.
pub(crate) fn connected_vault(state: &ConnectionState, reference: &ConnectionRef) -> ConnectedVault {
    ConnectedVault {
        connection: connection_name(reference.kind, &reference.name),
        origin: state.origin.clone(),
        requested_tenant: state.tenant.clone(),
        login: state.login.clone(),
    }
}

/// Returns the vault that a stored status speaks of.
pub(crate) fn bound_vault(known: &ConnectionStatus) -> BoundVault {
    let used = ConnectedVault {
        connection: connection_name(known.kind, &known.name),
        origin: known.origin.clone(),
        requested_tenant: known.requested_tenant.clone(),
        login: known.login.clone(),
    };
    BoundVault { used, tenant: known.tenant.as_deref().and_then(TenantName::parse) }
}

/// Returns the stored form of a vault. `reference` names the connection where the vault names none.
pub(crate) fn connection_status(vault: BoundVault, reference: &ConnectionRef) -> ConnectionStatus {
    let BoundVault { used: ConnectedVault { connection, origin, requested_tenant, login }, tenant } = vault;
    let all = [ConnectionKind::ClusterPamConnection, ConnectionKind::PamConnection];
    let named = all.into_iter().find_map(|kind| Some((kind, connection.strip_prefix(&connection_name(kind, ""))?)));
    let (kind, name) = named.unwrap_or((reference.kind, &reference.name));
    let tenant = tenant.map(|tenant| tenant.to_string());
    ConnectionStatus { kind, name: name.to_owned(), origin, tenant, requested_tenant, login }
}
