//! What `/metrics` shows: names, units and labels.
//!
//! Labels are closed sets, never the name of an object, a record or a host: the number of time series does not grow
//! with the cluster, and nothing about a tenant is readable there (P8). The registry adds what `OpenMetrics` asks for:
//! `_total` on counters and the unit on histograms.

mod labels;
mod page;
mod process;
mod readings;

use std::{sync::Arc, time::Duration};

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};

pub use labels::{Kind, PamOperation, PamOutcome, ReconcileOutcome, RefreshCause};
pub use page::Page;
pub use readings::{ObjectReadings, Readings};

use labels::{KindLabels, OperationLabels, ReasonLabels, ReconcileLabels, RefreshLabels, RequestLabels};
use process::Process;
use readings::Source;

type HistogramFamily<L> = Family<L, Histogram, fn() -> Histogram>;

/// The operator's metrics. Cheap to clone; all clones count into the same registry.
#[derive(Clone, Debug)]
pub struct Metrics {
    reconciles: Family<ReconcileLabels, Counter>,
    reconcile_duration: HistogramFamily<KindLabels>,
    pam_requests: Family<RequestLabels, Counter>,
    pam_request_duration: HistogramFamily<OperationLabels>,
    pam_requests_under_way: Gauge,
    credentials: Family<ReasonLabels, Gauge>,
    my_safe_passwords: Family<ReasonLabels, Gauge>,
    token_refreshes: Family<RefreshLabels, Counter>,
    push_latency: Histogram,
    status_writes: Family<KindLabels, Counter>,
    records_left_enabled: Counter,
    leader: Gauge,
    lease_foreign_holder: Gauge,
    plan_only: Gauge,
    source: Source,
    digest_key_lost_objects: Gauge,
}

