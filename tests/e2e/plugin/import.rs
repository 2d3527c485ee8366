//! `kubectl pam import`: records that no object claims become manifests that adopt them, and no more is written to the PAM than
//! one update for each value (P4, P5, P6). Each test has a cluster of its own: an object whose connection cannot be read counts
//! as claiming a record, and other tests have such objects.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams};
use local_cluster::wait_until;
use pam_operator::api::{ConditionType, PamCredential, find};
use pam_simulator::{Effect, Fault, Kind, Seed};
use serde_json::{Value, json};

use super::asked::{Ran, ask, command};
use crate::support::{CANARY, Folder, Plan, World, assert_no_canary};

const OWN: &str = "their-value";
/// How many of the manifests are applied: the API server, which all tests share, has other work.
const APPLIED: usize = 1_000;

fn seed(number: usize) -> Seed {
    let host = format!("host-{:02}", number % 20);
    Seed::new(&format!("svc{number}"), &host, &format!("10.1.{}.{}", number / 250, number % 250))
        .identifier(&format!("robot-{number}"))
        .value(OWN)
}

/// Imports into a folder.
async fn import(world: &World, folder: &Path, args: &[&str]) -> Ran {
    ask(world, &[&["import", "-o", folder.to_str().unwrap(), "-v=9"], args].concat()).await
}

/// The files of a folder: their names and texts.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap()))
        .collect()
}

fn manifests(folder: &Path) -> Vec<Value> {
    let files =
        files(folder).into_iter().filter(|(name, _)| Path::new(name).extension().is_some_and(|end| end == "yaml"));
    files.flat_map(|(_, text)| documents(&text)).collect()
}

fn documents(text: &str) -> Vec<Value> {
    text.split("---\n").map(|document| serde_saphyr::from_str(document).unwrap()).collect()
}

/// Returns the objects of so many names, those of `wanted` among them.
fn some(objects: Vec<Value>, count: usize, wanted: &[&str]) -> Vec<Value> {
    let name = |object: &Value| object["metadata"]["name"].as_str().unwrap().to_owned();
    let (mut chosen, others): (BTreeSet<String>, BTreeSet<String>) =
        objects.iter().map(name).partition(|name| wanted.contains(&name.as_str()));
    let more = count - chosen.len();
    chosen.extend(others.into_iter().take(more));
    objects.into_iter().filter(|object| chosen.contains(&name(object))).collect()
}

/// Applies manifests as a user's tool does, many at a time.
async fn apply(world: &World, objects: Vec<Value>) {
    let params = PatchParams::apply("user").force();
    let each = futures::stream::iter(objects).map(|object| {
        let (name, params) = (object["metadata"]["name"].as_str().unwrap().to_owned(), &params);
        async move {
            if object["kind"] == "Secret" {
                world.secrets().patch(&name, params, &Patch::Apply(object)).await.map(drop).unwrap();
            } else {
                world.credentials().patch(&name, params, &Patch::Apply(object)).await.map(drop).unwrap();
            }
        }
    });
    each.buffer_unordered(16).collect::<Vec<()>>().await;
}

/// Puts a value into a Secret, as its owner does.
async fn fill(world: &World, name: &str) {
    let patch = json!({"stringData": {"password": format!("{CANARY}-{name}")}});
    world.secrets().patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
}

/// Waits until so many credentials have that reason.
pub async fn have(world: &World, count: usize, reason: &str) {
    wait_until(&format!("{count} to be {reason}"), Duration::from_mins(6), async || {
        let all = world.credentials().list(&ListParams::default()).await?;
        let is = |found: &&PamCredential| {
            let status = found.status.clone().unwrap_or_default();
            find(&status.conditions, ConditionType::Ready).is_some_and(|ready| ready.reason == reason)
        };
        let found = all.iter().filter(is).count();
        anyhow::ensure!(found == count, "{found} of {}", all.items.len());
        Ok(())
    })
    .await
    .unwrap();
}

pub fn posts(world: &World) -> usize {
    world.sim.count(Kind::PostCredential)
}

pub fn identifiers(world: &World) -> BTreeMap<String, Option<String>> {
    world.sim.records().into_iter().map(|record| (record.id, record.identifier)).collect()
}

