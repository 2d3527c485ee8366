//! The groups of fields of a credential: each is sent only when it differs from what was last sent.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::api::{DeviceSettings, PamCredentialSpec};
use crate::controller::credential::facts::settings;
use crate::controller::credential::observe::secret_inputs::Read;
use crate::controller::secret::digest::plain;
use crate::pam::{AdditionalSettings, CredentialRequest};

/// Digest of hostname and ip, and of the username where the spec has it.
pub(crate) const ACCOUNT: &str = "account";
/// Keyed digest of a username that comes from a Secret.
pub(crate) const USERNAME: &str = "username";
/// Keyed digest of the value.
pub(crate) const CONTENT: &str = "content";
/// Keyed digest of the seed of one-time passwords.
pub(crate) const TOTP: &str = "secretKey";
/// Keyed digest of the further fields of a login, with their values.
pub(crate) const FIELDS: &str = "additionalAuthenticationFields";
/// Digest of what is written onto the device.
pub(crate) const DEVICE: &str = "device";
/// Digest of what of the additional settings is no secret.
const ADDITIONAL: &str = "additionalSettings";

/// Every group whose digest is keyed.
pub(crate) const KEYED: [&str; 4] = [USERNAME, CONTENT, TOTP, FIELDS];

/// Every other group, but for the account.
const PLAIN: [&str; 11] = [
    "additional",
    "tags",
    "credentialType",
    "domain",
    "notes",
    "parentPassword",
    "executionSettings",
    "sessionSettings",
    ADDITIONAL,
    "jitSettings",
    DEVICE,
];

/// Whether this version has a group of that name.
pub(crate) fn is_known(name: &str) -> bool {
    name == ACCOUNT || KEYED.contains(&name) || PLAIN.contains(&name)
}

/// Whether the spec has something of a group whose digest is keyed.
pub(crate) fn has_keyed(spec: &PamCredentialSpec, group: &str) -> bool {
    let settings = spec.additional_settings.as_ref();
    match group {
        CONTENT => spec.content_secret_ref.is_some(),
        USERNAME => spec.username_secret_ref.is_some(),
        TOTP => settings.is_some_and(|settings| settings.secret_key_secret_ref.is_some()),
        _ => settings.is_some_and(|settings| settings.additional_authentication_fields.is_some()),
    }
}

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
    let parent = spec.parent_password.map(|id| plain(&[&id.to_string()]));
    let all: [(_, _, Put); 11] = [
        ("additional", one(&spec.additional), |spec, request| request.additional.clone_from(&spec.additional)),
        ("tags", tags, |spec, request| request.tags.clone_from(&spec.tags)),
        ("credentialType", one(&spec.credential_type), |spec, request| {
            request.credential_type.clone_from(&spec.credential_type);
        }),
        ("domain", one(&spec.domain), |spec, request| request.domain.clone_from(&spec.domain)),
        ("notes", one(&spec.notes), |spec, request| request.notes.clone_from(&spec.notes)),
        ("parentPassword", parent, |spec, request| {
            request.parent_password = spec.parent_password.and_then(|id| u64::try_from(id).ok());
        }),
        ("executionSettings", block(spec.execution_settings.as_ref()), |spec, request| {
            request.execution_settings = settings::execution(spec);
        }),
        ("sessionSettings", block(spec.session_settings.as_ref()), |spec, request| {
            request.session_settings = settings::session(spec);
        }),
        (ADDITIONAL, additional(spec), put_additional),
        ("jitSettings", block(spec.jit_settings.as_ref()), |spec, request| request.jit_settings = settings::jit(spec)),
        (DEVICE, device(spec), |spec, request| request.device = settings::device(spec)),
    ];
    all.into_iter().filter_map(|(name, digest, put)| Some(Group { name, digest: digest?, put })).collect()
}

/// Digest of a block: of what the user set in it, and of no field that a later version may add.
fn block<T: Serialize>(block: Option<&T>) -> Option<String> {
    let value = serde_json::to_value(block?).ok()?;
    // The keys of a JSON value are in order.
    Some(plain(&[&value.to_string()]))
}

/// What is written onto the device, if that is anything: an empty block keeps nobody else from the device.
pub(crate) fn device_block(spec: &PamCredentialSpec) -> Option<&DeviceSettings> {
    spec.device.as_ref().filter(|block| **block != DeviceSettings::default())
}

/// Digest of what is written onto which device: another device gets it anew.
pub(crate) fn device(spec: &PamCredentialSpec) -> Option<String> {
    let (hostname, ip) = (spec.hostname.to_lowercase(), spec.ip.to_lowercase());
    block(device_block(spec)).map(|block| plain(&[&hostname, &ip, &block]))
}

/// Whether what is to be written onto the device differs from what was last sent.
pub(crate) fn device_changed(spec: &PamCredentialSpec, recorded: &BTreeMap<String, String>) -> bool {
    device(spec).is_some_and(|digest| recorded.get(DEVICE) != Some(&digest))
}

