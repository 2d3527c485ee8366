//! P4: every row of the table of `design.md` 5 under `ByIdentifier`, and what only the answer tells, on each version.

use std::collections::BTreeMap;

use pam_simulator::{Kind, ProductVersion, RecordView, Seed};
use serde_json::json;

use crate::support::steps::A_MOMENT;
use crate::support::{CANARY, Plan, World, assert_no_canary, ready};

const THEIRS: &str = "their-value";

/// What is in the PAM before a credential of this name comes, and what comes of it.
struct Row {
    name: &'static str,
    /// The first of them is the one that is met.
    there: Vec<Seed>,
    reason: &'static str,
    posts: usize,
    /// Whether ours is the value afterwards.
    ours: bool,
}

fn row(name: &'static str, there: Vec<Seed>, (reason, posts, ours): (&'static str, usize, bool)) -> Row {
    Row { name, there, reason, posts, ours }
}

const UPDATED: (&str, usize, bool) = ("Synced", 1, true);
const HELD_BACK: (&str, usize, bool) = ("Adopted", 1, false);
const CONFLICT: (&str, usize, bool) = ("RecordConflict", 0, false);

fn rows(own: impl Fn(&str) -> String) -> Vec<Row> {
    let on = |username: &str| Seed::new(username, "db01", "10.0.0.7").value(THEIRS);
    let known = |username: &str| on(username).identifier(&own(username));
    vec![
        row("free", vec![], UPDATED),
        row("known", vec![known("known")], UPDATED),
        row("known-rotated", vec![known("known-rotated").automatic_change()], HELD_BACK),
        row("bare", vec![Seed::new("BARE", "DB01", "10.0.0.7").value(THEIRS)], UPDATED),
        row("bare-rotated", vec![on("bare-rotated").automatic_change()], HELD_BACK),
        row("elsewhere", vec![on("somebody").identifier(&own("elsewhere"))], CONFLICT),
        row("theirs", vec![on("theirs").identifier("their-own")], CONFLICT),
        row("split", vec![on("split"), on("another").identifier(&own("split"))], CONFLICT),
        row("double", vec![on("double"), on("double").identifier("their-second")], CONFLICT),
        row("key", vec![known("key").ssh_key()], CONFLICT),
        // Not listed: the one write tells, and no other follows.
        row("hidden", vec![known("hidden").visible_to(&["somebody-else"])], ("RecordConflict", 1, true)),
    ]
}

pub async fn each_cell_of_the_table_is_kept(version: ProductVersion) {
    let world = Plan::default().version(version).start().await;
    let own = |name: &str| format!("c1_{}_{name}", world.namespace);
    let rows = rows(own);
    let mut before = BTreeMap::new();
    for row in &rows {
        for seed in &row.there {
            let id = world.sim.seed(seed.clone());
            before.insert(id.clone(), world.sim.record(&id).unwrap());
        }
    }
    let objects = |row: &Row| [world.secret_json(row.name, CANARY), world.credential_json(row.name, json!({}))];
    world.apply(rows.iter().flat_map(objects)).await;
    for row in &rows {
        world.becomes(row.name, row.reason).await;
    }
    for row in &rows {
        is_as_it_says(&world, row, &own(row.name)).await;
    }
    conflicts_stay_untouched(&world, &rows, &before).await;
    assert_eq!(world.sim.records().len(), before.len() + 1, "only what was free was created");
    assert_eq!(world.sim.count(Kind::GetCredential), 0, "P5");
    assert_no_canary(&world.everything_said().await);
}

async fn is_as_it_says(world: &World, row: &Row, own: &str) {
    let (journal, name) = (world.sim.journal(), row.name);
    assert_eq!(journal.posts_for(own).len(), row.posts, "{name}: {journal:?}");
    let credential = world.get(name).await;
    if row.reason == "RecordConflict" {
        assert_eq!(credential.status.as_ref().unwrap().id, None, "{name}");
        let message = ready(&credential).2;
        assert!(message.contains("record "), "{name}: the record is named: {message}");
        return;
    }
    let record = world.sim.find(own).expect("it has our identifier now");
    assert_eq!(credential.status.unwrap().id.as_ref(), Some(&record.id), "{name}");
    let value = world.sim.value_of(&record.id);
    assert_eq!(value.as_deref(), Some(if row.ours { CANARY } else { THEIRS }), "{name}");
    assert_eq!(journal.posts_for(own)[0].sent("content"), row.ours, "{name}");
}

/// A changed Secret and time change nothing for those in conflict.
async fn conflicts_stay_untouched(world: &World, rows: &[Row], before: &BTreeMap<String, RecordView>) {
    let mark = world.sim.mark();
    let in_conflict = || rows.iter().filter(|row| row.reason == "RecordConflict");
    for row in in_conflict() {
        world.put_secret(row.name, json!({"password": format!("{CANARY}-again")})).await;
    }
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(world.sim.since(mark).posts().len(), 0);
    for (id, record) in before {
        let now = world.sim.record(id).unwrap();
        if in_conflict().any(|row| row.posts == 0 && row.there.iter().any(|seed| seed.username == record.username)) {
            assert_eq!(now, *record);
            assert_eq!(world.sim.value_of(id).as_deref(), Some(THEIRS));
        }
    }
}
