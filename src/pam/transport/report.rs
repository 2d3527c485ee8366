//! Reports about the requests to PAMs, for metrics.

use std::sync::Arc;
use std::time::Duration;

use crate::pam::error::Call;

/// One exchange with a PAM, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallReport {
    /// Which call it was.
    pub call: Call,
    /// `ok`, or [`PamError::kind`](crate::pam::PamError::kind).
    pub outcome: &'static str,
    /// From the first byte sent to the last byte read; waiting for other requests is not in it.
    pub duration: Duration,
}

type Observer = Arc<dyn Fn(&CallReport) + Send + Sync>;
type Gauge = Arc<dyn Fn(i64) + Send + Sync>;

/// Hands reports on to the metrics.
#[derive(Clone, Default)]
pub(super) struct Reporter {
    pub(super) observer: Option<Observer>,
    pub(super) gauge: Option<Gauge>,
}

impl Reporter {
    /// Reports an exchange that ended.
    pub(super) fn report(&self, report: CallReport) {
        let CallReport { call, outcome, duration } = report;
        tracing::debug!(call = call.name(), outcome, ?duration, "PAM call");
        if let Some(observer) = &self.observer {
            observer(&report);
        }
    }

    /// Changes the number of exchanges under way.
    pub(super) fn count(&self, change: i64) {
        if let Some(gauge) = &self.gauge {
            gauge(change);
        }
    }
}
