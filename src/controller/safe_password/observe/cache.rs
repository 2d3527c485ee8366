//! What is known of an object without a call.

use tokio::time::Instant;

use crate::api::{MySafePassword, Product};
use crate::controller::connection::facts::ConnectionFacts;
use crate::controller::connection::object::RefersToConnection as _;
use crate::controller::connection::state::ConnectionState;
use crate::controller::connection::stored_vault::connected_vault;
use crate::controller::runtime::finalizer;
use crate::controller::runtime::managed::Managed as _;
use crate::controller::runtime::object_id::{NamespacedName, ObjectId};
use crate::controller::runtime::status_store::status_trace;
use crate::controller::runtime::times::Times;
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::facts::access::permitted;
use crate::controller::safe_password::facts::observation::{Found, Observation, Surroundings};
use crate::controller::safe_password::facts::secret_refs::secret_names;
use crate::controller::safe_password::facts::{desired, stored_status};
use crate::controller::secret::digest::OwnedKey;
use crate::controller::secret::versions;
use crate::domain::{DigestsOf, Turn, Urgency};

/// Returns what is known of an object without a call.
pub(crate) fn from_cache<'a>(object: &'a MySafePassword, context: &'a Context) -> Observation<'a> {
    let key = NamespacedName::of(object);
    let stored = context.statuses.of(object);
    let uid = object.metadata.uid.as_deref().unwrap_or_default();
    let mut observed = Observation {
        status: stored_status::from_stored(&stored),
        stored,
        desired: desired::desired(object),
        appearance: desired::appearance(object, None),
        plan_only: context.cluster.plan_only,
        // The watch may show the object once more as it was before.
        finalizer: finalizer::is_on(object) && !context.state.is_released(uid),
        keyed: OwnedKey { key: &context.connections.key, owner: key.to_string() },
        connection: connection_facts(object, &key.namespace, context),
        versions: versions::known_versions(
            &key.namespace,
            &secret_names(&object.spec),
            &context.cluster.secret_versions,
        ),
        surroundings: Surroundings::default(),
        found: Found::default(),
        times: Times::of(context.cluster.clock, &context.state),
        wake_generation: context.cluster.triggers.release_count(&object.object_id()),
        turn: Turn::default(),
        key,
        object,
    };
    observed.turn = turn(&observed, context);
    // Nothing is noted of the object that a throwaway asks for.
    observed.surroundings.other_operator_writes =
        !observed.is_of_throwaway() && does_other_operator_write(&observed, context);
    note_holder(&mut observed, context);
    observed
}

/// Notes which other object has the entry of the status, or the one that the spec names, and waits for that object.
fn note_holder(observed: &mut Observation<'_>, context: &Context) {
    let known = observed.status.identifier.as_ref().or(observed.desired.identifier.as_ref());
    let entry = known.and_then(|identifier| observed.entry(identifier.clone()));
    let holder = entry.and_then(|entry| context.claims.other(observed.uid(), &entry));
    if !observed.is_of_throwaway() {
        let waits_for = holder.clone().map(ObjectId::new::<MySafePassword>);
        context.cluster.dependencies.wait_for(&observed.object_id(), waits_for);
    }
    observed.surroundings.holder = holder;
}

/// Returns whose turn the pass takes. What somebody edited comes before the backlog of its namespace, but for what failed
/// since with the same inputs: a retry is backlog.
fn turn(observed: &Observation<'_>, context: &Context) -> Turn {
    let has_failed = || context.cluster.retries.has_failed(&observed.object_id(), observed.input_hash());
    let urgency = if observed.is_edited() && !has_failed() { Urgency::Fresh } else { Urgency::Backlog };
    Turn::of(&observed.key.namespace, urgency)
}

/// What a connection for another product permits is not asked: that it is for another product says more.
fn connection_facts(object: &MySafePassword, namespace: &str, context: &Context) -> ConnectionFacts {
    let state = context.connections.state(&object.connection_id());
    let of_my_safe = state.as_ref().filter(|state| state.is_for(Product::MySafe));
    let permitted = |state: &ConnectionState| permitted(namespace, &state.connection, &context.cluster.namespaces);
    ConnectionFacts {
        vault: of_my_safe.map(|state| connected_vault(state, &object.spec.connection_ref)),
        access: of_my_safe.map(permitted),
        selects: context.connections.selects,
        state,
    }
}

/// Whether the digests in the status are another operator's again and again, after this one made its own.
fn does_other_operator_write(observed: &Observation<'_>, context: &Context) -> bool {
    let foreign = observed.status.digests_of(&observed.keyed) == DigestsOf::Another;
    let trace =
        status_trace(observed.object, &observed.stored.conditions, observed.status.observed_generation, foreign);
    context.state.is_other_operator_writing(observed.uid(), trace, Instant::now())
}
