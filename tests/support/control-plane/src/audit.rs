//! What was asked of the API server, and by whom, read from its audit log.
//!
//! The API server writes an entry before an answer is complete (`--audit-log-mode=blocking`). So whatever was answered
//! before a *fence* (a request of our own that is waited for in the log) stands before it, and counting between two
//! fences misses nothing. Requests that are still on their way at the second fence are not counted.

use std::{
    fmt, fs,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    boot::http_get,
    net::client_for,
    wait::{unique_name, wait_for},
};

mod follow;
mod requests;

pub use follow::Follower;
pub use requests::Requests;

/// Begins the name of the objects that fences ask for; there are none of that name.
const FENCE: &str = "audit-fence";
const FENCE_WITHIN: Duration = Duration::from_secs(20);
/// A place in the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(u64);

/// The audit log of a control plane.
#[derive(Clone, Debug)]
pub struct Audit {
    log: PathBuf,
    kubeconfig: PathBuf,
}

impl Audit {
    pub(crate) fn new(log: PathBuf, kubeconfig: PathBuf) -> Self {
        Self { log, kubeconfig }
    }

    /// A mark behind everything that was answered until now.
    pub async fn mark(&self) -> Result<Mark> {
        let from = Mark(fs::metadata(&self.log)?.len());
        let name = unique_name(FENCE);
        let client = client_for(&self.kubeconfig).await?;
        let request = http_get(&format!("/api/v1/namespaces/default/configmaps/{name}"))?;
        // There is no such object: the refusal is what is wanted.
        let _ = client.request_text(request).await;
        let needle = format!("\"name\":\"{name}\"");
        wait_for("a request of our own in the audit log", FENCE_WITHIN, async || {
            let text = read_lines(&self.log, from).ok()?;
            let at = text.find(&needle)?;
            let end = text[at..].find('\n')? + at + 1;
            Some(Mark(from.0 + u64::try_from(end).ok()?))
        })
        .await
    }

    /// Every request that was answered since `mark`.
    pub async fn since(&self, mark: Mark) -> Result<Requests> {
        let end = self.mark().await?;
        let text = read_lines(&self.log, mark)?;
        let length = usize::try_from(end.0.saturating_sub(mark.0))?;
        parse(text.get(..length).context("the audit log shrank")?)
    }

    /// Follows the log from `mark` on, without asking the API server anything.
    #[must_use]
    pub fn follow(&self, mark: Mark) -> Follower {
        Follower::new(self.log.clone(), mark)
    }

    /// Every request since the control plane started.
    pub async fn all(&self) -> Result<Requests> {
        self.since(Mark(0)).await
    }
}

/// The whole lines of the log behind `mark`.
fn read_lines(log: &Path, mark: Mark) -> Result<String> {
    let mut file = fs::File::open(log).with_context(|| format!("cannot read {}", log.display()))?;
    file.seek(SeekFrom::Start(mark.0))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    bytes.truncate(whole);
    Ok(String::from_utf8(bytes)?)
}

fn parse(text: &str) -> Result<Requests> {
    let entry = |line: &str| serde_json::from_str::<Entry>(line).context("an audit entry cannot be read");
    let entries = text.lines().map(entry).collect::<Result<Vec<_>>>()?;
    Ok(Requests(entries.into_iter().filter(Entry::counts).map(AuditEvent::from).collect()))
}

/// An entry as Kubernetes writes it (`audit.k8s.io/v1` `Event`), as far as it is used.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    stage: String,
    verb: String,
    #[serde(rename = "requestURI")]
    uri: String,
    user: User,
    #[serde(default)]
    user_agent: String,
    #[serde(default)]
    object_ref: ObjectRef,
    #[serde(default)]
    response_status: ResponseStatus,
    request_received_timestamp: Timestamp,
}

#[derive(Deserialize)]
struct User {
    username: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ObjectRef {
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
}

#[derive(Default, Deserialize)]
struct ResponseStatus {
    #[serde(default)]
    code: u16,
}

impl Entry {
    /// One entry for each request: a watch counts when it begins (its end may be hours later) or is refused, anything
    /// else when it ends. Our own fences do not count.
    fn counts(&self) -> bool {
        let refused = self.response_status.code >= 400;
        let stage = match (self.verb.as_str(), self.stage.as_str()) {
            ("watch", "ResponseStarted") => true,
            ("watch", _) => refused,
            (_, stage) => stage != "ResponseStarted",
        };
        stage && !self.object_ref.name.starts_with(FENCE)
    }
}

/// One request to the API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// When it arrived.
    pub time: Timestamp,
    /// Who asked; a `ServiceAccount` is `system:serviceaccount:<namespace>:<name>`.
    pub user: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`; for what is not a resource
    /// the HTTP method in lower case.
    pub verb: String,
    /// Plural name with its subresource (`pamcredentials/status`); empty for what is not a resource.
    pub resource: String,
    /// Empty for what has no namespace, and for requests over all of them.
    pub namespace: String,
    /// Empty for lists, watches and names made by the server.
    pub name: String,
    /// HTTP status of the answer; 0 when it never came to one.
    pub code: u16,
    /// Path and query.
    pub uri: String,
    /// What the client calls itself.
    pub user_agent: String,
}

impl From<Entry> for AuditEvent {
    fn from(entry: Entry) -> Self {
        let ObjectRef { resource, subresource, namespace, name } = entry.object_ref;
        let resource = if subresource.is_empty() { resource } else { format!("{resource}/{subresource}") };
        Self {
            time: entry.request_received_timestamp,
            user: entry.user.username,
            verb: entry.verb,
            resource,
            namespace,
            name,
            code: entry.response_status.code,
            uri: entry.uri,
            user_agent: entry.user_agent,
        }
    }
}

impl AuditEvent {
    /// Whether it asks for a change (a refused one does too).
    #[must_use]
    pub fn is_write(&self) -> bool {
        matches!(self.verb.as_str(), "create" | "update" | "patch" | "delete" | "deletecollection" | "post" | "put")
    }
}

impl fmt::Display for AuditEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = [&self.namespace, &self.name].map(String::as_str).join("/");
        write!(f, "{} {} {} {place} {} -> {}", self.time, self.user, self.verb, self.uri, self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(verb: &str, stage: &str, code: u16, resource: &str) -> String {
        format!(
            r#"{{"stage":"{stage}","verb":"{verb}","requestURI":"/x","user":{{"username":"u"}},
            "objectRef":{{"resource":"{resource}","name":"n"}},"responseStatus":{{"code":{code}}},
            "requestReceivedTimestamp":"2026-01-01T00:00:00.000000Z"}}"#
        )
        .replace('\n', "")
    }

    #[test]
    fn each_request_counts_once() {
        let log = [
            line("watch", "ResponseStarted", 200, "secrets"),
            line("watch", "ResponseComplete", 200, "secrets"),
            line("watch", "ResponseComplete", 403, "secrets"),
            line("patch", "ResponseComplete", 200, "pods"),
        ];
        let requests = parse(&log.join("\n")).unwrap();
        assert_eq!(requests.verb("watch").len(), 2, "{requests}");
        assert_eq!(requests.writes().len(), 1);
    }

    #[test]
    fn leases_are_left_out_on_request() {
        let log = [line("update", "ResponseComplete", 200, "leases"), line("get", "ResponseComplete", 200, "pods")];
        let requests = parse(&log.join("\n")).unwrap();
        assert_eq!(requests.writes().len(), 1);
        assert!(requests.writes_by("u").is_empty());
    }
}
