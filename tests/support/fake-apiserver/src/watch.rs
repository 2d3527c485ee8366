//! A watch: what happens from a version on, line by line.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use crate::cluster::Shared;
use crate::store::{Event, Refusal};
use crate::target::Target;

/// A watch of one client.
pub(crate) struct Watch {
    shared: Arc<Shared>,
    kind: usize,
    namespace: Option<String>,
    name: Option<String>,
    metadata_only: bool,
    bookmarks: bool,
    seen: u64,
    until: Instant,
    changed: tokio::sync::watch::Receiver<u64>,
    over: bool,
}

impl Watch {
    pub(crate) fn new(shared: Arc<Shared>, target: &Target, from: u64, metadata_only: bool) -> Self {
        let seconds = target.asks("timeoutSeconds").and_then(|seconds| seconds.parse().ok()).unwrap_or(1800);
        Self {
            kind: target.kind,
            namespace: target.namespace.clone(),
            name: target.selected_name().ok().flatten().map(str::to_owned),
            metadata_only,
            bookmarks: target.asks("allowWatchBookmarks") == Some("true"),
            seen: from,
            until: Instant::now() + Duration::from_secs(seconds),
            changed: shared.shown.subscribe(),
            over: false,
            shared,
        }
    }

    pub(crate) fn stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
        futures::stream::unfold(self, |mut watch| async { Some((Ok(watch.next().await?), watch)) })
    }

    /// The next lines; `None` when its time is up.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.over && !self.shared.state().knows(self.seen) {
            self.over = true;
            return Some(expired());
        }
        loop {
            let shown = *self.changed.borrow_and_update();
            let shown = self.shared.state().shown_of(self.kind, shown);
            let lines = self.lines(shown);
            self.seen = self.seen.max(shown);
            if !lines.is_empty() {
                return Some(lines.into());
            }
            if self.over {
                return None;
            }
            if !matches!(timeout_at(self.until, self.changed.changed()).await, Ok(Ok(()))) {
                self.over = true;
                if self.bookmarks {
                    return Some(self.bookmark());
                }
            }
        }
    }

    fn lines(&self, shown: u64) -> String {
        let state = self.shared.state();
        let new = state.store.since(self.seen).iter().take_while(|event| event.version <= shown);
        let lines = new.filter(|event| self.concerns(event));
        lines.map(|event| line(event.change, &self.view(&event.object))).collect()
    }

    fn concerns(&self, event: &Event) -> bool {
        let (kind, namespace, name) = &event.key;
        *kind == self.kind
            && self.namespace.as_ref().is_none_or(|only| only == namespace)
            && self.name.as_ref().is_none_or(|only| only == name)
    }

    fn view(&self, object: &Value) -> Value {
        if self.metadata_only { metadata_of(object) } else { object.clone() }
    }

    fn bookmark(&self) -> Bytes {
        let kind = &self.shared.state().store.kinds[self.kind];
        let meta = json!({"resourceVersion": self.seen.to_string()});
        line("BOOKMARK", &json!({"kind": kind.name, "apiVersion": kind.api_version(), "metadata": meta})).into()
    }
}

/// A version that cannot be begun from is told in the stream, by an answer that is a success.
fn expired() -> Bytes {
    line("ERROR", &Refusal::new(410, "Expired", "too old resource version").body()).into()
}

fn line(change: &str, object: &Value) -> String {
    format!("{}\n", json!({"type": change, "object": object}))
}

/// An object as who asks for metadata sees it.
pub(crate) fn metadata_of(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}
