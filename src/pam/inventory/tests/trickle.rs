//! A trickle of callers over an hour: lists keep their distance, and each caller is answered (P10).

use super::super::state::PATIENCE;
use super::*;

/// Lets a caller come each second for an hour, and returns what they got.
async fn trickle(pam: &Pam, inventory: &Inventory, ask: impl AsyncFn() -> Outcome<Snapshot>) -> Vec<Outcome<Snapshot>> {
    let longest = PATIENCE + 2 * Duration::from_secs(pam.seconds);
    let callers = (0..3600).map(async |second| {
        sleep(Duration::from_secs(second)).await;
        timeout(longest + Duration::from_millis(10), ask()).await.expect("waits for ever")
    });
    let outcomes = join_all(callers).await;
    let most = 3600 / usize::try_from(pam.interval().as_secs()).unwrap() + 1;
    assert!((most * 9 / 10..=most).contains(&pam.count()), "{} of {most} lists", pam.count());
    assert!(pam.shortest_gap() >= pam.interval(), "{:?}", pam.shortest_gap());
    assert!(inventory.state().running.is_none());
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
