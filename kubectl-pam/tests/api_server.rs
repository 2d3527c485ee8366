//! The program as it is built against an API server that answers what and when the test wants: each form of output, and Ctrl-C
//! while `sync` asks for the pushes. No secret is in any request.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// So many requests are under way at once.
const AT_ONCE: usize = 8;
/// No program writes this into a terminal or a pipe.
const ESCAPE: &str = "\u{1b}[31m";

/// What the API server does with the requests for a push.
#[derive(Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    asked: usize,
    open: bool,
}

impl Gate {
    /// Notes a request, and returns once it may be answered.
    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.asked += 1;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |state| !state.open).unwrap());
    }

    fn open(&self) {
        self.state.lock().unwrap().open = true;
        self.changed.notify_all();
    }

    /// Waits until so many requests were made.
    fn reached(&self, count: usize) {
        let state = self.state.lock().unwrap();
        let (state, late) = self.changed.wait_timeout_while(state, PATIENCE, |state| state.asked < count).unwrap();
        assert!(!late.timed_out(), "{} requests", state.asked);
    }

    fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }
}

/// An API server with so many credentials, for as long as the test runs.
fn serve(count: usize) -> (u16, Arc<Gate>) {
    let (listener, gate) = (TcpListener::bind("127.0.0.1:0").unwrap(), Arc::new(Gate::default()));
    let (port, shared) = (listener.local_addr().unwrap().port(), Arc::clone(&gate));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let gate = Arc::clone(&shared);
            std::thread::spawn(move || answer_all(stream.unwrap(), count, &gate));
        }
    });
    (port, gate)
}

