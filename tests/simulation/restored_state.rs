//! P1, P2, P3: an API server that went back to an older state is noticed, and what the operator did since is neither lost nor
//! done twice. There is no election here, whose lease would give the restore away.

use std::time::Duration;

use crate::support::{Keeper, assert_no_canary, value, world};
use pam_simulator::Config;
use serde_json::json;
use tokio::time::sleep;

/// So long a restore may stay unnoticed.
const NOTICED: Duration = Duration::from_mins(2);
const A_WHILE: Duration = Duration::from_mins(5);

#[test]
fn a_state_that_went_back_is_noticed_within_two_minutes_and_nothing_is_doubled() {
    // The Secret as the backup has it, and edited after the restore.
    for (keeper, edited) in Keeper::ALL.into_iter().flat_map(|keeper| [(keeper, false), (keeper, true)]) {
        world(keeper.pam(), |world| async move {
            let mut cluster = keeper.cluster(&world, &json!({}));
            cluster.put_value("svc", &value("svc", 1));
            keeper.put(&cluster, "svc", &json!({}));
            cluster.start().await;
            world.until("synced", A_WHILE, || keeper.reason(&cluster, "svc") == "Synced").await;
            sleep(Duration::from_hours(1)).await;
            let backup = cluster.api.backup();
            for number in 2..6 {
                cluster.put_value("svc", &value("svc", number));
                sleep(A_WHILE).await;
            }
            cluster.put_value("later", &value("later", 1));
            keeper.put(&cluster, "later", &json!({}));
            sleep(A_WHILE).await;
            let (mark, values) = (world.sim.mark(), keeper.values(&world));
            assert_eq!((values.len(), values.get("svc")), (2, Some(&value("svc", 5))));

            cluster.api.restore(&backup);
            if edited {
                cluster.put_value("svc", &value("svc", 7));
            }
            let last_words = cluster.ends_by_itself(NOTICED).await;
            assert!(last_words.contains("older state"), "{last_words}");
            cluster.start().await;
            sleep(A_WHILE).await;
            let journal = world.journal(mark);
            assert_eq!((keeper.reason(&cluster, "svc").as_str(), keeper.kept(&world)), ("Synced", (2, 2)));
            if edited {
                assert_eq!(keeper.values(&world).get("svc"), Some(&value("svc", 7)));
            }
            // The new value is sent again once nothing can arrive any more: the list shows writes that the status does not tell of.
            let most = if edited { 2 } else { 0 };
            let calls = keeper.calls();
            let of_others = if calls.create == calls.update { 0 } else { journal.count(calls.create) };
            assert!(journal.count(calls.update) <= most && of_others == 0, "{journal:?}");
            assert_eq!(journal.count(calls.disable), 0, "{journal:?}");
            assert_no_canary(&(cluster.said() + &world.logs()));
        });
    }
}

#[test]
fn what_notices_costs_a_small_list_now_and_then_and_no_write() {
    world(Config::default(), |world| async move {
        let mut cluster = world.cluster("c1");
        cluster.start().await;
        sleep(Duration::from_hours(1)).await;
        let mark = cluster.api.mark();
        sleep(Duration::from_hours(1)).await;
        let requests = cluster.api.since(mark);
        let lists = requests.verb("list");
        assert!((60..=80).contains(&lists.len()) && requests.writes().is_empty(), "{:?}", requests.tally());
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}
