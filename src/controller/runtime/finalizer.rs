//! Adds and removes our finalizer, which an object has exactly while its `deletionPolicy` is `Disable` (P7).

use k8s_openapi::NamespaceResourceScope;
use kube::ResourceExt;
use kube::api::{Api, GetParams, PartialObjectMeta, Patch, PatchParams};
use kube::{Client, Resource};
use serde_json::json;

use crate::api::{FIELD_MANAGER, FINALIZER};
use crate::controller::runtime::answers::AllFinalizers;
use crate::controller::runtime::error::{Error, bounded};
use crate::controller::runtime::managed::Managed;
use crate::controller::runtime::watch;

/// Returns whether our finalizer is on an object.
pub(crate) fn is_on(object: &impl ResourceExt) -> bool {
    object.finalizers().iter().any(|finalizer| finalizer == FINALIZER)
}

/// Returns the finalizers of other controllers on an object.
pub(crate) fn others(object: &impl ResourceExt) -> Vec<&str> {
    object.finalizers().iter().map(String::as_str).filter(|finalizer| *finalizer != FINALIZER).collect()
}

/// Adds our finalizer to an object. Server-side apply merges our finalizer with those of other controllers.
pub(crate) async fn add<K>(object: &K, client: &Client) -> Result<(), Error>
where
    K: Managed + Resource<Scope = NamespaceResourceScope>,
{
    let body = json!({
        "apiVersion": K::api_version(&()),
        "kind": K::kind(&()),
        "metadata": { "name": object.name_any(), "uid": object.meta().uid, "finalizers": [FINALIZER] },
    });
    let params = PatchParams::apply(FIELD_MANAGER).force();
    bounded("add the finalizer", api(object, client).patch_metadata(&object.name_any(), &params, &Patch::Apply(body)))
        .await
        .map(drop)
}

/// Removes our finalizer from an object, whichever field manager added it. The patch replaces the list of finalizers as it was
/// read; the API server refuses the patch if the list has changed since. Succeeds if the object is gone already, or has lost the
/// finalizer. Calls `sending` right before the patch: from then on the finalizer may go even if no answer comes.
pub(crate) async fn remove<K>(object: &K, client: &Client, sending: impl FnOnce()) -> Result<(), Error>
where
    K: Managed + Resource<Scope = NamespaceResourceScope>,
{
    let api = api(object, client);
    let name = object.name_any();
    let found = match bounded("read the finalizers", read(&api, client, &name)).await {
        Ok(found) if found.metadata.uid == object.meta().uid && is_on(&found) => found,
        Ok(_) => return Ok(()),
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) => return Err(error),
    };
    let kept: Vec<&String> = found.finalizers().iter().filter(|finalizer| *finalizer != FINALIZER).collect();
    let body = json!({ "metadata": { "resourceVersion": found.metadata.resource_version, "finalizers": kept } });
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    sending();
    match bounded("remove the finalizer", api.patch_metadata(&name, &params, &Patch::Merge(body))).await {
        Err(error) if error.is_not_found() => Ok(()),
        result => result.map(drop),
    }
}

/// Returns the metadata of an object with the finalizers of others, all of them.
async fn read<K>(api: &Api<K>, client: &Client, name: &str) -> kube::Result<PartialObjectMeta<K>>
where
    K: Managed + Resource<Scope = NamespaceResourceScope>,
{
    let request = kube::core::Request::new(api.resource_url()).get_metadata(name, &GetParams::default());
    let mut request = request.map_err(kube::Error::BuildRequest)?;
    request.extensions_mut().insert(AllFinalizers);
    client.request(request).await
}

fn api<K>(object: &K, client: &Client) -> Api<K>
where
    K: Managed + Resource<Scope = NamespaceResourceScope>,
{
    watch::scoped(client.clone(), object.namespace().as_deref())
}
