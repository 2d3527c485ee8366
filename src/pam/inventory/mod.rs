//! What a PAM holds, as far as one connection may see it: one shared list instead of one per credential.

mod account;
mod index;
mod snapshot;
mod table;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::pam::client::PamClient;
use crate::pam::credential::ListedCredential;
use crate::pam::error::{AuthFailure, Call, PamError, Unavailable};
use table::{NoRoom, Table};

pub use account::Account;
pub use snapshot::{Seen, Snapshot};

/// How old a list may be that a first push is decided by; also the shortest time from one list to the next.
const FRESH: Duration = Duration::from_secs(10);
/// The time from one list to the next in durations of the last one: listing takes a tenth of the time at most.
const REST: u32 = 10;
/// A caller waits this long for others and for the next list to be allowed; longer, and it is sent away with the time.
const PATIENCE: Duration = Duration::from_secs(15);

type Outcome = Result<Arc<Snapshot>, PamError>;

/// The inventory of one connection.
#[derive(Debug, Default)]
pub struct Inventory {
    state: Mutex<State>,
    /// Held by the one call that is listing, or waiting to be allowed to.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    snapshot: Option<Arc<Snapshot>>,
    /// When it was complete.
    ended: Option<Instant>,
    invalidated: Option<Instant>,
    last: Option<Attempt>,
    flight: Option<Flight>,
}

/// A list under way.
#[derive(Debug, Default)]
struct Flight {
    /// When the request left. What it waits for before (a login, others' requests) is no list yet.
    sent: Option<Instant>,
    /// Our own writes since it began.
    written: Vec<ListedCredential>,
}

/// A list that was asked for, or a login for one.
#[derive(Debug)]
struct Attempt {
    next_allowed: Instant,
    failure: Option<PamError>,
}

impl Attempt {
    fn new(sent: Option<Instant>, failure: Option<PamError>) -> Self {
        let now = Instant::now();
        let began = sent.unwrap_or(now);
        let rest = now.duration_since(began).saturating_mul(REST).max(FRESH);
        Self { next_allowed: began + rest, failure }
    }

    /// How long until the next list is allowed.
    fn rest(&self) -> Duration {
        self.next_allowed.saturating_duration_since(Instant::now())
    }
}

/// What a caller of [`Inventory::fresh`] can do with.
struct Wish {
    since: Instant,
    /// A list begun then or later, if not any that is fresh.
    not_before: Option<Instant>,
}

impl Wish {
    fn patience(&self) -> Duration {
        PATIENCE.saturating_sub(self.since.elapsed())
    }
}

impl State {
    /// What can be answered without one more list.
    fn known(&self, wish: &Wish) -> Option<Outcome> {
        let bound = wish.not_before.max(self.invalidated);
        let fresh = |snapshot: &&Arc<Snapshot>| {
            Some(snapshot.started()) >= bound && self.age_from(snapshot.started()) >= wish.since.checked_sub(FRESH)
        };
        if let Some(snapshot) = self.snapshot.as_ref().filter(fresh) {
            return Some(Ok(Arc::clone(snapshot)));
        }
        let last = self.last.as_ref()?;
        let after = last.rest();
        match &last.failure {
            Some(failure) if !after.is_zero() => Some(Err(failure.clone())),
            _ if after > wish.patience() => Some(Err(PamError::ListThrottled { after })),
            _ => None,
        }
    }

    /// From when a list's age is counted. One that takes longer than a list is fresh would never be: nobody whom it wakes
    /// could go by it.
    fn age_from(&self, started: Instant) -> Option<Instant> {
        self.ended.filter(|ended| ended.duration_since(started) >= FRESH).or(Some(started))
    }

    /// Ends the list under way; without an outcome if nobody waits for it any more.
    fn land(&mut self, outcome: Option<&Outcome>) {
        let Some(flight) = self.flight.take() else { return };
        if flight.sent.is_some() || outcome.is_some_and(was_asked) {
            let failure = outcome.and_then(|outcome| outcome.as_ref().err()).cloned();
            self.last = Some(Attempt::new(flight.sent, failure));
        }
        if let Some(Ok(snapshot)) = outcome {
            flight.written.into_iter().for_each(|record| snapshot.note_written(record));
            self.snapshot = Some(Arc::clone(snapshot));
            self.ended = Some(Instant::now());
        }
    }
}

/// Ends the list under way also where its caller is dropped in the middle: the PAM was asked all the same, and the next
/// list must keep its distance from that one too.
struct Landing<'a>(&'a Inventory);

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.0.state().land(None);
    }
}

