//! What all connections to one PAM share.

use std::sync::Arc;

/// Every PAM origin that this process talks to. Cloning is cheap; all clones share the origins.
#[derive(Clone, Default)]
pub struct Origins {
    _shared: Arc<()>,
}

impl Origins {
    /// No origins yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}
