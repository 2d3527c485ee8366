//! `kubectl pam get`: what the list says, and the one way in which a value is read (P5, P8).

use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, Patch, PatchParams, PostParams};
use local_cluster::wait_until;
use pam_simulator::{Authorization, Effect, Fault, KeyPair, Kind, ProductVersion, Seed, Shape, VaultEdit};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::asked::{Ran, ask, command, run};
use super::terminal::{Typed, at_a_terminal};
use crate::support::{CANARY, Folder, Plan, World, assert_no_canary};

const VERSIONS: [ProductVersion; 5] =
    [ProductVersion::V3_32, ProductVersion::V3_33, ProductVersion::V3_33_1, ProductVersion::V4_0, ProductVersion::V4_2];

/// A world without an operator, with four records: 101 of a usual account, 102 and 103 whose usernames have an `@`, 104 an SSH
/// key, and 105 that the login does not see.
async fn world(version: ProductVersion) -> World {
    let world = Plan::default().version(version).operator_off().start().await;
    let seed = |username: &str, hostname: &str| Seed::new(username, hostname, "10.0.0.7").value(CANARY);
    world.sim.seed(seed("svc", "db01").identifier("robot-5"));
    world.sim.seed(seed("john@example.com", "db01"));
    world.sim.seed(seed("john", "example.com@db01"));
    world.sim.seed(seed("key", "db01").ssh_key());
    world.sim.seed(seed("hidden", "db01").visible_to(&[]));
    world
}

/// Nothing was read by its id.
fn unread(world: &World) {
    assert_eq!(world.sim.count(Kind::GetCredential), 0, "P5");
    assert!(world.sim.journal().secrets_handed_out().is_empty(), "P5");
}

/// An object whose record is 101, as the operator would have written its status.
async fn object(world: &World, name: &str, origin: &str) {
    world.put_credential(name, json!({"username": "svc"})).await;
    let connection = json!({"kind": "ClusterPamConnection", "name": world.connection, "origin": origin});
    let status = json!({"status": {"id": "101", "identifier": "robot-5", "connection": connection}});
    world.credentials().patch_status(name, &PatchParams::default(), &Patch::Merge(status)).await.unwrap();
}

#[tokio::test]
async fn a_record_is_found_by_id_by_account_and_by_object_on_each_version_and_none_is_read() {
    for version in VERSIONS {
        let world = world(version).await;
        object(&world, "db", &world.sim.url()).await;
        for target in ["101", "svc@db01", "SVC@DB01"] {
            let table = ask(&world, &["get", target]).await.ends(0).out;
            assert!(table.starts_with("ID    USERNAME   HOSTNAME   TYPE         ROTATED\n101   svc"), "{table}");
        }
        let namespace = world.install.namespace();
        for target in ["db", "pamcred/db"] {
            let out = run(&world, &["get", target, "--operator-namespace", namespace, "-o", "name"]).await.ends(0).out;
            assert_eq!(out, "101\n", "{version}");
        }
        let both = ask(&world, &["get", "john@example.com@db01", "-o", "name"]).await.ends(0).out;
        assert_eq!(both, "102\n103\n", "{version}: what the path could not tell");
        ask(&world, &["get", "hidden@db01"]).await.says(1, "the PAM's list does not show a record for hidden@db01");
        unread(&world);
    }
}

#[tokio::test]
async fn each_form_of_output_says_the_same() {
    let world = world(ProductVersion::V4_2).await;
    let wide = ask(&world, &["get", "101", "-o", "wide"]).await.ends(0).out;
    let json: Value = serde_json::from_str(&ask(&world, &["get", "101", "-o", "json"]).await.ends(0).out).unwrap();
    assert_eq!((&json["apiVersion"], &json["kind"]), (&json!("cli.pam-operator.io/v1"), &json!("RecordList")));
    let item = json["items"][0].as_object().unwrap();
    for (name, value) in item.iter().filter(|(name, _)| *name != "rotatedByVault") {
        assert!(wide.contains(value.as_str().unwrap()), "{name} is not in {wide}");
    }
    assert_eq!(wide.lines().count(), 2);
    let yaml = ask(&world, &["get", "101", "-o", "yaml"]).await.ends(0).out;
    assert_eq!(serde_saphyr::from_str::<Value>(&yaml).unwrap(), json);
    let bare = ask(&world, &["get", "101", "--no-headers"]).await.ends(0).out;
    assert!(bare.starts_with("101"), "{bare}");
    assert_eq!(ask(&world, &["get", "101", "--field", "identifier"]).await.ends(0).out, "robot-5\n");
    unread(&world);
}

