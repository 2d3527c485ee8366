//! Kubernetes machinery for objects of any kind. It names no kind of ours, and no call to a PAM.

pub(crate) mod answers;
pub(crate) mod cluster;
pub(crate) mod dependencies;
pub(crate) mod error;
pub(crate) mod events;
pub(crate) mod finalizer;
pub(crate) mod managed;
pub(crate) mod metadata_cache;
pub(crate) mod namespace_watch;
pub(crate) mod namespaces;
pub(crate) mod object_id;
pub(crate) mod object_states;
pub(crate) mod outside;
pub(crate) mod parked;
pub(crate) mod pass_end;
pub(crate) mod recorder;
pub(crate) mod retry;
pub(crate) mod rollback;
pub(crate) mod status_store;
pub(crate) mod status_write;
pub(crate) mod throwaway;
pub(crate) mod times;
pub(crate) mod trigger;
pub(crate) mod watch;
pub(crate) mod watch_set;
pub(crate) mod worker_slots;
