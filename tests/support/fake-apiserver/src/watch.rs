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
use crate::target::{Selected, Target};

/// A watch of one client.
pub(crate) struct Watch {
    shared: Arc<Shared>,
    kind: usize,
    namespace: Option<String>,
    selected: Selected,
    metadata_only: bool,
    bookmarks: bool,
    seen: u64,
    until: Instant,
    changed: tokio::sync::watch::Receiver<u64>,
    over: bool,
}

/// How a watch begins, and how it shows objects.
#[derive(Clone, Copy)]
pub(crate) struct View {
    /// The version after which the watch begins.
    pub(crate) from: u64,
    pub(crate) metadata_only: bool,
}

impl Watch {
    pub(crate) fn new(shared: Arc<Shared>, target: &Target, selected: Selected, view: View) -> Self {
        let seconds = target.asks("timeoutSeconds").and_then(|seconds| seconds.parse().ok()).unwrap_or(1800);
        Self {
            kind: target.kind,
            namespace: target.namespace.clone(),
            selected,
            metadata_only: view.metadata_only,
            bookmarks: target.asks("allowWatchBookmarks") == Some("true"),
            seen: view.from,
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
        let shown = new.filter_map(|event| Some((self.change(event)?, &event.object)));
        shown.map(|(change, object)| line(change, &self.view(object))).collect()
    }

    /// What an event is for this watch, if it is anything: an object that is selected no more is deleted, as far as the watch
    /// shows.
    fn change(&self, event: &Event) -> Option<&'static str> {
        let (kind, namespace, name) = &event.key;
        let is_here = *kind == self.kind && self.namespace.as_ref().is_none_or(|only| only == namespace);
        let was = event.before.as_ref().is_some_and(|before| self.selected.takes(name, before));
        match (is_here, was, self.selected.takes(name, &event.object)) {
            (false, ..) | (true, false, false) => None,
            (true, true, false) => Some("DELETED"),
            (true, false, true) if event.change == "MODIFIED" => Some("ADDED"),
            (true, _, true) => Some(event.change),
        }
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
