//! How many records may be disabled before a user has to confirm it.

use std::time::Duration;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::duration::parse_duration;

/// How many records may be disabled at one go: of each namespace so many, and of all namespaces together three times as many.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DisableBrake {
    /// The most records of one namespace that are disabled within one `window` without a confirmation; 0 means that
    /// each needs a confirmation. Of all namespaces together three times as many are.
    #[serde(default = "brake_count")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub count: u32,
    /// The time over which they are counted, such as `10m`: from `1s` to `168h`.
    #[serde(default = "brake_window")]
    #[schemars(length(min = 2, max = 16))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]{1,6}(h|m|s)){1,3}$') && duration(self) >= duration('1s') && duration(self) <= duration('168h')").message("disableBrake.window must be hours, minutes and seconds from 1s to 168h, without days and spaces; for example 30m"))]
    pub window: String,
}

impl Default for DisableBrake {
    fn default() -> Self {
        Self { count: brake_count(), window: brake_window() }
    }
}

impl DisableBrake {
    /// The window; ten minutes where it cannot be read, which the schema does not let happen.
    #[must_use]
    pub fn window(&self) -> Duration {
        parse_duration(&self.window).unwrap_or(Duration::from_mins(10))
    }
}

const fn brake_count() -> u32 {
    20
}

fn brake_window() -> String {
    "10m".to_owned()
}
