//! What an object that is being deleted says of the object that gets its record.

use crate::controller::credential::facts::desired;
use crate::controller::credential::facts::observation::Observation;
use crate::domain::{Heir, ObjectName, Reason};
use crate::message::credential::{self as message, NoHeir};
use crate::message::problem::Problem;

/// Returns reason and message of an object that is being deleted and whose record another object gets.
pub(crate) fn handing_over(observed: &Observation<'_>) -> Problem {
    match (observed.situation.heir, desired::hand_over_to(observed.object)) {
        (Heir::Absent, Some(to)) => {
            Problem { reason: Reason::DeletionBlocked, message: message::heir_absent(&to, no_heir(observed, &to)) }
        }
        (_, to) => {
            let to = to.map(|ObjectName { namespace, name }| format!("{namespace}/{name}"));
            Problem { reason: Reason::Deleting, message: message::handing_over(to.as_deref()) }
        }
    }
}

/// Returns why the object of that name does not come for the record.
fn no_heir(observed: &Observation<'_>, to: &ObjectName) -> NoHeir {
    let is_name = |text: &str| !text.is_empty() && !text.contains('/');
    match (observed.key.namespace == to.namespace, observed.key.name == to.name) {
        _ if !is_name(&to.namespace) || !is_name(&to.name) => NoHeir::NoName,
        (true, true) => NoHeir::Itself,
        _ if observed.found.unserved_heir.is_some() => NoHeir::Namespace,
        _ => NoHeir::Object,
    }
}
