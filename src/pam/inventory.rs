//! What a PAM holds, as far as one connection may see it: one shared list instead of one per credential.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::client::PamClient;
use super::credential::ListedCredential;
use super::error::{AuthFailure, Call, PamError, Unavailable};
use super::snapshot::Snapshot;

/// How old a list may be that a first push is decided by; also the shortest time from one list to the next.
const FRESH: Duration = Duration::from_secs(10);
/// The time from one list to the next in durations of the last one: listing takes a tenth of the time at most.
const REST: u32 = 10;
/// The longest time from a list that failed to the next: an outage must not lock the inventory for long after it.
const LONGEST_REST_AFTER_FAILURE: Duration = Duration::from_mins(5);
/// A caller waits this long for the next list to be allowed; longer, and it is sent away with the time.
const PATIENCE: Duration = Duration::from_secs(15);

/// The inventory of one connection.
#[derive(Debug, Default)]
pub struct Inventory {
    state: Mutex<State>,
    /// Held by the one call that is listing, or waiting to be allowed to.
    flight: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    snapshot: Option<Arc<Snapshot>>,
    invalidated: Option<Instant>,
    last: Option<Attempt>,
    attempts: u64,
    /// Our own writes since the list in flight began; `None` if there is none.
    written_meanwhile: Option<Vec<ListedCredential>>,
}

/// A list that was asked for.
#[derive(Debug)]
struct Attempt {
    began: Instant,
    took: Duration,
    failure: Option<PamError>,
}

impl Attempt {
    fn next_allowed(&self) -> Instant {
        let rest = self.took.saturating_mul(REST).max(FRESH);
        match self.failure {
            Some(_) => self.began + rest.min(LONGEST_REST_AFTER_FAILURE),
            None => self.began + rest,
        }
    }
}

impl Inventory {
    /// An inventory that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A snapshot of a list that was begun less than 10 s before this call, not before `not_before`, and after the
    /// last [`Inventory::invalidate`]. If there is none, one new list, which all that wait share.
    ///
    /// Lists are asked for no more often than every 10 s, and every 10 durations of the last one. A caller waits up
    /// to 15 s for the next to be allowed, and gets [`PamError::ListThrottled`] if that is longer away. After a list
    /// that failed, callers get that failure until the next list is allowed.
    pub async fn fresh(&self, client: &PamClient, not_before: Option<Instant>) -> Result<Arc<Snapshot>, PamError> {
        self.fresh_by(not_before, || async {
            let mut records = Vec::new();
            client.list_credentials(&mut |record| records.push(record)).await?;
            records.shrink_to_fit();
            Ok(records)
        })
        .await
    }

    /// The newest snapshot, however old and whatever was invalidated since.
    #[must_use]
    pub fn latest(&self) -> Option<Arc<Snapshot>> {
        self.state().snapshot.clone()
    }

    /// What is known may be wrong (a write of unknown outcome): no list begun before now counts as fresh.
    pub fn invalidate(&self) {
        self.state().invalidated = Some(Instant::now());
    }

    /// Keeps the snapshot current with a write of our own: the record as the PAM answered it. Type and rotation are
    /// taken from the list where `record` leaves them open.
    pub fn note_written(&self, record: ListedCredential) {
        let mut state = self.state();
        if let Some(written) = &mut state.written_meanwhile {
            written.push(record.clone());
        }
        if let Some(snapshot) = &state.snapshot {
            snapshot.note_written(record);
        }
    }

    async fn fresh_by<F>(
        &self,
        not_before: Option<Instant>,
        list: impl FnOnce() -> F,
    ) -> Result<Arc<Snapshot>, PamError>
    where
        F: Future<Output = Result<Vec<ListedCredential>, PamError>>,
    {
        let now = Instant::now();
        let bound = now.checked_sub(FRESH).max(not_before);
        let attempts = self.state().attempts;
        if let Some(known) = self.known(bound, attempts) {
            return known;
        }
        let _flight = self.flight.lock().await;
        if let Some(known) = self.known(bound, attempts) {
            return known;
        }
        sleep(self.until_allowed()).await;
        self.take(list).await
    }

