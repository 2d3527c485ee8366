//! The status after a pass that sent nothing.

use super::parts::{acknowledge, mark_removed_secrets, rebind, record_digests};
use crate::domain::credential::{Binding, Decision, SecretsState, Status, TransitionInput, ValueComparison};

/// Records what a pass learned that sent nothing.
pub(super) fn rested(input: &TransitionInput<'_>, next: &mut Status, decision: Decision) {
    match decision {
        Decision::Settled => settled(input, next),
        Decision::Record => record_digests(input, next),
        Decision::WithholdValue => {
            record_digests(input, next);
            next.value_withheld = true;
            if input.situation.suspected_write {
                // The record may have changed by our own hand: the list is the new baseline.
                next.remote = None;
            }
        }
        Decision::Rebind => moved(input, next),
        _ => {}
    }
    // After an answer that named another record, a request is the user's word on that record, and waits until a push
    // obeys it.
    let unheard = input.situation.binding == Binding::Unbound && next.mismatch.is_none();
    if unheard && !input.situation.deleting && decision != Decision::Suspend {
        acknowledge(input, next);
    }
}

/// Makes the digests again where their key was lost: nothing was due.
fn settled(input: &TransitionInput<'_>, next: &mut Status) {
    let is_lost = |group: &str| next.digests.get(group).is_some_and(|digest| input.keyed.is_foreign(digest));
    let compared = matches!(input.situation.secrets, SecretsState::Read(ValueComparison::Same | ValueComparison::None));
    if compared && input.read.is_some() && input.desired.secret_groups.iter().any(|group| is_lost(group)) {
        record_digests(input, next);
    }
    mark_removed_secrets(input, next);
    next.value_withheld &= input.desired.has_value;
}

/// Records where the connection leads now: the list shows the record of the status there.
fn moved(input: &TransitionInput<'_>, next: &mut Status) {
    rebind(input, next, None);
    // With a lost key the value may never have been sent there.
    next.value_withheld |= input.situation.secrets == SecretsState::Read(ValueComparison::Unknown);
    record_digests(input, next);
}
