//! Reading the values of the Secrets that a credential refers to, and comparing them with what was last sent.

use std::collections::{BTreeSet, HashMap};

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::api::{PamCredential, PamCredentialSpec, SourceSecret};
use crate::controller::credential::context::Context;
use crate::controller::credential::facts::{field_groups, settings};
use crate::controller::credential::observe::observation::Observation;
use crate::controller::message::problem::Problem;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::secret::digest::Compared;
use crate::controller::secret::read::{self, SecretValues};
use crate::controller::secret::value::{self, Content, Unusable};
use crate::domain::{Binding, Reason, Secrets, Value};
use crate::pam::{WireField, WireValue};

/// Values that were read. They live no longer than the pass.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) content: Option<Content>,
    pub(crate) username: Option<Zeroizing<String>>,
    /// The seed of one-time passwords.
    pub(crate) totp: Option<SecretString>,
    /// Further fields of a login, each with all that it has.
    pub(crate) login_fields: Vec<Vec<WireField>>,
    pub(crate) versions: Vec<SourceSecret>,
    /// Keyed digests of all of them, by group.
    pub(crate) digests: Vec<(&'static str, String)>,
    /// The groups, beside the value and the username, that differ from what was last sent.
    pub(crate) due: BTreeSet<&'static str>,
}

/// One key of a Secret that a spec refers to.
#[derive(Clone, Copy)]
pub(crate) struct Reference<'a> {
    /// The group of fields that it is in.
    pub(crate) group: &'static str,
    /// The field of the spec, as users write it.
    field: &'static str,
    pub(crate) name: &'a str,
    key: &'a str,
}

/// Every key of a Secret that a spec refers to.
pub(crate) fn references(spec: &PamCredentialSpec) -> Vec<Reference<'_>> {
    let content =
        spec.content_secret_ref.as_ref().map(|r| (field_groups::CONTENT, "spec.contentSecretRef", &r.name, &r.key));
    let username =
        spec.username_secret_ref.as_ref().map(|r| (field_groups::USERNAME, "spec.usernameSecretRef", &r.name, &r.key));
    let settings = spec.additional_settings.as_ref();
    let totp = settings.and_then(|settings| settings.secret_key_secret_ref.as_ref());
    let totp = totp.map(|r| (field_groups::TOTP, "spec.additionalSettings.secretKeySecretRef", &r.name, &r.key));
    let fields = settings.and_then(|settings| settings.additional_authentication_fields.as_ref());
    let field = "spec.additionalSettings.additionalAuthenticationFields";
    let fields = fields.into_iter().flatten().map(|one| &one.value_secret_ref);
    let fields = fields.map(|r| (field_groups::LOGIN_FIELDS, field, &r.name, &r.key));
    let all = content.into_iter().chain(username).chain(totp).chain(fields);
    all.map(|(group, field, name, key)| Reference { group, field, name, key }).collect()
}

/// Returns the Secrets that a credential refers to, each once, in a fixed order.
pub(crate) fn secret_names(object: &PamCredential) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for reference in references(&object.spec) {
        if !names.contains(&reference.name) {
            names.push(reference.name);
        }
    }
    names
}

/// Reads all of them.
pub(crate) async fn read(observed: &mut Observation<'_>, context: &Context) -> Result<(), Error> {
    let references = references(&observed.object.spec);
    let mut found = HashMap::new();
    for name in secret_names(observed.object) {
        let key = NamespacedName::new(&observed.key.namespace, name);
        let wanted: Vec<&str> = references.iter().filter(|r| r.name == name).map(|r| r.key).collect();
        let Some(values) = read::read(&context.cluster.client, &key, &wanted).await? else {
            fail(observed, Problem::secret_missing(&key));
            return Ok(());
        };
        found.insert(name, values);
    }
    match take(observed, &references, &found) {
        Ok(values) => compare(observed, values, context),
        Err(problem) => fail(observed, problem),
    }
    Ok(())
}

/// Makes what is sent of what was read.
fn take(
    observed: &Observation<'_>,
    references: &[Reference<'_>],
    found: &HashMap<&str, SecretValues>,
) -> Result<Read, Problem> {
    let spec = &observed.object.spec;
    let whole = |reference: &Reference<'_>| NamespacedName::new(&observed.key.namespace, reference.name);
    let bytes = |reference: &Reference<'_>| {
        let values = found.get(reference.name).map(|read| &read.values);
        let bytes = values.and_then(|values| values.get(reference.key));
        bytes.ok_or_else(|| Problem::key_missing(&whole(reference), reference.key))
    };
    let mut read = Read { versions: versions(observed, found), ..Read::default() };
    for reference in references {
        let bytes = bytes(reference)?;
        put(&mut read, spec, reference.group, bytes)
            .map_err(|why| Problem::unusable(&whole(reference), reference.key, reference.field, why))?;
    }
    Ok(read)
}

fn put(read: &mut Read, spec: &PamCredentialSpec, group: &str, bytes: &[u8]) -> Result<(), Unusable> {
    match group {
        field_groups::CONTENT => {
            let trim = spec.content_secret_ref.as_ref().map(|reference| reference.trim).unwrap_or_default();
            read.content = Some(value::content(bytes, trim)?);
        }
        field_groups::USERNAME => read.username = Some(value::username(bytes)?),
        field_groups::TOTP => read.totp = Some(value::totp_seed(bytes)?),
        _ => {
            let fields = spec.additional_settings.as_ref().and_then(|s| s.additional_authentication_fields.as_ref());
            // They are read in the order of the spec.
            if let Some(field) = fields.and_then(|fields| fields.get(read.login_fields.len())) {
                read.login_fields.push(settings::login_field(field, &value::field(bytes)?));
            }
        }
    }
    Ok(())
}

