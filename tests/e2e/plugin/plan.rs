//! `kubectl pam plan` says what the operator would do, does nothing, and leaves nothing behind, however it ends.

use std::time::Duration;

use kube::api::ListParams;
use local_cluster::wait_until;
use pam_simulator::{Kind, ProductVersion};
use serde_json::{Value, json};

use super::{Plugin, interrupt};
use crate::my_safe::{self, NAME};
use crate::support::vault::assert_untouched;
use crate::support::{CANARY, Plan, World};

async fn assert_nothing_left(world: &World, names: &[&str]) {
    let left = world.credentials().list(&ListParams::default()).await.unwrap();
    let left: Vec<_> = left.items.into_iter().filter_map(|object| object.metadata.name).collect();
    assert_eq!(left, names, "every throwaway is gone");
}

fn documents(objects: &[Value]) -> String {
    let texts: Vec<String> = objects.iter().map(ToString::to_string).collect();
    texts.join("\n---\n")
}

#[tokio::test]
async fn the_plan_of_a_file_is_that_of_its_objects_and_nothing_is_sent() {
    let world = World::start().await;
    world.synced("there").await;
    let plugin = Plugin::new(&world);
    let count = world.count().await;
    let secret = world.secret_json("there", CANARY);
    let (edit, new) =
        (world.credential_json("there", json!({"tags": ["one"]})), world.credential_json("new", json!({})));
    let file = documents(&[secret, edit, new]);

    let json = plugin.run_with(&["plan", "-f", "-", "-o", "json"], &file).await.ended(1).json();
    let [edit, new] = json["items"].as_array().unwrap().as_slice() else { panic!("{json}") };
    assert_eq!(
        (&edit["name"], &edit["action"], &edit["groups"]),
        (&json!("there"), &json!("Update"), &json!(["tags"]))
    );
    assert_eq!(edit["id"].as_str(), Some(world.id_of("there").await.as_str()));
    assert_eq!((&new["name"], &new["action"]), (&json!("new"), &json!("Blocked")));
    assert_eq!(new["status"], "SecretNotFound");
    let text = plugin.run_with(&["plan", "-f", "-", "--exit-zero"], &file).await.ended(0);
    let text = text.says(&[
        "pamcred/there   Update",
        "Apply would update record",
        "→ create it in the namespace",
        "left out: Secret there",
    ]);
    assert!(!text.out.contains("spec.mode is Plan"), "{}", text.out);

    let yaml = plugin.run_with(&["plan", "-f", "-", "-o", "yaml"], &file).await.ended(1).out;
    let yaml: Value = serde_saphyr::from_str(&yaml).unwrap();
    assert_eq!((&yaml["kind"], &yaml["items"]), (&json!("PlanList"), &json["items"]));
    let names = plugin.run_with(&["plan", "-f", "-", "-o", "name"], &file).await.ended(1).out;
    assert_eq!(names, "pamcredential.pam-operator.io/there\npamcredential.pam-operator.io/new\n");
    let bare = plugin.run_with(&["plan", "-f", "-", "-o", "wide", "--no-headers"], &file).await.ended(1).out;
    assert!(bare.starts_with("pamcred/there") && !bare.contains('\u{1b}'), "{bare:?}");

    let same = plugin.run(&["plan", "there"]).await.ended(0);
    assert!(same.out.contains("pamcred/there   Nothing"), "{}", same.out);
    let suspended = documents(&[world.credential_json("there", json!({"suspend": true, "tags": ["one"]}))]);
    plugin.run_with(&["plan", "-f", "-"], &suspended).await.ended(0).says(&["Suspended"]);
    assert_untouched(&world.journal(&count));
    assert_nothing_left(&world, &["there"]).await;
}

