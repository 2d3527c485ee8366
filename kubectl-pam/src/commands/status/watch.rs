//! `kubectl pam status --watch`: draws the table again on a terminal, and prints what changed elsewhere.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use futures::stream::BoxStream;
use futures::stream::{SelectAll, StreamExt as _};
use jiff::Timestamp;
use kube::api::DynamicObject;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt as _, watcher as watch};

use super::item::StatusItem;
use super::{StatusArgs, Statuses};
use crate::cluster::Cluster;
use crate::exit::{Exit, Failure};
use crate::objects::{Kind, PamObject};
use crate::output::{Format, note, text};

/// How long changes are gathered before they are shown.
const GATHER: Duration = Duration::from_millis(200);
/// Moves the cursor to the upper left, and empties the screen below.
const TO_TOP: &[u8] = b"\x1b[H\x1b[2J";

/// Names one object among those that are shown.
type Key = (&'static str, String, String);
/// Changes of all kinds.
type Changes = SelectAll<BoxStream<'static, (Kind, Result<Event<DynamicObject>, watcher::Error>)>>;

/// What is shown, and how.
struct Screen<'a> {
    args: &'a StatusArgs,
    shown: BTreeMap<Key, StatusItem>,
    redraws: bool,
}

/// Shows what changes until the user interrupts it.
pub async fn run(args: &StatusArgs, cluster: &Cluster, first: Statuses) -> Result<Exit, Failure> {
    let tabular = matches!(args.output.format, None | Some(Format::Wide));
    let mut screen = Screen { args, shown: BTreeMap::new(), redraws: tabular && std::io::stdout().is_terminal() };
    screen.begin(first)?;
    let mut changes = changes(args, cluster);
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Interrupted),
            Some(change) = changes.next() => {
                let mut items = Vec::new();
                take(change, &mut items);
                let until = tokio::time::Instant::now() + GATHER;
                while let Ok(Some(change)) = tokio::time::timeout_at(until, changes.next()).await {
                    take(change, &mut items);
                }
                screen.update(items)?;
            }
        }
    }
}

/// One object that changed; `None` in the place of its state: it is gone.
struct Change {
    key: Key,
    item: Option<StatusItem>,
    object: PamObject,
}

/// Adds what a watch tells. What a watch cannot tell is said once by each try, and the watch tries again.
fn take((kind, event): (Kind, Result<Event<DynamicObject>, watcher::Error>), changes: &mut Vec<Change>) {
    let (object, is_there) = match event {
        Ok(Event::Apply(object) | Event::InitApply(object)) => (object, true),
        Ok(Event::Delete(object)) => (object, false),
        Ok(Event::Init | Event::InitDone) => return,
        Err(_) => return note(&format!("the watch of {kind}s was interrupted, and is tried again")),
    };
    let object = PamObject { kind, object };
    let item = is_there.then(|| StatusItem::of(&object));
    changes.push(Change { key: (kind.as_str(), object.namespace(), object.name()), item, object });
}

fn changes(args: &StatusArgs, cluster: &Cluster) -> Changes {
    let kinds = match args.what.as_slice() {
        [] => Kind::ALL.to_vec(),
        named => named.iter().map(|named| named.kind).collect(),
    };
    let namespace = (!args.all_namespaces).then_some(cluster.namespace.as_str());
    let mut config = watcher::Config::default();
    config.label_selector.clone_from(&args.selector);
    let stream = |kind: Kind| {
        let api = kind.api(cluster, namespace);
        let events = watch(api, config.clone()).default_backoff();
        events.map(move |event| (kind, event)).boxed()
    };
    kinds.into_iter().map(stream).collect()
}

impl Screen<'_> {
    fn begin(&mut self, first: Statuses) -> Result<(), Failure> {
        let key = |item: &StatusItem| (item.kind, item.namespace.clone().unwrap_or_default(), item.name.clone());
        self.shown = first.items.iter().map(|item| (key(item), item.clone())).collect();
        if self.redraws { self.draw() } else { self.say(first.items, true) }
    }

    /// Takes changes in, and shows them.
    fn update(&mut self, changes: Vec<Change>) -> Result<(), Failure> {
        let mut changed = Vec::new();
        for Change { key, item, object } in changes {
            let item = item.filter(|item| self.is_wanted(item, &object));
            match item {
                Some(item) if self.shown.get(&key) != Some(&item) => {
                    self.shown.insert(key, item.clone());
                    changed.push(item);
                }
                Some(_) => {}
                None => _ = self.shown.remove(&key),
            }
        }
        if self.redraws { self.draw() } else { self.say(changed, false) }
    }

    fn is_wanted(&self, item: &StatusItem, object: &PamObject) -> bool {
        let is_named = |name: &Option<String>| name.as_ref().is_none_or(|name| *name == item.name);
        let what = &self.args.what;
        let named = what.is_empty() || what.iter().any(|named| named.kind == object.kind && is_named(&named.name));
        let of_connection = self.args.connection.as_ref().is_none_or(|connection| object.is_of(connection));
        named && of_connection && !(self.args.not_ready && item.ready)
    }

    fn draw(&self) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        out.write_all(TO_TOP)?;
        out.flush()?;
        drop(out);
        crate::output::write_out(&text(self.args.output, &self.statuses(self.shown.values().cloned().collect()))?)
    }

    fn say(&self, items: Vec<StatusItem>, with_header: bool) -> Result<(), Failure> {
        if items.is_empty() {
            return Ok(());
        }
        let mut output = self.args.output;
        output.no_headers |= !with_header;
        crate::output::write_out(&text(output, &self.statuses(items))?)
    }

    fn statuses(&self, items: Vec<StatusItem>) -> Statuses {
        Statuses { items, all_namespaces: self.args.all_namespaces, now: Timestamp::now() }
    }
}
