//! Pure functions: what a decision asks for, derived from spec, status and list.
//!
//! A pass goes through these, from left to right:
//!
//! ```text
//! Observation ─▶ SituationInput ─▶ Situation ─▶ Decision ─▶ TransitionInput ─▶ Status
//! ```
//!
//! * [`Observation`](observation::Observation): all that a pass holds of one credential, with its Secrets and list.
//! * `SituationInput`: what of the observation is known without a call.
//! * `Situation`: the facts, as values of few states; what takes a call is added as soon as the decision asks for it.
//! * `Decision`: what is done next.
//! * `TransitionInput`: what of the observation the next status depends on, beside the decision and what came of it.
//! * `Status`: what the object remembers for the next pass.

pub(crate) mod access;
pub(crate) mod desired;
pub(crate) mod drift;
pub(crate) mod field_groups;
pub(crate) mod identity;
pub(crate) mod observation;
pub(crate) mod rows;
pub(crate) mod secret_inputs;
pub(crate) mod secret_refs;
pub(crate) mod settings;
pub(crate) mod stored_status;
