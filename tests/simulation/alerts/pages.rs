//! The page of metrics in both formats, as Prometheus' own tools read it.

use std::collections::BTreeSet;

use super::promtool::{Written, promtool};
use super::{change_all, names, synced};
use crate::support::world;
use pam_simulator::{Config, VaultEdit};
use serde_json::json;
use tokio::time::sleep;

#[test]
fn the_page_is_valid_in_both_formats() {
    world(Config::default().device("db01", "10.0.0.7"), async |world| {
        let cluster = synced(&world, 20, &json!({})).await;
        change_all(&cluster, 5, 2);
        world.sim.revoke_tokens();
        world.sim.edit(&cluster.status("svc0").id.unwrap(), VaultEdit::Username("somebody".to_owned()));
        cluster.put_credential("late", &json!({"suspend": true}));
        assert_eq!(names(1), ["svc0"]);
        sleep(super::A_WHILE).await;
        let (plain, open) = (cluster.page("text/plain"), cluster.page("application/openmetrics-text"));
        assert_eq!(promtool(&["check", "metrics"], &plain), "", "{plain}");
        // The strict parser is that of the import, which asks for the time of each sample.
        let timed = |line: &str| if line.starts_with('#') { line.to_owned() } else { format!("{line} 1893456000") };
        let timed: Vec<String> = open.lines().map(timed).collect();
        let (page, blocks) = (Written::new("page.om", &(timed.join("\n") + "\n")), Written::new("blocks", ""));
        let blocks = format!("{}.d", blocks.path());
        promtool(&["tsdb", "create-blocks-from", "openmetrics", page.path(), &blocks], "");
        std::fs::remove_dir_all(&blocks).unwrap();
        assert!(open.ends_with("# EOF\n") && samples(&plain) == samples(&open));
    });
}

/// The samples without those of the process, which grow from one scrape to the next.
fn samples(page: &str) -> BTreeSet<&str> {
    page.lines().filter(|line| !line.starts_with('#') && !line.starts_with("process_")).collect()
}
