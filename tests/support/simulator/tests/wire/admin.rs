//! The admin port, the journal, and the built binary.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use pam_simulator::{Config, Kind, ProductVersion};
use serde_json::{Value, json};

use crate::common::{HOST, IP, Pam, Reply, client, full, reply};

/// A client of its own; whoever comes first makes ring the process' TLS provider.
fn plain_client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Loopback, whatever proxy the environment names.
    reqwest::Client::builder().no_proxy().build().unwrap()
}

async fn ask(pam: &Pam, method: &str, path: &str, body: Option<Value>) -> Reply {
    let url = format!("{}{path}", pam.sim.admin_url().unwrap());
    let mut request = plain_client().request(method.parse().unwrap(), url);
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let reply = reply(request).await.unwrap();
    assert!(reply.status < 300, "{method} {path}: {} {}", reply.status, reply.text);
    reply
}

async fn start() -> Pam {
    Pam::with(Config::default().device(HOST, IP).admin()).await
}

#[tokio::test]
async fn the_journal_tells_everything_but_values() {
    let pam = start().await;
    let mark = pam.sim.mark();
    let id = pam.post(&full("k8s-a", "svc", "canary-value")).await.id();
    let journal = pam.sim.since(mark);
    let post = journal.posts_for("k8s-a")[0].clone();
    assert_eq!((post.seq, post.kind, post.method.as_str()), (2, Kind::PostCredential, "POST"));
    assert_eq!((post.path.as_str(), post.client_id.as_deref()), ("/api/pam/credential", Some("operator")));
    assert_eq!((post.status, post.record.as_deref(), post.token), (Some(201), Some(id.as_str()), Some(1)));
    assert!(post.sent("content") && post.sent("username") && !post.sent("tags"));
    let commit = post.commit.unwrap();
    assert_eq!((commit.order, commit.created, commit.wrote_value), (1, true, true));
    assert_eq!(pam.sim.body_of(2).unwrap()["content"], "canary-value");

    let all = ask(&pam, "GET", "/journal", None).await;
    assert_eq!(all.json().as_array().unwrap().len(), 2);
    assert_eq!(all.json()[1]["commit"]["created"], true);
    let since = ask(&pam, "GET", "/journal?since=1", None).await;
    assert_eq!(since.json().as_array().unwrap().len(), 1);
    assert!(ask(&pam, "GET", "/journal/2/body", None).await.text.contains("canary-value"));
    let secret = pam.sim.client_secret();
    for shown in [all.text, format!("{:?}", pam.sim.journal()), format!("{:?}", pam.sim.records())] {
        assert!(!shown.contains("canary-value") && !shown.contains(&secret) && !shown.contains(&pam.token));
    }
}

#[tokio::test]
async fn records_are_read_without_their_values_and_seeded_edited_and_removed() {
    let pam = start().await;
    let mut body = full("k8s-a", "svc", "canary-1");
    body["additional_settings"] = json!([{ "secret_key": "canary-2", "server_path": "/x",
        "additional_authentication_fields": [{ "name": "n", "short_name": "s", "value": "canary-3" }] }]);
    pam.post(&body).await;
    let records = ask(&pam, "GET", "/records", None).await;
    assert!(!records.text.contains("canary") && records.text.contains("/x"));
    assert_eq!(records.json()[0]["has_value"], true);
    assert_eq!(ask(&pam, "GET", "/records/101/value", None).await.text, "canary-1");

    let seed = json!({ "username": "u", "hostname": "h", "ip": "i", "value": "v", "automatic_change": true });
    assert_eq!(ask(&pam, "POST", "/records", Some(seed)).await.json(), json!({ "id": "102" }));
    assert_eq!(pam.rows().await[1]["automatic_change"], true);
    ask(&pam, "PATCH", "/records/102", Some(json!({ "rotate": "w" }))).await;
    ask(&pam, "PATCH", "/records/102", Some(json!({ "identifier": "new" }))).await;
    assert_eq!(pam.sim.value_of("102").as_deref(), Some("w"));
    assert_eq!(ask(&pam, "GET", "/records/102", None).await.json()["identifier"], "new");
    assert_eq!(ask(&pam, "POST", "/backups", None).await.json(), json!({ "number": 1 }));
    ask(&pam, "DELETE", "/records/102", None).await;
    assert!(pam.sim.record("102").is_none());
    ask(&pam, "POST", "/backups/1/restore", None).await;
    assert_eq!(pam.sim.value_of("102").as_deref(), Some("w"));
}

