//! What is said of a push that the PAM carried out on a record that is not this credential's.

use crate::api::{ConditionType, find};
use crate::controller::credential::facts::observation::Observation;
use crate::domain::credential::{ACCOUNT, CONTENT, USERNAME};
use crate::domain::{Answer, Decision, WriteEffect};
use crate::message::conflict;

/// Groups that a message about a write names by other words.
const ALWAYS_NAMED: [&str; 3] = [ACCOUNT, USERNAME, CONTENT];

/// Returns what a push put over a record, where the PAM says that the record was there.
pub(super) fn overwritten(observed: &Observation<'_>, decision: Decision, answer: &Answer) -> String {
    let (Decision::Push(push), WriteEffect::Updated) = (decision, answer.effect) else { return String::new() };
    let sent = observed.transition_input().sent_groups(&observed.status, push);
    let named: Vec<&str> = sent.iter().map(String::as_str).filter(|group| !ALWAYS_NAMED.contains(group)).collect();
    conflict::overwritten(observed.times.ended, &named, push.value)
}

/// Returns what was said of a write onto a record that is not this credential's, while it is said of this very spec: what was
/// overwritten, and when, is known to the pass that wrote alone.
pub(super) fn said_before<'a>(observed: &'a Observation<'_>) -> Option<&'a str> {
    let ready = find(&observed.stored.conditions, ConditionType::Ready)?;
    let of_spec = ready.observed_generation == Some(observed.generation()) && observed.status.mismatch.is_some();
    (of_spec && conflict::names_overwritten(&ready.message)).then_some(ready.message.as_str())
}
