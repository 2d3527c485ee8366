//! Every command of the plugin at `-v 9`, in a world whose Secrets, client secret and PAM hold a value: the value is in nothing
//! that is printed or written, but where `--reveal` was asked to put it (P5, P8). What is printed as JSON or YAML keeps to its
//! schema. A command that is not in the table fails.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;

use pam_simulator::{Effect, Fault, Kind, Seed};
use serde_json::json;
use tokio::process::Command;

use super::asked::Ran;
use super::doctor::pods_are_ready;
use super::program;
use super::schema::assert_fits;
use crate::support::{CANARY, Folder, World, assert_no_canary};

/// What is run, and the exit code. `{pam}` is how a command that speaks with the PAM is told by which connection; the other
/// words in braces are names and folders of the world.
const TABLE: [(&str, i32); 37] = [
    ("status", 1),
    ("status good", 0),
    ("status good -o json", 0),
    ("status bad -o yaml", 1),
    ("status -A --connection {connection} -o wide", 1),
    ("status clusterpamconn/{connection} -o json", 0),
    ("status -o json", 1),
    ("plan good", 0),
    ("plan -f {input}/objects.yaml -o json", 1),
    ("sync good", 0),
    ("sync good -o json", 0),
    ("sync good --push-value --yes=1", 0),
    ("get {id} {pam}", 0),
    ("get good@db01 -o json {pam}", 0),
    ("get good --operator-namespace {operator}", 0),
    ("get {id} --reveal {pam}", 2),
    ("get {id} --reveal --to-secret filled --yes={id} {pam}", 0),
    ("get {id} --release --yes={id} {pam}", 0),
    ("import {pam}", 0),
    ("import -o {output}/imported {pam}", 0),
    ("import -o {output}/imported --summary json {pam}", 0),
    ("doctor {pam}", 0),
    ("doctor -o json {pam}", 0),
    ("doctor --bundle {output}/bundle.tgz {pam}", 0),
    ("explain RecordConflict", 0),
    ("explain 1011 -o json", 0),
    ("version", 0),
    ("version -o json", 0),
    ("completion bash", 0),
    ("completion zsh", 0),
    ("completion fish", 0),
    ("completion powershell", 0),
    ("completion install", 0),
    ("man {output}/man", 0),
    ("help", 0),
    ("help status", 0),
    ("get --help", 0),
];

/// What is completed.
const TYPED: [&str; 8] = [
    "",
    "s",
    "status -n {namespace}",
    "sync -n {namespace}",
    "get -n {namespace}",
    "status -n",
    "sync --connection",
    "explain",
];

/// What reads an answer of the PAM, and the call whose answer holds the value where it does not belong.
const MISLED: [(&str, Kind); 5] = [
    ("get {id} {pam}", Kind::Token),
    ("get {id} {pam}", Kind::ListCredentials),
    ("get {id} --reveal --field password --yes={id} {pam}", Kind::GetCredential),
    ("import {pam}", Kind::ListCredentials),
    ("doctor {pam} --bundle {output}/misled.tgz", Kind::ListCredentials),
];

/// The plugin as it is installed, in a folder with what it writes.
struct Installed {
    world: World,
    folder: Folder,
    id: String,
}

impl Installed {
    async fn start() -> Self {
        let world = World::start().await;
        let secret = format!("{CANARY}-client");
        world.sim.seed(Seed::new("unclaimed", "db01", "10.0.0.7").value(CANARY));
        world.sim.change_authorization(&world.sim.client_id(), |client| client.client_secret = secret.clone().into());
        world.put_login(&world.sim.client_id(), &secret).await;
        world.synced("good").await;
        world.put_credential("bad", json!({})).await;
        world.becomes("bad", "SecretNotFound").await;
        world.put_secret("filled", json!({"other": CANARY})).await;
        pods_are_ready(&world).await;
        let folder = Folder::new("commands");
        for name in ["input", "output"] {
            std::fs::create_dir_all(folder.join(name)).unwrap();
        }
        let (edit, own) = (world.credential_json("good", json!({"tags": ["one"]})), world.secret_json("own", CANARY));
        std::fs::write(folder.join("input/objects.yaml"), format!("{own}\n---\n{edit}")).unwrap();
        std::os::unix::fs::symlink(program(), folder.join("kubectl-pam")).unwrap();
        Self { id: world.id_of("good").await, world, folder }
    }

    fn words(&self, line: &str) -> Vec<String> {
        let (world, place) = (&self.world, |name: &str| self.folder.join(name).display().to_string());
        let operator = world.install.namespace();
        let pam = format!("--connection {} --operator-namespace {operator}", world.connection);
        let line = line.replace("{pam}", &pam).replace("{connection}", &world.connection).replace("{id}", &self.id);
        let line = line.replace("{operator}", operator).replace("{namespace}", &world.namespace);
        let line = line.replace("{input}", &place("input")).replace("{output}", &place("output"));
        line.split_whitespace().map(str::to_owned).collect()
    }

    /// Runs the plugin as loud as it gets. Standard error never holds the value.
    async fn run(&self, line: &str) -> Ran {
        let own = ["-n", self.world.namespace.as_str(), "-v", "9"];
        let mut command = Command::new(self.folder.join("kubectl-pam"));
        command.args(self.words(line)).args(own.iter().filter(|_| line.split(' ').next() != Some("help")));
        let ran = self.ran(command).await;
        assert_no_canary(&ran.err);
        ran
    }

