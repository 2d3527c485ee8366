//! P7: the steps of `docs/how-to/uninstall.md`, word for word: nothing is left in the cluster, and every record stays as it is.

use std::path::Path;
use std::process::Stdio;

use pam_simulator::Kind;
use serde_json::json;
use tokio::process::Command;

use crate::support::{CANARY, Names, Plan, World, assert_no_canary};

const PAGE: &str = include_str!("../../docs/how-to/uninstall.md");
const NAMES: Names = Names { namespace: "shop", connection: "default", operator: "pam-operator" };

/// The commands of each block among the steps of the page.
fn steps() -> Vec<String> {
    let steps =
        PAGE.split("## Steps\n").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("the page has steps");
    let blocks = steps.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.map(str::to_owned).collect()
}

/// Runs commands as a user who has kubectl and helm, and returns what they print.
async fn run(world: &World, commands: &str) -> String {
    let tools = &world.cluster.state().tools;
    let [kubectl, helm] = [&tools.kubectl, &tools.helm].map(|program| Path::new(program).parent().unwrap());
    let path = std::env::join_paths([kubectl, helm, Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    let mut shell = Command::new("sh");
    let shell = shell.args(["-e", "-c", commands]).stdin(Stdio::null()).env("PATH", path);
    let output = shell.env("KUBECONFIG", world.cluster.kubeconfig()).output().await.unwrap();
    let printed = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    assert!(output.status.success(), "{commands}: {printed}");
    assert_no_canary(&printed);
    printed
}

#[tokio::test]
async fn the_page_on_removal_leaves_nothing_in_the_cluster_and_every_record_enabled() {
    let world = Plan::default().on_its_own().await.named(NAMES).start().await;
    for (name, hostname, ip) in [("one", "db01", "10.0.0.7"), ("two", "web01", "10.0.0.8")] {
        world.put_secret(name, json!({"password": CANARY})).await;
        let spec = json!({"deletionPolicy": "Disable", "hostname": hostname, "ip": ip});
        world.put_credential(name, spec).await;
        world.becomes(name, "Synced").await;
    }
    let suspended = json!({"deletionPolicy": "Disable", "hostname": "web01", "ip": "10.0.0.8", "suspend": true});
    world.put_credential("two", suspended).await;
    let [retain, delete, remove] = &steps()[..] else { panic!("{:?}", steps()) };
    run(&world, retain).await;
    run(&world, delete).await;
    assert!(run(&world, "kubectl get pam -A").await.contains("No resources found"));
    run(&world, remove).await;
    assert_eq!(run(&world, "kubectl get crd -o name").await, "");
    assert_eq!(world.sim.count(Kind::DeleteCredential), 0);
    assert!(world.sim.records().iter().all(|record| record.active) && world.sim.records().len() == 2);
}
