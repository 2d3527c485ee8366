//! The kind `PamCredential`: observe, decide, act, report.

mod act;
pub(crate) mod claims;
mod compare;
pub(crate) mod context;
mod facts;
mod observe;
mod reconcile;
mod report;
mod throwaway;
pub(crate) mod unserved;
