//! Claims of the credentials of this cluster on a record.

use crate::api::{ConnectionKind, PamCredential};
use crate::controller::credential::claims;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::field_groups;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::runtime::object_id::{NamespacedName, ObjectId};
use crate::controller::secret::digest::plain;
use crate::domain::{
    ClaimRequest, Claims, Decision, DeviceClaim, Reason, SharedRecord, Situation, Taken, VaultId, decide,
};

/// Claims the record for this object, or finds the object that holds it; when that object goes, this one is woken. A record
/// that this object could not write anyway is not claimed.
pub(crate) fn claim(observed: &mut Observation<'_>, context: &Context) {
    let Some(request) = claim_request(observed) else { return };
    let free = decide(&Situation { claims: Claims::Free, ..observed.situation });
    let conflict = matches!(free, Decision::Wait(Reason::RecordConflict | Reason::AccessDenied));
    // A plan takes nothing away from the objects that would write.
    let only_look = conflict || observed.situation.plan;
    let claim = || {
        if only_look {
            context.claims.holder(observed.uid(), &request).map_or(Ok(false), Err)
        } else {
            context.claims.claim(observed.uid(), &observed.key, &request)
        }
    };
    let mut claimed = claim();
    if let Err(taken) = &claimed {
        context.cluster.dependencies.wait_for(&observed.object_id(), Some(holder(taken)));
        // The holder may have gone before this object waited for it.
        claimed = claim();
    }
    if claimed == Ok(true) {
        context.wake_waiting(&observed.key);
    }
    observed.situation.claims = match &claimed {
        Ok(_) => Claims::Free,
        Err(Taken::Identifier(_)) => Claims::Identifier,
        Err(Taken::Account(_)) => Claims::Account,
        Err(Taken::Device(_)) => Claims::Device,
    };
    context.cluster.dependencies.wait_for(&observed.object_id(), claimed.err().as_ref().map(holder));
}

fn holder(taken: &Taken) -> ObjectId {
    let (Taken::Identifier(name) | Taken::Account(name) | Taken::Device(name)) = taken;
    ObjectId::new::<PamCredential>(NamespacedName::new(&name.namespace, &name.name))
}

/// Returns what this object claims; `None` while the username has not been read.
fn claim_request(observed: &Observation<'_>) -> Option<ClaimRequest> {
    let [username, hostname, ip] = observed.account.as_ref()?.folded();
    let device = |block| DeviceClaim { device: claims::device(observed.object), block };
    Some(ClaimRequest {
        vault: vault_wanted(observed)?,
        identifier: observed.identifier.clone(),
        account: plain(&[&username, &hostname, &ip]),
        device: field_groups::claimed_device(&observed.object.spec).map(device),
        record: observed.listed().map(|record| record.id.clone()),
        by_tenant: observed.object.spec.connection_ref.kind == ConnectionKind::PamConnection,
    })
}

/// Returns the vault that the connection leads to: its tenant as asked for, else as the PAM named it to this object.
fn vault_wanted(observed: &Observation<'_>) -> Option<VaultId> {
    let now = observed.connection.vault.as_ref()?;
    let known = observed.status.vault.as_ref().filter(|known| known.used.origin == now.origin);
    let tenant = now.requested_tenant.as_deref().or_else(|| known?.tenant.as_deref());
    Some(VaultId::new(&now.origin, tenant))
}

/// Returns whether another object has our record, or would like to.
pub(crate) fn is_claimed_by_other(observed: &Observation<'_>, context: &Context) -> bool {
    let (id, known) = (observed.status.id.as_deref(), observed.stored.connection.as_ref());
    id.zip(known).is_some_and(|(id, known)| {
        let (namespace, vault) = (observed.key.namespace.as_str(), &claims::vault_of(known));
        let record = SharedRecord { namespace, vault, id, identifier: &observed.identifier };
        context.claims.is_shared(observed.uid(), &record)
    })
}
