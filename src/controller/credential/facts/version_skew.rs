//! What a newer version of the operator left in a status, and this one does not know. Going back to this version sends
//! nothing because of it, and the newer version finds it again.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::{ConditionType, PamCredential, PamCredentialStatus, find, sent_field};
use crate::controller::credential::facts::field_groups;
use crate::controller::credential::observe::observation::Observation;
use crate::domain::{Binding, Reason};

/// Whether a path below `spec`, as `status.sentFields` has them, is one that this version knows.
pub(crate) fn is_known(path: &str) -> bool {
    sent_field(path).is_some()
}

/// The digests to compare a spec with. One of a block that was sent with a field that this version does not know cannot
/// be made here; while `Ready` is true for this very spec, the block is as it was sent.
pub(crate) fn comparable(
    object: &PamCredential,
    status: &PamCredentialStatus,
    recorded: Binding,
) -> BTreeMap<String, String> {
    let mut digests = status.digests.clone();
    if recorded == Binding::Bound {
        let blocks = blocks(object, status);
        digests
            .extend(field_groups::digests(&object.spec).into_iter().filter(|(name, _)| blocks.contains(name.as_str())));
    }
    digests
}

/// The digests that this version can neither make nor compare: they stay as they are.
pub(crate) fn digests(object: &PamCredential, status: &PamCredentialStatus) -> BTreeMap<String, String> {
    let blocks = blocks(object, status);
    // What is no digest is no newer version's either.
    let stays = |(name, digest): &(&String, &String)| {
        if field_groups::is_known(name) { blocks.contains(name.as_str()) } else { is_digest(digest) }
    };
    let all = status.digests.iter().filter(stays);
    all.map(|(name, digest)| (name.clone(), digest.clone())).collect()
}

/// Whether it has the form of a digest: a version, and what that says.
fn is_digest(text: &str) -> bool {
    let version = text.strip_prefix('v').and_then(|rest| rest.split_once(':'));
    version.is_some_and(|(number, rest)| number.parse::<u32>().is_ok() && !rest.is_empty())
}

/// The blocks in which something was sent that this version does not know, if nothing in the spec changed since.
fn blocks<'a>(object: &PamCredential, status: &'a PamCredentialStatus) -> BTreeSet<&'a str> {
    let ready = find(&status.conditions, ConditionType::Ready);
    let current = |seen: Option<i64>| seen.is_some() && seen == object.metadata.generation;
    // A plan is "True" of a spec that was not sent.
    let sent = ready.filter(|ready| ready.status == "True" && ready.reason != Reason::Planned.as_str());
    if !sent.is_some_and(|ready| current(ready.observed_generation)) {
        return BTreeSet::new();
    }
    let unknown = status.sent_fields.iter().filter(|path| !is_known(path));
    unknown.filter_map(|path| path.split_once('.')).map(|(block, _)| block).collect()
}

impl Observation<'_> {
    /// The digests that what is to be sent is told by.
    pub(crate) fn comparable(&self) -> BTreeMap<String, String> {
        comparable(self.object, &self.status, self.situation.binding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(generation: i64, ready: &str) -> (PamCredential, PamCredentialStatus) {
        let object = serde_json::from_value(json!({
            "apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredential",
            "metadata": {"name": "a", "generation": generation},
            "spec": {"username": "svc", "hostname": "db01", "ip": "10.0.0.7", "tags": ["t"],
                "sessionSettings": {"useOwnCredentialToConnect": true}, "jitSettings": {"jit": false, "useOwnCredentialToConnect": true}},
        }));
        let status = serde_json::from_value(json!({
            "digests": {"costCenter": "v2:theirs", "stray": "x", "sessionSettings": "theirs", "jitSettings": "another", "tags": "another"},
            "sentFields": ["costCenter", "sessionSettings.spice", "jitSettings.jit"],
            "conditions": [{"type": "Ready", "status": ready, "reason": "Synced", "message": "", "observedGeneration": 1,
                "lastTransitionTime": "2026-01-01T00:00:00Z"}],
        }));
        (object.unwrap(), status.unwrap())
    }

    #[test]
    fn a_plan_does_not_vouch_for_a_block_that_was_sent_with_a_field_of_a_newer_version() {
        let (same, mut status) = object(1, "True");
        status.conditions[0].reason = "Planned".into();
        assert!(field_groups::changed(&same.spec, &comparable(&same, &status, Binding::Bound)));
        assert_eq!(comparable(&same, &status, Binding::Bound), status.digests);
    }

    #[test]
    fn a_block_that_was_sent_with_a_field_of_a_newer_version_is_no_change_while_its_spec_is_the_same() {
        let (same, status) = object(1, "True");
        let own = field_groups::digests(&same.spec);
        let compared = comparable(&same, &status, Binding::Bound);
        assert_eq!(compared["sessionSettings"], own["sessionSettings"]);
        assert_ne!(compared["jitSettings"], own["jitSettings"], "all that was sent of this one is known");
        assert_eq!(compared["tags"], "another");
        assert_eq!(comparable(&same, &status, Binding::BoundElsewhere), status.digests);
    }

    #[test]
    fn an_edit_and_an_unfinished_push_are_compared_as_ever() {
        for (object, status) in [object(2, "True"), object(1, "False")] {
            assert_eq!(comparable(&object, &status, Binding::Bound), status.digests);
            let kept: Vec<_> = digests(&object, &status).into_keys().collect();
            assert_eq!(kept, ["costCenter"]);
        }
    }

    #[test]
    fn what_only_the_newer_version_can_make_is_kept() {
        let (object, status) = object(1, "True");
        let kept: Vec<_> = digests(&object, &status).into_keys().collect();
        assert_eq!(kept, ["costCenter", "sessionSettings"]);
    }

    #[test]
    fn every_field_that_this_version_sends_is_known() {
        let spec = serde_json::from_value(json!({
            "usernameSecretRef": {"name": "a"}, "hostname": "h", "ip": "i", "contentSecretRef": {"name": "a"},
            "tags": ["t"], "device": {"type": "x", "domains": ["d"]},
            "sessionSettings": {"useOwnCredentialToConnect": true, "x11Forward": true, "mysql": true,
                "macros": [{"remoteApp": "a", "connectivity": "b"}]},
            "executionSettings": {"useOwnCredentialToConnect": true, "reconciliation": {"enabled": true, "ip": "x"}},
            "additionalSettings": {"secretKeySecretRef": {"name": "a"}, "additionalAuthenticationFields":
                [{"name": "n", "shortName": "s", "valueSecretRef": {"name": "a", "key": "k"}}]},
        }));
        let paths = crate::controller::credential::facts::removed_fields::paths(&spec.unwrap());
        assert!(paths.len() > 10);
        for path in paths {
            assert!(is_known(&path), "{path}");
        }
    }
}