/// Digest of what of the additional settings is no secret.
fn additional(spec: &PamCredentialSpec) -> Option<String> {
    let settings = spec.additional_settings.as_ref()?;
    let open = crate::api::AdditionalSettings {
        secret_key_secret_ref: None,
        additional_authentication_fields: None,
        ..settings.clone()
    };
    (open != crate::api::AdditionalSettings::default()).then(|| block(Some(&open)))?
}

fn put_additional(spec: &PamCredentialSpec, request: &mut CredentialRequest) {
    let Some(settings) = &spec.additional_settings else { return };
    let to = request.additional_settings.get_or_insert_default();
    to.user_credential_owner.clone_from(&settings.user_credential_owner);
    to.server_path.clone_from(&settings.server_path);
    to.criticality = settings.criticality.map(settings::criticality);
}

/// Digest of the account, as far as the spec has it.
pub(crate) fn account(spec: &PamCredentialSpec) -> String {
    plain(&[spec.username.as_deref().unwrap_or_default(), &spec.hostname, &spec.ip])
}

/// Whether a group that the spec sets differs from what was last sent.
pub(crate) fn changed(spec: &PamCredentialSpec, recorded: &BTreeMap<String, String>) -> bool {
    groups(spec).iter().any(|group| recorded.get(group.name) != Some(&group.digest))
}

/// Puts the groups that differ (or `all`) into a request.
pub(crate) fn put(
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

/// The names of the groups that differ (or of `all`).
pub(crate) fn due(spec: &PamCredentialSpec, recorded: &BTreeMap<String, String>, all: bool) -> Vec<&'static str> {
    let differs = |group: &Group| all || recorded.get(group.name) != Some(&group.digest);
    groups(spec).into_iter().filter(differs).map(|group| group.name).collect()
}

/// The names of the groups of secrets beside the value that differ (or of `all`).
pub(crate) fn due_secrets(read: &Read, all: bool) -> Vec<&'static str> {
    let there = [(TOTP, read.totp.is_some()), (FIELDS, !read.fields.is_empty())];
    let is_due = |group: &str| all || read.due.contains(group);
    there.into_iter().filter(|(group, there)| *there && is_due(group)).map(|(group, _)| group).collect()
}

/// Puts the secrets beside the value and the username that differ (or `all`) into a request.
pub(crate) fn put_secrets(read: &Read, all: bool, request: &mut CredentialRequest) {
    let is_due = |group: &str| all || read.due.contains(group);
    let totp = read.totp.as_ref().filter(|_| is_due(TOTP));
    let fields = (!read.fields.is_empty() && is_due(FIELDS)).then(|| read.fields.clone());
    if totp.is_some() || fields.is_some() {
        let to: &mut AdditionalSettings = request.additional_settings.get_or_insert_default();
        to.secret_key = totp.cloned();
        to.additional_authentication_fields = fields;
    }
}

/// For a PAM that puts a block that is sent in the place of the one it has: additional settings go whole, and so do the
/// notes, which may be among them. The other blocks always do.
pub(crate) fn complete(spec: &PamCredentialSpec, read: Option<&Read>, request: &mut CredentialRequest) {
    if request.additional_settings.is_some() || request.notes.is_some() {
        put_additional(spec, request);
        request.notes.clone_from(&spec.notes);
        if let Some(read) = read {
            put_secrets(read, true, request);
        }
    }
}