#[tokio::test]
async fn devices_clients_tokens_and_knobs_are_steered() {
    let pam = start().await;
    ask(&pam, "POST", "/devices", Some(json!({ "hostname": "db02", "ip": "10.0.0.8" }))).await;
    assert_eq!(ask(&pam, "GET", "/devices", None).await.json()[1]["hostname"], "db02");
    ask(&pam, "DELETE", "/devices/db02", None).await;
    assert_eq!(pam.sim.devices().len(), 1);

    ask(&pam, "POST", "/authorizations", Some(json!({ "client_id": "x", "client_secret": "canary" }))).await;
    ask(&pam, "PATCH", "/authorizations/x", Some(json!({ "read_only": true }))).await;
    let clients = ask(&pam, "GET", "/authorizations", None).await;
    assert!(!clients.text.contains("canary"));
    let expected = json!({ "client_id": "x", "tenant": "acme", "read_only": true, "pam_core": true,
        "certificate": null, "referrer": null });
    assert_eq!(clients.json()[1], expected);
    let bound = json!({ "certificate": "ab:cd", "referrer": "https://k8s" });
    ask(&pam, "PATCH", "/authorizations/x", Some(bound)).await;
    ask(&pam, "PATCH", "/authorizations/x", Some(json!({ "certificate": "" }))).await;
    let client = ask(&pam, "GET", "/authorizations", None).await.json()[1].clone();
    assert_eq!((&client["certificate"], &client["referrer"]), (&Value::Null, &json!("https://k8s")));
    ask(&pam, "DELETE", "/authorizations/x", None).await;

    ask(&pam, "PUT", "/expires-in", Some(json!({ "text": "soon" }))).await;
    let issued = ask(&pam, "POST", "/client-certificates", None).await.json();
    let fingerprint = pam.sim.fingerprint_of(issued["certificate"].as_str().unwrap()).unwrap();
    assert_eq!(issued["fingerprint"], fingerprint);
    assert!(issued["key"].as_str().unwrap().contains("PRIVATE KEY"));
    let knobs = json!({ "messages": { "list_credentials": "mensagem_only" }, "iso": "everything", "short_list": true });
    ask(&pam, "PUT", "/behaviour", Some(knobs)).await;
    assert_eq!(pam.list().await.json()["response"], json!({ "status": 200, "mensagem": "0 credentials found" }));
    ask(&pam, "PUT", "/behaviour", Some(json!({ "outside": "refuse" }))).await;
    assert_eq!(ask(&pam, "GET", "/behaviour", None).await.json()["outside"], "refuse");
    let knobs = json!({ "addresses": "meaning", "permits": { "forms": false }, "devices": { "types": ["Server"] },
        "rotation": { "delay": 0, "after_view": 60_000 } });
    ask(&pam, "PUT", "/behaviour", Some(knobs.clone())).await;
    let told = ask(&pam, "GET", "/behaviour", None).await.json();
    assert_eq!((&told["addresses"], &told["devices"]["types"]), (&knobs["addresses"], &knobs["devices"]["types"]));
    assert_eq!((&told["permits"]["forms"], &told["permits"]["query"]), (&json!(false), &json!(true)));
    assert_eq!(told["rotation"], json!({ "delay": 0, "fails": false, "after_view": 60_000 }));
    ask(&pam, "POST", "/tokens/expire", None).await;
    assert_eq!(pam.list().await.json(), json!({ "exp": "token expired" }));
    ask(&pam, "POST", "/tokens/revoke", None).await;
    assert_eq!(pam.list().await.json(), json!({ "message": "Unauthorized" }));
}