impl Inventory {
    /// An inventory that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A snapshot of a list that was begun less than 10 s before this call (ended, if it took longer than that), not before
    /// `not_before`, and after the last [`Inventory::invalidate`]. If there is none, one new list, which all that wait share.
    ///
    /// Lists are asked for no more often than every 10 s, and every 10 durations of the last one, whether that came to
    /// its end or not. A caller waits up to 15 s for others and for the next list to be allowed, and gets
    /// [`PamError::ListThrottled`] if that is longer away. After a list that failed, callers get that failure until the
    /// next list is allowed.
    pub async fn fresh(&self, client: &PamClient, not_before: Option<Instant>) -> Result<Arc<Snapshot>, PamError> {
        self.fresh_by(not_before, || async {
            let mut table = Table::default();
            let mut room = Ok(());
            let sent = || self.note_sent();
            let mut keep = |record| room = room.and_then(|()| table.push(&record));
            client.list_from(&sent, &mut keep).await?;
            room.map(|()| table).map_err(|NoRoom| PamError::TooLarge(Call::ListCredentials))
        })
        .await
    }

    /// The newest snapshot, however old and whatever was invalidated since.
    #[must_use]
    pub fn latest(&self) -> Option<Arc<Snapshot>> {
        self.state().snapshot.clone()
    }

    /// When the newest list that succeeded was begun.
    #[must_use]
    pub fn last_started(&self) -> Option<Instant> {
        self.state().snapshot.as_ref().map(|snapshot| snapshot.started())
    }

    /// What is known may be wrong (a write of unknown outcome): no list begun before now counts as fresh.
    pub fn invalidate(&self) {
        self.state().invalidated = Some(Instant::now());
    }

    /// Keeps the snapshot current with a write of our own: the record as the PAM answered it. Type and rotation are
    /// taken from the list where `record` leaves them open.
    ///
    /// `change` is unknown from now on, whatever `record` says of it, until a list that is begun later: the listed one is
    /// of before the write, and a list that is under way may show either.
    pub fn note_written(&self, record: ListedCredential) {
        let mut state = self.state();
        if let Some(flight) = &mut state.flight {
            flight.written.push(record.clone());
        }
        if let Some(snapshot) = &state.snapshot {
            snapshot.note_written(record);
        }
    }

    async fn fresh_by<F>(&self, not_before: Option<Instant>, list: impl FnOnce() -> F) -> Outcome
    where
        F: Future<Output = Result<Table, PamError>>,
    {
        let since = Instant::now();
        let wish = Wish { since, not_before };
        if let Some(known) = self.known(&wish) {
            return known;
        }
        let _turn = self.turn.lock().await;
        if let Some(known) = self.known(&wish) {
            return known;
        }
        sleep(self.until_allowed()).await;
        self.take(list).await
    }

    fn known(&self, wish: &Wish) -> Option<Outcome> {
        self.state().known(wish)
    }

    fn until_allowed(&self) -> Duration {
        self.state().last.as_ref().map(Attempt::rest).unwrap_or_default()
    }

    /// Lists. The caller holds `turn`.
    async fn take<F>(&self, list: impl FnOnce() -> F) -> Outcome
    where
        F: Future<Output = Result<Table, PamError>>,
    {
        let began = Instant::now();
        self.state().flight = Some(Flight::default());
        let landing = Landing(self);
        let outcome = match list().await {
            Ok(table) => indexed(self.sent().unwrap_or(began), table).await,
            Err(error) => Err(error),
        };
        self.state().land(Some(&outcome));
        drop(landing);
        outcome
    }

    fn note_sent(&self) {
        if let Some(flight) = &mut self.state().flight {
            flight.sent = Some(Instant::now());
        }
    }

