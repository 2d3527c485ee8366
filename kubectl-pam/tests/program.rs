//! The program as it is built, without a cluster: exit codes, pipes, colours, completion, manual pages, and that no secret of a
//! kubeconfig is said. What takes a cluster is in `tests/e2e/plugin`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubectl-pam");
const CANARY: &str = "canary-7f3a";

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kubectl-pam-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn program(words: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(words).stdin(Stdio::null());
    for variable in ["KUBECONFIG", "NO_COLOR", "CLICOLOR_FORCE", "CLICOLOR", "TERM"] {
        command.env_remove(variable);
    }
    command
}

fn run(words: &[&str]) -> Output {
    program(words).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A kubeconfig whose API server nobody serves; `user` is how the user logs in.
fn kubeconfig(folder: &Folder, user: &str) -> PathBuf {
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: one\nclusters: [{{name: one, cluster: {{server: 'https://127.0.0.1:1'}}}}]\n\
         contexts: [{{name: one, context: {{cluster: one, user: one, namespace: shop}}}}]\nusers: [{{name: one, user: {user}}}]\n"
    );
    folder.file("config", &text)
}

fn with_config(config: &Path, words: &[&str]) -> Output {
    program(words).arg("--kubeconfig").arg(config).output().unwrap()
}

#[test]
fn what_needs_no_cluster_ends_well_and_prints_to_standard_output_alone() {
    for words in [
        &["version"][..],
        &["version", "--client"],
        &["explain"],
        &["explain", "1011"],
        &["--help"],
        &["completion", "bash"],
    ] {
        let output = run(words);
        assert_eq!((code(&output), err(&output).as_str()), (0, ""), "{words:?}");
        assert!(!out(&output).is_empty(), "{words:?}");
    }
}

#[test]
fn what_is_not_understood_ends_with_2_and_prints_to_standard_error_alone() {
    for words in
        [&[][..], &["unheard"], &["status", "pods/x"], &["sync"], &["sync", "--all", "db"], &["explain", "Unheard"]]
    {
        let output = run(words);
        assert_eq!((code(&output), out(&output).as_str()), (2, ""), "{words:?}: {}", err(&output));
    }
    assert!(err(&run(&["unheard"])).contains("kubectl pam"), "the program is called as the user calls it");
}

#[test]
fn a_cluster_that_cannot_be_reached_ends_with_3() {
    let folder = Folder::new("unreachable");
    let config = kubeconfig(&folder, "{token: x}");
    for words in [&["status"][..], &["plan", "db"], &["sync", "db"], &["sync", "--all", "--yes"]] {
        let output = with_config(&config, words);
        assert_eq!((code(&output), out(&output).as_str()), (3, ""), "{words:?}: {}", err(&output));
        assert!(err(&output).starts_with("error: cannot "), "{}", err(&output));
    }
    let nowhere = with_config(Path::new("/nowhere/config"), &["status"]);
    assert_eq!(code(&nowhere), 3, "{}", err(&nowhere));
    let absent = with_config(&config, &["status", "--context", "absent"]);
    assert_eq!(code(&absent), 3, "{}", err(&absent));
}

#[test]
fn versions_that_cannot_be_read_are_said_in_words_and_fail_nothing() {
    let folder = Folder::new("version");
    let config = kubeconfig(&folder, "{token: x}");
    let plugin = format!("plugin     v{}\n", env!("CARGO_PKG_VERSION"));
    let output = with_config(&config, &["version"]);
    assert_eq!((code(&output), err(&output).as_str()), (0, ""));
    let unread = "unknown    cannot ask the API server for its version: Kubernetes could not be asked: ";
    assert!(out(&output).starts_with(&(plugin.clone() + unread)), "{}", out(&output));
    assert_eq!(out(&with_config(&config, &["version", "--client"])), plugin, "the cluster is not asked");
    let json: serde_json::Value =
        serde_json::from_str(&out(&with_config(&config, &["version", "-o", "json"]))).unwrap();
    assert_eq!((&json["version"], &json["kind"]), (&env!("CARGO_PKG_VERSION").into(), &"Version".into()));
    assert!(json["unread"][0].as_str().unwrap().starts_with("cannot ask the API server"), "{json}");
}

#[test]
fn nothing_of_a_kubeconfig_that_cannot_be_used_is_said_however_much_is_asked_for() {
    let folder = Folder::new("secrets");
    let exec = |script: &str| {
        format!(
            "{{exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: sh, args: ['-c', '{script}']}}}}"
        )
    };
    let users = [
        format!("{{token: {CANARY}}}"),
        format!("{{username: u, password: {CANARY}}}"),
        exec(&format!("echo {CANARY}; exit 1")),
        exec(&format!("echo {CANARY}")),
        format!("{{token: {CANARY}, client-key-data: {CANARY}}}"),
    ];
    for user in users {
        let config = kubeconfig(&folder, &user);
        let output = with_config(&config, &["status", "-v", "9"]);
        let said = out(&output) + &err(&output);
        assert_eq!(code(&output), 3, "{user}: {said}");
        assert!(!said.contains(CANARY), "{user}: {said}");
    }
    // As it is, no other login is looked for in its place.
    fs::create_dir_all(folder.0.join(".kube")).unwrap();
    folder.file(".kube/config", &format!("users:\n- name: one\n  user: {{token: {CANARY}\n"));
    let output = program(&["status"]).env("HOME", &folder.0).output().unwrap();
    assert!(err(&output).contains("cannot be used") && !err(&output).contains(CANARY), "{}", err(&output));
    let broken = folder.file("broken", &format!("users:\n- name: one\n  user: {{token: {CANARY}\n"));
    let output = with_config(&broken, &["status", "-v", "9"]);
    assert_eq!(code(&output), 3);
    assert!(!err(&output).contains(CANARY), "{}", err(&output));
}

