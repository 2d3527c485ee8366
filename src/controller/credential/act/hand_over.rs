//! Handing the record of an object that is being deleted over to another object (P4, P7).

use crate::controller::credential::act::outcome::Outcome;
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::credential::observe;

/// Lets another object claim the record, and waits for that object. Nothing is sent: the other object writes onto the
/// record. After a restart this is done again, so that none of it has to be kept.
pub(super) fn hand_over(observed: &Observation<'_>, context: &Context) -> Outcome {
    if let Some(record) = observe::leaving_record(observed) {
        let heir = context.claims.heir(observed.uid(), &record).or_else(|| record.to.clone());
        // Before the offer: the other object may have the record a moment later.
        context.cluster.dependencies.wait_for(&observed.object_id(), heir.as_ref().map(observe::object_id));
        if context.claims.offer(observed.uid(), &record) {
            context.wake_waiting(&observed.key);
        }
    }
    Outcome::Nothing
}
