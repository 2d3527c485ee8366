//! The first list of each watch: a watch sends it by itself where the API server can do that, and it comes in pages where not.

use std::time::Duration;

use crate::support::{Keeper, assert_no_canary, value, world};
use serde_json::json;

const SOON: Duration = Duration::from_mins(2);

fn lists_come(keeper: Keeper, by_watches: bool) {
    world(keeper.pam(), async move |world| {
        let mut cluster = keeper.cluster(&world, &json!({}));
        if !by_watches {
            cluster.api.send_no_first_lists();
        }
        cluster.put_value("svc", &value("svc", 1));
        keeper.put(&cluster, "svc", &json!({}));
        cluster.start().await;
        world.until("synced", SOON, || keeper.reason(&cluster, "svc") == "Synced").await;
        for resource in [keeper.plural(), "secrets", "namespaces"] {
            let lists = cluster.api.requests().verb("list").resource(resource);
            assert_eq!(lists.is_empty(), by_watches, "{resource}: {lists}");
        }

        // What happens while a watch is cut off shows in the next first list.
        cluster.api.hold_watches(true);
        cluster.put_value("svc", &value("svc", 2));
        cluster.api.compact();
        cluster.api.hold_watches(false);
        world.until("the change", SOON, || keeper.values(&world).get("svc") == Some(&value("svc", 2))).await;
        assert_eq!(keeper.kept(&world).0, 1);
        assert_no_canary(&(cluster.said() + &world.logs()));
    });
}

#[test]
fn the_watches_send_their_first_lists() {
    for keeper in [Keeper::Credential, Keeper::Entry] {
        lists_come(keeper, true);
    }
}

#[test]
fn an_api_server_that_lets_no_watch_do_that_is_asked_for_pages() {
    for keeper in [Keeper::Credential, Keeper::Entry] {
        lists_come(keeper, false);
    }
}
