//! The groups of fields of a credential: each is sent only when it differs from what was last sent.

use std::collections::BTreeMap;

use super::digest::plain;
use crate::api::PamCredentialSpec;
use crate::pam::CredentialRequest;

/// Digest of hostname and ip, and of the username where the spec has it.
pub(super) const ACCOUNT: &str = "account";
/// Keyed digest of a username that comes from a Secret.
pub(super) const USERNAME: &str = "username";
/// Keyed digest of the value.
pub(super) const CONTENT: &str = "content";

/// One group: its name in the digests, its digest, and how it is put into a request.
struct Group {
    name: &'static str,
    digest: String,
    put: Put,
}

type Put = fn(&PamCredentialSpec, &mut CredentialRequest);

/// The groups that the spec sets.
fn groups(spec: &PamCredentialSpec) -> Vec<Group> {
    let one = |value: &Option<String>| value.as_ref().map(|value| plain(&[value]));
    let tags = spec.tags.as_ref().map(|tags| plain(&tags.iter().map(String::as_str).collect::<Vec<_>>()));
    let all: [(_, _, Put); 5] = [
        ("additional", one(&spec.additional), |spec, request| {
            request.additional.clone_from(&spec.additional);
        }),
        ("tags", tags, |spec, request| request.tags.clone_from(&spec.tags)),
        ("credentialType", one(&spec.credential_type), |spec, request| {
            request.credential_type.clone_from(&spec.credential_type);
        }),
        ("domain", one(&spec.domain), |spec, request| {
            request.domain.clone_from(&spec.domain);
        }),
        ("notes", one(&spec.notes), |spec, request| {
            request.notes.clone_from(&spec.notes);
        }),
    ];
    all.into_iter().filter_map(|(name, digest, put)| Some(Group { name, digest: digest?, put })).collect()
}

/// Digest of the account, as far as the spec has it.
pub(super) fn account(spec: &PamCredentialSpec) -> String {
    plain(&[spec.username.as_deref().unwrap_or_default(), &spec.hostname, &spec.ip])
}

/// Whether a group that the spec sets differs from what was last sent.
pub(super) fn changed(spec: &PamCredentialSpec, recorded: &BTreeMap<String, String>) -> bool {
    groups(spec).iter().any(|group| recorded.get(group.name) != Some(&group.digest))
}

/// Puts the groups that differ (or `all`) into a request.
pub(super) fn put(
    spec: &PamCredentialSpec,
    recorded: &BTreeMap<String, String>,
    all: bool,
    request: &mut CredentialRequest,
) {
    for group in groups(spec) {
        if all || recorded.get(group.name) != Some(&group.digest) {
            (group.put)(spec, request);
        }
    }
}

/// The digests of what the spec says now; those of secret values are for the caller to add.
pub(super) fn digests(spec: &PamCredentialSpec) -> BTreeMap<String, String> {
    let groups = groups(spec).into_iter().map(|group| (group.name.to_owned(), group.digest));
    groups.chain([(ACCOUNT.to_owned(), account(spec))]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(value: &serde_json::Value) -> PamCredentialSpec {
        let mut spec = serde_json::json!({"username": "svc", "hostname": "db01", "ip": "10.0.0.7"});
        spec.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
        serde_json::from_value(spec).unwrap()
    }

    #[test]
    fn only_the_group_that_changed_is_sent() {
        let before = spec(&serde_json::json!({"tags": ["a"], "notes": "n"}));
        let after = spec(&serde_json::json!({"tags": ["a", "b"], "notes": "n"}));
        let recorded = digests(&before);
        assert!(!changed(&before, &recorded) && changed(&after, &recorded));
        let mut request = CredentialRequest::default();
        put(&after, &recorded, false, &mut request);
        assert_eq!(request.tags, Some(vec!["a".into(), "b".into()]));
        assert_eq!(request.notes, None);
    }

    #[test]
    fn a_field_that_was_removed_is_no_change_since_it_cannot_be_unset() {
        let recorded = digests(&spec(&serde_json::json!({"notes": "n"})));
        assert!(!changed(&spec(&serde_json::json!({})), &recorded));
        assert!(!digests(&spec(&serde_json::json!({}))).contains_key("notes"));
    }

    #[test]
    fn every_group_reaches_the_request() {
        let full = spec(&serde_json::json!({
            "additional": "a", "tags": ["t"], "credentialType": "c", "domain": "d", "notes": "n"
        }));
        let mut request = CredentialRequest::default();
        put(&full, &BTreeMap::new(), false, &mut request);
        assert_eq!(request.additional.as_deref(), Some("a"));
        assert_eq!(request.credential_type.as_deref(), Some("c"));
        assert_eq!(request.domain.as_deref(), Some("d"));
        assert_eq!(request.notes.as_deref(), Some("n"));
        assert_eq!(digests(&full).len(), 6);
    }
}