impl Metrics {
    /// Returns the metrics, and the registry that `/metrics` shows.
    #[must_use]
    pub fn new() -> (Self, Arc<Registry>) {
        let metrics = Self {
            reconciles: Family::default(),
            reconcile_duration: Family::new_with_constructor(pass_histogram),
            pam_requests: Family::default(),
            pam_request_duration: Family::new_with_constructor(request_histogram),
            pam_requests_under_way: Gauge::default(),
            credentials: Family::default(),
            my_safe_passwords: Family::default(),
            token_refreshes: Family::default(),
            push_latency: latency_histogram(),
            status_writes: Family::default(),
            records_left_enabled: Counter::default(),
            leader: Gauge::default(),
            lease_foreign_holder: Gauge::default(),
            plan_only: Gauge::default(),
            source: Source::default(),
            digest_key_lost_objects: Gauge::default(),
        };
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Process));
        let own = registry.sub_registry_with_prefix("pam_operator");
        metrics.register_passes(own);
        metrics.register_requests(own);
        own.register_collector(Box::new(metrics.source.clone()));
        register_build(own);
        (metrics, Arc::new(registry))
    }

    /// Has each scrape show what `read` returns then; nothing of it where `read` returns `None`.
    pub fn read_from(&self, read: impl Fn() -> Option<Readings> + Send + Sync + 'static) {
        self.source.set(read);
    }

    fn register_passes(&self, registry: &mut Registry) {
        registry.register("reconciles", "Passes over one object, by kind and how they ended", self.reconciles.clone());
        registry.register_with_unit(
            "reconcile_duration",
            "How long a pass took, its calls included",
            Unit::Seconds,
            self.reconcile_duration.clone(),
        );
        registry.register(
            "credentials",
            "PamCredentials by the reason of their Ready condition",
            self.credentials.clone(),
        );
        registry.register(
            "my_safe_passwords",
            "MySafePasswords by the reason of their Ready condition",
            self.my_safe_passwords.clone(),
        );
        registry.register("status_writes", "Writes of a status to the Kubernetes API", self.status_writes.clone());
        registry.register(
            "records_left_enabled",
            "Records that stay enabled in the PAM although deletionPolicy is Disable: a namespace went away together with the way to them, or the object was moved to another PAM",
            self.records_left_enabled.clone(),
        );
        registry.register("leader", "1 while this replica leads, else 0", self.leader.clone());
        registry.register(
            "lease_foreign_holder",
            "1 while the lease is held under a name that no replica of this Deployment can have, else 0",
            self.lease_foreign_holder.clone(),
        );
        registry.register(
            "plan_only",
            "1 where --plan-only is set and nothing is written to a PAM, else 0",
            self.plan_only.clone(),
        );
        self.register_digest_key(registry);
    }

    fn register_digest_key(&self, registry: &mut Registry) {
        registry.register(
            "digest_key_lost_objects",
            "Objects that had digests of a former digest key when this process made a new one; 0 where it made none",
            self.digest_key_lost_objects.clone(),
        );
    }

    fn register_requests(&self, registry: &mut Registry) {
        registry.register(
            "pam_requests",
            "HTTP requests to a PAM, by operation and the meaning of the answer",
            self.pam_requests.clone(),
        );
        registry.register_with_unit(
            "pam_request_duration",
            "How long a PAM took to answer, or until the deadline",
            Unit::Seconds,
            self.pam_request_duration.clone(),
        );
        registry.register(
            "pam_requests_under_way",
            "HTTP requests to a PAM that were begun and not ended yet",
            self.pam_requests_under_way.clone(),
        );
        registry.register(
            "token_refreshes",
            "Tokens that were asked for although there had been one, by cause",
            self.token_refreshes.clone(),
        );
        registry.register_with_unit(
            "secret_push_latency",
            "From the event of a changed Secret to the PAM's answer that it has the value",
            Unit::Seconds,
            self.push_latency.clone(),
        );
    }

    /// Counts one pass over an object of `kind`, which took `duration`.
    pub fn reconciled(&self, kind: Kind, outcome: ReconcileOutcome, duration: Duration) {
        self.reconciles.get_or_create(&ReconcileLabels { kind, outcome }).inc();
        self.reconcile_duration.get_or_create(&KindLabels { kind }).observe(duration.as_secs_f64());
    }

    /// Counts one HTTP request to a PAM, which took `duration`; a repetition counts as another request.
    pub fn pam_request(&self, operation: PamOperation, outcome: PamOutcome, duration: Duration) {
        self.pam_requests.get_or_create(&RequestLabels { operation, outcome }).inc();
        self.pam_request_duration.get_or_create(&OperationLabels { operation }).observe(duration.as_secs_f64());
    }

    /// Counts a request to a PAM that begins (1), or that ended or was given up (-1).
    pub fn pam_request_under_way(&self, change: i64) {
        self.pam_requests_under_way.inc_by(change);
    }

    /// Returns how many requests to a PAM are under way.
    #[must_use]
    pub fn pam_requests_under_way(&self) -> i64 {
        self.pam_requests_under_way.get()
    }

    /// Sets how many `PamCredential`s have each reason. Give every reason each time, 0 included: one that is left out
    /// keeps its last number.
    ///
    /// `reason` is a word of the API (`Synced`, …): a `'static` text, so that no message can get here.
    pub fn set_credentials(&self, counts: impl IntoIterator<Item = (&'static str, usize)>) {
        set(&self.credentials, counts);
    }

    /// Sets how many `MySafePassword`s have each reason, as [`Metrics::set_credentials`] does.
    pub fn set_my_safe_passwords(&self, counts: impl IntoIterator<Item = (&'static str, usize)>) {
        set(&self.my_safe_passwords, counts);
    }

    /// Counts a token that replaces one.
    pub fn token_refreshed(&self, cause: RefreshCause) {
        self.token_refreshes.get_or_create(&RefreshLabels { cause }).inc();
    }

    /// Records that a changed Secret reached the PAM `latency` after its event was seen.
    pub fn secret_pushed(&self, latency: Duration) {
        self.push_latency.observe(latency.as_secs_f64());
    }

    /// Counts one write of a status.
    pub fn status_written(&self, kind: Kind) {
        self.status_writes.get_or_create(&KindLabels { kind }).inc();
    }

    /// Counts a record that stays enabled although its object's policy is to disable it.
    pub fn record_left_enabled(&self) {
        self.records_left_enabled.inc();
    }

    /// Records whether this replica leads.
    pub fn set_leader(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }

    /// Records whether the lease is held under a name that is no replica's.
    pub fn set_lease_foreign(&self, is_foreign: bool) {
        self.lease_foreign_holder.set(i64::from(is_foreign));
    }

    /// Records how many objects had digests of a former digest key when this process made a new one.
    pub fn set_digest_key_lost_objects(&self, objects: usize) {
        self.digest_key_lost_objects.set(i64::try_from(objects).unwrap_or(i64::MAX));
    }

    /// Records whether `--plan-only` is set.
    pub fn set_plan_only(&self, is_set: bool) {
        self.plan_only.set(i64::from(is_set));
    }
}

fn register_build(registry: &mut Registry) {
    let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "The version that runs", build);
}

