//! `docs/reference/kubectl-pam.md` and `docs/tutorials/first-credential.md`: each command of a page prints what the page shows.
//! `UPDATE=1` writes what is printed into the page.
//!
//! The commands of all blocks that begin with `console` run in order in one folder; files of the page are written there. Times,
//! ports and random names are replaced, in what is printed and in the page.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use kube::api::{Patch, PatchParams};
use pam_simulator::{Authorization, Kind, Seed, VaultEdit};
use regex::Regex;
use serde_json::json;
use tokio::process::Command;

use super::program;
use crate::support::{CANARY, Folder, Names, Plan, World, assert_no_canary};

const PAGE: &str = "docs/reference/kubectl-pam.md";
const TUTORIAL: &str = "docs/tutorials/first-credential.md";
const NAMES: Names = Names { namespace: "shop", connection: "default", operator: "pam-operator" };
/// Is printed behind what each command prints.
const BEHIND: &str = "== behind ==";

/// The world of the page: two credentials, one of them without its Secret, and records of others in the vault.
async fn world() -> World {
    let plan = Plan::default().on_its_own().await.named(NAMES);
    let world = plan.device("db01.example.com", "10.0.0.7").device("web01.example.com", "10.0.0.8").start().await;
    let seed = |username: &str, ip: &str| {
        let seed = Seed::new(username, "erp01.example.com", ip).value(CANARY);
        seed.identifier(&format!("erp-{username}"))
    };
    world.sim.seed_all([seed("batch", "10.1.0.1"), seed("report", "10.1.0.1"), seed("deploy", "10.1.0.1").ssh_key()]);
    world.sim.authorize(Authorization::new("mine", format!("{CANARY}-mine")));
    world.sim.edit("102", VaultEdit::ShowTo("mine".into()));
    world.put_connection(json!({"access": null})).await;
    world.connection_becomes("Authenticated").await;
    world.put_secret("billing-db", json!({"password": CANARY})).await;
    world.put_credential("billing-db", json!({"username": "billing", "hostname": "db01.example.com"})).await;
    world.becomes("billing-db", "Synced").await;
    let web = json!({"username": "admin", "hostname": "web01.example.com", "ip": "10.0.0.8"});
    world.put_credential("web-admin", web).await;
    world.becomes("web-admin", "SecretNotFound").await;
    is_running(&world).await;
    world
}

/// No kubelet starts Pods here, so that somebody has to say that the operator's is ready.
async fn is_running(world: &World) {
    let deployments = Api::<Deployment>::namespaced(world.client.clone(), world.install.namespace());
    let ready = Patch::Merge(json!({"status": {"replicas": 1, "readyReplicas": 1}}));
    deployments.patch_status(world.install.deployment(), &PatchParams::default(), &ready).await.unwrap();
}

/// What a user has: a folder, the plugin among the programs, and a context whose namespace is that of the page.
struct User {
    home: Folder,
    bin: PathBuf,
    path: std::ffi::OsString,
}

impl User {
    async fn new(world: &World) -> Self {
        let home = Folder::new("manual");
        let (bin, work) = (home.join("bin"), home.join("work"));
        std::fs::create_dir_all(&work).unwrap();
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::copy(program(), bin.join("kubectl-pam")).unwrap();
        std::fs::copy(world.cluster.kubeconfig(), home.join("config")).unwrap();
        let kubectl = Path::new(&world.cluster.state().tools.kubectl).parent().unwrap().to_owned();
        let path = std::env::join_paths([bin.clone(), kubectl, "/usr/bin".into(), "/bin".into()]).unwrap();
        std::fs::write(work.join("mine.secret"), format!("{CANARY}-mine")).unwrap();
        let user = Self { home, bin, path };
        let namespace = format!("--namespace={}", world.namespace);
        user.run(&[format!("kubectl config set-context --current {namespace}")]).await;
        user
    }

    /// Runs the commands in one shell, and returns what each of them printed.
    async fn run(&self, commands: &[String]) -> Vec<String> {
        let mut script = String::from("exec 2>&1\n");
        for command in commands {
            let _ = writeln!(script, "{command}\nended=$?; printf '\\n%s\\n' '{BEHIND}'; (exit $ended)");
        }
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).current_dir(self.home.join("work")).stdin(std::process::Stdio::null());
        shell.env("PATH", &self.path).env("HOME", &*self.home).env("KUBECONFIG", self.home.join("config"));
        let output = shell.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").output().await.unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_no_canary(&printed);
        let behind = format!("\n{BEHIND}\n");
        let mut each: Vec<String> = printed.split(&behind).map(str::to_owned).collect();
        assert_eq!(each.pop().as_deref(), Some(""), "{printed}");
        assert_eq!(each.len(), commands.len(), "{printed}");
        each
    }
}

/// The commands of a block: lines that begin with `$ `, and those that a backslash joins to them.
fn commands(block: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in block.lines() {
        match (line.strip_prefix("$ "), goes_on) {
            (Some(command), _) => commands.push(command.to_owned()),
            (None, true) => commands.last_mut().unwrap().extend(["\n", line]),
            (None, false) => continue,
        }
        goes_on = line.ends_with('\\');
    }
    commands
}