/// What stands in the way of a read is said before the PAM is asked for a value.
#[tokio::test]
async fn nothing_is_read_without_the_users_word() {
    let world = world(ProductVersion::V4_2).await;
    let reveal = ["get", "101", "--reveal", "--field", "password"];
    ask(&world, &reveal).await.says(5, "only with --yes=101");
    ask(&world, &[&reveal[..], &["--yes"]].concat()).await.says(5, "give --yes=101");
    let other =
        ask(&world, &[&reveal[..], &["--yes=102"]].concat()).await.says(5, "--yes=102 was given, and it is 101");
    assert!(
        other.err.contains("custody") && other.err.contains("audit") && other.err.contains("rotate"),
        "{}",
        other.err
    );
    ask(&world, &["get", "101", "--reveal", "--yes=101"]).await.says(2, "--field password");
    ask(&world, &["get", "101", "--field", "password"]).await.says(2, "--reveal");
    ask(&world, &["get", "101", "--to-secret", "db"]).await.ends(2);
    ask(&world, &["get", "101", "--reveal", "-o", "json", "--yes=101"]).await.ends(2);
    ask(&world, &["get", "101", "--release"]).await.says(5, "worth nothing then");
    let both = ask(&world, &["get", "john@example.com@db01", "--reveal", "--field", "password", "--yes=102"]).await;
    let both = both.says(1, "several records are meant");
    assert!(both.err.contains("102") && both.err.contains("103") && both.out.is_empty(), "{}", both.err);
    ask(&world, &["get", "104", "--reveal", "--field", "password", "--yes=104"]).await.says(1, "SSH key");
    unread(&world);
}

/// Reads record 101 into the pipe.
async fn reveal(world: &World, args: &[&str]) -> Ran {
    ask(world, &[&["get", "101", "--reveal", "--field", "password", "--yes=101"], args].concat()).await
}

#[tokio::test]
async fn a_value_goes_into_a_pipe_byte_for_byte_and_is_read_once_by_its_id() {
    for version in VERSIONS {
        let world = world(version).await;
        for value in [CANARY, " blanks \n", "\u{1b}[31mred\u{1b}[0m"] {
            world.sim.edit("101", VaultEdit::Rotate(value.into()));
            let read = reveal(&world, &["--color=always"]).await.ends(0);
            assert_eq!(read.bytes, value.as_bytes(), "{version}");
        }
        let journal = world.sim.journal();
        let reads: Vec<_> = journal.of(Kind::GetCredential).map(|entry| entry.path.clone()).collect();
        let prefix = if version < ProductVersion::V3_33 { "/iso" } else { "/api" };
        assert_eq!(reads, vec![format!("{prefix}/pam/credential/101"); 3], "{version}");
        assert_eq!(world.sim.record("101").unwrap().custody.as_deref(), Some("operator"));
    }
}

#[tokio::test]
async fn a_terminal_is_asked_at_and_shown_the_value() {
    let world = world(ProductVersion::V4_2).await;
    world.sim.edit("101", VaultEdit::Rotate("plain-value".into()));
    let typed = |text: &'static str| reveal_at_a_terminal(&world, Some(text), "");
    let piped = reveal_at_a_terminal(&world, None, "--field password | cat").await;
    assert!(piped.contains("only with --yes=101") && !piped.contains("Type 101"), "{piped}");
    let declined = typed("no").await;
    assert!(declined.contains("Type 101 to go on") && declined.contains("nothing was done"), "{declined}");
    unread(&world);
    let shown = typed("101").await;
    assert!(shown.contains("plain-value\r\n") && !shown.contains('\u{1b}'), "{shown:?}");
    world.sim.edit("101", VaultEdit::Rotate("canary\u{1b}[2J".into()));
    let kept = typed("101").await;
    assert!(kept.contains("control characters") && !kept.contains("canary"), "{kept}");
}

