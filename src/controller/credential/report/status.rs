//! What a credential's status says after a pass.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use crate::api::{
    ConnectionStatus, PUSH_VALUE_REQUESTED_AT, PamCredential, PamCredentialStatus, RECONCILE_REQUESTED_AT,
    UnexpectedRecord,
};
use crate::controller::connection::state::ConnectionState;
use crate::controller::credential::act::push::Outcome;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::binding;
use crate::controller::credential::facts::corrections;
use crate::controller::credential::facts::drift;
use crate::controller::credential::facts::field_groups;
use crate::controller::credential::facts::removed_fields;
use crate::controller::credential::facts::settle_window;
use crate::controller::credential::facts::version_skew;
use crate::controller::credential::observe::observation::Observation;
use crate::controller::credential::report::conditions::conditions;
use crate::controller::credential::report::in_flight;
use crate::controller::credential::report::plan;
use crate::domain::{
    Answer, Binding, Decision, Drift, Expect, Intent, Push, Secrets, Seen, Value, WriteEffect, is_only_correction,
};
use crate::pam::PamError;

/// The status after a pass.
pub(crate) fn next_status(
    observed: &Observation<'_>,
    decision: Decision,
    done: &Outcome,
    context: &Context,
) -> PamCredentialStatus {
    let found = matches!((done, decision), (Outcome::Pushed(_), _) | (_, Decision::Rebind));
    let mut next = if found { observed.status.clone() } else { observed.shown.clone() };
    settle_window::leave_behind(&mut next, (observed.view.as_ref(), observed.situation.binding));
    // What is open in another place stays so.
    if found || observed.situation.binding != Binding::BoundElsewhere {
        next.unchecked = observed.stays_unchecked(decision, done);
    }
    next.observed_generation = Some(observed.generation);
    match done {
        Outcome::Pushed(answer) => pushed(&mut next, observed, decision, answer),
        Outcome::Enabled(_) => {
            next.ensured_enabled = true;
            next.remote = None;
        }
        Outcome::Mismatch { answer, .. } => {
            next.unexpected = Some(UnexpectedRecord {
                id: Some(answer.id.clone()),
                // Another one may be another namespace's.
                identifier: answer.identifier.clone().filter(|answered| *answered == observed.identifier),
                target: observed.target(context).unwrap_or_default(),
            });
            acknowledge(&mut next, observed.object);
        }
        Outcome::Failed(error) => {
            in_flight::refused(&mut next, observed, decision, error, context);
            maybe_sent(&mut next, observed, decision, error);
            settle_window::failed(&mut next, observed, decision, error, context);
        }
        Outcome::Blocked(_) | Outcome::Released { .. } => {}
        Outcome::Nothing => rested(&mut next, observed, decision, context),
    }
    // Also where the call failed: what is not taken in is news by every list, and each time cuts the wait for the next try short.
    if matches!(done, Outcome::Nothing | Outcome::Failed(_) | Outcome::Blocked(_)) {
        drift::note(&mut next, observed);
    }
    next.plan = plan::plan(observed, decision);
    next.conditions = conditions(observed, &next, decision, done);
    next
}

/// After a push: all of it is known anew.
fn pushed(next: &mut PamCredentialStatus, observed: &Observation<'_>, decision: Decision, answer: &Answer) {
    let before = next.clone();
    if observed.is_elsewhere_anew() {
        binding::remember(next, &before);
    }
    if let Decision::Push(push) = decision {
        came_by(next, observed, push.expect, answer.outcome);
        next.value_held_back = holds_back(observed, push);
        corrections::count(next, observed, push);
    }
    next.id = Some(answer.id.clone());
    next.identifier = Some(observed.identifier.clone());
    let known = || before.connection.filter(|_| observed.situation.binding == Binding::Bound)?.tenant;
    let tenant = answer.tenant.clone().or_else(known);
    next.connection = Some(binding::place(observed.view.as_ref(), &observed.object.spec.connection_ref, tenant));
    next.last_sync_time = Some(Time(observed.clock.now()));
    next.unexpected = None;
    next.pending = None;
    next.remote = None;
    let value = matches!(decision, Decision::Push(Push { value: true, .. }));
    settle_window::answered(next, observed, value);
    sent(next, observed, decision);
    if !is_update(decision) {
        // What was known of another record.
        next.digests.clear();
    }
    recorded(next, observed);
    acknowledge(next, observed.object);
}

