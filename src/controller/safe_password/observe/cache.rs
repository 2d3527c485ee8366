//! What is known of an object without a call.

use crate::api::{MySafePassword, Product};
use crate::controller::connection::facts::ConnectionFacts;
use crate::controller::connection::object::RefersToConnection as _;
use crate::controller::connection::state::ConnectionState;
use crate::controller::connection::stored_vault::connected_vault;
use crate::controller::connection::subject::Subject;
use crate::controller::runtime::finalizer;
use crate::controller::runtime::object_id::{NamespacedName, ObjectId};
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::facts::access::permitted;
use crate::controller::safe_password::facts::observation::{Found, Observation, Surroundings};
use crate::controller::safe_password::facts::secret_refs::secret_names;
use crate::controller::safe_password::facts::{desired, stored_status};
use crate::domain::DigestsOf;

/// Returns what is known of an object without a call.
pub(crate) fn from_cache<'a>(object: &'a MySafePassword, context: &'a Context) -> Observation<'a> {
    let stored = context.statuses.of(object);
    let (status, facts) = (stored_status::from_stored(&stored), connection_facts(object, context));
    let subject = Subject::of(object, stored, facts, &secret_names(&object.spec), &context.state, &context.connections);
    let mut observed = Observation {
        desired: desired::desired(object),
        appearance: desired::appearance(object, None),
        // The watch may show the object once more as it was before.
        finalizer: finalizer::is_on(object) && !context.state.is_released(subject.uid()),
        surroundings: Surroundings::default(),
        found: Found::default(),
        subject,
        status,
    };
    observed.subject.take_turn(observed.status.observed_generation, &observed.status.source, &context.cluster);
    let (generation, foreign) =
        (observed.status.observed_generation, observed.status.digests_of(&observed.keyed) == DigestsOf::Another);
    // Nothing is noted of the object that a throwaway asks for.
    observed.surroundings.other_operator_writes =
        !observed.is_of_throwaway() && observed.is_other_operator_writing(generation, foreign, &context.state);
    note_holder(&mut observed, context);
    observed
}

/// Notes which other object has the entry of the status, or the one that the spec names, and waits for that object.
fn note_holder(observed: &mut Observation<'_>, context: &Context) {
    let known = observed.status.identifier.as_ref().or(observed.desired.identifier.as_ref());
    let entry = known.and_then(|identifier| observed.entry(identifier.clone()));
    let holder = entry.and_then(|entry| context.claims.other(observed.uid(), &entry, observed.times.now));
    if !observed.is_of_throwaway() {
        let waits_for = holder.as_ref().map(|holder| ObjectId::new::<MySafePassword>(holder.name.clone()));
        context.cluster.dependencies.wait_for(&observed.object_id(), waits_for);
    }
    observed.surroundings.holder = holder;
}

/// What a connection for another product permits is not asked: that it is for another product says more.
fn connection_facts(object: &MySafePassword, context: &Context) -> ConnectionFacts {
    let state = context.connections.state(&object.connection_id());
    let of_my_safe = state.as_ref().filter(|state| state.is_for(Product::MySafe));
    let namespace = &NamespacedName::of(object).namespace;
    let permitted = |state: &ConnectionState| permitted(namespace, &state.connection, &context.cluster.namespaces);
    ConnectionFacts {
        vault: of_my_safe.map(|state| connected_vault(state, &object.spec.connection_ref)),
        access: of_my_safe.map(permitted),
        selects: context.connections.selects,
        state,
    }
}
