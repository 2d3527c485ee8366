//! Versions of Secrets and config maps: as statuses name them, as rules compare them, and as the cache knows them.

use crate::api::SourceSecret;
use crate::controller::runtime::metadata_cache::MetadataCache;
use crate::domain::SecretVersion;
use crate::kubernetes::{NamespacedName, Version};
use crate::secret::read::SecretsRead;

/// Returns a version of a Secret or ConfigMap as statuses name it.
pub(crate) fn source(name: &str, version: Version) -> SourceSecret {
    SourceSecret { name: name.to_owned(), uid: version.uid, resource_version: version.resource_version }
}

/// Returns one version of a Secret, as rules compare it.
pub(crate) fn secret_version(source: &SourceSecret) -> SecretVersion {
    let SourceSecret { name, uid, resource_version } = source.clone();
    SecretVersion { name, uid, resource_version }
}

/// Returns one version of a Secret, as statuses name it.
pub(crate) fn source_secret(version: SecretVersion) -> SourceSecret {
    let SecretVersion { name, uid, resource_version } = version;
    SourceSecret { name, uid, resource_version }
}

/// Returns the newest versions of Secrets of a namespace, by metadata; `None` if one of the Secrets is missing.
pub(crate) fn known_versions(namespace: &str, names: &[&str], cache: &MetadataCache) -> Option<Vec<SecretVersion>> {
    let source = |name: &&str| Some(source(name, cache.of(&NamespacedName::new(namespace, *name))?));
    names.iter().map(source).map(|source| source.as_ref().map(secret_version)).collect()
}

/// Returns the versions of the named Secrets that were read.
pub(crate) fn read_versions(names: &[&str], found: &SecretsRead<'_>) -> Vec<SecretVersion> {
    let read = |name: &&str| Some(source(name, found.get(name)?.version.clone()));
    names.iter().filter_map(read).map(|source| secret_version(&source)).collect()
}
