//! The simulated PAM as a process, and its admin port.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
};

use crate::net::get;

/// The devices that the samples name.
const DEVICES: [&str; 2] = ["web-1.example.com=192.0.2.11", "db-1.example.com=192.0.2.21"];
const CLIENT: &str = "local-demo";
const STARTS_WITHIN: Duration = Duration::from_secs(20);

/// A running `pam-simulator`; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Simulator {
    _child: Child,
    pub(super) url: String,
    pub(super) admin_url: String,
    pub(super) ca_file: PathBuf,
    pub(super) client_id: &'static str,
    pub(super) client_secret: String,
}

/// A record in the PAM, without its value.
#[derive(Debug, Deserialize)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) identifier: Option<String>,
    pub(super) username: String,
    hostname: String,
    ip: String,
    credential_type: String,
    change: String,
    has_value: bool,
    value_writes: usize,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = if self.has_value { "set" } else { "none" };
        writeln!(f, "id:          {}", self.id)?;
        writeln!(f, "identifier:  {}", self.identifier.as_deref().unwrap_or("none"))?;
        writeln!(f, "account:     {} on {} ({})", self.username, self.hostname, self.ip)?;
        writeln!(f, "type:        {}", self.credential_type)?;
        writeln!(f, "last change: {}", self.change)?;
        writeln!(f, "value:       {value}, written {} time(s)", self.value_writes)
    }
}

/// One request that the PAM got.
#[derive(Debug, Deserialize)]
struct Entry {
    seq: u64,
    kind: String,
    commit: Option<Commit>,
    record: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Commit {
    at: Timestamp,
    wrote_value: bool,
}

/// A value that arrived.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) record: String,
    pub(super) at: Timestamp,
}

impl Simulator {
    /// Starts it on free loopback ports; its log and its CA go to `folder`.
    pub(super) async fn start(program: &Path, folder: &Path) -> Result<Self> {
        let (ca_file, client_secret) = (folder.join("pam-ca.crt"), format!("{:032x}", rand::random::<u128>()));
        let mut command = Command::new(program);
        command.args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--client-id", CLIENT]);
        command.args(DEVICES.iter().flat_map(|device| ["--device", device]));
        command.arg("--ca-out").arg(&ca_file).env("PAM_SIMULATOR_CLIENT_SECRET", &client_secret);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        command.stderr(fs::File::create(folder.join("logs/pam-simulator.log"))?);
        let mut child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let stdout = child.stdout.take().context("the simulator has no output")?;
        let said = tokio::time::timeout(STARTS_WITHIN, greeting(stdout)).await;
        let said = said.context("the simulator did not say that it is ready")??;
        let line = |key: &str| said.get(key).cloned().with_context(|| format!("the simulator did not say its {key}"));
        let (url, admin_url) = (line("url")?, line("admin url")?);
        Ok(Self { _child: child, url, admin_url, ca_file, client_id: CLIENT, client_secret })
    }

    /// Puts this simulator in the place of the examples in a sample's object.
    pub(super) fn fill_in(&self, mut object: Value) -> Value {
        if object["kind"] == "Secret" {
            object["stringData"] = json!({"clientId": self.client_id, "clientSecret": self.client_secret});
        } else {
            object["spec"]["url"] = json!(self.url);
            object["spec"]["tls"] = json!({"caBundleRef": {"kind": "ConfigMap", "name": "pam-ca"}});
        }
        object
    }

    /// Every record.
    pub(super) async fn records(&self) -> Result<Vec<Record>> {
        self.read("/records").await
    }

    /// The value of a record.
    pub(super) async fn value_of(&self, id: &str) -> Result<String> {
        let (status, body) = get(&format!("{}/records/{id}/value", self.admin_url)).await?;
        ensure!(status == 200, "the simulator knows no record {id}");
        Ok(body)
    }

    /// The number of the last request until now.
    pub(super) async fn mark(&self) -> Result<u64> {
        let entries: Vec<Entry> = self.read("/journal").await?;
        Ok(entries.last().map_or(0, |entry| entry.seq))
    }

    /// The values that arrived after `mark`.
    pub(super) async fn writes_since(&self, mark: u64) -> Result<Vec<Write>> {
        let entries: Vec<Entry> = self.read(&format!("/journal?since={mark}")).await?;
        let write = |entry: Entry| {
            let commit = entry.commit.filter(|commit| commit.wrote_value)?;
            Some(Write { record: entry.record?, at: commit.at })
        };
        Ok(entries.into_iter().filter_map(write).collect())
    }

    /// How often each kind of call was made, in words.
    pub(super) async fn tally(&self) -> Result<String> {
        let entries: Vec<Entry> = self.read("/journal").await?;
        let mut tally = BTreeMap::new();
        for entry in &entries {
            *tally.entry(entry.kind.as_str()).or_insert(0) += 1;
        }
        let words = tally.iter().map(|(kind, count)| format!("{count} {}", kind.replace('_', " ")));
        Ok(format!("{} times in all: {}", entries.len(), words.collect::<Vec<_>>().join(", ")))
    }

    async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let (status, body) = get(&format!("{}{path}", self.admin_url)).await?;
        ensure!(status == 200, "the simulator's {path} says {status}");
        serde_json::from_str(&body).with_context(|| format!("the simulator's {path} cannot be read"))
    }
}

/// What it says it serves, until `ready`.
async fn greeting(stdout: ChildStdout) -> Result<BTreeMap<String, String>> {
    let mut lines = BufReader::new(stdout).lines();
    let mut said = BTreeMap::new();
    while let Some(line) = lines.next_line().await? {
        if line == "ready" {
            return Ok(said);
        }
        if let Some((key, value)) = line.split_once(": ") {
            said.insert(key.to_owned(), value.to_owned());
        }
    }
    bail!("the simulator ended at once")
}