    /// Completes a line as kubectl has it completed; the last word is empty where the line has several.
    async fn complete(&self, line: &str) -> Ran {
        let mut words = self.words(line);
        words.push(String::new());
        let mut command = Command::new(self.folder.join("kubectl_complete-pam"));
        command.args(if line.len() < 2 { &words[..1] } else { &words[..] });
        self.ran(command).await
    }

    async fn ran(&self, mut command: Command) -> Ran {
        let command = command.env("KUBECONFIG", self.world.cluster.kubeconfig()).stdin(Stdio::null());
        Ran::of(command.output().await.unwrap())
    }

    /// Looks through all files that the plugin wrote, and into the archives among them.
    async fn look_through_files(&self) -> usize {
        let found = Command::new("find").arg(self.folder.join("output")).args(["-type", "f"]).output().await.unwrap();
        let files = String::from_utf8(found.stdout).unwrap();
        for file in files.lines() {
            assert_no_canary(&String::from_utf8_lossy(&std::fs::read(file).unwrap()));
            if Path::new(file).extension().is_some_and(|end| end == "tgz") {
                let packed = Command::new("tar").args(["-xzOf", file]).output().await.unwrap();
                assert!(packed.status.success() && !packed.stdout.is_empty(), "{file}");
                assert_no_canary(&String::from_utf8_lossy(&packed.stdout));
            }
        }
        files.lines().count()
    }

    /// Every command that the program has, those that are not shown too, as the script for a shell knows them.
    async fn commands(&self) -> BTreeSet<String> {
        let script = self.run("completion bash").await.out;
        let case = |line: &str| {
            let (above, name) = line.trim().strip_prefix("kubectl__pam")?.strip_suffix(')')?.split_once(',')?;
            let words = above.split("__subcmd__").skip(1).chain([name]).map(str::to_owned).collect::<Vec<_>>();
            (words[0] != "help").then(|| words.join(" "))
        };
        script.lines().filter_map(case).collect()
    }
}

fn is_row(command: &str) -> bool {
    TABLE.iter().any(|(line, _)| *line == command || line.starts_with(&format!("{command} ")))
}

#[tokio::test]
async fn no_command_says_or_writes_a_value_but_where_it_was_asked_to() {
    let installed = Installed::start().await;
    let commands = installed.commands().await;
    assert!(commands.contains("man") && commands.len() > 9, "{commands:?}");
    let missing: Vec<&String> = commands.iter().filter(|command| !is_row(command)).collect();
    assert!(missing.is_empty(), "add a row to TABLE for each of {missing:?}");
    for (line, code) in TABLE {
        let ran = installed.run(line).await;
        assert_no_canary(&ran.out);
        assert_eq!(ran.code, code, "{line}: {}{}", ran.out, ran.err);
        if [" -o json", " --summary json"].iter().any(|form| line.contains(form)) {
            assert_fits(&serde_json::from_str(&ran.out).unwrap());
        } else if line.contains("-o yaml") {
            assert_fits(&serde_saphyr::from_str(&ran.out).unwrap());
        }
        let asks = ["status", "plan", "sync", "get", "import", "doctor"].iter().any(|word| line.starts_with(word));
        assert!(ran.err.contains("GET /") || !asks || line.ends_with("--help"), "{line} is not loud: {}", ran.err);
    }
    for line in TYPED {
        let ran = installed.complete(line).await;
        assert_no_canary(&(ran.out.clone() + &ran.err));
        assert_eq!((ran.code, ran.out.lines().last()), (0, Some(":4")), "{line}: {}", ran.out);
    }
    let written = installed.look_through_files().await;
    assert!(written > 10, "manifests, an archive and manual pages are written: {written}");
    let filled = installed.world.secrets().get("filled").await.unwrap().data.unwrap();
    assert_eq!(filled["password"].0, format!("{CANARY}-good").into_bytes(), "--to-secret puts it there");
    let revealed = installed.run("get {id} --reveal --field password --yes={id} {pam}").await.ends(0);
    assert_eq!(revealed.bytes, format!("{CANARY}-good").into_bytes(), "--reveal puts it there");
}

#[tokio::test]
async fn a_value_that_the_pam_puts_where_none_belongs_is_not_passed_on() {
    let installed = Installed::start().await;
    for (line, kind) in MISLED {
        for (status, content_type, body) in [
            (
                500,
                "application/json",
                json!({"response": {"status": 500, "message": CANARY, "error": true}}).to_string(),
            ),
            (
                200,
                "application/json",
                json!({"access_token": 7, "credentials": [{"id": CANARY}], "credential": CANARY}).to_string(),
            ),
            (403, "text/html", format!("<p>{CANARY}</p>")),
        ] {
            let answer = Effect::Raw { status, content_type: content_type.to_owned(), body };
            installed.world.sim.inject(Fault::on(kind, answer).always());
            let ran = installed.run(line).await;
            installed.world.sim.clear_faults();
            assert_no_canary(&ran.out);
            assert!(ran.code != 0 || status == 200, "{line}: {}{}", ran.out, ran.err);
            installed.look_through_files().await;
            let _ = std::fs::remove_file(installed.folder.join("output/misled.tgz"));
        }
    }
}