    /// What can be answered without a list of one's own. `attempts` is how many lists there had been when the
    /// caller came: one that ended since is the caller's, even if it failed.
    fn known(&self, bound: Option<Instant>, attempts: u64) -> Option<Result<Arc<Snapshot>, PamError>> {
        let state = self.state();
        let fresh = |snapshot: &&Arc<Snapshot>| Some(snapshot.started()) >= bound.max(state.invalidated);
        if let Some(snapshot) = state.snapshot.as_ref().filter(fresh) {
            return Some(Ok(Arc::clone(snapshot)));
        }
        let last = state.last.as_ref()?;
        let wait = last.next_allowed().saturating_duration_since(Instant::now());
        match &last.failure {
            Some(failure) if state.attempts > attempts || !wait.is_zero() => Some(Err(failure.clone())),
            _ if wait > PATIENCE => Some(Err(PamError::ListThrottled { after: wait })),
            _ => None,
        }
    }

    fn until_allowed(&self) -> Duration {
        let next = self.state().last.as_ref().map(Attempt::next_allowed);
        next.map_or(Duration::ZERO, |next| next.saturating_duration_since(Instant::now()))
    }

    /// Lists. The caller holds `flight`.
    async fn take<F>(&self, list: impl FnOnce() -> F) -> Result<Arc<Snapshot>, PamError>
    where
        F: Future<Output = Result<Vec<ListedCredential>, PamError>>,
    {
        let began = Instant::now();
        self.state().written_meanwhile = Some(Vec::new());
        let outcome = match list().await {
            Ok(records) => indexed(began, records).await,
            Err(error) => Err(error),
        };
        let mut state = self.state();
        let written = state.written_meanwhile.take().unwrap_or_default();
        if was_asked(&outcome) {
            let failure = outcome.as_ref().err().cloned();
            state.last = Some(Attempt { began, took: began.elapsed(), failure });
            state.attempts += 1;
        }
        if let Ok(snapshot) = &outcome {
            for record in written {
                snapshot.note_written(record);
            }
            state.snapshot = Some(Arc::clone(snapshot));
        }
        outcome
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Indexes a list, on a thread that may take its time: a hundred thousand records would hold up all other work.
async fn indexed(began: Instant, records: Vec<ListedCredential>) -> Result<Arc<Snapshot>, PamError> {
    let snapshot = tokio::task::spawn_blocking(move || Arc::new(Snapshot::new(began, records)));
    let call = Call::ListCredentials;
    snapshot.await.map_err(|_| PamError::Malformed { call, what: "could not be indexed" })
}

/// False if nothing was sent: such a failure costs the PAM nothing and must not put the next list off.
fn was_asked<T>(outcome: &Result<T, PamError>) -> bool {
    !matches!(
        outcome,
        Err(PamError::Unavailable { why: Unavailable::CircuitOpen { .. }, .. }
            | PamError::AuthenticationFailed(AuthFailure::LoginRefused))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pam::snapshot::Account;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::time::advance;

    /// A PAM whose list takes `seconds` and holds one record per list taken so far.
    struct Pam {
        lists: AtomicU32,
        seconds: u64,
    }

    type Outcome = Result<Arc<Snapshot>, PamError>;

    impl Pam {
        fn new(seconds: u64) -> Self {
            Self { lists: AtomicU32::new(0), seconds }
        }

        async fn list(&self) -> Result<Vec<ListedCredential>, PamError> {
            let number = self.lists.fetch_add(1, Ordering::SeqCst) + 1;
            sleep(Duration::from_secs(self.seconds)).await;
            Ok((0..number).map(|id| ListedCredential { id: id.to_string(), ..Default::default() }).collect())
        }

        async fn fail(&self, error: PamError) -> Result<Vec<ListedCredential>, PamError> {
            self.lists.fetch_add(1, Ordering::SeqCst);
            sleep(Duration::from_secs(self.seconds)).await;
            Err(error)
        }

        async fn ask(&self, inventory: &Inventory) -> Outcome {
            inventory.fresh_by(None, || self.list()).await
        }

        fn count(&self) -> u32 {
            self.lists.load(Ordering::SeqCst)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_wait_share_one_list_and_those_who_come_within_ten_seconds_too() {
        let (inventory, pam) = (Inventory::new(), Pam::new(1));
        let asked = futures::future::join_all((0..200).map(|_| pam.ask(&inventory))).await;
        assert!(asked.iter().all(|outcome| outcome.as_ref().unwrap().len() == 1));
        advance(Duration::from_millis(8_900)).await;
        pam.ask(&inventory).await.unwrap();
        assert_eq!(pam.count(), 1);
        advance(Duration::from_millis(200)).await;
        assert_eq!(pam.ask(&inventory).await.unwrap().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn after_an_invalidation_a_new_list_is_waited_for_but_not_asked_for_early() {
        let (inventory, pam) = (Inventory::new(), Pam::new(0));
        pam.ask(&inventory).await.unwrap();
        advance(Duration::from_secs(3)).await;
        inventory.invalidate();
        let began = Instant::now();
        let asked = futures::future::join_all((0..20).map(|_| pam.ask(&inventory))).await;
        assert!(asked.iter().all(|outcome| outcome.as_ref().unwrap().len() == 2));
        assert_eq!((pam.count(), began.elapsed().as_secs()), (2, 7));
    }

    #[tokio::test(start_paused = true)]
    async fn not_before_asks_for_a_list_begun_since() {
        let (inventory, pam) = (Inventory::new(), Pam::new(0));
        pam.ask(&inventory).await.unwrap();
        advance(Duration::from_secs(1)).await;
        let now = Some(Instant::now());
        assert_eq!(inventory.fresh_by(now, || pam.list()).await.unwrap().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_list_rests_ten_times_as_long_and_callers_are_told_when() {
        let (inventory, pam) = (Inventory::new(), Pam::new(12));
        pam.ask(&inventory).await.unwrap();
        let after = Duration::from_secs(108);
        assert_eq!(pam.ask(&inventory).await.unwrap_err(), PamError::ListThrottled { after });
        advance(Duration::from_secs(100)).await;
        assert_eq!(pam.ask(&inventory).await.unwrap().len(), 2);
        assert_eq!(pam.count(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_shared_until_the_next_list_is_allowed() {
        let (inventory, pam) = (Inventory::new(), Pam::new(1));
        let error = PamError::TooLarge(Call::ListCredentials);
        let fail = || inventory.fresh_by(None, || pam.fail(error.clone()));
        let asked = futures::future::join_all((0..20).map(|_| fail())).await;
        assert!(asked.iter().all(|outcome| outcome.as_ref().unwrap_err() == &error));
        assert_eq!(pam.ask(&inventory).await.unwrap_err(), error);
        assert_eq!(pam.count(), 1);
        advance(Duration::from_secs(10)).await;
        pam.ask(&inventory).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_that_was_never_sent_puts_nothing_off() {
        let (inventory, pam) = (Inventory::new(), Pam::new(0));
        let refused = PamError::AuthenticationFailed(AuthFailure::LoginRefused);
        inventory.fresh_by(None, || pam.fail(refused)).await.unwrap_err();
        pam.ask(&inventory).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn writes_during_a_list_are_in_it() {
        let (inventory, pam) = (Inventory::new(), Pam::new(5));
        let write = async {
            sleep(Duration::from_secs(2)).await;
            let identifier = Some("ours".to_owned());
            inventory.note_written(ListedCredential { id: "77".into(), identifier, ..Default::default() });
        };
        let (snapshot, ()) = tokio::join!(pam.ask(&inventory), write);
        let seen = snapshot.unwrap().look("ours", &Account::new("a", "b", "c"));
        assert_eq!(seen.identified.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_invalidation_during_a_list_makes_it_old() {
        let (inventory, pam) = (Inventory::new(), Pam::new(5));
        let doubt = async {
            sleep(Duration::from_secs(2)).await;
            inventory.invalidate();
        };
        let _ = tokio::join!(pam.ask(&inventory), doubt);
        assert_eq!(inventory.latest().unwrap().len(), 1);
        advance(Duration::from_secs(40)).await;
        assert_eq!(pam.ask(&inventory).await.unwrap().len(), 2);
    }
}
