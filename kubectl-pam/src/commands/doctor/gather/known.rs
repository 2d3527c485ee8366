//! Calls whose failure is a finding, and no end.

use crate::cluster::{Cluster, code};
use crate::commands::doctor::facts::Known;

/// Makes one call; what cannot be had is not known.
pub async fn known<T>(cluster: &Cluster, action: &str, call: impl Future<Output = Result<T, kube::Error>>) -> Known<T> {
    match cluster.call(action, call).await {
        Ok(found) => Known::Is(found),
        Err(failure) => Known::Unknown(failure.message),
    }
}

/// Reads one object, which may not be there.
pub async fn known_or_none<T>(
    cluster: &Cluster,
    action: &str,
    call: impl Future<Output = Result<T, kube::Error>>,
) -> Known<Option<T>> {
    let call = async {
        match call.await {
            Ok(found) => Ok(Some(found)),
            Err(error) if code(&error) == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    };
    known(cluster, action, call).await
}
