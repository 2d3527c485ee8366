//! Which version of a Secret or ConfigMap a status was made from. The statuses of all kinds record it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One version of one Secret.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceSecret {
    /// Name of the Secret (or ConfigMap).
    pub name: String,
    /// The Secret's uid: a Secret that is created again under the same name has another.
    pub uid: String,
    /// The Secret's resourceVersion when it was read.
    pub resource_version: String,
}
