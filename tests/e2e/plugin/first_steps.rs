//! The first steps of `docs/how-to/import-and-read.md`, word for word: from a vault to the records that are managed.

use std::path::Path;

use pam_simulator::Seed;
use serde_json::json;

use super::import::{have, identifiers, posts};
use super::program;
use crate::support::{Folder, Plan, World, assert_no_canary};

const PAGE: &str = include_str!("../../../docs/how-to/import-and-read.md");

/// The commands of a step, with this world's names in the place of the page's.
fn step(world: &World, number: usize) -> String {
    let (_, behind) =
        PAGE.split_once(&format!("<!-- first steps {number} -->\n```sh\n")).expect("the page has the step");
    let (commands, _) = behind.split_once("```").expect("the block ends");
    commands
        .replace("-n erp", &format!("-n {}", world.namespace))
        .replace(" default ", &format!(" {} ", world.connection))
        .replace("kubectl pam import", &format!("kubectl pam import --connection {}", world.connection))
}

/// Runs a step in a shell whose folder is `folder`, and returns what it printed.
async fn run(world: &World, folder: &Path, number: usize) -> String {
    let plugin = program();
    let folders = [plugin.parent().unwrap(), Path::new(&world.cluster.state().tools.kubectl).parent().unwrap()];
    let path = std::env::join_paths(
        folders.map(Path::to_owned).into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    )
    .unwrap();
    let mut shell = tokio::process::Command::new("sh");
    let shell = shell.args(["-e", "-c", &step(world, number)]).current_dir(folder).stdin(std::process::Stdio::null());
    let output = shell.env("KUBECONFIG", world.cluster.kubeconfig()).env("PATH", path).output().await.unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "step {number}: {said}");
    said
}

#[tokio::test]
async fn the_first_steps_lead_from_a_vault_to_forty_records_that_are_managed() {
    let world = Plan::default().on_its_own().await.start().await;
    world.put_connection(json!({"access": null})).await;
    world.connection_becomes("Authenticated").await;
    let seed = |number: usize, host: &str| {
        let seed = Seed::new(&format!("svc{number}"), &format!("{host}-{}", number % 4), &format!("10.1.0.{number}"));
        seed.identifier(&format!("robot-{number}")).value("their-value")
    };
    world.sim.seed_all((0..100).map(|number| seed(number, if number < 40 { "erp" } else { "crm" })));
    let before = identifiers(&world);
    let folder = Folder::new("first-steps");

    let said = run(&world, &folder, 1).await;
    assert!(said.contains("100 records: 40 new in erp-records, 60 not meant by --filter"), "{said}");
    assert!(said.contains("does not allow 40 of the records"), "{said}");
    run(&world, &folder, 2).await;
    world.connection_becomes("Authenticated").await;
    run(&world, &folder, 3).await;
    have(&world, 40, "SecretKeyNotFound").await;
    assert_eq!(posts(&world), 0);
    run(&world, &folder, 4).await;
    have(&world, 40, "Synced").await;
    assert_eq!((posts(&world), identifiers(&world)), (40, before));
    let said = run(&world, &folder, 1).await;
    assert!(said.contains("100 records: 0 new in erp-records, 40 claimed by objects of the cluster"), "{said}");
    assert!(world.sim.journal().secrets_handed_out().is_empty(), "P5");
    assert_no_canary(&world.everything_said().await);
}