/// Runs `get 101 --reveal` at a terminal of its own, where somebody types an answer; returns all that is on the terminal. `more`
/// ends the shell's command.
async fn reveal_at_a_terminal(world: &World, answer: Option<&str>, more: &str) -> String {
    let (connection, operator) = (&world.connection, world.install.namespace());
    let line = format!("get 101 --reveal --connection {connection} --operator-namespace {operator} {more}");
    let typed = answer.map(|text| Typed { after: "Type 101 to go on: ", text });
    at_a_terminal(world, &line, typed.as_slice()).await.1
}

#[tokio::test]
async fn each_answer_to_a_read_has_its_message_and_its_exit_code_on_each_version() {
    for version in VERSIONS {
        let world = world(version).await;
        let gateway = |status| Effect::gateway(status);
        let application = |status, message: &str| Effect::Status {
            status,
            shape: Shape::Application,
            message: Some(message.to_owned()),
            retry_after: None,
        };
        let cases = [
            (Effect::Code(1007), "the PAM has no such credential"),
            (Effect::Code(1009), "no access to this credential"),
            (Effect::Code(1010), "is no credential"),
            (Effect::Code(1099), "another user may have it in custody"),
            (application(404, "Resource sub not found"), "does not know this path"),
            (application(500, "Unexpected error."), "(500)"),
            (application(500, "You are not authorized to access this resource."), "the resource \"PAM Core\""),
            (gateway(502), "gateway could not reach the PAM"),
            (gateway(504), "gateway could not reach the PAM"),
            (Effect::Reset, "may have handed the value out all the same"),
            (Effect::Garbage, "the reading of the credential"),
        ];
        for (effect, words) in cases {
            let told = format!("{version} {effect:?}");
            world.sim.inject(Fault::on(Kind::GetCredential, effect).always());
            let ran = reveal(&world, &[]).await;
            world.sim.clear_faults();
            let ran = ran.says(4, words);
            assert!(ran.bytes.is_empty(), "{told}");
        }
        let login = application(401, "Client authentication failed");
        world.sim.inject(Fault::on(Kind::Token, login));
        reveal(&world, &[]).await.ends(4);
        world.sim.set_down(true);
        reveal(&world, &[]).await.says(4, "no connection to the PAM");
    }
}

#[tokio::test]
async fn an_answer_about_another_account_is_no_value() {
    let world = world(ProductVersion::V4_2).await;
    let answer = |username: &str, identifier: &str, password: &str, content: &str| {
        let credential = json!({"id": "101", "username": username, "identifier": identifier, "hostname": "db01",
            "ip": "10.0.0.7", "password": password, "content": content});
        let body =
            json!({"response": {"status": 200, "message": "Credential 101", "error": false}, "credential": credential});
        Effect::Raw { status: 200, content_type: "application/json".into(), body: body.to_string() }
    };
    for (effect, words) in [
        (answer("root", "robot-5", CANARY, CANARY), "another account or identifier"),
        (answer("svc", "robot-6", CANARY, CANARY), "another account or identifier"),
        (answer("svc", "robot-5", CANARY, "other"), "two different values"),
    ] {
        world.sim.inject(Fault::on(Kind::GetCredential, effect));
        let ran = reveal(&world, &[]).await.says(4, words);
        assert!(ran.bytes.is_empty() && ran.err.contains("Custody of record 101 is with this client"), "{}", ran.err);
    }
    world.sim.inject(Fault::on(Kind::GetCredential, answer("svc", "robot-5", "", "")));
    reveal(&world, &[]).await.says(1, "has no value");
    object(&world, "moved", "https://elsewhere.example.com").await;
    let args = ["get", "moved", "--reveal", "--operator-namespace", world.install.namespace()];
    run(&world, &args).await.says(1, "its connection leads to");
}

