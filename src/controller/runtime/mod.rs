//! Kubernetes machinery for objects of any kind.

pub(crate) mod dependencies;
pub(crate) mod error;
pub(crate) mod finalizer;
pub(crate) mod metadata_cache;
pub(crate) mod namespaces;
pub(crate) mod object_id;
pub(crate) mod retry;
pub(crate) mod status_store;
pub(crate) mod watch;
pub(crate) mod watch_set;
pub(crate) mod worker_slots;
