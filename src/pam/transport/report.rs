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
    /// The PAM's four-digit code, if it gave one.
    pub code: Option<u16>,
    /// From the first byte sent to the last byte read; waiting for other requests is not in it.
    pub duration: Duration,
}

/// Says why a token was asked for although there had been one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRefresh {
    /// The token had expired, or was about to.
    Expiry,
    /// The PAM rejected the token before its time.
    Rejected,
}

type Observer = Arc<dyn Fn(&CallReport) + Send + Sync>;
type Gauge = Arc<dyn Fn(i64) + Send + Sync>;
type Refreshes = Arc<dyn Fn(TokenRefresh) + Send + Sync>;

/// Hands reports on to the metrics.
#[derive(Clone, Default)]
pub(super) struct Reporter {
    pub(super) observer: Option<Observer>,
    pub(super) gauge: Option<Gauge>,
    pub(super) refreshes: Option<Refreshes>,
}

impl Reporter {
    /// Reports an exchange that ended.
    pub(super) fn report(&self, report: CallReport) {
        let CallReport { call, outcome, duration, .. } = report;
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

    /// Reports that a token was replaced.
    pub(super) fn refreshed(&self, why: TokenRefresh) {
        if let Some(refreshes) = &self.refreshes {
            refreshes(why);
        }
    }
}
