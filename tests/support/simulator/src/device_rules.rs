//! What the documentation leaves open about devices, as knobs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The knobs of the device resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeviceRules {
    /// Whether disabling a device disables its credentials, as the pages of 3.32 and of the screens say; default true.
    /// Enabling it never enables them.
    pub suspends_credentials: bool,
    /// Whether an update clears the optional fields that it does not send; default false: they stay.
    pub clears_what_is_not_sent: bool,
    /// The types that may be named, others being refused with 1022; absent: any, a new one is created.
    pub types: Option<BTreeSet<String>>,
}

impl Default for DeviceRules {
    fn default() -> Self {
        Self { suspends_credentials: true, clears_what_is_not_sent: false, types: None }
    }
}
