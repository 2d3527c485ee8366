//! Our finalizer: there exactly while `deletionPolicy` is `Disable` (P7).

use kube::ResourceExt;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;

use crate::api::{FIELD_MANAGER, FINALIZER, PamCredential};
use crate::controller::context::Context;
use crate::controller::runtime::error::{Error, bounded};

/// Whether our finalizer is on it.
pub(crate) fn is_on(object: &PamCredential) -> bool {
    object.finalizers().iter().any(|finalizer| finalizer == FINALIZER)
}

/// Puts our finalizer on it. Server-side apply merges it with whatever others have put there.
pub(crate) async fn add(object: &PamCredential, context: &Context) -> Result<(), Error> {
    let body = json!({
        "apiVersion": "pam-operator.io/v1alpha1",
        "kind": "PamCredential",
        "metadata": { "name": object.name_any(), "uid": object.metadata.uid, "finalizers": [FINALIZER] },
    });
    let params = PatchParams::apply(FIELD_MANAGER).force();
    bounded("add the finalizer", api(object, context).patch_metadata(&object.name_any(), &params, &Patch::Apply(body)))
        .await
        .map(drop)
}

/// Takes our finalizer off, whoever put it on: by a patch of the list as it was read, refused if it has changed since.
/// An object that is gone already is fine.
pub(crate) async fn remove(object: &PamCredential, context: &Context) -> Result<(), Error> {
    let api = api(object, context);
    let name = object.name_any();
    let found = match bounded("read the finalizers", api.get_metadata(&name)).await {
        Ok(found) if found.metadata.uid == object.metadata.uid => found,
        Ok(_) => return Ok(()),
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) => return Err(error),
    };
    let kept: Vec<&String> = found.finalizers().iter().filter(|finalizer| *finalizer != FINALIZER).collect();
    let body = json!({ "metadata": { "resourceVersion": found.metadata.resource_version, "finalizers": kept } });
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    match bounded("remove the finalizer", api.patch_metadata(&name, &params, &Patch::Merge(body))).await {
        Err(error) if error.is_not_found() => Ok(()),
        result => result.map(drop),
    }
}

fn api(object: &PamCredential, context: &Context) -> Api<PamCredential> {
    Api::namespaced(context.client.clone(), &object.namespace().unwrap_or_default())
}
