//! Parts of a status that several results change.

use crate::domain::TenantName;
use crate::domain::credential::{Asked, Binding, BoundVault, KEYED, Remote, Status, TransitionInput, remembered};
use crate::domain::keyed::REMOVED;

pub(super) fn rebind(input: &TransitionInput<'_>, next: &mut Status, answered: Option<TenantName>) {
    let Some(now) = input.vault else { return };
    let before = next.vault.take().unwrap_or_default();
    if let Some(write) = next.in_flight.as_mut().filter(|write| write.origin == before.used.origin) {
        // The same vault by another name.
        write.origin.clone_from(&now.origin);
    }
    // Another address may name its tenant otherwise: its next answer does.
    let stays = input.situation.binding == Binding::Bound || before.used.origin == now.origin;
    let tenant = answered.or_else(|| before.tenant.filter(|_| stays));
    next.vault = Some(BoundVault { used: now.clone(), tenant });
}

/// Records the digests of what the PAM holds now, and the versions that they were made from.
pub(super) fn record_digests(input: &TransitionInput<'_>, next: &mut Status) {
    next.digests.extend(input.desired.groups.clone());
    if let Some(read) = input.read {
        next.digests.extend(read.digests.clone());
        next.source.clone_from(&read.versions);
    }
    mark_removed_secrets(input, next);
}

/// Keeps of a secret field that left the spec nothing but that the field was sent.
pub(super) fn mark_removed_secrets(input: &TransitionInput<'_>, next: &mut Status) {
    for group in KEYED.into_iter().filter(|group| !input.desired.secret_groups.contains(group)) {
        if let Some(digest) = next.digests.get_mut(group) {
            REMOVED.clone_into(digest);
        }
    }
}

pub(super) fn acknowledge(input: &TransitionInput<'_>, next: &mut Status) {
    let Asked { reconcile, push_value } = input.asked.clone();
    next.handled.reconcile = reconcile.or(next.handled.reconcile.take());
    next.handled.push_value = push_value.or(next.handled.push_value.take());
}

/// Remembers what the newest list shows. While there is a suspected write, the time of change may be that write's, and is no
/// baseline.
pub(super) fn note_remote(input: &TransitionInput<'_>, next: &mut Status) {
    if let Some(found) = input.remote {
        let change = found.change.clone().filter(|_| !next.is_unsettled());
        next.remote = remembered(next.remote.as_ref(), &Remote { change, ..found.clone() });
    }
}
