//! `kubectl pam status` says what is not as it should be and what to do, in every form, and its exit code says whether all is
//! ready.

use std::time::Duration;

use local_cluster::unique_name;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::{Plugin, interrupt};
use crate::support::{CANARY, World, assert_no_canary};

async fn one_ready_and_one_not() -> World {
    let world = World::start().await;
    world.synced("good").await;
    world.put_credential("bad", json!({})).await;
    world.becomes("bad", "SecretNotFound").await;
    world
}

#[tokio::test]
async fn what_is_not_ready_is_told_with_what_to_do_in_every_form() {
    let world = one_ready_and_one_not().await;
    let plugin = Plugin::new(&world);
    let all = plugin.run(&["status", "pamcred"]).await.ended(1);
    let lines: Vec<&str> = all.out.lines().collect();
    assert!(lines[0].starts_with("NAME           READY   STATUS"), "{}", all.out);
    assert!(lines[1].starts_with("pamcred/bad    False   SecretNotFound"), "{}", all.out);
    assert!(lines[2].starts_with("    Secret bad does not exist in namespace"), "{}", all.out);
    assert_eq!(lines[3], "    → create it in the namespace that the message names");
    assert!(lines[4].starts_with("pamcred/good   True    Synced"), "{}", all.out);
    assert!(!all.out.contains('\u{1b}'), "no colours in a pipe: {:?}", all.out);

    let coloured = plugin.run(&["status", "pamcred", "--color", "always"]).await.ended(1);
    assert!(coloured.out.contains("\u{1b}[31m") || coloured.out.contains("\u{1b}[33m"), "{:?}", coloured.out);
    let refused = plugin.command(&["status", "pamcred"]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").output();
    assert!(!String::from_utf8(refused.await.unwrap().stdout).unwrap().contains('\u{1b}'));

    plugin.run(&["status", "pamcred", "--exit-zero"]).await.ended(0);
    let not_ready = plugin.run(&["status", "--not-ready", "--no-headers", "pamcred"]).await.ended(1);
    assert!(not_ready.out.starts_with("pamcred/bad") && !not_ready.out.contains("good"), "{}", not_ready.out);
    let names = plugin.run(&["status", "pamcred", "-o", "name"]).await.ended(1);
    assert_eq!(names.out, "pamcredential.pam-operator.io/bad\npamcredential.pam-operator.io/good\n");
    plugin.run(&["status", "-o", "yaml", "pamcred/good"]).await.ended(0).says(&["kind: StatusList", "name: good"]);
    let json = plugin.run(&["status", "-o", "json", "pamcred"]).await.ended(1).json();
    assert_eq!(json["items"][0]["whatToDo"], "create it in the namespace that the message names");
    assert_eq!((&json["items"][1]["ready"], &json["items"][1]["status"]), (&json!(true), &json!("Synced")));
    plugin.run(&["status", "-A", "--connection", &world.connection]).await.ended(1).says(&[
        &world.namespace,
        "clusterpamconn/",
        "pamcred/good",
    ]);
}

/// A user who may read credentials in the namespace, and neither Secrets nor events.
async fn who_reads_credentials_alone(world: &World) -> String {
    let (user, namespace) = (unique_name("reader"), &world.namespace);
    let group = "rbac.authorization.k8s.io";
    world
        .apply([
            json!({"apiVersion": format!("{group}/v1"), "kind": "Role", "metadata": {"name": user, "namespace": namespace},
                "rules": [{"apiGroups": ["pam-operator.io"], "resources": ["pamcredentials"], "verbs": ["get"]}]}),
            json!({"apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": {"name": user, "namespace": namespace},
                "roleRef": {"apiGroup": group, "kind": "Role", "name": user},
                "subjects": [{"apiGroup": group, "kind": "User", "name": user}]}),
        ])
        .await;
    user
}

#[tokio::test]
async fn one_object_is_shown_with_its_vault_its_secret_and_its_events() {
    let world = one_ready_and_one_not().await;
    let plugin = Plugin::new(&world);
    let id = world.id_of("good").await;
    let claims = ["    account  good at db01 (10.0.0.7)\n", &format!("    record   id {id}, identifier c1_")];
    let text = plugin.run(&["status", "good"]).await.ended(0).says(&claims).says(&[
        "    vault    https://",
        "    pushed   ",
        "    secret   good: as it was pushed, last changed ",
        "    event    ",
    ]);
    assert_eq!(plugin.run(&["status", "pamcred/good"]).await.ended(0).out.lines().count(), text.out.lines().count());
    let json = plugin.run(&["status", "pamcred/good", "-o", "json"]).await.ended(0).json();
    let detail = &json["items"][0]["detail"];
    assert_eq!(detail["secrets"][0]["state"], "Pushed");
    assert_eq!((&detail["claims"]["hostname"], &detail["claims"]["id"]), (&json!("db01"), &json!(id)));
    assert!(detail["events"][0]["reason"].is_string() && detail["origin"].is_string(), "{detail}");
    let times: Vec<&str> = detail["events"].as_array().unwrap().iter().map(|e| e["time"].as_str().unwrap()).collect();
    assert!(times.is_sorted() && times.len() <= 5, "the newest is the last: {times:?}");
    let secret = world.secrets().get_metadata("good").await.unwrap().metadata;
    let created = secret.creation_timestamp.unwrap().0.to_string();
    assert!(detail["secrets"][0]["changed"].as_str().unwrap() >= created.as_str(), "{detail} {created}");

    let reader = who_reads_credentials_alone(&world).await;
    plugin.run(&["status", "good", "--as", &reader]).await.ended(0).says(&[
        "    secret   good: its metadata could not be read (you may not, in namespace ",
        "    event    cannot list events: Kubernetes refused (403)",
    ]);
    world.put_secret("twin", json!({"password": CANARY})).await;
    world.put_credential("twin", json!({"username": "good"})).await;
    world.becomes("twin", "AccountConflict").await;
    let held = plugin.run(&["status", "twin", "-o", "json"]).await.ended(1).json();
    assert_eq!(held["items"][0]["detail"]["claims"]["heldByAnother"], "Account", "{held}");
    plugin.run(&["status", "twin"]).await.ended(1).says(&[
        "    account  good at db01 (10.0.0.7): another object of this cluster holds it\n",
        "    pushed   not yet\n",
        "    secret   twin: not pushed yet",
    ]);
    let connection = format!("clusterpamconn/{}", world.connection);
    let json = plugin.run(&["status", &connection, "-o", "json"]).await.ended(0).json();
    assert_eq!(
        (&json["items"][0]["detail"]["claims"], &json["items"][0]["name"]),
        (&json!(null), &json!(world.connection))
    );
    plugin.run(&["status", "pamcred/absent"]).await.ended(1).says(&["there is no PamCredential absent"]);
    plugin.run(&["status", "clusterpamconn", "--as", "nobody"]).await.ended(3).says(&["refused (403)"]);
    let partly = plugin.run(&["status", "--as", "nobody"]).await.ended(3);
    assert_eq!(partly.out, "");
    plugin.run(&["status", "-l", "a=b"]).await.ended(0).says(&["no objects of the PAM operator found in namespace"]);
}

#[tokio::test]
async fn a_watch_in_a_pipe_prints_what_changes_until_it_is_interrupted() {
    let world = World::start().await;
    world.synced("first").await;
    let plugin = Plugin::new(&world);
    let mut child = plugin.start(&["status", "pamcred", "--watch"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let next = async |lines: &mut tokio::io::Lines<_>| {
        let line = tokio::time::timeout(Duration::from_secs(30), lines.next_line()).await;
        line.expect("a line comes").unwrap().unwrap()
    };
    assert!(next(&mut lines).await.starts_with("NAME"));
    assert!(next(&mut lines).await.starts_with("pamcred/first   True    Synced"));
    world.put_secret("second", json!({"password": CANARY})).await;
    world.put_credential("second", json!({})).await;
    let mut told = String::new();
    while !told.contains("Synced") {
        told = next(&mut lines).await;
        assert!(!told.contains("NAME") && !told.contains("first"), "each change once, and no header: {told}");
        assert_no_canary(&told);
    }
    assert!(told.starts_with("pamcred/second"), "{told}");
    interrupt(child).await.ended(130);
}
