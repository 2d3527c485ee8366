//! What people change while much is due: it does not wait until the rest is done.

use std::time::Duration;

use crate::support::{Keeper, assert_no_canary, value, world};
use serde_json::json;

/// So many Secrets changed while no operator ran, and the PAM takes one request in a second.
const DUE: usize = 100;
const SOON: Duration = Duration::from_secs(15);

fn what_people_change_comes_before_what_was_left(keeper: Keeper) {
    world(keeper.pam(), async move |world| {
        let mut cluster = keeper.cluster(&world, &json!({"limits": {"requestsPerSecond": 1, "burst": 1}}));
        let names: Vec<String> = (0..=DUE).map(|number| format!("svc{number}")).collect();
        for name in &names {
            cluster.put_value(name, &value(name, 1));
            keeper.put(&cluster, name, &json!({}));
        }
        cluster.start().await;
        let all_synced = || names.iter().all(|name| keeper.reason(&cluster, name) == "Synced");
        world.until("all to be synced", Duration::from_mins(30), all_synced).await;
        cluster.end().await;
        for name in &names[..DUE] {
            cluster.put_value(name, &value(name, 2));
        }
        cluster.start().await;
        tokio::time::sleep(Duration::from_secs(5)).await;

        cluster.put_value(&names[DUE], &value(&names[DUE], 2));
        cluster.put_value("new", &value("new", 1));
        keeper.put(&cluster, "new", &json!({}));
        for (name, number) in [(names[DUE].as_str(), 2), ("new", 1)] {
            let is_stored = || keeper.values(&world).get(name) == Some(&value(name, number));
            world.until(name, SOON, is_stored).await;
        }
        let values = keeper.values(&world);
        let left = names[..DUE].iter().filter(|name| values.get(*name) != Some(&value(name, 2))).count();
        assert!(left > DUE / 2, "{left} are still due");
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

#[test]
fn what_people_change_comes_before_the_credentials_that_were_left() {
    what_people_change_comes_before_what_was_left(Keeper::Credential);
}

#[test]
fn what_people_change_comes_before_the_entries_that_were_left() {
    what_people_change_comes_before_what_was_left(Keeper::Entry);
}
