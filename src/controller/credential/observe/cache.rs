//! What is known of a credential without a call.

use crate::api::PamCredential;
use crate::controller::connection::facts::ConnectionFacts;
use crate::controller::connection::object::RefersToConnection as _;
use crate::controller::connection::stored_vault::connected_vault;
use crate::controller::connection::subject::Subject;
use crate::controller::credential::compare::drift_in;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::access::permitted;
use crate::controller::credential::facts::observation::{Found, Observation};
use crate::controller::credential::facts::secret_refs::secret_names;
use crate::controller::credential::facts::{desired, identity, stored_status};
use crate::controller::credential::observe::claim::{heir, is_claimed_by_other};
use crate::controller::runtime::finalizer;
use crate::domain::credential::KEYED;
use crate::domain::{Binding, Drift, Heir, Keyed as _, ObjectName, Situation};
use crate::pam::Snapshot;

/// Returns what is known of a credential without a call.
pub(crate) fn from_cache<'a>(object: &'a PamCredential, context: &'a Context) -> Observation<'a> {
    let stored = context.statuses.of(object);
    let identifier = identity::identifier(object, &stored, &context.cluster.name);
    let (status, facts) = (stored_status::from_stored(&stored), connection_facts(object, &identifier, context));
    let mut observed = Observation {
        subject: Subject::of(object, stored, facts, &secret_names(object), &context.state, &context.connections),
        desired: desired::desired(object),
        asked: desired::asked(object),
        account: desired::account(object, None),
        situation: Situation::default(),
        found: Found::default(),
        identifier,
        status,
    };
    observed.subject.take_turn(observed.status.observed_generation, &observed.status.source, &context.cluster);
    observed.situation = situation(&observed, context);
    if observed.situation.heir == Heir::Absent {
        observed.found.unserved_heir = unserved_heir(object, context);
    }
    refresh_drift_from_cache(&mut observed, context);
    observed
}

/// Returns the object that an annotation names to get the record, if the operator does not serve its namespace.
fn unserved_heir(object: &PamCredential, context: &Context) -> Option<ObjectName> {
    desired::hand_over_to(object).filter(|to| context.cluster.namespaces.labels(&to.namespace).is_none())
}

fn connection_facts(object: &PamCredential, identifier: &str, context: &Context) -> ConnectionFacts {
    let state = context.connections.state(&object.connection_id());
    let reference = &object.spec.connection_ref;
    ConnectionFacts {
        vault: state.as_ref().map(|state| connected_vault(state, reference)),
        access: state.as_ref().map(|state| permitted(object, identifier, &state.connection, context.deciders())),
        selects: context.connections.selects,
        state,
    }
}

fn situation(observed: &Observation<'_>, context: &Context) -> Situation {
    let suspected_write = has_suspected_write(observed, context);
    let unchanged = observed
        .versions
        .as_ref()
        .is_some_and(|versions| context.state.are_versions_unchanged(observed.uid(), observed.generation(), versions));
    let mut situation = observed.situation_input(suspected_write).situation();
    situation.denied = observed.connection.denial().is_some();
    situation.take_over_granted = observed.connection.grants().take_over;
    situation.secrets = observed.secrets_from_cache(unchanged);
    // The watch may show the object once more as it was before.
    situation.finalizer &= !context.state.is_released(observed.uid());
    situation.other_finalizers = !finalizer::others(observed.object).is_empty();
    // With `--plan-only` no finalizer is missing: a copy of a cluster has to be torn down without one.
    situation.finalizer |= observed.plan_only && !situation.deleting;
    situation.claimed_by_other = is_claimed_by_other(observed, context);
    if observed.is_of_throwaway() {
        // Nothing is noted of the object that it asks for, and no finalizer is missing: a throwaway goes at once.
        situation.finalizer = true;
        return situation;
    }
    if situation.deleting {
        situation.heir = heir(observed, context);
    }
    let was_deleting = context.state.was_deleting(observed.uid(), situation.deleting);
    situation.suspected_disable = was_deleting && situation.recently_started;
    situation.other_operator_writes = does_other_operator_write(observed, context);
    situation
}

/// Returns whether an earlier process may have sent a write that the status does not tell of. A throwaway looks for none: the
/// passes over the object that it asks for do.
fn has_suspected_write(observed: &Observation<'_>, context: &Context) -> bool {
    if observed.is_of_throwaway() {
        return context.state.is_suspected_write_noted(observed.uid());
    }
    context.state.has_suspected_write(observed.uid(), || observed.situation_input(false).has_suspected_write())
}

/// Compares the newest list, however old, with what was written.
fn refresh_drift_from_cache(observed: &mut Observation<'_>, context: &Context) {
    if let Some(snapshot) = context.connections.store.snapshot(&observed.connection_id()) {
        refresh_drift(observed, &snapshot, context);
    }
}

/// Compares a list with what was written. A list that cannot be trusted shows nothing.
pub(crate) fn refresh_drift(observed: &mut Observation<'_>, snapshot: &Snapshot, context: &Context) {
    let trusted = !context.connections.health.is_incomplete(&observed.connection_id(), &observed.key.namespace);
    let bound = observed.situation.binding == Binding::Bound;
    let drift = || drift_in(observed.object, &observed.status, snapshot, context);
    let drift = if trusted && bound { drift() } else { None };
    observed.situation.drift = drift.as_ref().map_or(Drift::None, |finding| finding.drift);
    observed.found.drift = drift;
}

/// Whether the digests in the status are another operator's again and again, after this one made its own.
fn does_other_operator_write(observed: &Observation<'_>, context: &Context) -> bool {
    let mut keyed = KEYED.into_iter().filter_map(|name| observed.status.digests.get(name));
    let foreign = keyed.any(|digest| observed.keyed.is_foreign(digest));
    observed.is_other_operator_writing(observed.status.observed_generation, foreign, &context.state)
}