#[test]
fn requests_are_said_where_the_user_asks_for_them() {
    let folder = Folder::new("verbose");
    let config = kubeconfig(&folder, "{token: x}");
    let quiet = err(&with_config(&config, &["status"]));
    let loud = err(&with_config(&config, &["status", "-v=6"]));
    let request = "GET /apis/pam-operator.io/v1alpha1/namespaces/shop/pamcredentials";
    assert!(loud.contains(request) && !quiet.contains(request), "{loud}");
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_program_in_peace() {
    let mut child = program(&["completion", "bash"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), err(&output).as_str()), (0, ""));
}

#[test]
fn no_escape_gets_into_a_pipe_unless_it_is_forced() {
    let plain = run(&["unheard"]);
    assert!(!err(&plain).contains('\u{1b}'), "{}", err(&plain));
    let forced = program(&["unheard"]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(err(&forced).contains('\u{1b}'), "{}", err(&forced));
    let refused = program(&["unheard"]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").output().unwrap();
    assert!(!err(&refused).contains('\u{1b}'), "{}", err(&refused));
}

#[cfg(unix)]
#[test]
fn kubectl_gets_candidates_from_the_link_that_completion_install_makes() {
    let folder = Folder::new("completion");
    let plugin = folder.0.join("kubectl-pam");
    std::os::unix::fs::symlink(PROGRAM, &plugin).unwrap();
    let installed = Command::new(&plugin).args(["completion", "install"]).output().unwrap();
    assert_eq!(code(&installed), 0, "{}", err(&installed));
    let complete = |words: &[&str]| {
        let mut command = Command::new(folder.0.join("kubectl_complete-pam"));
        let output = command.args(words).env("KUBECONFIG", "/nowhere").output().unwrap();
        assert_eq!((code(&output), err(&output).as_str()), (0, ""), "{words:?}");
        out(&output)
    };
    assert!(complete(&["st"]).starts_with("status\t"));
    assert_eq!(complete(&["status", "-o", "w"]), "wide\tThe table with more columns\n:4\n");
    assert_eq!(complete(&["plan", "-f", ""]), ":0\n");
    assert_eq!(complete(&["sync", "d"]), ":4\n", "no cluster, no names, no noise");
}

#[test]
fn there_is_a_manual_page_for_each_command_with_the_exit_codes_in_the_first() {
    let folder = Folder::new("man");
    let output = run(&["man", folder.0.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    for page in
        ["kubectl-pam.1", "kubectl-pam-status.1", "kubectl-pam-plan.1", "kubectl-pam-sync.1", "kubectl-pam-explain.1"]
    {
        assert!(folder.0.join(page).is_file(), "{page}");
    }
    let first = fs::read_to_string(folder.0.join("kubectl-pam.1")).unwrap();
    assert!(first.contains("130") && first.contains("interrupted"), "{first}");
}

#[test]
fn the_manifest_for_krew_keeps_to_the_rules_of_its_index() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("krew/plugin.yaml");
    let text = fs::read_to_string(path).unwrap().replace("@NAME@", "pam-operator").replace("@VERSION@", "1.2.3");
    let manifest: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
    assert_eq!(manifest["apiVersion"], "krew.googlecontainertools.github.com/v1alpha2");
    assert_eq!((&manifest["kind"], &manifest["metadata"]["name"]), (&"Plugin".into(), &"pam-operator".into()));
    let spec = &manifest["spec"];
    assert_eq!(spec["version"], "v1.2.3");
    let short = spec["shortDescription"].as_str().unwrap();
    assert!(short.chars().count() <= 50 && !short.ends_with('.'), "{short}");
    let description = spec["description"].as_str().unwrap();
    assert!(description.lines().all(|line| line.chars().count() <= 80), "{description}");
    assert!(!description.contains("kubectl pam"), "a description has no examples: {description}");
    assert!(spec["caveats"].as_str().unwrap().contains("completion install"));
    let mut systems = Vec::new();
    for platform in spec["platforms"].as_array().unwrap() {
        let labels = &platform["selector"]["matchLabels"];
        let (os, arch) = (labels["os"].as_str().unwrap(), labels["arch"].as_str().unwrap());
        let place = |field: &str| platform[field].as_str().unwrap().to_owned();
        assert!(place("uri").contains(&format!("{os}-{arch}")), "{platform}");
        assert_eq!(place("sha256"), format!("@SHA256_{}_{}@", os.to_uppercase(), arch.to_uppercase()));
        let files: Vec<&str> =
            platform["files"].as_array().unwrap().iter().map(|f| f["from"].as_str().unwrap()).collect();
        assert!(files.contains(&"LICENSE") && files.contains(&place("bin").as_str()), "{platform}");
        systems.push(format!("{os}/{arch}"));
    }
    assert_eq!(systems, ["linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64"]);
}
