//! Claims of the credentials of this cluster on a record.

use jiff::Timestamp;

use crate::api::{ConnectionKind, PamCredential};
use crate::controller::credential::claims;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::credential::facts::{desired, field_groups};
use crate::controller::runtime::object_id::{NamespacedName, ObjectId};
use crate::controller::secret::digest::plain;
use crate::domain::{
    ClaimRequest, Claims, Decision, DeviceClaim, Heir, LeavingRecord, ObjectName, Reason, Situation, Taken, VaultId,
    VaultRecord, decide,
};

/// Claims the record for this object, or finds the object that holds it; when that object goes, this one is woken. A record
/// that this object could not write anyway is not claimed. Returns `false` if the object is gone: then nothing keeps another
/// object from claiming the same, and nothing may be written.
pub(crate) fn claim(observed: &mut Observation<'_>, context: &Context) -> bool {
    let request = claim_request(observed, context.cluster.clock.now());
    if observed.is_of_throwaway() {
        if let Some(request) = request {
            let taken = context.claims.holder(observed.uid(), &observed.key, &request);
            observed.situation.claims = met(taken.as_ref());
        }
        return true;
    }
    if let Some(request) = request {
        claim_for(observed, request, context);
    }
    context.claims.is_there(observed.uid())
}

/// Returns the claims that an object meets which asks only who holds what it wants.
const fn met(taken: Option<&Taken>) -> Claims {
    match taken {
        None => Claims::Free,
        Some(Taken::Identifier(_)) => Claims::Identifier,
        Some(Taken::Account(_)) => Claims::Account,
        Some(Taken::Device(_)) => Claims::Device,
    }
}

