//! The kind `PamCredential`.

pub(crate) mod act;
pub(crate) mod claims;
pub(crate) mod compare;
pub(crate) mod context;
pub(crate) mod facts;
pub(crate) mod observe;
pub(crate) mod reconcile;
pub(crate) mod report;
pub(crate) mod shutdown;
pub(crate) mod state;
