//! Notices that the API server went back to an older state, as after a restore of its store.
//!
//! A watch does not notice: it asks for what came after the newest version that it saw, and the API server shows nothing until
//! its versions have passed that one again. So one page of one object is listed now and then, without a version: such a list
//! shows the newest state, and its version never goes back while the store stays the same.

use std::time::Duration;

use kube::api::{Api, ListParams};
use tokio::time::sleep;

use crate::controller::runtime::error::{Error, bounded};
use crate::controller::runtime::managed::Managed;

/// From one look to the next.
const EVERY: Duration = Duration::from_secs(45);
/// From a look that failed to the next: a restore stops the API server, and what is written after it soon hides it. From one that
/// was refused, the next comes twice as late each time.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Resolves once the newest version of the objects of a kind is older than one that was seen before.
pub(crate) async fn went_back<K: Managed>(api: Api<K>) {
    let (mut newest, mut after_refusal) = (0, AFTER_FAILURE);
    loop {
        let looked = version(&api).await;
        match looked {
            Ok(Some(version)) if version < newest => return,
            Ok(Some(version)) => newest = version,
            Ok(None) | Err(_) => {}
        }
        let wait = match &looked {
            Ok(_) => EVERY,
            Err(error) if error.is_refused() => after_refusal,
            Err(_) => AFTER_FAILURE,
        };
        after_refusal = if looked.is_ok() { AFTER_FAILURE } else { (2 * wait).min(EVERY) };
        sleep(wait).await;
    }
}

/// Returns the newest version; `None` where it is no number. Versions of one kind may be compared as numbers (KEP-5504).
async fn version<K: Managed>(api: &Api<K>) -> Result<Option<u64>, Error> {
    let page = ListParams::default().limit(1);
    let list = bounded("look at the newest version", api.list_metadata(&page)).await?;
    Ok(list.metadata.resource_version.and_then(|version| version.parse().ok()))
}