/// The digests of what the spec says now; those of secret values are for the caller to add.
pub(crate) fn digests(spec: &PamCredentialSpec) -> BTreeMap<String, String> {
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
    fn a_block_is_told_apart_by_what_is_set_in_it_and_secrets_by_themselves() {
        let settings = |value: serde_json::Value| digests(&spec(&serde_json::json!({"additionalSettings": value})));
        let one = settings(serde_json::json!({"criticality": "High", "secretKeySecretRef": {"name": "a"}}));
        let other =
            settings(serde_json::json!({"secretKeySecretRef": {"name": "b", "key": "k"}, "criticality": "High"}));
        assert_eq!(one, other, "where the seed is read from is no setting of the PAM's");
        assert_ne!(one, settings(serde_json::json!({"criticality": "Low"})));
        assert_eq!(settings(serde_json::json!({"secretKeySecretRef": {"name": "a"}})).len(), 1, "the account alone");
    }

    #[test]
    fn an_edit_of_one_block_sends_no_other() {
        let with = |jit: bool| {
            spec(&serde_json::json!({
                "tags": ["t"],
                "sessionSettings": {"useOwnCredentialToConnect": true, "ssh": true},
                "jitSettings": {"useOwnCredentialToConnect": true, "jit": jit},
            }))
        };
        let mut request = CredentialRequest::default();
        put(&with(true), &digests(&with(false)), false, &mut request);
        assert!(request.jit_settings.is_some() && request.session_settings.is_none() && request.tags.is_none());
    }

    #[test]
    fn every_group_is_known_and_no_other() {
        let own = || serde_json::json!({"useOwnCredentialToConnect": true, "jit": false});
        let full = spec(&serde_json::json!({
            "additional": "a", "tags": ["t"], "credentialType": "c", "domain": "d", "notes": "n", "parentPassword": 7,
            "executionSettings": own(), "sessionSettings": own(), "jitSettings": own(),
            "additionalSettings": {"criticality": "Low"}, "device": {"type": "x"},
        }));
        let made: Vec<String> = digests(&full).into_keys().filter(|name| name != ACCOUNT).collect();
        let mut known = PLAIN.to_vec();
        known.sort_unstable();
        assert_eq!(made, known);
        assert!(
            made.iter().all(|name| is_known(name)) && is_known(ACCOUNT) && is_known(TOTP) && !is_known("costCenter")
        );
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

    /// The digests of a spec that sets everything, as earlier versions wrote them into `status`: an upgrade that made
    /// others would push every record.
    #[test]
    fn digests_are_those_that_earlier_versions_recorded() {
        let full = spec(&serde_json::json!({
            "username": "Svc", "hostname": "DB01", "ip": "FE80::1",
            "additional": "a", "tags": ["t", "u"], "credentialType": "c", "domain": "d", "notes": "n",
            "parentPassword": 7,
            "executionSettings": {
                "parentCredential": "pc", "parentHostname": "ph", "parentIp": "pi", "automaticChange": true,
                "agentBasedPasswordChange": false, "changePlugin": "cp", "changeTemplate": "ct",
                "useOwnCredentialToConnect": false, "authenticationCredential": "ac", "authenticationHostname": "ah",
                "authenticationIp": "ai", "reconciliation": {
                    "enabled": true, "credential": "rc", "hostname": "rh", "ip": "ri", "plugin": "rp", "template": "rt",
                },
            },
            "sessionSettings": {
                "ssh": true, "telnet": false, "mysql": true, "sqlServer": false, "http": true, "https": false,
                "rdp": true, "x11Forward": false, "vnc": true, "restrictAccessToRemoteApplication": false,
                "macros": [{"remoteApp": "app", "connectivity": "RDP"}], "useOwnCredentialToConnect": false,
                "authenticationCredential": "ac", "authenticationHostname": "ah", "authenticationIp": "ai",
            },
            "additionalSettings": {
                "userCredentialOwner": "o", "serverPath": "/p", "criticality": "High",
                "secretKeySecretRef": {"name": "s"}, "additionalAuthenticationFields": [
                    {"name": "n", "shortName": "s", "valueSecretRef": {"name": "s", "key": "k"}},
                ],
            },
            "jitSettings": {
                "jit": true, "credentialCreationAndDeletion": true, "enableDisableCredential": false,
                "credentialCreationPlugin": "p1", "credentialCreationTemplate": "t1",
                "credentialDeletionPlugin": "p2", "credentialDeletionTemplate": "t2",
                "credentialEnablePlugin": "p3", "credentialEnableTemplate": "t3",
                "credentialDisablePlugin": "p4", "credentialDisableTemplate": "t4",
                "useOwnCredentialToConnect": true,
            },
            "device": {
                "type": "t", "vendor": "v", "model": "m", "site": "s", "domains": ["d", "e"], "tags": ["x", "y"],
                "connectivities": ["SSH:22"], "sessionRemoteConfig": "SSH:EXPECT:FILL",
            },
        }));
        let recorded = [
            ("account", "v1:5882eba608f21815f5a5452b4025815e"),
            ("additional", "v1:3b196fd4907bedf51c3090e9835f2f7c"),
            ("additionalSettings", "v1:afcc85b18dddd9aca0cfdd93932d69ed"),
            ("credentialType", "v1:3f06570064e844bf59aa61d2ffa53428"),
            ("device", "v1:a0a70ca4987033717c05f5d3db2b4d98"),
            ("domain", "v1:e7f3ae40b6cc78d7e7b2cc69f4c9c86a"),
            ("executionSettings", "v1:53b079dab8eee1d0ff64337ee19c7ee4"),
            ("jitSettings", "v1:4624e8883d48afeebc1ab78b63d8b7e2"),
            ("notes", "v1:1536548ea0076714eb1752f81d647abb"),
            ("parentPassword", "v1:fa49cd90bd0ee9d07cc818a217aef1ca"),
            ("sessionSettings", "v1:e0c275bf1f42da6f31371801a092b2de"),
            ("tags", "v1:c3cae4f35b64770da3842b36ed8ef816"),
        ];
        let recorded: BTreeMap<_, _> =
            recorded.into_iter().map(|(group, digest)| (group.into(), digest.into())).collect();
        assert_eq!(digests(&full), recorded);
    }
}