#[tokio::test]
async fn five_thousand_records_are_adopted_and_each_is_updated_once_when_its_secret_is_filled() {
    let world = Plan::default().on_its_own().await.start().await;
    let keys = (0..40).map(|number| Seed::new(&format!("key{number}"), "host-00", "10.9.9.9").ssh_key());
    world.sim.seed_all((0..4960).map(seed).chain(keys));
    let before = identifiers(&world);
    let (first, rest) = (Folder::new("first"), Folder::new("rest"));

    let ran = import(&world, &first, &["--filter", "hostname=HOST-*", "--filter", "username=svc*0"]).await.ends(0);
    assert!(ran.err.contains("5000 records: 496 new"), "{}", ran.err);
    apply(&world, manifests(&first)).await;
    have(&world, 496, "SecretKeyNotFound").await;
    let began = Instant::now();
    let ran = import(&world, &rest, &[]).await.says(0, "40 skipped, 496 claimed by objects of the cluster");
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
    assert!(ran.err.contains("4464 new") && ran.err.contains("an SSH key") && ran.out.is_empty(), "{}", ran.err);
    assert_eq!(files(&rest).len(), 4464 + 1, "and what was skipped");
    assert_eq!(files(&rest)["skipped.txt"].lines().filter(|line| !line.starts_with('#')).count(), 40);

    let filled = ["svc0-host-00-101", "svc7-host-07-108", "svc4959-host-19-5060"];
    apply(&world, some(manifests(&rest), APPLIED - 496, &filled)).await;
    have(&world, APPLIED, "SecretKeyNotFound").await;
    assert_eq!((posts(&world), world.sim.records().len()), (0, 5000), "nothing before a Secret is filled");
    for name in filled {
        fill(&world, name).await;
        world.becomes(name, "Synced").await;
    }
    assert_eq!(
        (posts(&world), identifiers(&world)),
        (filled.len(), before),
        "one update each, and no identifier replaced"
    );
    assert_eq!(world.sim.value_of("108"), Some(format!("{CANARY}-svc7-host-07-108")));
    assert_eq!(world.sim.value_of("109").as_deref(), Some(OWN));

    let ran = import(&world, &Folder::new("left"), &[]).await.says(0, &format!("40 skipped, {APPLIED} claimed"));
    assert!(ran.err.contains(&format!("5000 records: {} new", 4960 - APPLIED)), "{}", ran.err);
    assert!(world.sim.journal().secrets_handed_out().is_empty(), "P5");
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn another_run_changes_nothing_and_no_file_that_somebody_edited() {
    let world = Plan::default().on_its_own().await.operator_off().start().await;
    world.sim.seed_all((0..5).map(seed));
    let folder = Folder::new("again");
    import(&world, &folder, &[]).await.says(0, "5 records: 5 new");
    let first = files(&folder);
    import(&world, &folder, &[]).await.says(0, "5 records: 0 new");
    assert_eq!(files(&folder), first);
    let edited = folder.join("svc3-host-03-104.yaml");
    std::fs::write(&edited, format!("# {CANARY}\n")).unwrap();
    std::fs::remove_file(folder.join("svc1-host-01-102.yaml")).unwrap();
    let ran = import(&world, &folder, &[]).await.says(0, "1 new");
    assert!(ran.err.contains("kept, since it was edited") && ran.err.contains("svc3-host-03-104.yaml"), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(&edited).unwrap(), format!("# {CANARY}\n"));
    let told = import(&world, &folder, &["--summary", "json"]).await.ends(0);
    let json: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!((&json["apiVersion"], &json["kind"]), (&json!("cli.pam-operator.io/v1"), &json!("ImportSummary")));
    let counts = ["records", "new", "same", "replaced"].map(|field| json[field].as_u64());
    assert_eq!((counts, &json["kept"]), ([Some(5), Some(0), Some(4), Some(0)], &json!(["svc3-host-03-104.yaml"])));
    assert!(!told.err.contains("kept"), "it is said once: {}", told.err);
    let yaml = import(&world, &folder, &["--summary", "yaml"]).await.ends(0).out;
    assert_eq!(serde_saphyr::from_str::<Value>(&yaml).unwrap(), json);
    import(&world, &folder, &["--overwrite"]).await.says(0, "1 written again");
    assert_eq!(files(&folder), first);
}

#[tokio::test]
async fn what_cannot_be_expressed_is_named_and_left_out() {
    let world = Plan::default().on_its_own().await.operator_off().start().await;
    let at = |username: &str, hostname: &str| Seed::new(username, hostname, "10.0.0.7").value(CANARY);
    let namespace = &world.namespace;
    world.sim.seed_all([
        at("good", "db01"),
        at("key", "db01").ssh_key(),
        at(" blank", "db01"),
        at("twin", "db01").identifier("twin-1"),
        at("TWIN", "db01").identifier("twin-2"),
        at("", "db01"),
        at("foreign", "db01").identifier("c1_other_x"),
        at("own", "db01").identifier(&format!("c1_{namespace}_own")),
        at("esc\u{1b}[2J", "db01"),
    ]);
    world.put_connection(json!({})).await;
    let status = json!({"status": {"clusterName": "c1"}});
    world.connections().patch_status(&world.connection, &PatchParams::default(), &Patch::Merge(status)).await.unwrap();
    let ran = ask(&world, &["import"]).await.ends(0);
    let names: Vec<String> =
        documents(&ran.out).iter().map(|object| format!("{} {}", object["kind"], object["metadata"]["name"])).collect();
    let expected = ["good-db01-101", "own-db01-108"]
        .map(|name| [format!("\"Secret\" \"{name}\""), format!("\"PamCredential\" \"{name}\"")]);
    assert_eq!(names, expected.concat());
    for words in [
        "102 (key on db01): an SSH key",
        "103 ( blank on db01): its username has characters that cannot be seen",
        "104 (twin on db01): another record has the same username, hostname and ip",
        "105 (TWIN on db01)",
        "106 ( on db01): without username",
        "107 (foreign on db01): its identifier begins as those that are generated for another namespace",
        "109 (esc\u{fffd}[2J on db01)",
    ] {
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
    let accepted = world.cluster.kubectl_with(&["apply", "--dry-run=server", "-f", "-"], &ran.out).await.unwrap();
    assert_eq!(accepted.lines().count(), 4, "{accepted}");
    assert_eq!(world.sim.count(Kind::GetCredential), 0, "P5");
    ask(&world, &["import", "--filter", "host=x"]).await.ends(2);
    let none = ask(&world, &["import", "--filter", "hostname=none"]).await.says(0, "9 not meant by --filter");
    assert!(none.out.is_empty());
}

#[tokio::test]
async fn the_connections_owner_gets_the_rule_that_is_missing() {
    let world = Plan::default().on_its_own().await.start().await;
    let own = format!("{}_own", world.namespace);
    world.sim.seed_all([seed(0), seed(1), Seed::new("own", "host-02", "10.0.0.7").identifier(&own).value(OWN)]);
    world.put_connection(json!({"access": null})).await;
    world.connection_becomes("Authenticated").await;
    let folder = Folder::new("access");
    let ran = import(&world, &folder, &[]).await.says(0, "does not allow 2 of the records to this namespace");
    let file = folder.join("access.patch");
    let command =
        format!("kubectl patch clusterpamconnection {} --type=json --patch-file={}", world.connection, file.display());
    assert!(ran.err.contains(&command), "{}", ran.err);
    apply(&world, manifests(&folder)).await;
    for name in ["svc0-host-00-101", "svc1-host-01-102", "own-host-02-103"] {
        fill(&world, name).await;
    }
    world.becomes("svc0-host-00-101", "AccessDenied").await;
    world.becomes("own-host-02-103", "Synced").await;
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    world.cluster.kubectl(&words).await.unwrap();
    for (name, id, identifier) in [("svc0-host-00-101", "101", "robot-0"), ("svc1-host-01-102", "102", "robot-1")] {
        world.becomes(name, "Synced").await;
        let record = world.sim.record(id).unwrap();
        assert_eq!((record.identifier.as_deref(), record.value_writes), (Some(identifier), 2));
    }
    assert_eq!((posts(&world), world.sim.records().len()), (3, 3));
    let rules = world.connections().get(&world.connection).await.unwrap().spec.access.unwrap();
    assert_eq!(rules.len(), 2, "and the default that was there before");
    import(&world, &Folder::new("after"), &[]).await.says(0, "3 records: 0 new");
    assert_no_canary(&world.everything_said().await);
}

#[tokio::test]
async fn an_interrupted_import_says_how_far_it_got_and_goes_on_at_the_next_run() {
    let world = Plan::default().on_its_own().await.operator_off().start().await;
    world.sim.seed_all((0..5000).map(seed));
    let mut interrupted = None;
    // On a busy machine the signal comes after the last file, now and then.
    for _ in 0..20 {
        let folder = Folder::new("stopped");
        let ran = interrupt(&world, &folder).await;
        if ran.code != 0 {
            interrupted = Some((folder, ran));
            break;
        }
    }
    let (folder, ran) = interrupted.expect("one of the signals comes in time");
    let ran = ran.says(130, "run the same command again to go on");
    let written = files(&folder);
    assert!(
        written.len() < 5000 && ran.err.contains(&format!("{} new", written.len())),
        "{}: {}",
        written.len(),
        ran.err
    );
    assert!(ran.err.contains(&format!("{} manifests were not written", 5000 - written.len())), "{}", ran.err);
    assert!(written.keys().all(|name| !name.contains("unfinished")), "no unfinished file");
    assert_eq!(manifests(&folder).len(), 2 * written.len(), "each file is whole");
    import(&world, &folder, &[]).await.says(0, &format!("{} new", 5000 - written.len()));
    assert_eq!(files(&folder).len(), 5000);
}

#[tokio::test]
async fn an_import_that_is_interrupted_while_it_reads_has_written_nothing() {
    let world = Plan::default().on_its_own().await.operator_off().start().await;
    world.sim.seed_all((0..5).map(seed));
    world.sim.inject(Fault::on(Kind::ListCredentials, Effect::Delay(Duration::from_secs(25))));
    let folder = Folder::new("unread");
    let out = folder.join("out");
    let connection = ["--connection", &world.connection, "--operator-namespace", world.install.namespace()];
    let mut run = command(&world, &[&["import", "-o", out.to_str().unwrap()][..], &connection].concat());
    let run = run.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    wait_until("the list", Duration::from_secs(30), async || {
        anyhow::ensure!(world.sim.count(Kind::ListCredentials) > 0, "not yet");
        Ok(())
    })
    .await
    .unwrap();
    tokio::time::sleep(Duration::from_secs(11)).await;
    let ran = super::interrupted(run).await.says(130, "interrupted before anything was written");
    assert!(ran.err.contains("0 records of the PAM's list read after 10 s"), "a line each ten seconds: {}", ran.err);
    assert!(!out.exists() && !ran.err.contains('\r'), "{}", ran.err);
}

#[tokio::test]
async fn each_way_to_end_has_its_code() {
    let world = Plan::default().on_its_own().await.operator_off().start().await;
    world.sim.seed_all((0..2).map(seed));
    let folder = Folder::new("ends");
    let file = folder.join("file");
    std::fs::write(&file, "").unwrap();
    import(&world, &file, &[]).await.says(1, "cannot be written");
    super::asked::run(&world, &["import", "--connection", "absent"]).await.says(1, "there is no connection absent");
    ask(&world, &["import", "--as", "nobody"]).await.says(3, "refused (403)");
    world.sim.set_down(true);
    import(&world, &folder, &[]).await.says(4, "no connection to the PAM");
}

/// Interrupts an import once its first file is there.
async fn interrupt(world: &World, folder: &Path) -> Ran {
    let connection = ["--connection", &world.connection, "--operator-namespace", world.install.namespace()];
    let args = [&["import", "-o", folder.to_str().unwrap()][..], &connection].concat();
    let mut run = command(world, &args);
    let run = run.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let pid = run.id().unwrap().to_string();
    while std::fs::read_dir(folder).unwrap().next().is_none() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // The program may have ended by then.
    _ = tokio::process::Command::new("kill").args(["-INT", &pid]).status().await.unwrap();
    Ran::of(run.wait_with_output().await.unwrap())
}

/// Who may not list the objects of other namespaces is told what that means.
#[tokio::test]
async fn a_user_of_one_namespace_is_told_what_is_not_seen() {
    let world = Plan::default().on_its_own().await.operator_off().start().await;
    world.sim.seed(seed(0));
    let role = format!("import-{}", world.namespace);
    let group = "rbac.authorization.k8s.io";
    let kinds = |namespace: &str, rules: Value| {
        [
            json!({"apiVersion": format!("{group}/v1"), "kind": "Role", "metadata": {"name": role, "namespace": namespace}, "rules": rules}),
            json!({"apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": {"name": role, "namespace": namespace},
                "roleRef": {"apiGroup": group, "kind": "Role", "name": role},
                "subjects": [{"kind": "User", "apiGroup": group, "name": role}]}),
        ]
    };
    let own = json!([{"apiGroups": ["pam-operator.io"], "resources": ["*"], "verbs": ["get", "list"]}]);
    let login = json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]);
    let cluster = [
        json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRole", "metadata": {"name": role},
            "rules": [{"apiGroups": ["pam-operator.io"], "resources": ["clusterpamconnections"], "verbs": ["get"]}]}),
        json!({"apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding", "metadata": {"name": role},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "User", "apiGroup": group, "name": role}]}),
    ];
    world
        .apply(kinds(&world.namespace, own).into_iter().chain(kinds(world.install.namespace(), login)).chain(cluster))
        .await;
    let ran =
        ask(&world, &["import", "--as", &role]).await.says(0, "You may not list PamCredentials of all namespaces");
    assert_eq!(documents(&ran.out).len(), 2);
    let secrets: Api<Secret> = world.secrets();
    assert!(secrets.list(&ListParams::default()).await.unwrap().items.iter().all(|secret| secret.data.is_none()));
}
