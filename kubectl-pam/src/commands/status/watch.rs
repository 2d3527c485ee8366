//! `kubectl pam status --watch`: draws the table again on a terminal, and prints what changed elsewhere.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use futures::stream::StreamExt as _;
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use super::item::StatusItem;
use super::shown::{StatusArgs, Statuses};
use crate::cluster::Cluster;
use crate::exit::{Exit, Failure};
use crate::interrupt::interrupted;
use crate::objects::{Change, Changes, Kind, PamObject, changes};
use crate::output::{Format, note, text, write_out};

/// How long changes are gathered before they are shown.
const GATHER: Duration = Duration::from_millis(200);
/// Moves the cursor to the upper left, and empties the screen below.
const TO_TOP: &[u8] = b"\x1b[H\x1b[2J";

/// Names one object among those that are shown.
type Key = (Kind, String, String);

/// What is shown, and how.
struct Screen<'a> {
    args: &'a StatusArgs,
    shown: BTreeMap<Key, StatusItem>,
    redraws: bool,
}

/// Shows what changes until the user interrupts it.
pub async fn run(args: &StatusArgs, cluster: &Cluster, first: Vec<PamObject>) -> Result<Exit, Failure> {
    let tabular = matches!(args.output.format, None | Some(Format::Wide));
    let mut screen = Screen { args, shown: BTreeMap::new(), redraws: tabular && std::io::stdout().is_terminal() };
    screen.update(first.into_iter().map(Change::There).collect(), true)?;
    let namespace = (!args.all_namespaces).then_some(cluster.namespace.as_str());
    let mut told = changes(cluster, &kinds(args), namespace, args.selector.as_deref());
    loop {
        tokio::select! {
            () = interrupted() => return Ok(Exit::Interrupted),
            gathered = gather(&mut told) => screen.update(gathered, false)?,
        }
    }
}

fn kinds(args: &StatusArgs) -> Vec<Kind> {
    if args.what.is_empty() {
        return Kind::ALL.to_vec();
    }
    let mut kinds: Vec<Kind> = args.what.iter().map(|named| named.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// Returns the next change and those that follow it at once.
async fn gather(told: &mut Changes) -> Vec<Change> {
    let mut gathered: Vec<Change> = told.next().await.into_iter().collect();
    let until = Instant::now() + GATHER;
    while let Ok(Some(change)) = timeout_at(until, told.next()).await {
        gathered.push(change);
    }
    gathered
}

impl Screen<'_> {
    /// Takes changes in, and shows them.
    fn update(&mut self, gathered: Vec<Change>, first: bool) -> Result<(), Failure> {
        let mut changed = Vec::new();
        for change in gathered {
            match change {
                Change::There(object) => changed.extend(self.take(&object)),
                Change::Gone(object) => _ = self.shown.remove(&key(&object)),
                Change::Interrupted(kind) => note(&format!("the watch of {kind}s was interrupted, and begins again")),
            }
        }
        if self.redraws { self.draw() } else { self.say(changed, first) }
    }

    /// Takes an object in, and returns what is to be said of it.
    fn take(&mut self, object: &PamObject) -> Option<StatusItem> {
        let (key, item) = (key(object), StatusItem::of(object));
        if !self.is_wanted(&item, object) {
            self.shown.remove(&key);
            return None;
        }
        let before = self.shown.insert(key, item.clone());
        (before.as_ref() != Some(&item)).then_some(item)
    }

    fn is_wanted(&self, item: &StatusItem, object: &PamObject) -> bool {
        let is_named = |name: &Option<String>| name.as_ref().is_none_or(|name| *name == item.headline.name);
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
        write_out(&text(self.args.output, &self.statuses(self.shown.values().cloned().collect()))?)
    }

    fn say(&self, items: Vec<StatusItem>, with_header: bool) -> Result<(), Failure> {
        if items.is_empty() {
            return Ok(());
        }
        let mut output = self.args.output;
        output.no_headers |= !with_header;
        write_out(&text(output, &self.statuses(items))?)
    }

    fn statuses(&self, items: Vec<StatusItem>) -> Statuses {
        Statuses { items, all_namespaces: self.args.all_namespaces, now: Timestamp::now() }
    }
}

fn key(object: &PamObject) -> Key {
    (object.kind, object.namespace(), object.name())
}
