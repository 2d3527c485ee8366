//! The groups of fields of a credential: each is sent only when it differs from what was last sent. Which field is in
//! which group says the table of fields.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::api::{DeviceSettings, FIELDS, Field, PamCredentialSpec, sent_field};
use crate::controller::credential::facts::secret_inputs::SecretInputs;
use crate::controller::credential::facts::settings::{self, given};
use crate::controller::secret::digest::plain;
use crate::domain::{canonical_address, folded};
use crate::pam::{WireField, WireValue};

/// The groups that a rule names.
pub(crate) use crate::domain::credential::{ACCOUNT, DEVICE, KEYED, LOGIN_FIELDS, TOTP};

/// Digest of what of the additional settings is no secret.
const ADDITIONAL: &str = "additionalSettings";
const NOTES: &str = "notes";

/// Whether this version has a group of that name.
pub(crate) fn is_known(name: &str) -> bool {
    FIELDS.iter().any(|field| field.group() == name)
}

/// What a spec has, by group of fields. Every pass asks for both: the spec is serialized once for them.
pub(crate) struct Groups {
    /// Digests of the groups that hold no secret, the account among them.
    pub(crate) plain: BTreeMap<String, String>,
    /// Names of the groups whose digest is keyed; their digests are made from the Secrets.
    pub(crate) keyed: BTreeSet<&'static str>,
}

/// Returns what a spec has, by group of fields.
pub(crate) fn groups(spec: &PamCredentialSpec) -> Groups {
    let whole = json(spec);
    let plain = plain_digests(spec, &whole).into_iter().map(|(name, digest)| (name.to_owned(), digest));
    let account = (ACCOUNT.to_owned(), account(spec));
    let has = |group: &&str| FIELDS.iter().any(|field| field.group() == *group && given(&whole, field).is_some());
    Groups { plain: plain.chain([account]).collect(), keyed: KEYED.into_iter().filter(has).collect() }
}

fn json(spec: &PamCredentialSpec) -> Value {
    serde_json::to_value(spec).unwrap_or_default()
}

/// Returns the names of all groups but for the account and those whose digest is keyed, in the order of the table.
fn plain_groups() -> Vec<&'static str> {
    let mut names: Vec<_> = FIELDS.iter().map(Field::group).collect();
    names.retain(|name| *name != ACCOUNT && !KEYED.contains(name));
    names.dedup();
    names
}

/// Returns name and digest of each of these groups that the spec sets; `whole` is the spec as JSON.
fn plain_digests(spec: &PamCredentialSpec, whole: &Value) -> Vec<(&'static str, String)> {
    let digest = |name| match name {
        DEVICE => device(spec),
        _ => digest(name, whole.get(name)?),
    };
    plain_groups().into_iter().filter_map(|name| Some((name, digest(name)?))).collect()
}

/// Digest of a field or a block: of what the user set in it, and of no field that a later version may add.
fn digest(name: &str, value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(plain(&[text])),
        Value::Array(items) => Some(plain(&items.iter().filter_map(Value::as_str).collect::<Vec<_>>())),
        Value::Object(_) => block(&without_secrets(name, value.clone())),
        other => Some(plain(&[&other.to_string()])),
    }
}

/// Digest of a block, if anything is set in it. The keys of a JSON value are in order.
fn block(value: &Value) -> Option<String> {
    let is_set = value.as_object().is_some_and(|fields| !fields.is_empty());
    is_set.then(|| plain(&[&value.to_string()]))
}

/// Returns a block without its fields that are groups of their own: what is in a Secret has a digest of its own.
fn without_secrets(group: &str, mut block: Value) -> Value {
    let is_own = |name: &str| sent_field(&format!("{group}.{name}")).is_some_and(|field| field.group() != group);
    if let Some(fields) = block.as_object_mut() {
        fields.retain(|name, _| !is_own(name));
    }
    block
}

/// What is written onto the device, if that is anything: an empty block keeps nobody else from the device.
pub(crate) fn device_block(spec: &PamCredentialSpec) -> Option<&DeviceSettings> {
    spec.device.as_ref().filter(|block| **block != DeviceSettings::default())
}

/// Digest of what is written onto which device, for the status: another device gets it anew. An address counts as a text: the
/// digests that are in statuses were made so, and an upgrade must push nothing.
pub(crate) fn device(spec: &PamCredentialSpec) -> Option<String> {
    device_digest(spec, [&spec.hostname, &spec.ip].map(|text| folded(text)))
}

/// Digest of what is written onto which device, for the claims of two objects to be compared: an address counts by what it
/// means. Of a device whose address has one spelling it is the digest of the status.
pub(crate) fn claimed_device(spec: &PamCredentialSpec) -> Option<String> {
    device_digest(spec, [&spec.hostname, &spec.ip].map(|text| canonical_address(text)))
}

fn device_digest(spec: &PamCredentialSpec, [hostname, ip]: [Cow<'_, str>; 2]) -> Option<String> {
    let written = block(&serde_json::to_value(spec.device.as_ref()?).ok()?)?;
    Some(plain(&[&hostname, &ip, &written]))
}

/// Digest of the account, as far as the spec has it.
pub(crate) fn account(spec: &PamCredentialSpec) -> String {
    plain(&[spec.username.as_deref().unwrap_or_default(), &spec.hostname, &spec.ip])
}

/// The names of the groups that differ from what was last sent (or of `all`).
pub(crate) fn due(spec: &PamCredentialSpec, recorded: &BTreeMap<String, String>, all: bool) -> Vec<&'static str> {
    due_of(spec, &json(spec), recorded, all)
}