/// Answers the requests of one connection.
fn answer_all(mut stream: TcpStream, count: usize, gate: &Gate) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = request(&mut reader) {
        let body = match request.split_once(' ') {
            Some(("PATCH", _)) => {
                gate.pass();
                let metadata = json!({"name": "any", "namespace": "shop"});
                json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": metadata})
            }
            // Nothing changes meanwhile.
            Some((_, path)) if path.contains("watch=") => return drop(reader.read_to_end(&mut Vec::new())),
            Some((_, path)) if path.contains("/pamcredentials/") => credential(0),
            Some((_, path)) if path.contains("/pamcredentials") => {
                list(&(0..count).map(credential).collect::<Vec<_>>())
            }
            _ => list(&[]),
        };
        let body = body.to_string();
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        if stream.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

/// Reads a request with its body, and returns its first line.
fn request(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        match line.to_lowercase().strip_prefix("content-length:") {
            Some(value) => length = value.trim().parse().unwrap(),
            None if line.trim().is_empty() => break,
            None => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(first)
}

fn list(items: &[Value]) -> Value {
    json!({"apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredentialList", "metadata": {"resourceVersion": "1"}, "items": items})
}

fn credential(number: usize) -> Value {
    let metadata = json!({"name": format!("db-{number:02}"), "namespace": "shop", "resourceVersion": "1", "uid": format!("u{number}")});
    let message = format!("{ESCAPE}Secret db does not exist");
    let ready = json!({"type": "Ready", "status": "False", "reason": "SecretNotFound", "message": message, "lastTransitionTime": "2026-01-01T00:00:00Z"});
    json!({"apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredential", "metadata": metadata,
        "spec": {"connectionRef": {"name": "main"}, "contentSecretRef": {"name": "db"}}, "status": {"conditions": [ready]}})
}

/// A kubeconfig for the server, that goes with the test.
struct Config(PathBuf);

impl Config {
    fn new(port: u16) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("api-server-{port}"));
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: one\nclusters: [{{name: one, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\n\
             contexts: [{{name: one, context: {{cluster: one, user: one, namespace: shop}}}}]\nusers: [{{name: one, user: {{}}}}]\n"
        );
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-pam"));
        command.args(words).env("KUBECONFIG", &self.0).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(&self, words: &[&str]) -> Child {
        self.command(words).spawn().unwrap()
    }

    /// Runs the program, which ends with that code, and returns its standard output.
    fn prints(&self, words: &[&str], code: i32) -> String {
        let (ended, out, err) = end(self.start(words));
        assert_eq!(ended, Some(code), "{words:?}: {out}{err}");
        assert!(!out.contains('\u{1b}') && !err.contains('\u{1b}'), "{words:?}: {out:?}{err:?}");
        out
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn interrupt(child: &Child) {
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    // The program takes note of it before anything is answered.
    std::thread::sleep(Duration::from_millis(500));
}

/// Waits for the end, which comes in time.
fn end(child: Child) -> (Option<i32>, String, String) {
    let began = Instant::now();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    assert!(began.elapsed() < PATIENCE);
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn an_interruption_lets_the_requests_end_that_are_under_way_and_says_how_far_it_got() {
    let (port, gate) = serve(30);
    let config = Config::new(port);
    let child = config.start(&["sync", "--all", "--yes"]);
    gate.reached(AT_ONCE);
    interrupt(&child);
    gate.open();
    let (code, out, err) = end(child);
    assert_eq!((code, gate.asked()), (Some(130), AT_ONCE), "{out}{err}");
    assert!(err.contains("interrupted: 8 of 30 were asked for, and the operator pushes those"), "{err}");
    assert!(err.contains("Run the command again"), "{err}");
    assert_eq!((out.lines().count(), out.matches("Asked").count()), (1 + AT_ONCE, AT_ONCE), "{out}");
}

#[test]
fn an_interruption_in_the_form_for_programs_names_each_object_that_was_not_asked_for() {
    let (port, gate) = serve(30);
    let config = Config::new(port);
    let child = config.start(&["sync", "--all", "--yes", "-o", "json"]);
    gate.reached(AT_ONCE);
    interrupt(&child);
    gate.open();
    let (code, out, err) = end(child);
    assert_eq!(code, Some(130), "{out}{err}");
    let list: Value = serde_json::from_str(&out).unwrap();
    let with = |result: &str| list["items"].as_array().unwrap().iter().filter(|item| item["result"] == result).count();
    assert_eq!((with("Asked"), with("NotAsked")), (AT_ONCE, 30 - AT_ONCE), "{out}");
}

#[test]
fn an_interruption_after_the_last_request_ends_the_wait() {
    let (port, gate) = serve(5);
    let config = Config::new(port);
    let child = config.start(&["sync", "--all", "--yes"]);
    gate.reached(5);
    interrupt(&child);
    gate.open();
    let (code, out, err) = end(child);
    assert_eq!(code, Some(130), "{out}{err}");
    assert!(
        err.contains("interrupted: 0 of 5 are done. All were asked for, and the operator continues with the others"),
        "{err}"
    );
    assert_eq!(out.matches("Interrupted").count(), 5, "{out}");
}

#[test]
fn a_second_interruption_waits_for_nothing() {
    let (port, gate) = serve(30);
    let config = Config::new(port);
    let child = config.start(&["sync", "--all", "--yes"]);
    gate.reached(AT_ONCE);
    interrupt(&child);
    interrupt(&child);
    let (code, out, err) = end(child);
    assert_eq!((code, out.as_str()), (Some(130), ""), "{err}");
}

#[test]
fn a_dry_run_on_the_server_asks_it_for_no_change() {
    let (port, gate) = serve(3);
    let config = Config::new(port);
    gate.open();
    let (code, out, err) = end(config.start(&["sync", "--all", "--dry-run=server", "-v=6"]));
    assert_eq!((code, gate.asked(), out.matches("WouldBeAsked").count()), (Some(0), 3, 3), "{out}{err}");
    assert_eq!(
        err.matches("PATCH ").count(),
        err.matches("&dryRun=All").count() + err.matches("?dryRun=All").count(),
        "{err}"
    );
    let (code, out, err) = end(config.start(&["sync", "--all", "--dry-run"]));
    assert_eq!((code, gate.asked(), out.matches("WouldBeAsked").count()), (Some(0), 3, 3), "nothing more: {out}{err}");
}

/// The commands whose answer is a table, with their exit code, the kind of their document and the name of their last row.
const TABLES: [(&[&str], i32, &str, &str); 4] = [
    (&["status", "pamcred"], 1, "StatusList", "pamcredential.pam-operator.io/db-02"),
    (&["sync", "--all", "--dry-run"], 0, "SyncList", "pamcredential.pam-operator.io/db-02"),
    (&["explain", "SecretNotFound"], 0, "ExplanationList", "SecretNotFound"),
    (&["explain", "1011"], 0, "ExplanationList", "1011"),
];

/// Words around the data, an age, and what was written into an object and no terminal gets as it is.
fn is_frame(word: &str) -> bool {
    let is_age = word.strip_suffix('d').is_some_and(|days| days.parse::<u32>().is_ok());
    is_age
        || word.contains('\u{fffd}')
        || ["→", "<none>", "False", "tried", "again", "about", "code", "versions"].contains(&word)
}

#[test]
fn each_form_of_a_table_says_what_the_table_says() {
    let (port, _) = serve(3);
    let config = Config::new(port);
    for (words, code, kind, last) in TABLES {
        let with = |more: &[&str]| config.prints(&[words, more].concat(), code);
        let (text, wide, bare) = (with(&[]), with(&["-o", "wide"]), with(&["--no-headers"]));
        let header = text.lines().next().unwrap();
        assert!(header.chars().all(|c| c.is_ascii_uppercase() || c == ' ') && !bare.contains(header), "{text}{bare}");
        assert_eq!((text.lines().count(), wide.lines().count()), (bare.lines().count() + 1, text.lines().count()));

        let json: Value = serde_json::from_str(&with(&["-o", "json"])).unwrap();
        assert_eq!((&json["apiVersion"], &json["kind"]), (&json!("cli.pam-operator.io/v1"), &json!(kind)));
        let yaml: Value = serde_saphyr::from_str(&with(&["-o", "yaml"])).unwrap();
        assert_eq!(yaml, json);
        let said = json.to_string();
        for word in wide.lines().skip(1).flat_map(str::split_whitespace) {
            let word = word.trim_start_matches("pamcred/").trim_end_matches([':', ',']);
            assert!(said.contains(word) || is_frame(word), "{word}: {said}");
        }
        assert_eq!(with(&["-o", "name"]).lines().last(), Some(last));
        assert_eq!(end(config.start(&[words, &["-o", "xml"]].concat())).0, Some(2));
    }
}

#[test]
fn colours_are_for_terminals_and_for_who_forces_them_and_no_color_takes_them_away() {
    let (port, _) = serve(3);
    let config = Config::new(port);
    let run = |words: &[&str], variables: &[(&str, &str)]| {
        let mut command = config.command(&[words, &["--color", "auto"]].concat());
        end(command.envs(variables.iter().copied()).spawn().unwrap()).1
    };
    for words in [&["status", "pamcred"][..], &["sync", "--all", "--dry-run"]] {
        assert!(!run(words, &[]).contains('\u{1b}'), "{words:?}");
        assert!(run(words, &[("CLICOLOR_FORCE", "1")]).contains('\u{1b}'), "{words:?}");
        assert!(!run(words, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).contains('\u{1b}'), "{words:?}");
        assert!(!run(words, &[("TERM", "dumb")]).contains('\u{1b}'), "{words:?}");
        // What others wrote into an object is no colour of this program.
        assert!(!run(words, &[("CLICOLOR_FORCE", "1")]).contains(&format!("{ESCAPE}Secret")), "{words:?}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_program_in_peace() {
    let (port, _) = serve(3_000);
    let config = Config::new(port);
    for words in [&["status", "pamcred"][..], &["status", "pamcred", "-o", "json"], &["sync", "--all", "--dry-run"]] {
        let mut child = config.start(words);
        drop(child.stdout.take());
        let (code, _, err) = end(child);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{words:?}");
    }
}

#[test]
fn without_a_terminal_nothing_that_needs_a_word_is_done() {
    let (port, gate) = serve(3);
    let config = Config::new(port);
    gate.open();
    for words in [&["sync", "--all"][..], &["sync", "-l", "a=b"], &["sync", "db-00", "--push-value", "--yes"]] {
        config.prints(words, 5);
    }
    assert_eq!(gate.asked(), 0);
}

#[test]
fn the_version_is_printed_in_each_of_its_forms() {
    let (port, _) = serve(0);
    let config = Config::new(port);
    let json: Value = serde_json::from_str(&config.prints(&["version", "-o", "json"], 0)).unwrap();
    let yaml: Value = serde_saphyr::from_str(&config.prints(&["version", "-o", "yaml"], 0)).unwrap();
    assert_eq!((&yaml, &json["kind"]), (&json, &json!("Version")));
}

#[test]
fn a_proxy_of_the_environment_is_not_the_way_to_this_machine_and_is_not_told() {
    let (port, _) = serve(2);
    let config = Config::new(port);
    let with = |list: &str| {
        let mut command = config.command(&["sync", "--all", "--yes", "--dry-run"]);
        command.env("HTTPS_PROXY", "http://user:canary-7f3a@127.0.0.1:1").env("NO_PROXY", list);
        end(command.spawn().unwrap())
    };
    let (code, out, err) = with("example.com,10.0.0.0/8");
    assert_eq!((code, err.contains("canary")), (Some(0), false), "{out}{err}");
    let (code, out, err) = with("example.com,,");
    assert_eq!((code, err.contains("canary")), (Some(3), false), "{out}{err}");
    assert!(err.contains("an entry of the variable NO_PROXY is empty or no host: correct it"), "{err}");
}

/// Runs the program at a terminal of its own, and returns all that is on the terminal.
fn at_a_terminal(config: &Config, words: &[&str]) -> String {
    let line = format!("'{}' {}", env!("CARGO_BIN_EXE_kubectl-pam"), words.join(" "));
    let mut script = Command::new("script");
    script.args(["-q", "-e", "-c", &line, "/dev/null"]).env("KUBECONFIG", &config.0).env("TERM", "xterm");
    let output = script.env_remove("NO_COLOR").stdin(Stdio::null()).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{shown}");
    shown
}

#[test]
fn a_bar_is_drawn_at_a_terminal_where_many_objects_are_meant_and_nowhere_else() {
    let words = ["sync", "--all", "--yes", "--no-wait"];
    for (count, drawn) in [(21, true), (3, false)] {
        let (port, gate) = serve(count);
        gate.open();
        let config = Config::new(port);
        let shown = at_a_terminal(&config, &words);
        let says = format!("of {count} asked for after");
        assert_eq!((shown.contains(&says), shown.contains('\u{2591}')), (drawn, drawn), "{shown}");
        assert!(!config.prints(&words, 0).contains(&says));
    }
}

/// A command that has begun nothing is ended by the signal itself, which shells show as 130.
#[test]
fn an_interruption_of_a_command_that_only_looks_ends_it_at_once() {
    use std::os::unix::process::ExitStatusExt as _;

    // Its first request gets no answer: nobody takes the connection.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = Config::new(listener.local_addr().unwrap().port());
    for words in [&["status"][..], &["get", "101"], &["plan", "db"], &["doctor"]] {
        let child = config.start(words);
        std::thread::sleep(Duration::from_millis(500));
        interrupt(&child);
        let Output { status, stdout, .. } = child.wait_with_output().unwrap();
        assert_eq!((status.signal(), stdout.len()), (Some(2), 0), "{words:?}");
    }
}