async fn secret(world: &World, name: &str, change: Value) {
    let mut object =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"other": "stays"}});
    crate::support::merge(&mut object, change);
    world.secrets().create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_value_goes_into_one_key_of_a_secret_and_nothing_is_printed() {
    let world = world(ProductVersion::V4_2).await;
    secret(&world, "db", json!({"metadata": {"labels": {"keep": "me"}}})).await;
    let into = |target: &'static str| async {
        ask(&world, &["get", "101", "--reveal", "--yes=101", "--to-secret", target, "-v=9"]).await
    };
    let ran = into("db:pass.word").await.ends(0);
    assert!(ran.out.is_empty(), "{}", ran.out);
    let filled: Secret = world.secrets().get("db").await.unwrap();
    let data = filled.data.unwrap();
    assert_eq!((data["pass.word"].0.as_slice(), data["other"].0.as_slice()), (CANARY.as_bytes(), &b"stays"[..]));
    assert_eq!((data.len(), filled.metadata.labels.unwrap()["keep"].as_str()), (2, "me"));
    into("db").await.ends(0);
    assert_eq!(world.secrets().get("db").await.unwrap().data.unwrap()["password"].0, CANARY.as_bytes());
}

#[tokio::test]
async fn a_secret_that_may_get_no_value_is_refused_before_anything_is_read() {
    let world = world(ProductVersion::V4_2).await;
    secret(&world, "fixed", json!({"immutable": true})).await;
    let account =
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "sa", "namespace": world.namespace}});
    world.apply([account]).await;
    let annotations = json!({"kubernetes.io/service-account.name": "sa"});
    secret(
        &world,
        "token",
        json!({"type": "kubernetes.io/service-account-token", "metadata": {"annotations": annotations}}),
    )
    .await;
    secret(&world, "db", json!({})).await;
    let world = &world;
    let into = async |args: &[&str]| {
        ask(world, &[&["get", "101", "--reveal", "--yes=101", "--to-secret"], args].concat()).await
    };
    into(&["none"]).await.says(3, "create it first");
    into(&["fixed"]).await.says(3, "immutable");
    into(&["token"]).await.says(3, "which the cluster fills");
    reader(world, "reader").await;
    into(&["db", "--as=reader"]).await.says(3, "refused (403)");
    unread(world);
    let data = world.secrets().get("db").await.unwrap().data.unwrap();
    assert_eq!(data.len(), 1);
}

#[tokio::test]
async fn a_dry_run_looks_whether_a_value_could_be_written_and_reads_none() {
    let world = world(ProductVersion::V4_2).await;
    secret(&world, "db", json!({})).await;
    secret(&world, "fixed", json!({"immutable": true})).await;
    reader(&world, "dry-reader").await;
    let before = world.secrets().get("db").await.unwrap().metadata.resource_version;
    let world = &world;
    let into = async |args: &[&str]| ask(world, &[&["get", "101", "--reveal", "--to-secret"], args].concat()).await;
    let said = "dry run, and nothing was read or written: record 101 (svc on db01) would be read";
    for dry_run in ["--dry-run", "--dry-run=client", "--dry-run=server"] {
        let ran = into(&["db:key", dry_run]).await.says(0, said);
        let place = format!("key key of Secret {}/db", world.namespace);
        assert!(ran.out.is_empty() && ran.err.contains(&place), "{}", ran.err);
        assert_eq!(ran.err.contains("which Kubernetes permits"), dry_run == "--dry-run=server", "{}", ran.err);
        into(&["none", dry_run]).await.says(3, "create it first");
        into(&["fixed", dry_run]).await.says(3, "immutable");
    }
    into(&["db", "--dry-run=client", "--as=dry-reader"]).await.says(0, said);
    into(&["db", "--dry-run=server", "--as=dry-reader"]).await.says(3, "refused (403)");
    unread(world);
    assert_eq!(world.secrets().get("db").await.unwrap().metadata.resource_version, before);
}

