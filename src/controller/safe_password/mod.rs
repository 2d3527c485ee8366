//! The kind `MySafePassword`: observe, decide, act, report.

mod act;
mod claims;
mod compare;
pub(crate) mod context;
mod facts;
mod observe;
mod reconcile;
mod report;
mod throwaway;
mod unserved;
