//! The bounds of settings, for the checks and for the errors that name them.

use std::ops::RangeInclusive;

/// Longest cluster name: it begins every generated identifier, which has 64 characters in all.
pub(super) const MAX_CLUSTER_NAME: usize = 20;
/// Bounds of `--lease-duration` in seconds: shorter ones flap on a slow API server, longer ones
/// leave a cluster without a leader for minutes after a crash.
pub(super) const LEASE_SECONDS: RangeInclusive<u64> = 5..=300;
/// Upper bound of `--max-concurrent-reconciles`; each holds a connection to the API server (HTTP/1.1).
pub(super) const MAX_CONCURRENCY: usize = 1024;
