//! What a standby says of the holder of the lease: that another replica leads, or that the name is no replica's.

use std::sync::Arc;

use super::rules;
use crate::metrics::Metrics;

/// Logs each new holder of the lease once, and shows in the metrics while the holder is no replica.
pub(super) struct HolderLog {
    identity: Arc<str>,
    metrics: Option<Metrics>,
    last: Option<String>,
}

impl HolderLog {
    /// Returns the log of the replica `identity`.
    pub(super) const fn new(identity: Arc<str>, metrics: Option<Metrics>) -> Self {
        Self { identity, metrics, last: None }
    }

    /// Notes who holds the lease; an empty name is nobody. The name is written by whoever may write leases, so that it is
    /// logged with its control characters escaped.
    pub(super) fn note(&mut self, holder: &str) {
        let is_foreign = !holder.is_empty() && !rules::may_be_replica(holder, &self.identity);
        if let Some(metrics) = &self.metrics {
            metrics.set_lease_foreign(is_foreign);
        }
        if self.last.as_deref() == Some(holder) {
            return;
        }
        if is_foreign {
            tracing::error!(
                ?holder,
                identity = %self.identity,
                "the lease is held under a name that no replica of this Deployment can have, and nothing is served: see who may write leases in this namespace, and delete the lease"
            );
        } else {
            tracing::info!(?holder, "another replica leads; waiting for the lease");
        }
        self.last = Some(holder.to_owned());
    }

    /// Notes that this replica has the lease.
    pub(super) fn taken(&self) {
        if let Some(metrics) = &self.metrics {
            metrics.set_lease_foreign(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metric_is_1_while_the_holder_is_no_replica() {
        let (metrics, registry) = Metrics::new();
        let mut log = HolderLog::new("pam-operator-5d9f7c-abcde".into(), Some(metrics));
        let shown = || {
            let mut text = String::new();
            prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
            text.lines().any(|line| line == "pam_operator_lease_foreign_holder 1")
        };
        for (holder, is_foreign) in
            [("thief", true), ("pam-operator-5d9f7c-fghij", false), ("thief", true), ("", false)]
        {
            log.note(holder);
            assert_eq!(shown(), is_foreign, "{holder}");
        }
        log.note("thief");
        log.taken();
        assert!(!shown());
    }
}