/// The fields that the record has from us by now. Those of a record that never came to be known are of lost answers.
fn sent(next: &mut PamCredentialStatus, observed: &Observation<'_>, decision: Decision) {
    let mut all = removed_fields::paths(&observed.object.spec);
    let same = matches!(observed.sight.as_ref().map(|sight| sight.seen), Some(Seen::Ours { .. }));
    if is_update(decision) || same || observed.situation.binding == Binding::Unbound {
        let before = std::mem::take(&mut next.sent_fields);
        all.extend(before.into_iter().filter(|path| !is_replaced(path, next, observed, decision)));
    }
    next.sent_fields = all.into_iter().collect();
}

/// A write whose answer was lost may have been executed: a field that is taken off the spec before the next one counts as
/// sent all the same.
fn maybe_sent(next: &mut PamCredentialStatus, observed: &Observation<'_>, decision: Decision, error: &PamError) {
    let here = observed.situation.binding != Binding::BoundElsewhere;
    if here && matches!(decision, Decision::Push(_)) && error.outcome_unknown() {
        let mut all = removed_fields::paths(&observed.object.spec);
        all.extend(std::mem::take(&mut next.sent_fields));
        next.sent_fields = all.into_iter().collect();
    }
}

/// Whether the record that was written is the one that status spoke of.
const fn is_update(decision: Decision) -> bool {
    matches!(decision, Decision::Push(Push { expect: Expect::Update, .. }))
}

/// Whether a field was in a block that was sent just now, to a PAM that drops what is not sent of one.
fn is_replaced(path: &str, before: &PamCredentialStatus, observed: &Observation<'_>, decision: Decision) -> bool {
    let replaces = observed.view.as_ref().is_some_and(ConnectionState::replaces_blocks);
    let Some((block, _)) = path.split_once('.').filter(|_| replaces) else { return false };
    let now = field_groups::digests(&observed.object.spec);
    let differs = |group: &str| now.contains_key(group) && now.get(group) != before.digests.get(group);
    let all = matches!(decision, Decision::Push(Push { all_fields: true, .. }));
    match block {
        "additionalSettings" => {
            let secrets = observed.read.as_ref().is_some_and(|read| !read.due.is_empty());
            let sent = secrets || differs(block) || differs("notes") || all;
            sent && observed.object.spec.additional_settings.is_some()
        }
        "device" => false,
        _ => differs(block) || (all && now.contains_key(block)),
    }
}

/// What is known of the record's past: whether it is surely enabled, and the identifier it had.
fn came_by(next: &mut PamCredentialStatus, observed: &Observation<'_>, expect: Expect, outcome: WriteEffect) {
    let seen = observed.sight.as_ref().map(|sight| sight.seen);
    if expect == Expect::Update || matches!(seen, Some(Seen::Ours { .. })) {
        // The very record that status speaks of.
        return;
    }
    let pending = observed.situation.pending;
    let taken_over = pending == Some(Intent::TakeOver) && outcome != WriteEffect::Created;
    next.ensured_enabled = !taken_over && (expect == Expect::Create || pending == Some(Intent::Create));
    let tried = observed.status.pending.as_ref().filter(|_| taken_over);
    let kept = || next.former_identifier.take().filter(|_| observed.situation.binding == Binding::Bound);
    next.former_identifier = tried.and_then(|tried| tried.former.clone()).or_else(kept);
}

/// Whether the record keeps the vault's value. A push of fields alone changes nothing about that.
fn holds_back(observed: &Observation<'_>, push: Push) -> bool {
    match observed.situation.secrets {
        _ if push.value => false,
        Secrets::Read(Value::None) => false,
        Secrets::Read(Value::Unknown) => true,
        // A push of the fields alone leaves the vault's value where it is.
        _ => push.expect == Expect::Adopt || observed.status.value_held_back || observed.value_drifted(),
    }
}

/// The digests of what the PAM holds now, and the versions that was made from.
fn recorded(next: &mut PamCredentialStatus, observed: &Observation<'_>) {
    let newer = newer_digests(next, observed);
    next.digests = field_groups::digests(&observed.object.spec);
    next.digests.extend(newer);
    if let Some(read) = &observed.read {
        next.digests.extend(read.digests.iter().map(|(field, digest)| ((*field).to_owned(), digest.clone())));
        next.source.clone_from(&read.versions);
    }
}

/// Of the digests that a status has by now, those of a newer version of the operator.
fn newer_digests(next: &PamCredentialStatus, observed: &Observation<'_>) -> BTreeMap<String, String> {
    let mut newer = version_skew::digests(observed.object, &observed.status);
    newer.retain(|name, digest| next.digests.get(name) == Some(digest));
    newer
}

