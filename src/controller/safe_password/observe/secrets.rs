//! Reading the values of the Secrets that an object refers to.

use crate::controller::runtime::error::Error;
use crate::controller::runtime::object_id::NamespacedName;
use crate::controller::safe_password::context::Context;
use crate::controller::safe_password::facts::desired;
use crate::controller::safe_password::facts::observation::Observation;
use crate::controller::safe_password::facts::secret_inputs::SecretInputs;
use crate::controller::safe_password::facts::secret_refs::{Reference, references, secret_names};
use crate::controller::secret::versions;
use crate::domain::Reason;
use crate::domain::safe_password::{InFlight, SecretsState};
use crate::message::problem::Problem;
use crate::secret::read::{self, KeyOf, SecretsRead};

/// Reads all Secrets that the object refers to.
pub(crate) async fn read_secrets(observed: &mut Observation<'_>, context: &Context) -> Result<(), Error> {
    let references = references(&observed.object.spec);
    let wanted: Vec<_> = references.iter().map(|r| KeyOf { secret: r.name, key: r.key }).collect();
    let found = read::read_all(&context.cluster.client, &observed.key.namespace, &wanted).await?;
    let found = found.map_err(|missing| Problem::secret_missing(&missing));
    match found.and_then(|found| inputs(observed, &found)) {
        Ok(inputs) => {
            let username = inputs.username.as_ref().map(|username| username.as_str());
            observed.appearance = desired::appearance(observed.object, username);
            observed.found.secrets = Some(inputs);
        }
        Err(problem) => {
            observed.found.unusable = Some(match problem.reason {
                Reason::SecretNotFound => SecretsState::Missing,
                Reason::SecretKeyNotFound => SecretsState::KeyMissing,
                _ => SecretsState::Invalid,
            });
            observed.found.problem = Some(problem);
        }
    }
    Ok(())
}

/// Returns what is sent of what was read.
fn inputs(observed: &Observation<'_>, found: &SecretsRead<'_>) -> Result<SecretInputs, Problem> {
    let whole = |name: &str| NamespacedName::new(&observed.key.namespace, name);
    let mut inputs = SecretInputs::default();
    inputs.read.versions = versions::read_versions(&secret_names(&observed.object.spec), found);
    for reference in references(&observed.object.spec) {
        let bytes = found.get(reference.name).and_then(|read| read.values.get(reference.key));
        let bytes = bytes.ok_or_else(|| Problem::key_missing(&whole(reference.name), reference.key))?;
        inputs
            .take_in(&reference, bytes, &observed.keyed)
            .map_err(|why| Problem::unusable(&whole(reference.name), reference.key, reference.field, why))?;
        if is_undisclosed(observed, &reference) {
            inputs.read.digests.insert(reference.group.to_owned(), InFlight::SEVERAL.to_owned());
        }
    }
    Ok(inputs)
}

/// Returns whether a plan must not tell if what was read is what MySafe has: a plan with a reference to another Secret than those
/// of the last write would tell whether that Secret holds the value, to somebody who may not read it.
fn is_undisclosed(observed: &Observation<'_>, reference: &Reference<'_>) -> bool {
    let is_source = || observed.status.source.iter().any(|version| version.name == reference.name);
    observed.desired.plan && observed.status.identifier.is_some() && !is_source()
}