fn versions(observed: &Observation<'_>, found: &HashMap<&str, SecretValues>) -> Vec<SourceSecret> {
    let names = secret_names(observed.object).into_iter();
    names.filter_map(|name| found.get(name).map(|read| read::source(name, read.version.clone()))).collect()
}

/// Compares what was read with what was last sent.
fn compare(observed: &mut Observation<'_>, mut read: Read, context: &Context) {
    let value = one(observed, &mut read, field_groups::CONTENT, context);
    let username = one(observed, &mut read, field_groups::USERNAME, context);
    for group in [field_groups::TOTP, field_groups::LOGIN_FIELDS] {
        // The vault does not change these by itself: with a lost key, what is in the Secret is sent once more.
        if one(observed, &mut read, group, context).is_some_and(|compared| compared != Compared::Same) {
            read.due.insert(group);
        }
    }
    let doubt = observed.doubt(context);
    observed.situation.secrets = Secrets::Read(match value {
        None => Value::None,
        Some(Compared::New) => Value::New,
        Some(Compared::Same) if doubt == Some(true) && !observed.is_settled() => Value::Changed,
        Some(Compared::Same) => Value::Same,
        Some(Compared::Changed) => Value::Changed,
        Some(Compared::Unknown) => Value::Unknown,
    });
    let known = observed.situation.binding != Binding::Unbound;
    observed.situation.account_changed |= known && username.is_some_and(|compared| compared != Compared::Same);
    observed.situation.fields_changed |= !read.due.is_empty();
    observed.read = Some(read);
    observed.refresh_target(context);
}

/// Compares one group with what was last sent, and notes its digest.
fn one(observed: &Observation<'_>, read: &mut Read, group: &'static str, context: &Context) -> Option<Compared> {
    let bytes = read.bytes(group)?;
    let owner = observed.owner();
    let compared = context.connections.key.compare(observed.status.digests.get(group), &owner, group, &bytes);
    let compared = unless_untouched(compared, observed, read, group);
    read.digests.push((group, context.connections.key.mac(&owner, group, &bytes)));
    Some(compared)
}

/// A lost key is no change where the very versions of the Secrets are those that were last sent from, and the spec is the
/// one that was sent: an edited reference leads to another key of the same Secret, and the value there was never sent.
fn unless_untouched(compared: Compared, observed: &Observation<'_>, read: &Read, group: &str) -> Compared {
    let spec = &observed.object.spec;
    let version = |versions: &[SourceSecret], name: &str| versions.iter().find(|v| v.name == name).cloned();
    let untouched = references(spec).iter().filter(|reference| reference.group == group).all(|reference| {
        let now = version(&read.versions, reference.name);
        now.is_some() && now == version(&observed.status.source, reference.name)
    });
    if compared == Compared::Unknown && untouched && observed.is_ready() { Compared::Same } else { compared }
}

impl Read {
    /// What is digested of a group; `None` where there is nothing of it.
    fn bytes(&self, group: &str) -> Option<Zeroizing<Vec<u8>>> {
        let whole = |text: &str| Zeroizing::new(text.as_bytes().to_vec());
        match group {
            field_groups::CONTENT => self.content.as_ref().map(|content| whole(content.value.expose_secret())),
            field_groups::USERNAME => self.username.as_ref().map(|username| whole(username)),
            field_groups::TOTP => self.totp.as_ref().map(|seed| whole(seed.expose_secret())),
            _ => (!self.login_fields.is_empty()).then(|| joined(&self.login_fields)),
        }
    }
}

/// All parts of all fields, each after its length: no two lists look alike. In a buffer that never grows.
fn joined(fields: &[Vec<WireField>]) -> Zeroizing<Vec<u8>> {
    let parts = fields.iter().flatten().filter_map(|field| match &field.value {
        WireValue::Text(text) => Some(text.as_str()),
        WireValue::Secret(secret) => Some(secret.expose_secret()),
        _ => None,
    });
    let mut joined = Zeroizing::new(Vec::with_capacity(parts.clone().map(|part| part.len() + 8).sum()));
    for part in parts {
        joined.extend_from_slice(&(part.len() as u64).to_be_bytes());
        joined.extend_from_slice(part.as_bytes());
    }
    joined
}

fn fail(observed: &mut Observation<'_>, problem: Problem) {
    observed.situation.secrets = match problem.reason {
        Reason::SecretNotFound => Secrets::Missing,
        Reason::SecretKeyNotFound => Secrets::KeyMissing,
        _ => Secrets::Invalid,
    };
    observed.problem = Some(problem);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_of_a_login_is_told_by_its_name_its_short_name_and_its_value_in_this_order() {
        let field = json!({"shortName": "ab", "name": "c", "valueSecretRef": {"name": "s", "key": "k"}});
        let fields = [settings::login_field(&serde_json::from_value(field).unwrap(), &"def".to_owned().into())];
        let part = |text: &str| [&(text.len() as u64).to_be_bytes()[..], text.as_bytes()].concat();
        assert_eq!(joined(&fields).to_vec(), [part("c"), part("ab"), part("def")].concat());
        assert_eq!(joined(&fields).capacity(), joined(&fields).len());
    }
}