/// Returns the page with what its commands print now.
async fn printed(page: &str, world: &World, user: &User) -> String {
    let steady = Steady::of(world, user);
    let mut text = String::new();
    let mut rest = page;
    while let Some(at) = rest.find("```") {
        let (before, fence) = rest.split_at(at);
        text += before;
        let (block, after) = fence[3..].split_once("\n```").expect("a block ends");
        let (language, body) = block.split_once('\n').unwrap();
        if let Some(name) = before.trim_end().lines().last().and_then(|line| line.strip_prefix("<!-- file ")) {
            std::fs::write(user.home.join("work").join(name.trim_end_matches(" -->")), format!("{body}\n")).unwrap();
        }
        if language == "console" {
            let mut shown = String::new();
            let commands = commands(body);
            for (command, printed) in commands.iter().zip(user.run(&commands).await) {
                let _ = writeln!(shown, "$ {command}\n{}", steady.text(&printed).trim_end());
            }
            let shown = shown.replace("\n\n$ ", "\n$ ");
            let _ = write!(text, "```console\n{}\n```", shown.trim_end());
        } else {
            let _ = write!(text, "```{block}\n```");
        }
        rest = after;
    }
    text + rest
}

/// Puts what is always the same in the place of what differs from run to run.
struct Steady(Vec<(Regex, &'static str)>);

impl Steady {
    fn of(world: &World, user: &User) -> Self {
        let url = world.sim.url();
        let address = url.trim_start_matches("https://").to_owned();
        let mut rules = vec![
            (regex::escape(&url), "https://pam.example.com"),
            (regex::escape(&address), "pam.example.com:443"),
            (regex::escape(&user.bin.display().to_string()), "/usr/local/bin"),
        ];
        rules.extend([
            (r"Kubernetes v\d+\.\d+\.\d+".to_owned(), "Kubernetes v1.36.0"),
            (r"server {5}v\d+\.\d+\.\d+".to_owned(), "server     v1.36.0"),
            (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?".to_owned(), "2026-11-28T09:00:00Z"),
            (r"\b\d+(\.\d+)? (s|ms)\b".to_owned(), "1 s"),
            (r"\b(\d+[dhms]){1,2}\b".to_owned(), "5s"),
            (r"\b[0-9a-f]{8,}\b".to_owned(), "1f3870be"),
        ]);
        Self(rules.into_iter().map(|(pattern, with)| (Regex::new(&pattern).unwrap(), with)).collect())
    }

    fn text(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (pattern, with)| pattern.replace_all(&text, *with).into_owned())
    }
}

#[tokio::test]
async fn each_command_of_the_page_prints_what_the_page_shows() {
    let world = world().await;
    let user = User::new(&world).await;
    let now = printed(&read(PAGE), &world, &user).await;
    the_roles_of_the_page_are_enough(&world, &user).await;
    assert_eq!(world.sim.count(Kind::GetCredential), 0, "P5");
    assert!(world.sim.journal().secrets_handed_out().is_empty(), "P5");
    is_current(PAGE, &now);
}

fn read(page: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap()
}

/// Compares a page with what its commands print now, or writes that into the page.
fn is_current(page: &str, now: &str) {
    if std::env::var_os("UPDATE").is_some() {
        return std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(page), now).unwrap();
    }
    let shown = read(page);
    for (shown, printed) in shown.lines().zip(now.lines()) {
        assert_eq!(shown, printed, "{page} is stale: run `make generate`\n{now}");
    }
    assert_eq!(shown.lines().count(), now.lines().count(), "{page} is stale: run `make generate`\n{now}");
}

/// The tutorial in a cluster with a connection and nothing else, and a PAM that has its device.
#[tokio::test]
async fn each_command_of_the_tutorial_prints_what_the_tutorial_shows() {
    let plan = Plan::default().on_its_own().await.named(NAMES).value("watchNamespaces", json!([]));
    let world = plan.device("db-1.example.com", "192.0.2.21").start().await;
    world.put_connection(json!({"access": null})).await;
    world.connection_becomes("Authenticated").await;
    let now = printed(&read(TUTORIAL), &world, &User::new(&world).await).await;
    let records = world.sim.records();
    assert_eq!(
        (records.len(), records[0].active, records[0].value_writes),
        (1, false, 2),
        "what the tutorial leaves behind"
    );
    assert_eq!(world.sim.value_of(&records[0].id).as_deref(), Some("a-new-password"));
    is_current(TUTORIAL, &now);
}

/// Somebody with the role of a namespace that the page names may do what the page says.
async fn the_roles_of_the_page_are_enough(world: &World, user: &User) {
    let binding = |role: &str| {
        let group = "rbac.authorization.k8s.io";
        json!({"apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": {"name": role, "namespace": world.namespace},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "User", "apiGroup": group, "name": format!("{role}er")}]})
    };
    world.apply([binding("view"), binding("edit")]).await;
    let ends = async |command: &str, code: u8| {
        let printed = user.run(&[command.to_owned(), "echo $?".to_owned()]).await;
        assert_eq!(printed[1].trim(), code.to_string(), "{command}: {}", printed[0]);
        printed[0].clone()
    };
    let left_out = ends("kubectl pam status --as viewer", 0).await;
    assert!(
        left_out.contains("cannot list ClusterPamConnections") && left_out.contains("pamcred/billing-db"),
        "{left_out}"
    );
    ends("kubectl pam status pamcred/billing-db --as viewer", 0).await;
    ends("kubectl pam plan -f billing-db.yaml --as editer", 1).await;
    ends("kubectl pam sync --all --yes --as editer", 0).await;
    ends("kubectl pam sync --all --yes --as viewer", 3).await;
    ends("kubectl pam plan billing-db --as viewer", 3).await;
}
