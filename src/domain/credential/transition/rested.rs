//! The status after a pass that sent nothing.

use super::parts::{acknowledge, mark_removed_secrets, rebind, record_digests};
use crate::domain::credential::{Binding, Decision, Pass, Secrets, Status, Value};

/// Records what a pass learned that sent nothing.
pub(super) fn rested(pass: &Pass<'_>, next: &mut Status, decision: Decision) {
    match decision {
        Decision::Settled => settled(pass, next),
        Decision::Record => record_digests(pass, next),
        Decision::HoldValue => {
            record_digests(pass, next);
            next.value_withheld = true;
        }
        Decision::Rebind => moved(pass, next),
        _ => {}
    }
    // After an answer that named another record, a request is the user's word on that record, and waits until a push
    // obeys it.
    let unheard = pass.situation.binding == Binding::Unbound && next.mismatch.is_none();
    if unheard && !pass.situation.deleting && decision != Decision::Suspend {
        acknowledge(pass, next);
    }
}

/// Makes the digests again where their key was lost: nothing was due.
fn settled(pass: &Pass<'_>, next: &mut Status) {
    let is_lost = |group: &str| next.digests.get(group).is_some_and(|digest| pass.keyed.is_foreign(digest));
    let compared = matches!(pass.situation.secrets, Secrets::Read(Value::Same | Value::None));
    if compared && pass.read.is_some() && pass.desired.secret_groups.iter().any(|group| is_lost(group)) {
        record_digests(pass, next);
    }
    mark_removed_secrets(pass, next);
    next.value_withheld &= pass.desired.has_value;
}

/// Records where the connection leads now: the list shows the record of the status there.
fn moved(pass: &Pass<'_>, next: &mut Status) {
    rebind(pass, next, None);
    // With a lost key the value may never have been sent there.
    next.value_withheld |= pass.situation.secrets == Secrets::Read(Value::Unknown);
    record_digests(pass, next);
}
