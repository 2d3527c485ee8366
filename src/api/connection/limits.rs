//! How many requests a PAM gets at once and per second.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// How hard the PAM may be worked.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// The most requests that may be under way at the same time. Of those of a ClusterPamConnection one namespace leaves a
    /// quarter, and at least two, to the others; one it has in any case.
    #[serde(default = "max_concurrent_requests")]
    #[schemars(range(min = 1, max = 64))]
    pub max_concurrent_requests: u32,
    /// The most requests per second, on average; 0 means no limit.
    #[serde(default = "requests_per_second")]
    #[schemars(range(min = 0, max = 1000))]
    pub requests_per_second: u32,
    /// How many requests may follow each other immediately before `requestsPerSecond` counts.
    #[serde(default = "burst")]
    #[schemars(range(min = 1, max = 1000))]
    pub burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_concurrent_requests: max_concurrent_requests(),
            requests_per_second: requests_per_second(),
            burst: burst(),
        }
    }
}

const fn max_concurrent_requests() -> u32 {
    4
}

const fn requests_per_second() -> u32 {
    10
}

const fn burst() -> u32 {
    20
}
