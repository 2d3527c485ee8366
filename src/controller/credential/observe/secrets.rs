//! Reading the values of the Secrets that a credential refers to, and comparing them with what was last sent.

use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::credential::facts::secret_inputs::{SecretInputs, UnseenEnds};
use crate::controller::credential::facts::secret_refs::{Reference, SecretGroup, SecretUse, references, secret_names};
use crate::controller::credential::facts::settings;
use crate::controller::runtime::error::Error;
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::secret::versions;
use crate::domain::credential::{compared_by_plan, value_read};
use crate::domain::{Binding, Compared, Keyed as _, Reason, SecretVersion, SecretsState};
use crate::message::problem::Problem;
use crate::secret::read::{self, KeyOf, SecretsRead};
use crate::secret::value::{self, Content, Unusable};

/// Reads all Secrets that the credential refers to, and compares them with what was last sent.
pub(crate) async fn read_secrets(observed: &mut Observation<'_>, context: &Context) -> Result<(), Error> {
    let references = references(&observed.object.spec);
    let wanted: Vec<_> = references.iter().map(|r| KeyOf { secret: r.name, key: r.key }).collect();
    let found = read::read_all(&context.cluster.client, &observed.key.namespace, &wanted).await?;
    let inputs = found.map_err(|missing| Problem::secret_missing(&missing));
    match inputs.and_then(|found| inputs_of(observed, &references, &found)) {
        Ok(inputs) => compare(observed, inputs),
        Err(problem) => fail(observed, problem),
    }
    Ok(())
}

/// Returns what is sent of what was read.
fn inputs_of(
    observed: &Observation<'_>,
    references: &[Reference<'_>],
    found: &SecretsRead<'_>,
) -> Result<SecretInputs, Problem> {
    let whole = |reference: &Reference<'_>| NamespacedName::new(&observed.key.namespace, reference.name);
    let mut inputs = SecretInputs::default();
    inputs.read.versions = versions::read_versions(&secret_names(observed.object), found);
    for reference in references {
        let values = found.get(reference.name).map(|read| &read.values);
        let bytes = values.and_then(|values| values.get(reference.key));
        let bytes = bytes.ok_or_else(|| Problem::key_missing(&whole(reference), reference.key))?;
        put(&mut inputs, reference, bytes)
            .map_err(|why| Problem::unusable(&whole(reference), reference.key, reference.field, why))?;
    }
    Ok(inputs)
}

fn put(inputs: &mut SecretInputs, reference: &Reference<'_>, bytes: &[u8]) -> Result<(), Unusable> {
    let trim = reference.trim;
    match reference.usage {
        SecretUse::Username => inputs.username = Some(value::username(bytes, trim)?),
        SecretUse::Content => {
            let content = value::content(bytes, trim)?;
            note_unseen_ends(inputs, reference, &content);
            inputs.content = Some(content);
        }
        SecretUse::Totp => inputs.totp = Some(value::totp_seed(bytes, trim)?),
        SecretUse::LoginField(field) => {
            let content = value::content(bytes, trim)?;
            note_unseen_ends(inputs, reference, &content);
            inputs.login_fields.push(settings::login_field(field, &content.value));
        }
    }
    Ok(())
}

fn note_unseen_ends(inputs: &mut SecretInputs, reference: &Reference<'_>, content: &Content) {
    let field = match reference.usage {
        SecretUse::LoginField(field) => format!("{} ({}, valueSecretRef)", reference.field, field.short_name),
        _ => reference.field.to_owned(),
    };
    if content.has_unseen_ends {
        inputs.unseen_ends.push(UnseenEnds { group: reference.usage.group(), field });
    }
}

/// Compares what was read with what was last sent.
fn compare(observed: &mut Observation<'_>, mut inputs: SecretInputs) {
    let value = compare_group(observed, &mut inputs, SecretGroup::Content);
    let username = compare_group(observed, &mut inputs, SecretGroup::Username);
    for group in [SecretGroup::Totp, SecretGroup::LoginFields] {
        // The vault does not change these by itself: with a lost key, what is in the Secret is sent again.
        if compare_group(observed, &mut inputs, group).is_some_and(|compared| compared != Compared::Same) {
            inputs.read.due.insert(group.name().to_owned());
        }
    }
    let known = observed.situation.binding != Binding::Unbound;
    let settle = observed.situation.settle;
    observed.situation.secrets = SecretsState::Read(value_read(value, &observed.status, settle));
    observed.situation.account_changed |= known && username.is_some_and(|compared| compared != Compared::Same);
    observed.situation.fields_changed |= !inputs.read.due.is_empty();
    observed.found.secrets = Some(inputs);
    observed.note_username();
}

/// Compares one group with what was last sent, and records the digest of the group.
fn compare_group(observed: &Observation<'_>, inputs: &mut SecretInputs, group: SecretGroup) -> Option<Compared> {
    let bytes = inputs.bytes(group)?;
    let recorded = observed.status.digests.get(group.name());
    let compared = observed.keyed.compare(recorded, group.name(), &bytes);
    let compared = unless_untouched(compared, observed, inputs, group);
    let compared = unless_undisclosed(compared, observed, inputs, group);
    inputs.read.digests.insert(group.name().to_owned(), observed.keyed.digest(group.name(), &bytes));
    let in_doubt = recorded.is_some_and(|recorded| crate::domain::keyed::is_in_doubt(recorded));
    // Of the value, the settle window decides.
    let sent_again = in_doubt && group != SecretGroup::Content && compared == Compared::Same;
    Some(if sent_again { Compared::Changed } else { compared })
}

/// A lost key is no change where the very versions of the Secrets are those that were last sent from, and the spec is the
/// one that was sent: an edited reference leads to another key of the same Secret, and the value there was never sent.
fn unless_untouched(
    compared: Compared,
    observed: &Observation<'_>,
    inputs: &SecretInputs,
    group: SecretGroup,
) -> Compared {
    let version = |versions: &[SecretVersion], name: &str| versions.iter().find(|v| v.name == name).cloned();
    let mut references =
        references(&observed.object.spec).into_iter().filter(|reference| reference.usage.group() == group);
    let untouched = references.all(|reference| {
        let now = version(&inputs.read.versions, reference.name);
        now.is_some() && now == version(&observed.status.source, reference.name)
    });
    if compared == Compared::Unknown && untouched && observed.is_ready() { Compared::Same } else { compared }
}

/// In a plan, what is read from another Secret than those of the last write is not compared with what was sent.
fn unless_undisclosed(
    compared: Compared,
    observed: &Observation<'_>,
    inputs: &mut SecretInputs,
    group: SecretGroup,
) -> Compared {
    let references = references(&observed.object.spec);
    let mut references = references.iter().filter(|reference| reference.usage.group() == group);
    let is_source = |name: &str| observed.status.source.iter().any(|version| version.name == name);
    let same_source = !observed.desired.plan || references.all(|reference| is_source(reference.name));
    if group == SecretGroup::Content {
        inputs.is_undisclosed = !same_source && matches!(compared, Compared::Same | Compared::Changed);
    }
    compared_by_plan(compared, same_source)
}

fn fail(observed: &mut Observation<'_>, problem: Problem) {
    observed.situation.secrets = match problem.reason {
        Reason::SecretNotFound => SecretsState::Missing,
        Reason::SecretKeyNotFound => SecretsState::KeyMissing,
        _ => SecretsState::Invalid,
    };
    observed.found.problem = Some(problem);
}
