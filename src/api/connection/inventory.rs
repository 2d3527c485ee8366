//! How often the list of a PAM's records is asked for.

use std::time::Duration;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::duration::parse_duration;

/// The list of the PAM's records.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InventorySettings {
    /// False if the OAuth client cannot list credentials. Then the operator cannot see existing records before it
    /// writes (**it may overwrite one**), does not notice changes by others, and blocks `deletionPolicy: Disable`.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// How often the list is asked for while nothing else asks for it, such as `1h` or `30m`: from `10s` to `168h`.
    #[serde(default = "interval")]
    #[schemars(length(min = 2, max = 16))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]{1,6}(h|m|s)){1,3}$') && duration(self) >= duration('10s') && duration(self) <= duration('168h')").message("inventory.interval must be hours, minutes and seconds from 10s to 168h, without days and spaces; for example 30m"))]
    pub interval: String,
}

impl Default for InventorySettings {
    fn default() -> Self {
        Self { enabled: yes(), interval: interval() }
    }
}

impl InventorySettings {
    /// The interval; an hour where it cannot be read, which the schema does not let happen.
    #[must_use]
    pub fn interval(&self) -> Duration {
        parse_duration(&self.interval).unwrap_or(Duration::from_hours(1))
    }
}

const fn yes() -> bool {
    true
}

fn interval() -> String {
    "1h".to_owned()
}