#[tokio::test]
async fn faults_and_outages_are_steered() {
    let pam = start().await;
    let fault = json!({ "on": "post_credential", "phase": "after_commit", "effect": { "hang": 100 } });
    ask(&pam, "POST", "/faults", Some(fault)).await;
    assert_eq!(ask(&pam, "GET", "/faults", None).await.json()[0]["fault"]["times"], 1);
    pam.try_post(&full("k8s-a", "svc", "one")).await.unwrap_err();
    assert_eq!(pam.sim.journal().commits().len(), 1);
    ask(&pam, "POST", "/faults", Some(json!({ "times": null, "effect": "reset" }))).await;
    pam.try_post(&full("k8s-a", "svc", "one")).await.unwrap_err();
    ask(&pam, "DELETE", "/faults", None).await;

    ask(&pam, "PUT", "/outage", Some(json!("refused"))).await;
    pam.try_post(&full("k8s-a", "svc", "one")).await.unwrap_err();
    ask(&pam, "PUT", "/outage", Some(json!("none"))).await;
    ask(&pam, "PUT", "/certificate", Some(json!("expired"))).await;
    pam.try_post(&full("k8s-a", "svc", "one")).await.unwrap_err();
    ask(&pam, "PUT", "/certificate", Some(json!("proper"))).await;
    ask(&pam, "POST", "/connections/drop", None).await;
    assert_eq!(pam.list().await.status, 200);
}

/// A started binary with its output.
struct Binary {
    child: Child,
    said: Vec<String>,
    dir: PathBuf,
}

impl Binary {
    fn start(name: &str) -> Self {
        Self::of(name, "4.2")
    }

    fn of(name: &str, version: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("pam-simulator-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_pam-simulator"))
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log", "trace"])
            .args(["--product-version", version])
            .args(["--client-id", "cid", "--device", "db01=10.0.0.7", "--tenant", "t1", "--ca-out"])
            .arg(dir.join("ca.pem"))
            .env("PAM_SIMULATOR_CLIENT_SECRET", "canary-secret")
            .stdout(Stdio::piped())
            .stderr(File::create(dir.join("log")).unwrap())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let said = lines.take_while(|line| line != "ready").collect();
        Self { child, said, dir }
    }

    fn value(&self, key: &str) -> &str {
        self.said.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).unwrap()
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.join(name)).unwrap()
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
        _ = std::fs::remove_dir_all(&self.dir);
    }
}

#[tokio::test]
async fn the_binary_says_what_it_serves_and_ends_on_sigterm() {
    let mut binary = Binary::start("says");
    assert_eq!((binary.value("product version"), binary.value("client id")), ("4.2", "cid"));
    assert_eq!((binary.value("tenant"), binary.value("devices")), ("t1", "db01=10.0.0.7"));
    assert_eq!(binary.value("ca file"), binary.dir.join("ca.pem").display().to_string());
    let about = reply(plain_client().get(binary.value("admin url"))).await.unwrap();
    assert_eq!(about.json()["devices"][0]["hostname"], "db01");
    assert_eq!(about.json()["ca_pem"], binary.file("ca.pem"));
    let id = binary.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(binary.child.wait().unwrap().success());
}

#[tokio::test]
async fn the_binary_takes_every_version_and_no_other() {
    for version in ProductVersion::ALL.iter().map(ToString::to_string).chain(["4.7.1".to_owned()]) {
        let binary = Binary::of("version", &version);
        assert_eq!(binary.value("product version"), version);
    }
    let mut unknown = Command::new(env!("CARGO_BIN_EXE_pam-simulator"));
    unknown.args(["--product-version", "3.29", "--client-secret", "x"]);
    let output = unknown.output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("known: 3.30 to 3.33"));
}

#[tokio::test]
async fn the_binary_never_tells_a_secret_even_at_trace_level() {
    let binary = Binary::start("log");
    let http = client(&binary.file("ca.pem"));
    let url = binary.value("url");
    let fields = [("grant_type", "client_credentials"), ("client_id", "cid"), ("client_secret", "canary-secret")];
    let login = reply(http.post(format!("{url}/api/oauth2/token")).form(&fields)).await.unwrap();
    let token = login.json()["access_token"].as_str().unwrap().to_owned();
    for body in [full("k8s-a", "svc", "canary-value"), json!({ "canary-key": "canary-value" })] {
        let post = http.post(format!("{url}/api/pam/credential")).header("content-type", "application/json");
        reply(post.bearer_auth(&token).body(body.to_string())).await.unwrap();
    }
    let about = reply(plain_client().get(binary.value("admin url"))).await.unwrap();
    let log = binary.file("log");
    assert!(log.contains("PostCredential"), "{log}");
    for told in [log, about.text, binary.said.join("\n")] {
        for secret in ["canary-secret", "canary-value", &token] {
            assert!(!told.contains(secret), "{told}");
        }
    }
}
