//! `kubectl pam sync` as it is built, and Ctrl-C while it asks for the pushes, against an API server that answers when the test
//! wants. No secret is in any request.

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
const PATIENCE: Duration = Duration::from_secs(60);
/// So many requests are under way at once.
const AT_ONCE: usize = 8;

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
            Some((_, path)) if path.contains("/pamcredentials") => list((0..count).map(credential).collect()),
            _ => list(Vec::new()),
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

fn list(items: Vec<Value>) -> Value {
    json!({"apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredentialList", "metadata": {"resourceVersion": "1"}, "items": items})
}

fn credential(number: usize) -> Value {
    let metadata = json!({"name": format!("db-{number:02}"), "namespace": "shop", "resourceVersion": "1", "uid": format!("u{number}")});
    json!({"apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredential", "metadata": metadata, "spec": {}})
}

/// A kubeconfig for the server, that goes with the test.
struct Config(PathBuf);

impl Config {
    fn new(port: u16) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("interrupted-{port}"));
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: one\nclusters: [{{name: one, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\n\
             contexts: [{{name: one, context: {{cluster: one, user: one, namespace: shop}}}}]\nusers: [{{name: one, user: {{}}}}]\n"
        );
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn start(&self, words: &[&str]) -> Child {
        let program = std::env::var_os("KUBECTL_PAM").unwrap_or(env!("CARGO_BIN_EXE_kubectl-pam").into());
        let mut command = Command::new(program);
        command.args(words).env("KUBECONFIG", &self.0).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
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
    assert!(err.contains("interrupted: 0 of 5 are done. All were asked for, and the operator goes on"), "{err}");
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