    fn sent(&self) -> Option<Instant> {
        self.state().flight.as_ref()?.sent
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Indexes a list, on a thread that may take its time: a hundred thousand records would hold up all other work.
async fn indexed(started: Instant, table: Table) -> Outcome {
    let snapshot = tokio::task::spawn_blocking(move || Arc::new(Snapshot::new(started, table)));
    let call = Call::ListCredentials;
    snapshot.await.map_err(|_| PamError::Malformed { call, what: "could not be indexed" })
}

/// False if nothing was sent: such a failure costs the PAM nothing and must not put the next list off.
fn was_asked(outcome: &Outcome) -> bool {
    !matches!(
        outcome,
        Err(PamError::Unavailable { why: Unavailable::CircuitOpen { .. }, .. }
            | PamError::AuthenticationFailed(AuthFailure::LoginRefused))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::table::table;
    use futures::future::join_all;
    use tokio::time::{advance, timeout};

    /// A PAM whose list takes `seconds` and holds one record per list taken so far.
    struct Pam {
        lists: Mutex<Vec<Instant>>,
        seconds: u64,
    }

    impl Pam {
        fn new(seconds: u64) -> Self {
            Self { lists: Mutex::default(), seconds }
        }

        async fn list(&self, inventory: &Inventory) -> Result<Table, PamError> {
            inventory.note_sent();
            self.lists.lock().unwrap().push(Instant::now());
            let number = self.count();
            sleep(Duration::from_secs(self.seconds)).await;
            let change = Some("2031-01-01 10:00:00".to_owned());
            let record =
                |id: usize| ListedCredential { id: id.to_string(), change: change.clone(), ..Default::default() };
            Ok(table((0..number).map(record)))
        }

        async fn fail(&self, inventory: &Inventory, error: PamError) -> Result<Table, PamError> {
            self.list(inventory).await?;
            Err(error)
        }

        async fn ask(&self, inventory: &Inventory) -> Outcome {
            inventory.fresh_by(None, || self.list(inventory)).await
        }

        fn count(&self) -> usize {
            self.lists.lock().unwrap().len()
        }

        /// The shortest time from one list to the next.
        fn shortest_gap(&self) -> Duration {
            let lists = self.lists.lock().unwrap();
            lists.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or(Duration::MAX)
        }

        /// What `design.md` 6 allows.
        fn interval(&self) -> Duration {
            Duration::from_secs(10 * self.seconds.max(1))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_wait_share_one_list_and_those_who_come_within_ten_seconds_too() {
        let (inventory, pam) = (Inventory::new(), Pam::new(1));
        let asked = join_all((0..200).map(|_| pam.ask(&inventory))).await;
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
        let asked = join_all((0..20).map(|_| pam.ask(&inventory))).await;
        assert!(asked.iter().all(|outcome| outcome.as_ref().unwrap().len() == 2));
        assert_eq!((pam.count(), began.elapsed().as_secs()), (2, 7));
    }

    #[tokio::test(start_paused = true)]
    async fn not_before_asks_for_a_list_begun_since() {
        let (inventory, pam) = (Inventory::new(), Pam::new(0));
        pam.ask(&inventory).await.unwrap();
        advance(Duration::from_secs(1)).await;
        let now = Some(Instant::now());
        assert_eq!(inventory.fresh_by(now, || pam.list(&inventory)).await.unwrap().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_list_rests_ten_times_as_long_and_callers_are_told_when() {
        let (inventory, pam) = (Inventory::new(), Pam::new(12));
        pam.ask(&inventory).await.unwrap();
        advance(Duration::from_millis(10_001)).await;
        let after = Duration::from_millis(97_999);
        assert_eq!(pam.ask(&inventory).await.unwrap_err(), PamError::ListThrottled { after });
        advance(Duration::from_secs(90)).await;
        assert_eq!(pam.ask(&inventory).await.unwrap().len(), 2);
        assert_eq!(pam.count(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_woken_by_a_slow_list_goes_by_it() {
        let (inventory, pam) = (Inventory::new(), Pam::new(60));
        pam.ask(&inventory).await.unwrap();
        advance(Duration::from_secs(9)).await;
        assert_eq!(pam.ask(&inventory).await.unwrap().len(), 1);
        let later = inventory.last_started().map(|started| started + Duration::from_secs(1));
        let after = Duration::from_secs(531);
        let asked = inventory.fresh_by(later, || pam.list(&inventory)).await;
        assert_eq!(asked.unwrap_err(), PamError::ListThrottled { after }, "begun too early for this one");
        inventory.invalidate();
        assert_eq!(pam.ask(&inventory).await.unwrap_err(), PamError::ListThrottled { after });
        assert_eq!(pam.count(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_shared_until_the_next_list_is_allowed() {
        let (inventory, pam) = (Inventory::new(), Pam::new(1));
        let error = PamError::TooLarge(Call::ListCredentials);
        let fail = || inventory.fresh_by(None, || pam.fail(&inventory, error.clone()));
        let asked = join_all((0..20).map(|_| fail())).await;
        assert!(asked.iter().all(|outcome| outcome.as_ref().unwrap_err() == &error));
        assert_eq!(pam.ask(&inventory).await.unwrap_err(), error);
        assert_eq!(pam.count(), 1);
        advance(Duration::from_secs(10)).await;
        pam.ask(&inventory).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_that_was_never_sent_puts_nothing_off() {
        let (inventory, pam) = (Inventory::new(), Pam::new(0));
        let why = Unavailable::CircuitOpen { retry_after: Duration::from_secs(1) };
        let open = PamError::Unavailable { call: Call::ListCredentials, why };
        for error in [PamError::AuthenticationFailed(AuthFailure::LoginRefused), open] {
            inventory.fresh_by(None, async || Err(error)).await.unwrap_err();
        }
        pam.ask(&inventory).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_login_that_fails_is_shared_but_its_time_is_not_that_of_a_list() {
        let (inventory, pam) = (Inventory::new(), Pam::new(0));
        let error = PamError::Unavailable { call: Call::Token, why: Unavailable::Timeout };
        let slow = async || {
            sleep(Duration::from_secs(30)).await;
            Err(error.clone())
        };
        inventory.fresh_by(None, slow).await.unwrap_err();
        assert_eq!(pam.ask(&inventory).await.unwrap_err(), error);
        advance(FRESH).await;
        pam.ask(&inventory).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_list_waits_for_before_it_is_sent_is_not_its_duration() {
        let (inventory, pam) = (Inventory::new(), Pam::new(1));
        let began = Instant::now();
        let behind_others = async || {
            sleep(Duration::from_mins(1)).await;
            pam.list(&inventory).await
        };
        let snapshot = inventory.fresh_by(None, behind_others).await.unwrap();
        assert_eq!((snapshot.started() - began).as_secs(), 60);
        advance(Duration::from_secs(9)).await;
        inventory.invalidate();
        pam.ask(&inventory).await.unwrap();
        assert_eq!((pam.count(), pam.shortest_gap().as_secs()), (2, 10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_that_nobody_waits_for_any_more_counts_all_the_same() {
        let (inventory, pam) = (Inventory::new(), Pam::new(5));
        timeout(Duration::from_secs(2), pam.ask(&inventory)).await.unwrap_err();
        let after = Duration::from_secs(18);
        assert_eq!(pam.ask(&inventory).await.unwrap_err(), PamError::ListThrottled { after });
        assert_eq!((pam.count(), inventory.last_started()), (1, None));
        inventory.note_written(ListedCredential::default());
        assert!(inventory.state().flight.is_none(), "nothing is kept for a list that is over");
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_start_is_that_of_the_newest_list_that_succeeded() {
        let (inventory, pam) = (Inventory::new(), Pam::new(1));
        assert_eq!(inventory.last_started(), None);
        let began = Instant::now();
        pam.ask(&inventory).await.unwrap();
        assert_eq!(inventory.last_started(), Some(began));
        advance(Duration::from_secs(20)).await;
        let error = PamError::TooLarge(Call::ListCredentials);
        inventory.fresh_by(None, || pam.fail(&inventory, error)).await.unwrap_err();
        inventory.invalidate();
        assert_eq!(inventory.last_started(), Some(began), "a list that failed is none");
        advance(Duration::from_secs(20)).await;
        let again = Instant::now();
        pam.ask(&inventory).await.unwrap();
        assert_eq!(inventory.last_started(), Some(again));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_write_during_a_list_neither_the_old_nor_the_new_one_tells_the_change() {
        let (inventory, pam) = (Inventory::new(), Pam::new(5));
        let write = async |after| {
            sleep(Duration::from_secs(after)).await;
            let change = Some("CANARY".to_owned());
            inventory.note_written(ListedCredential { id: "0".into(), change, ..Default::default() });
        };
        let (snapshot, ()) = tokio::join!(pam.ask(&inventory), write(2));
        let snapshot = snapshot.unwrap();
        assert_eq!((snapshot.by_id("0").unwrap().change, snapshot.is_written("0")), (None, true));
        advance(Duration::from_mins(1)).await;
        let (next, ()) = tokio::join!(pam.ask(&inventory), write(4));
        let next = next.unwrap();
        assert_eq!((next.by_id("0").unwrap().change, next.by_id("1").unwrap().change.is_some()), (None, true));
        assert!(next.is_written("0") && !next.is_written("1"));
        advance(Duration::from_mins(1)).await;
        let later = pam.ask(&inventory).await.unwrap();
        assert!(later.by_id("0").unwrap().change.is_some() && !later.is_written("0"));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waited_for_others_in_vain_does_not_wait_as_long_again() {
        let (inventory, pam) = (Inventory::new(), Pam::new(1));
        pam.ask(&inventory).await.unwrap();
        advance(Duration::from_secs(1)).await;
        inventory.invalidate();
        let doubt = async {
            sleep(Duration::from_millis(8_500)).await;
            inventory.invalidate();
        };
        let began = Instant::now();
        let (first, second, ()) = tokio::join!(pam.ask(&inventory), pam.ask(&inventory), doubt);
        assert_eq!((first.unwrap().len(), began.elapsed().as_secs()), (2, 9));
        assert_eq!(second.unwrap_err(), PamError::ListThrottled { after: Duration::from_secs(9) });
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

    /// What became of callers of whom one came each second for an hour.
    async fn trickle(pam: &Pam, inventory: &Inventory, ask: impl AsyncFn() -> Outcome) -> Vec<Outcome> {
        let longest = PATIENCE + 2 * Duration::from_secs(pam.seconds);
        let callers = (0..3600).map(async |second| {
            sleep(Duration::from_secs(second)).await;
            timeout(longest + Duration::from_millis(10), ask()).await.expect("waits for ever")
        });
        let outcomes = join_all(callers).await;
        let most = 3600 / usize::try_from(pam.interval().as_secs()).unwrap() + 1;
        assert!((most * 9 / 10..=most).contains(&pam.count()), "{} of {most} lists", pam.count());
        assert!(pam.shortest_gap() >= pam.interval(), "{:?}", pam.shortest_gap());
        assert!(inventory.state().flight.is_none());
        outcomes
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_of_callers_asks_for_no_more_lists_than_are_allowed_and_each_is_answered() {
        for seconds in [0, 2, 12] {
            let (inventory, pam) = (Inventory::new(), Pam::new(seconds));
            for outcome in trickle(&pam, &inventory, || pam.ask(&inventory)).await {
                match outcome {
                    Ok(snapshot) => assert!(!snapshot.is_empty()),
                    Err(PamError::ListThrottled { after }) => assert!(after <= pam.interval() && seconds > 0),
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_while_lists_fail_asks_for_no_more_than_are_allowed_either() {
        let error = PamError::Malformed { call: Call::ListCredentials, what: "is no complete list" };
        for seconds in [0, 2, 12, 120] {
            let (inventory, pam) = (Inventory::new(), Pam::new(seconds));
            let ask = || inventory.fresh_by(None, || pam.fail(&inventory, error.clone()));
            let outcomes = trickle(&pam, &inventory, ask).await;
            assert!(outcomes.into_iter().all(|outcome| outcome.unwrap_err() == error));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_of_callers_who_want_a_list_from_after_they_came_is_no_other() {
        for seconds in [0, 2, 12] {
            let (inventory, pam) = (Inventory::new(), Pam::new(seconds));
            let ask = || inventory.fresh_by(Some(Instant::now()), || pam.list(&inventory));
            trickle(&pam, &inventory, ask).await;
            let (inventory, pam) = (Inventory::new(), Pam::new(seconds));
            let ask = async || {
                inventory.invalidate();
                pam.ask(&inventory).await
            };
            trickle(&pam, &inventory, ask).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_of_callers_who_give_up_asks_for_no_more_than_are_allowed_either() {
        let (inventory, pam) = (Inventory::new(), Pam::new(12));
        let callers = (0..3600).map(async |second| {
            sleep(Duration::from_secs(second)).await;
            let patience = Duration::from_secs(5);
            timeout(patience, pam.ask(&inventory)).await.is_ok_and(|outcome| outcome.is_ok())
        });
        let served = join_all(callers).await.into_iter().filter(|served| *served).count();
        assert_eq!(served, 0, "every one gave up in the middle of its list");
        assert!(pam.count() > 1 && pam.shortest_gap() >= FRESH, "{:?}", pam.shortest_gap());
    }

    /// First pushes come back when they were told to, or some seconds later, until there is a list for them.
    #[tokio::test(start_paused = true)]
    async fn everyone_of_a_trickle_gets_its_list_in_the_end() {
        for seconds in [0, 2, 12] {
            let (inventory, pam) = (Inventory::new(), Pam::new(seconds));
            let callers = (0..3600_u64).map(async |second| {
                sleep(Duration::from_secs(second)).await;
                let came = Instant::now();
                while let Err(error) = pam.ask(&inventory).await {
                    let PamError::ListThrottled { after } = error else { panic!("{error}") };
                    sleep(after + Duration::from_secs(second % 10)).await;
                }
                came.elapsed()
            });
            let longest = join_all(callers).await.into_iter().max().unwrap();
            let allowed = pam.interval() + PATIENCE + Duration::from_secs(10 + 2 * seconds);
            assert!(longest <= allowed, "{seconds}: {longest:?} is more than {allowed:?}");
            assert!(pam.shortest_gap() >= pam.interval());
        }
    }
}
