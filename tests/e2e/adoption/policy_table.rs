//! P4, P6: each cell of the adoption table, with records that the vault rotates and records that it does not.

use std::time::Duration;

use pam_simulator::{Kind, RecordView, Seed};
use serde_json::json;

use super::{THEIRS, ends, restart_with, status};
use crate::support::{CANARY, Plan, World, ready};

/// What the list shows of a credential before its first push.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Row {
    Neither,
    IdentifierOnAccount,
    IdentifierElsewhere,
    AccountBare,
    AccountOther,
    Former,
    OnTwoRecords,
    AccountTwice,
    SshKey,
}

/// The expected result.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Created,
    Updated,
    TakenOver,
    Conflict,
}

const ROWS: [Row; 9] = [
    Row::Neither,
    Row::IdentifierOnAccount,
    Row::IdentifierElsewhere,
    Row::AccountBare,
    Row::AccountOther,
    Row::Former,
    Row::OnTwoRecords,
    Row::AccountTwice,
    Row::SshKey,
];

/// The table, as `design.md` 5 has it.
fn outcome(row: Row, policy: &str) -> Outcome {
    match (row, policy) {
        (Row::Neither, _) => Outcome::Created,
        (Row::Former, _) | (Row::IdentifierOnAccount | Row::AccountBare, "ByIdentifier" | "TakeOver") => {
            Outcome::Updated
        }
        (Row::IdentifierElsewhere | Row::AccountOther, "TakeOver") => Outcome::TakenOver,
        _ => Outcome::Conflict,
    }
}

/// One cell: its row, and whether the vault rotates what is there.
struct Cell {
    row: Row,
    rotates: bool,
    name: String,
    /// The identifier that would be sent for it.
    identifier: String,
    former: String,
    /// The ids of the records that are there.
    there: Vec<String>,
}

fn cell(world: &World, row: Row, rotates: bool) -> Cell {
    let name = format!("{row:?}-{rotates}").to_lowercase();
    let (identifier, former) = (format!("c1_{}_{name}", world.namespace), format!("c0_{}_{name}", world.namespace));
    let on = |user: &str| {
        let seed = Seed::new(user, "db01", "10.0.0.7").value(THEIRS);
        if rotates { seed.automatic_change() } else { seed }
    };
    let other = format!("{name}-elsewhere");
    let seeds = match row {
        Row::Neither => vec![],
        Row::IdentifierOnAccount => vec![on(&name.to_uppercase()).identifier(&identifier)],
        Row::IdentifierElsewhere => vec![on(&other).identifier(&identifier)],
        Row::AccountBare => vec![on(&name)],
        Row::AccountOther => vec![on(&name).identifier(&format!("theirs-{name}"))],
        Row::Former => vec![on(&name).identifier(&former)],
        Row::OnTwoRecords => vec![on(&name), on(&other).identifier(&identifier)],
        Row::AccountTwice => vec![on(&name), on(&name).identifier(&identifier)],
        Row::SshKey => vec![on(&name).identifier(&identifier).ssh_key()],
    };
    let there = seeds.into_iter().map(|seed| world.sim.seed(seed)).collect();
    Cell { row, rotates, name, identifier, former, there }
}

/// Every cell of one column, in one world.
async fn column(policy: &str) {
    let mut world = Plan::default().operator_off().start().await;
    restart_with(&mut world, &[("clusterName", json!("c1")), ("formerClusterNames", json!(["older", "c0"]))]).await;
    let cells: Vec<Cell> =
        ROWS.iter().flat_map(|row| [false, true].map(|rotates| cell(&world, *row, rotates))).collect();
    let before: Vec<RecordView> = world.sim.records();
    for cell in &cells {
        world.put_secret(&cell.name, json!({"password": format!("{CANARY}-{}", cell.name)})).await;
        world.put_credential(&cell.name, json!({"adoptionPolicy": policy})).await;
    }
    for cell in &cells {
        match outcome(cell.row, policy) {
            Outcome::Conflict => conflicts(&world, cell, policy).await,
            outcome => is_written(&world, cell, outcome).await,
        }
    }
    // Nothing more comes, and what is not ours is as it was.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let written = |cell: &&Cell| outcome(cell.row, policy) != Outcome::Conflict;
    assert_eq!(world.sim.count(Kind::PostCredential), cells.iter().filter(written).count());
    for cell in cells.iter().filter(|cell| !written(cell)) {
        for id in &cell.there {
            assert_eq!(world.sim.record(id).as_ref(), before.iter().find(|record| record.id == *id), "{}", cell.name);
        }
    }
    assert_eq!((world.sim.count(Kind::PutCredential), world.sim.count(Kind::DeleteCredential)), (0, 0));
    ends(&world).await;
}

async fn conflicts(world: &World, cell: &Cell, policy: &str) {
    let found = world.becomes(&cell.name, "RecordConflict").await;
    let message = ready(&found).2;
    assert!(cell.there.iter().all(|id| message.contains(id.as_str())), "the records are named: {message}");
    let by_policy = match cell.row {
        Row::IdentifierOnAccount | Row::AccountBare => "adoptionPolicy to ByIdentifier",
        Row::IdentifierElsewhere | Row::AccountOther => "adoptionPolicy to TakeOver",
        _ => "",
    };
    assert!(message.contains(by_policy), "under {policy}: {message}");
    let status = status(&found);
    assert_eq!((status.id, status.identifier, status.in_flight), (None, None, None), "{}", cell.name);
    assert_eq!(world.sim.journal().posts_for(&cell.identifier).len(), 0, "{}", cell.name);
}

async fn is_written(world: &World, cell: &Cell, outcome: Outcome) {
    let keeps = cell.rotates && outcome != Outcome::Created;
    let status = status(&world.becomes(&cell.name, if keeps { "Adopted" } else { "Synced" }).await);
    let sent = if cell.row == Row::Former { &cell.former } else { &cell.identifier };
    let journal = world.sim.journal();
    let posts = journal.posts_for(sent);
    assert_eq!(posts.len(), 1, "{}: {posts:?}", cell.name);
    assert_eq!(posts[0].sent("content"), !keeps, "{}", cell.name);
    let id = status.id.clone().unwrap();
    assert_eq!(posts[0].record.as_ref(), Some(&id));
    assert_eq!(posts[0].commit.as_ref().unwrap().created, outcome == Outcome::Created);
    assert!(cell.there.is_empty() || cell.there == [id.clone()], "the record that was there: {}", cell.name);

    let record = world.sim.record(&id).unwrap();
    assert_eq!(record.identifier.as_ref(), Some(sent));
    assert_eq!(record.username.to_lowercase(), cell.name);
    let value = if keeps { THEIRS.to_owned() } else { format!("{CANARY}-{}", cell.name) };
    assert_eq!(world.sim.value_of(&id), Some(value), "{}", cell.name);
    assert_eq!(status.identifier.as_ref(), Some(sent));
    let former = (cell.row == Row::AccountOther).then(|| format!("theirs-{}", cell.name));
    assert_eq!(status.former_identifier, former, "{}", cell.name);
    assert_eq!((status.in_flight, status.value_held_back), (None, keeps));
    assert_eq!(status.ensured_enabled, outcome == Outcome::Created, "only what we made is surely enabled");
}

#[tokio::test]
async fn every_cell_by_identifier() {
    column("ByIdentifier").await;
}

#[tokio::test]
async fn every_cell_under_never() {
    column("Never").await;
}

#[tokio::test]
async fn every_cell_under_take_over() {
    column("TakeOver").await;
}
