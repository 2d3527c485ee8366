//! The keys of a credential's request that rewrite its device (API 2.1).

use serde::ser::SerializeMap;

use super::wire::{Entries, Part};

/// What is written onto the device, which other credentials share. What is `None` is not sent.
///
/// The keys stand beside the credential's own, without a block of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceSettings {
    /// The device's type; a new one is made.
    pub kind: Option<String>,
    /// Its maker; a new one is made.
    pub vendor: Option<String>,
    /// Its model; a new one is made.
    pub model: Option<String>,
    /// Its site; a new one is made.
    pub site: Option<String>,
    /// Its domains; registered ones only (1029).
    pub domains: Option<Vec<String>>,
    /// Its keywords.
    pub tags: Option<Vec<String>>,
    /// Its protocols and ports, such as `SSH:22`.
    pub connectivities: Option<Vec<String>>,
    /// Its login expression, such as `SSH:EXPECT:FILL`.
    pub session_remote_config: Option<String>,
}

impl Part for DeviceSettings {
    fn put<M: SerializeMap>(&self, to: &mut Entries<'_, M>) -> Result<(), M::Error> {
        to.text("type", self.kind.as_deref())?;
        to.text("vendor", self.vendor.as_deref())?;
        to.text("model", self.model.as_deref())?;
        to.text("site", self.site.as_deref())?;
        to.list("device_domain", self.domains.as_deref())?;
        to.list("device_tags", self.tags.as_deref())?;
        to.list("connectivities", self.connectivities.as_deref())?;
        to.text("session_remote_config", self.session_remote_config.as_deref())
    }
}