/// Returns a histogram from 10 ms (nothing to do) to 2 min (a write that reached its deadline).
fn pass_histogram() -> Histogram {
    Histogram::new([0.01, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0])
}

/// Returns a histogram from 100 ms to 2 min. There is one for each operation, so that it has few bounds.
fn request_histogram() -> Histogram {
    Histogram::new([0.1, 0.5, 2.5, 10.0, 75.0, 120.0])
}

/// Returns a histogram from 10 ms to 2 min, with more bounds around the promised second (P2).
fn latency_histogram() -> Histogram {
    Histogram::new([0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 75.0, 120.0])
}

fn set(gauges: &Family<ReasonLabels, Gauge>, counts: impl IntoIterator<Item = (&'static str, usize)>) {
    for (reason, count) in counts {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        gauges.get_or_create(&ReasonLabels { reason }).set(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Reason;

    fn text(registry: &Registry) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, registry).unwrap();
        text
    }

    #[test]
    fn names_and_units_are_those_documented() {
        let (metrics, registry) = Metrics::new();
        metrics.reconciled(Kind::PamCredential, ReconcileOutcome::Ready, Duration::from_millis(20));
        metrics.pam_request(PamOperation::Upsert, PamOutcome::RateLimited, Duration::from_secs(2));
        metrics.set_credentials([("Synced", 3), ("Progressing", 0)]);
        metrics.secret_pushed(Duration::from_millis(300));
        metrics.status_written(Kind::ClusterPamConnection);
        metrics.set_leader(true);
        metrics.set_lease_foreign(true);
        metrics.set_plan_only(true);
        metrics.set_digest_key_lost_objects(2);
        let text = text(&registry);
        for line in [
            r#"pam_operator_reconciles_total{kind="PamCredential",outcome="ready"} 1"#,
            r#"pam_operator_reconcile_duration_seconds_count{kind="PamCredential"} 1"#,
            r#"pam_operator_pam_requests_total{operation="upsert",outcome="rate_limited"} 1"#,
            r#"pam_operator_pam_request_duration_seconds_bucket{le="2.5",operation="upsert"} 1"#,
            r#"pam_operator_credentials{reason="Synced"} 3"#,
            r#"pam_operator_credentials{reason="Progressing"} 0"#,
            r#"pam_operator_secret_push_latency_seconds_bucket{le="1.0"} 1"#,
            r#"pam_operator_status_writes_total{kind="ClusterPamConnection"} 1"#,
            "pam_operator_leader 1",
            "pam_operator_lease_foreign_holder 1",
            "pam_operator_plan_only 1",
            "pam_operator_digest_key_lost_objects 2",
            concat!(r#"pam_operator_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""} 1"#),
            "# UNIT pam_operator_secret_push_latency_seconds seconds",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is missing in\n{text}");
        }
    }

    /// The reasons that a connection can have.
    const OF_CONNECTIONS: [Reason; 14] = [
        Reason::Progressing,
        Reason::Authenticated,
        Reason::SecretNotFound,
        Reason::SecretKeyNotFound,
        Reason::SecretInvalid,
        Reason::ConnectionNotReady,
        Reason::ConnectionNotAllowed,
        Reason::PamUnavailable,
        Reason::RateLimited,
        Reason::PamRejected,
        Reason::PamPermissionDenied,
        Reason::PamAuthenticationFailed,
        Reason::AnotherOperator,
        Reason::NotServed,
    ];

    fn readings() -> Readings {
        let of = |kind| ObjectReadings { kind, drifted: 1, suspended: 1, oldest_unsynced: Duration::from_secs(1) };
        let watched = ["secrets", "configmaps", "namespaces", "a", "b", "c", "d"];
        Readings {
            connections: OF_CONNECTIONS.iter().map(|reason| (reason.as_str(), 1)).collect(),
            conditions: ["InventoryIncomplete", "VaultRestored", "DisablesHeld"].map(|kind| (kind, 1)).into(),
            objects: vec![of(Kind::PamCredential), of(Kind::MySafePassword)],
            watch_ages: watched.map(|resource| (resource.to_owned(), Duration::ZERO)).into(),
            ..Readings::default()
        }
    }

    /// Everything that can be counted, counted at least once: no cluster has more series.
    #[test]
    fn there_are_at_most_300_series_whatever_happens() {
        use {PamOperation as Op, PamOutcome as Out, ReconcileOutcome as End};
        let (metrics, registry) = Metrics::new();
        let kinds = [Kind::PamCredential, Kind::MySafePassword, Kind::PamConnection, Kind::ClusterPamConnection];
        for kind in kinds {
            metrics.status_written(kind);
            for end in [End::Ready, End::Waiting, End::Stalled, End::Error] {
                metrics.reconciled(kind, end, Duration::ZERO);
            }
        }
        for op in [Op::Token, Op::List, Op::Upsert, Op::Create, Op::Update, Op::Disable, Op::Enable] {
            let outcomes = [Out::Ok, Out::NotFound, Out::Rejected, Out::PermissionDenied, Out::AuthenticationFailed];
            for outcome in outcomes.into_iter().chain([Out::RateLimited, Out::Unavailable, Out::Malformed]) {
                metrics.pam_request(op, outcome, Duration::ZERO);
            }
        }
        let of_objects = || Reason::ALL.into_iter().filter(|reason| *reason != Reason::Authenticated);
        metrics.set_credentials(of_objects().map(|reason| (reason.as_str(), 1)));
        metrics.set_my_safe_passwords(of_objects().map(|reason| (reason.as_str(), 1)));
        for cause in [RefreshCause::Expiry, RefreshCause::Rejected] {
            metrics.token_refreshed(cause);
        }
        metrics.read_from(|| Some(readings()));
        let text = text(&registry);
        let series = text.lines().filter(|line| !line.starts_with('#')).count();
        assert!(series <= 300, "{series} series:\n{text}");
    }

    #[test]
    fn numbers_that_are_read_at_a_scrape_are_shown_as_long_as_there_is_something_to_read() {
        let (metrics, registry) = Metrics::new();
        assert!(!text(&registry).contains("queue_depth"));
        metrics.read_from(|| Some(readings()));
        for line in [
            r#"pam_operator_connections{reason="PamUnavailable"} 1"#,
            r#"pam_operator_connection_conditions{condition="DisablesHeld"} 1"#,
            r#"pam_operator_circuits{state="open"} 0"#,
            "pam_operator_held_disables 0",
            r#"pam_operator_drifted_objects{kind="PamCredential"} 1"#,
            r#"pam_operator_oldest_unsynced_age_seconds{kind="MySafePassword"} 1"#,
            "pam_operator_queue_depth 0",
            r#"pam_operator_watch_age_seconds{resource="secrets"} 0"#,
        ] {
            assert!(text(&registry).lines().any(|l| l == line), "{line} is missing in\n{}", text(&registry));
        }
        metrics.read_from(|| None);
        assert!(!text(&registry).contains("queue_depth"));
    }
}