#[tokio::test]
async fn an_interrupted_read_writes_no_value_and_says_what_may_have_happened() {
    let world = world(ProductVersion::V4_2).await;
    secret(&world, "db", json!({})).await;
    world.sim.inject(Fault::on(Kind::GetCredential, Effect::Delay(Duration::from_secs(20))));
    let connection = ["--connection", &world.connection, "--operator-namespace", world.install.namespace()];
    let args = ["get", "101", "--reveal", "--yes=101", "--to-secret", "db", "-v=9"];
    let mut run = command(&world, &[&args[..], &connection].concat());
    let run = run.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    wait_until("the read", Duration::from_secs(30), async || {
        anyhow::ensure!(world.sim.count(Kind::GetCredential) > 0, "not yet");
        Ok(())
    })
    .await
    .unwrap();
    let ran = super::interrupted(run).await.says(130, "interrupted while record 101 was read: no value was written");
    assert!(ran.err.contains("--release gives the custody back") && ran.out.is_empty(), "{}", ran.err);
    assert_eq!(world.secrets().get("db").await.unwrap().data.unwrap().len(), 1);
}

/// Somebody who may read what the command needs, and write nothing.
async fn reader(world: &World, user: &str) {
    let role = format!("reader-{}", world.namespace);
    let rules = json!([
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]},
        {"apiGroups": ["pam-operator.io"], "resources": ["*"], "verbs": ["get", "list"]},
    ]);
    world
        .apply([
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": role}, "rules": rules}),
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": role},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
                "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": user}]}),
        ])
        .await;
}

#[tokio::test]
async fn custody_is_given_back_and_what_was_read_dies_later() {
    let world = world(ProductVersion::V4_2).await;
    world.sim.edit("101", VaultEdit::AutomaticChange(true));
    world.sim.change_behaviour(|knobs| knobs.rotation.delay = Duration::from_hours(1));
    let release = ["get", "101", "--release", "--yes=101"];
    ask(&world, &release).await.says(0, "was not in the custody of this client");
    reveal(&world, &[]).await.says(0, "--release gives it back");
    let released = ask(&world, &release).await.says(0, "Custody of record 101 was released");
    assert!(released.err.contains("the list says that the vault rotates this record") && released.out.is_empty());
    assert_eq!((world.sim.record("101").unwrap().custody, world.sim.rotations_waiting()), (None, 1));
    let both = reveal(&world, &["--release"]).await.says(0, "was released");
    assert!(both.err.contains("worth nothing then"), "{}", both.err);
    assert_eq!(both.bytes, CANARY.as_bytes());
    world.sim.change_authorization("operator", |client| client.read_only = true);
    reveal(&world, &[]).await.ends(0);
    ask(&world, &release).await.says(4, "only allowed to read");
}

#[tokio::test]
async fn an_encrypted_value_is_opened_with_the_key_and_never_printed_as_it_is() {
    let world = world(ProductVersion::V4_2).await;
    let (keys, others) = (KeyPair::generate(2048).unwrap(), KeyPair::generate(1024).unwrap());
    let folder = Folder::new("keys");
    let file = |name: &str, pem: &str| {
        let path = folder.join(name);
        std::fs::write(&path, pem).unwrap();
        path.display().to_string()
    };
    let key = file("key.pem", keys.private_pem.reveal());
    let other = file("other.pem", others.private_pem.reveal());
    let none = file("none.pem", CANARY);
    reveal(&world, &["--private-key", &none]).await.says(2, "no RSA private key");
    unread(&world);
    reveal(&world, &["--private-key", &key]).await.says(4, "no ciphertext for this key");
    let encrypt = |client: &mut Authorization| client.encryption_key = Some(keys.public_pem.clone());
    world.sim.change_authorization("operator", encrypt);
    assert_eq!(reveal(&world, &["--private-key", &key, "-v=9"]).await.ends(0).bytes, CANARY.as_bytes());
    for args in [&[][..], &["--private-key", &other]] {
        let refused = reveal(&world, args).await.says(4, "--private-key");
        assert!(refused.bytes.is_empty() && !refused.err.contains("=="), "{}", refused.err);
    }
}