fn due_of(
    spec: &PamCredentialSpec,
    whole: &Value,
    recorded: &BTreeMap<String, String>,
    all: bool,
) -> Vec<&'static str> {
    let mut groups = plain_digests(spec, whole);
    groups.retain(|(name, digest)| all || recorded.get(*name) != Some(digest));
    groups.into_iter().map(|(name, _)| name).collect()
}

/// The fields of the groups that differ (or of `all`).
pub(crate) fn fields(spec: &PamCredentialSpec, recorded: &BTreeMap<String, String>, all: bool) -> Vec<WireField> {
    let whole = json(spec);
    due_of(spec, &whole, recorded, all).into_iter().flat_map(|group| settings::of_group(&whole, group)).collect()
}

/// The names of the groups of secrets beside the value that differ (or of `all`).
pub(crate) fn due_secrets(inputs: &SecretInputs, all: bool) -> Vec<&'static str> {
    let there = [(TOTP, inputs.totp.is_some()), (LOGIN_FIELDS, !inputs.login_fields.is_empty())];
    let is_due = |group: &str| all || inputs.read.due.contains(group);
    there.into_iter().filter(|(group, there)| *there && is_due(group)).map(|(group, _)| group).collect()
}

/// The secrets beside the value and the username that differ (or `all`).
pub(crate) fn other_secret_fields(inputs: &SecretInputs, all: bool) -> Vec<WireField> {
    let due = due_secrets(inputs, all);
    let totp = inputs.totp.clone().map(|seed| (TOTP, WireValue::Secret(seed)));
    let login_fields = (LOGIN_FIELDS, WireValue::Items(inputs.login_fields.clone()));
    let values = totp.into_iter().chain([login_fields]).filter(|(group, _)| due.contains(group));
    let row = |group: &str| FIELDS.iter().find(|field| field.group() == group);
    values.filter_map(|(group, value)| Some(WireField { path: row(group)?.wire, value })).collect()
}

/// For a PAM that puts a block that is sent in the place of the one it has: additional settings go whole, and so do the
/// notes, which may be among them. The other blocks always do.
pub(crate) fn complete(spec: &PamCredentialSpec, read: Option<&SecretInputs>, fields: &mut Vec<WireField>) {
    let whole = json(spec);
    let mut block = settings::of_group(&whole, ADDITIONAL);
    block.extend(settings::of_group(&whole, NOTES));
    block.extend(read.into_iter().flat_map(|read| other_secret_fields(read, true)));
    let before = fields.len();
    fields.retain(|field| block.iter().all(|one| one.path != field.path));
    if fields.len() < before {
        fields.extend(block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests(spec: &PamCredentialSpec) -> BTreeMap<String, String> {
        groups(spec).plain
    }

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
        assert!(due(&before, &recorded, false).is_empty() && !due(&after, &recorded, false).is_empty());
        let sent = fields(&after, &recorded, false);
        let [WireField { path: "tags", value: WireValue::List(tags) }] = &sent[..] else { panic!("{sent:?}") };
        assert_eq!(*tags, ["a", "b"]);
    }

    #[test]
    fn a_field_that_was_removed_is_no_change_since_it_cannot_be_unset() {
        let recorded = digests(&spec(&serde_json::json!({"notes": "n"})));
        assert!(due(&spec(&serde_json::json!({})), &recorded, false).is_empty());
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
        let sent = fields(&with(true), &digests(&with(false)), false);
        assert!(!sent.is_empty() && sent.iter().all(|field| field.path.starts_with("jit_settings.")), "{sent:?}");
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
        let mut known = plain_groups();
        known.sort_unstable();
        assert_eq!(made, known);
        assert!(
            made.iter().all(|name| is_known(name)) && is_known(ACCOUNT) && is_known(TOTP) && !is_known("costCenter")
        );
    }

    #[test]
    fn a_block_without_fields_is_no_group() {
        let empty = spec(&serde_json::json!({"additionalSettings": {}, "device": {}}));
        assert!(fields(&empty, &BTreeMap::new(), true).is_empty());
        assert_eq!(digests(&empty).into_keys().collect::<Vec<_>>(), [ACCOUNT]);
    }

    #[test]
    fn every_group_reaches_the_request() {
        let full = spec(&serde_json::json!({
            "additional": "a", "tags": ["t"], "credentialType": "c", "domain": "d", "notes": "n"
        }));
        let sent = fields(&full, &BTreeMap::new(), false);
        let texts = sent.iter().map(|field| match &field.value {
            WireValue::Text(text) => (field.path, text.clone()),
            WireValue::List(items) => (field.path, items.join(",")),
            _ => panic!("{field:?}"),
        });
        let expected = [("additional", "a"), ("tags", "t"), ("credential_type", "c"), ("domain", "d"), ("notes", "n")];
        assert!(texts.eq(expected.map(|(path, text)| (path, text.to_owned()))), "{sent:?}");
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
