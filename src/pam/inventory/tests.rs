//! When lists are asked for, and what callers get (P10).

mod trickle;

use super::state::FRESH;
use super::table::table;
use super::*;
use crate::domain::{RecordId, RecordIdentifier};
use crate::pam::error::{AuthFailure, Unavailable};
use futures::future::join_all;
use std::time::Duration;
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
        let record = |id: usize| ListedCredential {
            id: RecordId::parse(&id.to_string()).unwrap(),
            change: change.clone(),
            ..Default::default()
        };
        Ok(table((0..number).map(record)))
    }

    async fn fail(&self, inventory: &Inventory, error: PamError) -> Result<Table, PamError> {
        self.list(inventory).await?;
        Err(error)
    }

    async fn ask(&self, inventory: &Inventory) -> Outcome<Snapshot> {
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

/// Lists five megabytes.
async fn list_much(inventory: &Inventory) -> Outcome<Snapshot> {
    let record = |id: usize| ListedCredential {
        id: RecordId::parse(&id.to_string()).unwrap(),
        username: "CANARY".repeat(150),
        ..ListedCredential::default()
    };
    let list = async || {
        let mut table = Table::default();
        (0..5000).try_for_each(|id| inventory.keep(&mut table, &record(id))).map(|()| table)
    };
    advance(2 * FRESH).await;
    inventory.fresh_by(None, list).await
}

/// A list that hangs takes memory and a thread, and a namespace may have any number of connections.
#[tokio::test(start_paused = true)]
async fn a_tenants_lists_come_two_at_a_time_and_leave_room_to_every_other_namespace() {
    let (budget, pam) = (ListBudget::default(), Pam::new(60));
    let of = |namespace: &str| Inventory::of_tenant(&budget, namespace);
    let hostile: Vec<_> = (0..100).map(|_| of("hostile")).collect();
    let mut flood = Box::pin(join_all(hostile.iter().map(|inventory| pam.ask(inventory))));
    timeout(Duration::from_secs(1), &mut flood).await.unwrap_err();
    assert_eq!(pam.count(), 2);
    let (others, owner) = ([of("a"), of("b"), of("c")], Inventory::new());
    for inventory in others.iter().chain([&owner]) {
        let came = Instant::now();
        tokio::select! {
            biased;
            _ = &mut flood => unreachable!("a hundred lists of a minute"),
            outcome = pam.ask(inventory) => outcome.unwrap(),
        };
        assert_eq!(came.elapsed(), Duration::from_mins(1));
    }
    drop(flood);
    let came = Instant::now();
    pam.ask(&of("hostile")).await.unwrap();
    assert_eq!(came.elapsed(), Duration::from_mins(1), "a wait that was given up takes no turn");
}

#[tokio::test(start_paused = true)]
async fn lists_of_tenants_are_kept_up_to_the_budget_and_one_that_goes_makes_room() {
    let budget = ListBudget::default();
    let mut one: Vec<_> = (0..12).map(|_| Inventory::of_tenant(&budget, "one")).collect();
    for round in 0..3 {
        let kept = join_all(one.iter().map(list_much)).await;
        let errors: Vec<_> = kept.iter().filter_map(|kept| kept.as_ref().err()).collect();
        assert_eq!(errors, [&PamError::ListNotKept; 10], "{round}");
        assert!(one[..2].iter().all(|inventory| inventory.latest().is_some()), "a list is replaced by the next");
    }
    one.remove(0);
    assert!(list_much(&one[5]).await.is_ok());
    let others: Vec<_> = (0..20).map(|number| Inventory::of_tenant(&budget, &number.to_string())).collect();
    let kept = join_all(others.iter().map(list_much)).await;
    assert_eq!(kept.iter().filter(|kept| kept.is_ok()).count(), 4, "of all together");
    assert!(list_much(&Inventory::new()).await.is_ok(), "the owner's list does not count");
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
    assert!(inventory.state().running.is_none(), "nothing is kept for a list that is over");
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
        inventory.note_written(ListedCredential { id: 0.into(), change, ..Default::default() });
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
        let identifier = Some(RecordIdentifier::of("ours"));
        inventory.note_written(ListedCredential { id: 77.into(), identifier, ..Default::default() });
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
