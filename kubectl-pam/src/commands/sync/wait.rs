//! Waits until each object is pushed and ready, or somebody has to act.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::stream::StreamExt as _;
use tokio::time::{Instant, interval};

use super::args::SyncArgs;
use super::ask::Asked;
use super::item::{Ended, Request, SyncItem};
use super::progress::Lines;
use crate::cluster::Cluster;
use crate::exit::Failure;
use crate::interrupt::Interruption;
use crate::objects::{Change, Changes, Kind, PamObject, changes};

/// After this time a stall is not one of before: the operator looks at an annotation at once.
const SETTLED: Duration = Duration::from_secs(5);
/// The time from one look at `--timeout` to the next.
const TICK: Duration = Duration::from_millis(500);

type Key = (Kind, String, String);

/// The objects that have not ended, and those that have.
struct Waiting<'a> {
    request: Request,
    pending: BTreeMap<Key, PamObject>,
    ended: Vec<SyncItem>,
    lines: &'a mut Lines,
    began: Instant,
}

/// Waits for all objects.
pub async fn for_all(
    args: &SyncArgs,
    cluster: &Cluster,
    asked: Asked,
    lines: &mut Lines,
    interruption: &Interruption,
) -> Result<Vec<SyncItem>, Failure> {
    lines.wait();
    let mut told = watch(args, cluster, &asked.objects);
    let pending = asked.objects.into_iter().map(|object| (key(&object), object)).collect();
    let mut waiting = Waiting { request: asked.request, pending, ended: asked.others, lines, began: Instant::now() };
    let until = (!args.timeout.is_zero()).then(|| waiting.began + args.timeout);
    let mut tick = interval(TICK);
    while !waiting.pending.is_empty() {
        tokio::select! {
            Some(change) = told.next() => waiting.take(change)?,
            _ = tick.tick() => {
                waiting.lines.tick();
                waiting.look_again()?;
                if until.is_some_and(|until| Instant::now() >= until) {
                    waiting.end_all(Ended::TimedOut)?;
                }
            }
            () = interruption.comes() => {
                let (left, all) = (waiting.pending.len(), waiting.pending.len() + waiting.ended.len());
                waiting.lines.end();
                waiting.end_all(Ended::Interrupted)?;
                waiting.lines.say(&format!(
                    "interrupted: {} of {all} are done. All were asked for, and the operator continues with the others; see kubectl pam status",
                    all - left
                ));
            }
        }
    }
    Ok(waiting.ended)
}

/// Watches the namespaces of the objects, or all of them where there are several.
fn watch(args: &SyncArgs, cluster: &Cluster, objects: &[PamObject]) -> Changes {
    let kinds: BTreeSet<Kind> = objects.iter().map(|object| object.kind).collect();
    let namespaces: BTreeSet<String> = objects.iter().map(PamObject::namespace).collect();
    let one = namespaces.first().filter(|_| namespaces.len() == 1 || !args.all_namespaces);
    let kinds: Vec<Kind> = kinds.into_iter().collect();
    changes(cluster, &kinds, one.map(String::as_str), args.selector.as_deref())
}

impl Waiting<'_> {
    fn take(&mut self, change: Change) -> Result<(), Failure> {
        match change {
            Change::There(object) => {
                if let Some(known) = self.pending.get_mut(&key(&object)) {
                    known.clone_from(&object);
                    self.look_at(&object)?;
                }
                Ok(())
            }
            Change::Gone(object) if self.pending.remove(&key(&object)).is_some() => {
                self.end(SyncItem::of(&object, Ended::Gone))
            }
            Change::Gone(_) | Change::Interrupted(_) => Ok(()),
        }
    }

    fn look_at(&mut self, object: &PamObject) -> Result<(), Failure> {
        let settled = self.began.elapsed() >= SETTLED;
        let Some(ended) = self.request.end_of(object, settled) else { return Ok(()) };
        self.pending.remove(&key(object));
        self.end(SyncItem::of(object, ended))
    }

    /// Looks at what did not change: a stall of before has become one of now.
    fn look_again(&mut self) -> Result<(), Failure> {
        let pending: Vec<PamObject> = self.pending.values().cloned().collect();
        pending.iter().try_for_each(|object| self.look_at(object))
    }

    fn end_all(&mut self, ended: Ended) -> Result<(), Failure> {
        let left = std::mem::take(&mut self.pending);
        left.values().try_for_each(|object| self.end(SyncItem::of(object, ended)))
    }

    fn end(&mut self, item: SyncItem) -> Result<(), Failure> {
        self.lines.ended(&item)?;
        self.ended.push(item);
        Ok(())
    }
}

fn key(object: &PamObject) -> Key {
    (object.kind, object.namespace(), object.name())
}
