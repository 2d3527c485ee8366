//! From a spec to what rules turn on.

use crate::api::{
    self, DeletionPolicy, DriftPolicy, HAND_OVER_TO, Mode, PUSH_VALUE_REQUESTED_AT, PamCredential,
    RECONCILE_REQUESTED_AT,
};
use crate::controller::credential::facts::{field_groups, settings};
use crate::controller::runtime::throwaway::is_throwaway;
use crate::domain::credential::{Asked, Desired, ensures_enabled};
use crate::domain::{Account, AdoptionPolicy, ObjectName};

/// Returns the mode that an object is served in. Every credential gets its effective mode as soon as the watch shows it, so
/// that nothing in the process can serve an object in the mode of its spec where `--plan-only` is set, or a throwaway in
/// any other.
pub(crate) fn effective_mode(object: &PamCredential, plan_only: bool) -> Mode {
    if plan_only || is_throwaway(&object.metadata) { Mode::Plan } else { object.spec.mode }
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
    let asked = |name| annotation(object, name).cloned();
    Asked { reconcile: asked(RECONCILE_REQUESTED_AT), push_value: asked(PUSH_VALUE_REQUESTED_AT) }
}

/// Returns the object that gets the record when this one is deleted. A text that names no object names one that never
/// comes: a slip of the pen disables no record.
pub(crate) fn hand_over_to(object: &PamCredential) -> Option<ObjectName> {
    let text = annotation(object, HAND_OVER_TO)?;
    let (namespace, name) = text.split_once('/').unwrap_or((text, ""));
    Some(ObjectName { namespace: namespace.to_owned(), name: name.to_owned() })
}

fn annotation<'a>(object: &'a PamCredential, name: &str) -> Option<&'a String> {
    object.metadata.annotations.as_ref()?.get(name)
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
            assert_eq!(effective_mode(&object(mode, None), true), Mode::Plan);
            assert_eq!(effective_mode(&object(mode, None), false), mode);
        }
    }

    #[test]
    fn a_throwaway_is_served_in_no_other_mode_whatever_it_names() {
        for (mode, name) in [(Mode::Apply, "db"), (Mode::Plan, "db"), (Mode::Apply, "")] {
            let throwaway = object(mode, Some(name));
            assert_eq!(effective_mode(&throwaway, false), Mode::Plan);
        }
    }

    fn object(mode: Mode, throwaway: Option<&str>) -> PamCredential {
        let annotations = throwaway.map(|name| serde_json::json!({ api::THROWAWAY: name }));
        serde_json::from_value(serde_json::json!({
            "apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredential",
            "metadata": {"name": "a", "namespace": "shop", "annotations": annotations},
            "spec": {"username": "u", "hostname": "h", "ip": "i", "mode": mode},
        }))
        .unwrap()
    }
}
