//! Whether the namespace of an object is going away.

use k8s_openapi::api::core::v1::Namespace;
use kube::api::Api;

use crate::controller::credential::context::Context;
use crate::controller::credential::facts::observation::Observation;
use crate::controller::runtime::error::{Error, bounded};
use crate::domain::Connection;

/// Looks whether the namespace is going away, for an object that cannot be deleted otherwise.
pub(crate) async fn refresh_namespace_terminating(
    observed: &mut Observation<'_>,
    context: &Context,
) -> Result<(), Error> {
    let s = &observed.situation;
    if s.deleting && s.finalizer && s.disable && (s.denied || s.connection != Connection::Ready) {
        observed.situation.namespace_terminating = is_terminating(&observed.key.namespace, context).await?;
    }
    Ok(())
}

async fn is_terminating(namespace: &str, context: &Context) -> Result<bool, Error> {
    let api = Api::<Namespace>::all(context.cluster.client.clone());
    match bounded("read the namespace", api.get_metadata(namespace)).await {
        Ok(namespace) => Ok(namespace.metadata.deletion_timestamp.is_some()),
        Err(error) if error.is_not_found() => Ok(true),
        Err(error) => Err(error),
    }
}