#[tokio::test]
async fn the_plan_of_an_entry_of_my_safe_is_that_of_a_file_or_of_the_object_and_nothing_is_sent() {
    let world = my_safe::with_sample(ProductVersion::V4_2).await;
    let id = my_safe::becomes(&world, "Synced").await.status.unwrap().identifier.unwrap();
    let plugin = Plugin::new(&world);
    let mark = world.sim.mark();
    let object = format!("mysafe/{NAME}");
    plugin.run(&["plan", &object]).await.ended(0).says(&[&format!("{object}   Nothing")]);

    let mut file = my_safe::sample(&world);
    let mut object = file.iter().find(|object| object["kind"] == "MySafePassword").unwrap().clone();
    object["spec"]["notes"] = json!("owned by others");
    let mut new = object.clone();
    (new["metadata"]["name"], new["spec"]["name"]) = (json!("new"), json!("Another"));
    let mut blocked = new.clone();
    (blocked["metadata"]["name"], blocked["spec"]["contentSecretRef"]) = (json!("blocked"), json!({"name": "absent"}));
    file.retain(|object| object["kind"] == "Secret");
    file.extend([object, new, blocked]);
    let file = documents(&file);
    let json = plugin.run_with(&["plan", "-f", "-", "-o", "json"], &file).await.ended(1).json();
    let [edit, new, blocked] = json["items"].as_array().unwrap().as_slice() else { panic!("{json}") };
    assert_eq!((&edit["action"], &edit["groups"], &edit["id"]), (&json!("Update"), &json!(["notes"]), &json!(id)));
    assert_eq!((&new["action"], &new["id"]), (&json!("Create"), &Value::Null));
    assert_eq!((&blocked["action"], &blocked["status"]), (&json!("Blocked"), &json!("SecretNotFound")));
    plugin.run_with(&["plan", "-f", "-", "--exit-zero"], &file).await.ended(0).says(&[
        &format!("mysafe/{NAME}   Update"),
        "mysafe/new             Create",
        "mysafe/blocked         Blocked",
        "→ create it in the namespace",
        "left out: Secret ",
    ]);

    let writes = [Kind::PostSafePassword, Kind::PutSafePassword, Kind::GetSafePassword];
    assert!(writes.iter().all(|kind| world.sim.since(mark).count(*kind) == 0), "{:?}", world.sim.since(mark));
    let left = my_safe::api(&world).list(&ListParams::default()).await.unwrap();
    let left: Vec<_> = left.items.into_iter().filter_map(|object| object.metadata.name).collect();
    assert_eq!(left, [NAME], "every throwaway is gone");
}

#[tokio::test]
async fn what_the_api_server_would_refuse_is_refused_before_anything_is_made() {
    let world = World::start().await;
    world.synced("there").await;
    let plugin = Plugin::new(&world);
    for (change, says) in [
        (json!({"identifier": "another"}), "spec.identifier cannot change once status.identifier is set"),
        (json!({"usernameSecretRef": {"name": "there"}}), "give exactly one of username and usernameSecretRef"),
    ] {
        let file = documents(&[world.credential_json("there", change)]);
        plugin.run_with(&["plan", "-f", "-"], &file).await.ended(3).says(&[says]);
    }
    plugin.run_with(&["plan", "-f", "-"], "a: [").await.ended(2).says(&["standard input: this is not YAML or JSON"]);
    plugin.run_with(&["plan", "-f", "-"], "kind: Secret").await.ended(2).says(&["nothing to plan"]);
    plugin.run(&["plan", "absent"]).await.ended(1).says(&["there is no PamCredential absent"]);
    plugin.run(&["plan", "there", "--as", "nobody"]).await.ended(3).says(&["refused (403)"]);
    assert_nothing_left(&world, &["there"]).await;
}

#[tokio::test]
async fn without_an_answer_the_throwaway_goes_too_after_its_time_and_after_an_interruption() {
    let world = Plan::default().operator_off().start().await;
    world.put_credential("waits", json!({})).await;
    let plugin = Plugin::new(&world);
    let late = plugin.run(&["plan", "waits", "--timeout", "2s"]).await.ended(6);
    late.says(&[
        "pamcred/waits   Unknown",
        "the operator did not answer in time",
        "→ if it stays for a minute: check that the operator runs",
    ]);
    assert_nothing_left(&world, &["waits"]).await;

    let child = plugin.start(&["plan", "waits", "--timeout", "0"]);
    wait_until("the throwaway", Duration::from_secs(30), async || {
        let all = world.credentials().list(&ListParams::default()).await?;
        anyhow::ensure!(all.items.len() == 2, "no throwaway yet");
        Ok(())
    })
    .await
    .unwrap();
    interrupt(child).await.ended(130).says(&["interrupted: the throwaway objects are removed"]);
    assert_nothing_left(&world, &["waits"]).await;
}