/// P8: at the highest level of talk the value is only where it was asked to go.
#[tokio::test]
async fn at_the_most_verbose_nothing_else_holds_the_value() {
    let world = world(ProductVersion::V4_2).await;
    secret(&world, "db", json!({"stringData": {"other": CANARY}})).await;
    for args in [&["get", "101"][..], &["get", "101", "-o", "json"], &["get", "999"], &["get", "john@example.com@db01"]]
    {
        let ran = ask(&world, &[args, &["-v=9"]].concat()).await;
        assert_no_canary(&(ran.out + &ran.err));
    }
    let read = reveal(&world, &["-v=9"]).await.ends(0);
    assert_eq!(read.bytes, CANARY.as_bytes());
    let secret = world.sim.client_secret();
    assert!(!read.err.contains(&secret) && read.err.contains("GET"), "{}", read.err);
    for effect in [Effect::Garbage, Effect::Truncated, Effect::Code(1009)] {
        world.sim.inject(Fault::on(Kind::GetCredential, effect));
        let ran = reveal(&world, &["-v=9"]).await;
        assert_no_canary(&(ran.out + &ran.err));
    }
    let to_secret = ["get", "101", "--reveal", "--yes=101", "--to-secret", "db", "-v=9"];
    assert!(ask(&world, &to_secret).await.ends(0).out.is_empty());
}

/// Anybody may use an OAuth client of his own in the place of the connection's.
#[tokio::test]
async fn another_login_is_used_where_the_user_gives_one() {
    let world = world(ProductVersion::V4_2).await;
    world.sim.authorize(Authorization::new("mine", "canary-7f3a-mine"));
    world.sim.edit("101", VaultEdit::ShowTo("mine".into()));
    let connection = ["--connection", &world.connection, "--operator-namespace", world.install.namespace()];
    let args = ["get", "101", "--client-id=mine", "--client-secret-stdin", "-o", "name", "-v=9"];
    let mut run = command(&world, &[&args[..], &connection].concat());
    let mut run = run
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    run.stdin.take().unwrap().write_all(b"canary-7f3a-mine\n").await.unwrap();
    let ran = Ran::of(run.wait_with_output().await.unwrap()).ends(0);
    assert_eq!(ran.out, "101\n");
    let goes = format!("The secret of client mine goes to {}, where ClusterPamConnection", world.sim.url());
    assert!(ran.err.contains(&goes), "{}", ran.err);
    let journal = world.sim.journal();
    assert!(journal.entries().iter().all(|entry| entry.client_id.as_deref() == Some("mine")));
    let api: Api<Secret> = Api::namespaced(world.client.clone(), world.install.namespace());
    assert!(api.get_opt("login").await.unwrap().is_some());
}

/// The owner of a connection decides where the secret goes: the host is said before the secret is asked for, and an address that
/// looks like another one is said as what it is.
#[tokio::test]
async fn the_host_that_gets_a_secret_is_said_before_the_secret_is_asked_for() {
    let world = world(ProductVersion::V4_2).await;
    let spec = json!({
        "url": "https://evil.example.net:8443", "productVersion": world.version,
        "auth": {"oauth2": {"clientSecretRef": {"name": "login"}}},
    });
    let metadata = json!({"name": "own", "namespace": world.namespace});
    let object =
        json!({"apiVersion": "pam-operator.io/v1alpha1", "kind": "PamConnection", "metadata": metadata, "spec": spec});
    world.apply([object]).await;
    let goes = format!(
        "The secret of client mine goes to https://evil.example.net:8443, where PamConnection own of namespace {} leads\n",
        world.namespace
    );
    for command in [&["get", "101"][..], &["import"]] {
        let words = [command, &["--connection", "pamconn/own", "--client-id", "mine"]].concat();
        let ran = run(&world, &words).await.says(2, "no terminal to ask for the client's secret");
        assert!(ran.err.starts_with(&goes), "{}", ran.err);
    }
    // At a terminal the question itself names the host, and an empty answer sends nothing.
    let (connection, operator) = (&world.connection, world.install.namespace());
    let line = format!("get 101 --connection {connection} --client-id mine --operator-namespace {operator}");
    let question = Typed { after: &format!("Secret of the client for {}: ", world.sim.url()), text: "" };
    let (_, asked) = at_a_terminal(&world, &line, &[question]).await;
    assert!(asked.contains("nothing was sent to the PAM"), "{asked}");
    assert_eq!(world.sim.journal().entries().len(), 0);
}