fn claim_for(observed: &mut Observation<'_>, mut request: ClaimRequest, context: &Context) {
    let may_pass = may_pass(observed, &request, context);
    seek(observed, request.record.clone().filter(|_| may_pass), &request, context);
    if !may_pass && context.claims.is_offered(observed.uid(), &observed.key, &request) {
        request.record = None;
    }
    let offered = context.claims.is_offered(observed.uid(), &observed.key, &request);
    let if_claimed = if offered { Claims::HandedOver } else { Claims::Free };
    let free = decide(&Situation { claims: if_claimed, ..observed.situation });
    let conflict = is_conflict(free);
    // A plan takes nothing away from the objects that would write.
    let only_look = conflict || observed.situation.plan;
    let claim = || {
        if only_look {
            context.claims.holder(observed.uid(), &observed.key, &request).map_or(Ok(false), Err)
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
    let ends = || context.claims.counts_until(observed.uid(), &request);
    observed.found.claim_ends = claimed.as_ref().err().and_then(|_| ends());
    observed.situation.claims = match &claimed {
        Ok(_) if !only_look && context.claims.takes_over(observed.uid()) => Claims::HandedOver,
        taken => met(taken.as_ref().err()),
    };
    context.cluster.dependencies.wait_for(&observed.object_id(), claimed.err().as_ref().map(holder));
}

/// Notes which record the object comes for. An object that could not write the record even if the record were handed over
/// comes for none: the object that has the record would wait for it endlessly.
fn seek(observed: &Observation<'_>, record: Option<String>, request: &ClaimRequest, context: &Context) {
    let if_handed_over = decide(&Situation { claims: Claims::HandedOver, ..observed.situation });
    let request = ClaimRequest { record, ..request.clone() };
    let in_the_way = || context.claims.is_third_in_the_way(observed.uid(), &observed.key, &request);
    let comes = !is_conflict(if_handed_over) && !in_the_way();
    let record = request.record.clone().filter(|_| comes);
    if context.claims.seek(observed.uid(), &ClaimRequest { record, ..request }) {
        context.wake_waiting(&observed.key);
    }
}

/// Whether the listed record is still the one that another object of the cluster has, by its identifier, or was written by
/// this object before. A record that somebody outside of the cluster took over is nobody's to hand over.
fn may_pass(observed: &Observation<'_>, request: &ClaimRequest, context: &Context) -> bool {
    let listed = observed.listed().and_then(|record| record.identifier.as_deref());
    let other = listed.filter(|listed| *listed != observed.identifier);
    other.is_none_or(|listed| context.claims.is_known_as(observed.uid(), request, listed))
}

const fn is_conflict(decision: Decision) -> bool {
    matches!(decision, Decision::Wait(Reason::RecordConflict | Reason::AccessDenied))
}

fn holder(taken: &Taken) -> ObjectId {
    let (Taken::Identifier(name) | Taken::Account(name) | Taken::Device(name)) = taken;
    object_id(name)
}

/// Returns the name of a credential among the objects of all kinds.
pub(crate) fn object_id(name: &ObjectName) -> ObjectId {
    ObjectId::new::<PamCredential>(NamespacedName::new(&name.namespace, &name.name))
}

/// Returns what this object claims; `None` while the username has not been read.
fn claim_request(observed: &Observation<'_>, now: Timestamp) -> Option<ClaimRequest> {
    let [username, hostname, ip] = observed.account.as_ref()?.folded();
    let device = |block| DeviceClaim { device: claims::device(observed.object), block };
    Some(ClaimRequest {
        vault: vault_wanted(observed)?,
        identifier: observed.identifier.clone(),
        account: plain(&[&username, &hostname, &ip]),
        device: field_groups::claimed_device(&observed.object.spec).map(device),
        record: observed.listed().map(|record| record.id.to_string()),
        by_tenant: observed.connection_id().kind() == ConnectionKind::PamConnection,
        now,
    })
}

/// Returns the vault that the connection leads to: its tenant as asked for, else as the PAM named it to this object.
fn vault_wanted(observed: &Observation<'_>) -> Option<VaultId> {
    let now = observed.connection.vault.as_ref()?;
    let known = observed.status.vault.as_ref().filter(|known| known.used.origin == now.origin);
    let tenant = now.requested_tenant.as_deref().or_else(|| known?.tenant.as_deref());
    Some(VaultId::new(&now.origin, tenant))
}

/// Returns whether another object has our record.
pub(crate) fn is_claimed_by_other(observed: &Observation<'_>, context: &Context) -> bool {
    let (id, known) = (observed.status.id.as_deref(), observed.stored.connection.as_ref());
    id.zip(known).is_some_and(|(id, known)| {
        let vault = &claims::vault_of(known);
        context.claims.is_shared(observed.uid(), VaultRecord { vault, id })
    })
}

/// Returns the record that another object may get when this one is deleted; `None` where the status has none.
pub(crate) fn leaving_record(observed: &Observation<'_>) -> Option<LeavingRecord> {
    let known = observed.stored.connection.as_ref()?;
    Some(LeavingRecord {
        namespace: observed.key.namespace.clone(),
        to: desired::hand_over_to(observed.object),
        connection: claims::connection_name(observed.object),
        vault: claims::vault_of(known),
        id: observed.status.id.as_ref()?.to_string(),
        key: claims::record_key(observed.object, &observed.identifier),
    })
}

/// Returns which object gets the record when this one is deleted. An offer to another object, that an edit has taken back
/// since, ends with this, whatever else the object waits for.
pub(crate) fn heir(observed: &Observation<'_>, context: &Context) -> Heir {
    let Some(record) = leaving_record(observed) else { return Heir::None };
    context.claims.retract(observed.uid(), &record);
    match (context.claims.heir(observed.uid(), &record), &record.to) {
        (Some(_), _) => Heir::Comes,
        (None, Some(_)) => Heir::Absent,
        (None, None) => Heir::None,
    }
}

/// Makes sure that no other object gets the record any more; `false` if one has it, or is about to.
pub(crate) fn withdraw(observed: &Observation<'_>, context: &Context) -> bool {
    let Some(LeavingRecord { vault, id, .. }) = leaving_record(observed) else { return true };
    heir(observed, context) == Heir::None
        && context.claims.withdraw(observed.uid(), VaultRecord { vault: &vault, id: &id })
}
