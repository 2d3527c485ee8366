//! From a spec to what rules turn on.

use crate::api::{
    self, DeletionPolicy, DriftPolicy, Mode, PUSH_VALUE_REQUESTED_AT, PamCredential, RECONCILE_REQUESTED_AT,
};
use crate::controller::credential::facts::{field_groups, settings};
use crate::domain::credential::{Asked, Desired, ensures_enabled};
use crate::domain::{Account, AdoptionPolicy};

/// Returns the mode that an object is served in. Every credential gets its effective mode as soon as the watch shows it, so
/// that nothing in the process can serve an object in the mode of its spec where `--plan-only` is set.
pub(crate) const fn effective_mode(mode: Mode, plan_only: bool) -> Mode {
    if plan_only { Mode::Plan } else { mode }
}

/// Returns what a spec asks for.
pub(crate) fn desired(object: &PamCredential) -> Desired {
    let spec = &object.spec;
    let disable = spec.deletion_policy == DeletionPolicy::Disable;
    let groups = field_groups::groups(spec);
    Desired {
        disable,
        suspended: spec.suspend,
        plan: spec.mode == Mode::Plan,
        adoption: match spec.adoption_policy {
            api::AdoptionPolicy::Never => AdoptionPolicy::Never,
            api::AdoptionPolicy::ByIdentifier => AdoptionPolicy::ByIdentifier,
            api::AdoptionPolicy::TakeOver => AdoptionPolicy::TakeOver,
        },
        correct: spec.drift_policy == DriftPolicy::Correct,
        ensure_enabled: ensures_enabled(spec.ensure_enabled, disable),
        rotates: settings::rotates(spec),
        has_value: spec.content_secret_ref.is_some(),
        groups: groups.plain,
        secret_groups: groups.keyed,
    }
}

/// Returns what somebody asks for by annotation.
pub(crate) fn asked(object: &PamCredential) -> Asked {
    let annotation = |name| object.metadata.annotations.as_ref().and_then(|all| all.get(name)).cloned();
    Asked { reconcile: annotation(RECONCILE_REQUESTED_AT), push_value: annotation(PUSH_VALUE_REQUESTED_AT) }
}

/// Returns the account of a spec; `username` is the one from a Secret.
pub(crate) fn account(object: &PamCredential, username: Option<&str>) -> Option<Account> {
    let spec = &object.spec;
    let username = spec.username.as_deref().or(username)?.to_owned();
    Some(Account { username, hostname: spec.hostname.clone(), ip: spec.ip.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_plan_only_no_object_is_served_in_another_mode() {
        for mode in [Mode::Apply, Mode::Plan] {
            assert_eq!(effective_mode(mode, true), Mode::Plan);
            assert_eq!(effective_mode(mode, false), mode);
        }
    }
}
