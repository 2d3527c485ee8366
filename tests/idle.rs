//! Credentials that nothing happens to cost the PAM one list per interval, and nobody else anything.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod worlds;

use std::time::Duration;

use pam_simulator::{Config, Kind};
use serde_json::json;
use worlds::{CANARY, World, assert_no_canary, world};

const CREDENTIALS: usize = 1_000;
const DAY: Duration = Duration::from_hours(24);

#[test]
fn a_thousand_credentials_are_idle_for_a_day() {
    world(Config::default().device("db01", "10.0.0.7"), idle);
}

async fn idle(world: World) {
    let mut site = world.site_with("c1", json!({"inventory": {"interval": "1h"}}));
    let names: Vec<String> = (0..CREDENTIALS).map(|number| format!("svc{number}")).collect();
    for name in &names {
        site.put_value(name, &format!("{CANARY}-{name}"));
        site.put_credential(name, &json!({}));
    }
    let began = std::time::Instant::now();
    site.start().await;
    let all_synced = || names.iter().all(|name| site.reason(name) == "Synced");
    world.until("all to be synced", Duration::from_mins(10), all_synced).await;
    eprintln!("synced after {:?}, {} requests", began.elapsed(), site.cluster.requests());
    assert_eq!(world.sim.records().len(), CREDENTIALS);

    // The baselines of `change`, which come with the first list, are written once.
    tokio::time::sleep(Duration::from_hours(2)).await;
    let (asked, mark) = (site.cluster.mark(), world.sim.mark());
    let events = site.cluster.list("events").len();
    let began = std::time::Instant::now();
    tokio::time::sleep(DAY).await;
    eprintln!("a day took {:?}", began.elapsed());

    let journal = world.journal(mark);
    let others = journal.len() - journal.count(Kind::ListCredentials) - journal.count(Kind::Token);
    assert_eq!(others, 0, "{journal:?}");
    let requests = site.cluster.since(asked);
    assert!(requests.writes().is_empty(), "{}", requests.writes());
    assert!(requests.verb("get").is_empty(), "{}", requests.verb("get"));
    assert_eq!(site.cluster.list("events").len(), events);
    assert_no_canary(&(site.said() + &world.logs()));
}
