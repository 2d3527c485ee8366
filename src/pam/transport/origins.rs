//! The limits of every PAM that this process talks to, and the reports about the requests to all PAMs.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::report::{CallReport, Reporter, TokenRefresh};
use super::shared_limits::{Member, SharedLimits};
use crate::pam::endpoint::Limits;

/// Holds the limits of every PAM that this process talks to, in groups of clients: one group for each PAM host, and one
/// for each tenant at that host. Cloning is cheap; all clones share the groups.
#[derive(Clone, Default)]
pub struct Origins {
    groups: Arc<Mutex<HashMap<String, Weak<SharedLimits>>>>,
    reporter: Reporter,
}

impl Origins {
    /// Returns an empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns an empty set whose `observer` is called after each exchange. The observer must return at once.
    #[must_use]
    pub fn with_observer(observer: impl Fn(&CallReport) + Send + Sync + 'static) -> Self {
        Self { reporter: Reporter { observer: Some(Arc::new(observer)), ..Reporter::default() }, ..Self::default() }
    }

    /// Returns the same set, whose `gauge` gets 1 when an exchange begins and -1 when the exchange ended or its call was
    /// dropped. The gauge must return at once.
    #[must_use]
    pub fn with_gauge(mut self, gauge: impl Fn(i64) + Send + Sync + 'static) -> Self {
        self.reporter.gauge = Some(Arc::new(gauge));
        self
    }

    /// Returns the same set, whose `refreshes` is called after each replacement of a token. It must return at once.
    #[must_use]
    pub fn with_refreshes(mut self, refreshes: impl Fn(TokenRefresh) + Send + Sync + 'static) -> Self {
        self.reporter.refreshes = Some(Arc::new(refreshes));
        self
    }

    /// Makes one more client a member of a group. The `limits` count while the member lives.
    pub(in crate::pam) fn join(&self, group: &str, limits: Limits) -> Member {
        let mut groups = self.lock();
        groups.retain(|_, shared| shared.strong_count() > 0);
        let shared = groups.get(group).and_then(Weak::upgrade).unwrap_or_default();
        groups.insert(group.to_owned(), Arc::downgrade(&shared));
        Member::new(shared, limits, self.reporter.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Weak<SharedLimits>>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origins").field("count", &self.lock().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Turn;
    use crate::pam::endpoint::Limits;
    use crate::pam::error::{Call, PamError, TlsFault, Unavailable};
    use crate::pam::transport::shared_limits::Member;
    use std::time::Duration;
    use tokio::time::sleep;

    const CALL: Call = Call::UpsertCredential;

    fn failure(why: Unavailable) -> Result<(), PamError> {
        Err(PamError::Unavailable { call: CALL, why })
    }

    async fn exchange(member: &Member, result: Result<(), PamError>) -> Result<(), PamError> {
        member.enter(CALL, &Turn::default()).await?.ticket(CALL).await?.done(result)
    }

    fn member(origins: &Origins) -> Member {
        origins.join("https://pam", Limits { requests_per_second: 0, ..Limits::default() })
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_pam_closes_the_gate_for_every_connection_to_it_and_for_no_other() {
        let origins = Origins::new();
        let (one, two) = (member(&origins), member(&origins));
        for _ in 0..5 {
            exchange(&one, failure(Unavailable::Connect)).await.unwrap_err();
        }
        let refused = exchange(&two, Ok(())).await.unwrap_err();
        assert_eq!(refused.kind(), "unavailable_circuit_open");
        exchange(&origins.join("https://other", Limits::default()), Ok(())).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        exchange(&two, Ok(())).await.unwrap();
        exchange(&one, Ok(())).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_wrong_ca_closes_only_its_own_connection() {
        let origins = Origins::new();
        let (wrong, right) = (member(&origins), member(&origins));
        for _ in 0..5 {
            exchange(&wrong, failure(Unavailable::Tls(TlsFault::UnknownAuthority))).await.unwrap_err();
        }
        assert_eq!(exchange(&wrong, Ok(())).await.unwrap_err().kind(), "unavailable_circuit_open");
        exchange(&right, Ok(())).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_failing_application_does_not_close_it() {
        let member = member(&Origins::new());
        for _ in 0..20 {
            let error = exchange(&member, failure(Unavailable::Server)).await.unwrap_err();
            assert_eq!(error.kind(), "unavailable_server");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_probe_does_not_lock_the_circuit() {
        let member = member(&Origins::new());
        for _ in 0..5 {
            exchange(&member, failure(Unavailable::Timeout)).await.unwrap_err();
        }
        sleep(Duration::from_secs(1)).await;
        drop(member.enter(CALL, &Turn::default()).await.unwrap().ticket(CALL).await.unwrap());
        exchange(&member, Ok(())).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_pams_retry_after_silences_the_whole_origin() {
        let origins = Origins::new();
        let (one, two) = (member(&origins), member(&origins));
        let after = Some(Duration::from_secs(7));
        exchange(&one, Err(PamError::RateLimited { after })).await.unwrap_err();
        assert_eq!(exchange(&two, Ok(())).await, Err(PamError::RateLimited { after }));
        sleep(Duration::from_secs(7)).await;
        exchange(&two, Ok(())).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn tokens_are_replaced_once_a_minute_per_origin() {
        let origins = Origins::new();
        let (one, two) = (member(&origins), member(&origins));
        assert!(one.may_refresh());
        assert!(!two.may_refresh());
        sleep(Duration::from_mins(1)).await;
        assert!(two.may_refresh());
    }

    #[tokio::test(start_paused = true)]
    async fn each_exchange_is_reported() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let origins = Origins::with_observer(move |report| sink.lock().unwrap().push((report.call, report.outcome)));
        let member = member(&origins);
        exchange(&member, Ok(())).await.unwrap();
        exchange(&member, Err(PamError::DeviceNotFound)).await.unwrap_err();
        assert_eq!(*seen.lock().unwrap(), [(CALL, "ok"), (CALL, "device_not_found")]);
    }

    #[tokio::test]
    async fn an_exchange_is_under_way_until_it_ended_or_was_given_up() {
        let under_way = Arc::new(Mutex::new(0));
        let sink = Arc::clone(&under_way);
        let origins = Origins::new().with_gauge(move |change| *sink.lock().unwrap() += change);
        let (member, count) = (member(&origins), || *under_way.lock().unwrap());
        let permit = member.enter(CALL, &Turn::default()).await.unwrap();
        assert_eq!(count(), 0, "a call that waits for its turn has not begun");
        let ticket = permit.ticket(CALL).await.unwrap();
        assert_eq!(count(), 1);
        ticket.done(Ok(())).unwrap();
        assert_eq!(count(), 0);
        let given_up = permit.ticket(CALL).await.unwrap();
        assert_eq!(count(), 1);
        drop(given_up);
        assert_eq!(count(), 0);
    }
}