/// Nothing was sent. Digests are written anew only where that is news: a Secret whose metadata alone changed is none.
fn rested(next: &mut PamCredentialStatus, observed: &Observation<'_>, decision: Decision, context: &Context) {
    match decision {
        Decision::Settled => {
            let keyed = next.digests.iter().filter(|(name, _)| field_groups::KEYED.contains(&name.as_str()));
            let lost = keyed.clone().any(|(_, digest)| !context.connections.key.made(digest));
            let keyed: Vec<_> = keyed.map(|(name, digest)| (name.clone(), digest.clone())).collect();
            // Where there is no value, the seeds and the username are what was compared.
            if lost
                && matches!(observed.situation.secrets, Secrets::Read(Value::Same | Value::None))
                && observed.read.is_some()
            {
                recorded(next, observed);
            } else {
                let newer = newer_digests(next, observed);
                next.digests = field_groups::digests(&observed.object.spec);
                next.digests.extend(newer);
                next.digests
                    .extend(keyed.into_iter().filter(|(name, _)| field_groups::has(&observed.object.spec, name)));
            }
            next.value_held_back &= observed.object.spec.content_secret_ref.is_some();
            remember_verified(observed, context);
        }
        Decision::Record => {
            recorded(next, observed);
        }
        Decision::HoldValue => {
            recorded(next, observed);
            next.value_held_back = true;
        }
        Decision::Rebind => rebind(next, observed),
        _ => {}
    }
    // Where an answer is unexplained, a request is the user's word on it: that waits until it can be obeyed.
    let unheard = observed.situation.binding == Binding::Unbound && observed.status.unexpected.is_none();
    if unheard && !observed.situation.deleting && decision != Decision::Suspend {
        acknowledge(next, observed.object);
    }
}

fn remember_verified(observed: &Observation<'_>, context: &Context) {
    if let Some(read) = &observed.read {
        context.state.verify(&observed.uid, observed.generation, read.versions.clone());
    }
}

fn rebind(next: &mut PamCredentialStatus, observed: &Observation<'_>) {
    let view = observed.view.as_ref();
    // Another address may name its tenant otherwise: its next answer does.
    let same_address = |known: &ConnectionStatus| view.is_some_and(|view| view.origin == known.origin);
    let tenant = next.connection.take().filter(same_address).and_then(|known| known.tenant);
    next.connection = Some(binding::place(view, &observed.object.spec.connection_ref, tenant));
    // With a lost key it may never have been sent there.
    next.value_held_back |= observed.situation.secrets == Secrets::Read(Value::Unknown);
    recorded(next, observed);
}

fn acknowledge(next: &mut PamCredentialStatus, object: &PamCredential) {
    let annotation = |name: &str| object.annotations().get(name).cloned();
    if let Some(asked) = annotation(RECONCILE_REQUESTED_AT) {
        next.last_handled_reconcile_at = Some(asked);
    }
    if let Some(asked) = annotation(PUSH_VALUE_REQUESTED_AT) {
        next.last_handled_push_value_at = Some(asked);
    }
}

impl Observation<'_> {
    /// Whether a pass leaves nothing open that an earlier process may have sent.
    pub(crate) fn clears_up(decision: Decision, done: &Outcome) -> bool {
        matches!((done, decision), (Outcome::Pushed(_), _) | (Outcome::Nothing, Decision::Record | Decision::HoldValue))
    }

    /// Whether the next process has to be told that something is to be cleared up. (What is only to be looked at again in
    /// a moment shows that itself: another version of a Secret stays another.)
    fn stays_unchecked(&self, decision: Decision, done: &Outcome) -> bool {
        let by_generation = self.status.observed_generation != Some(self.generation) || self.status.unchecked;
        let soon = decision == Decision::LookAgain && !by_generation;
        self.situation.needs_verification && !soon && !Self::clears_up(decision, done)
    }

    /// Whether a push does nothing but undo what somebody else did.
    pub(crate) fn only_corrects(&self, push: Push) -> bool {
        let value = match self.situation.secrets {
            Secrets::Read(value) => value,
            _ => Value::None,
        };
        push.expect == Expect::Update && is_only_correction(&self.situation, value)
    }

    /// Whether the record's value may be another than the one that was last sent.
    fn value_drifted(&self) -> bool {
        let value = self.object.spec.content_secret_ref.is_some();
        value && matches!(self.situation.drift, Drift::Changed | Drift::Rotated)
    }
}
