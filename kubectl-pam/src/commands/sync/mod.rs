//! `kubectl pam sync`: asks the operator for a push, of all objects first, and then waits for all.

mod args;
mod ask;
pub mod item;
mod progress;
mod wait;

pub use self::args::SyncArgs;
use self::item::{Ended, SyncItem};
use self::progress::Lines;
use crate::cluster::Cluster;
use crate::dry_run::DryRun;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interruption;
use crate::output::{Answer, Cell, Row, Table, note, print};

/// How each object ended.
pub struct Synced {
    items: Vec<SyncItem>,
}

/// Asks for the pushes, and waits for them.
pub async fn run(args: &SyncArgs, cluster: &Cluster) -> Result<Exit, Failure> {
    let objects = args.objects(cluster).await?;
    if objects.is_empty() {
        note("no PamCredential and no MySafePassword is meant: nothing was done");
        return Ok(Exit::Done);
    }
    args.agree(&objects)?;
    if args.dry_run == Some(DryRun::Client) {
        let items = objects.iter().map(|object| SyncItem::of(object, Ended::WouldBeAsked)).collect();
        return print(args.output, &Synced { items }).map(|()| Exit::Done);
    }
    let interruption = Interruption::listen();
    let mut lines = Lines::new(&objects, args.output);
    let asked = ask::all(args, cluster, objects, &mut lines, &interruption).await?;
    let items = if args.no_wait || args.dry_run.is_some() || asked.interrupted {
        asked.without_wait(args.dry_run.is_some(), &mut lines)?
    } else {
        wait::for_all(args, cluster, asked, &mut lines, &interruption).await?
    };
    lines.end();
    let synced = Synced { items };
    if lines.is_silent() {
        print(args.output, &synced)?;
    }
    Ok(synced.exit())
}

impl Synced {
    fn exit(&self) -> Exit {
        let any = |ended: Ended| self.items.iter().any(|item| item.ended == ended);
        match () {
            () if any(Ended::NotAsked) => Exit::Interrupted,
            () if any(Ended::Interrupted) => Exit::Interrupted,
            () if any(Ended::Refused) => Exit::Kubernetes,
            () if any(Ended::TimedOut) => Exit::Timeout,
            () if any(Ended::Stalled) || any(Ended::Gone) => Exit::No,
            () => Exit::Done,
        }
    }
}

impl Answer for Synced {
    type Item = SyncItem;

    const KIND: &'static str = "SyncList";

    fn table(&self, _wide: bool) -> Table {
        let mut table = Table::new(["NAME", "RESULT", "STATUS"]);
        for item in &self.items {
            let cells = [
                Cell::from(item.headline.short_name()),
                Cell::new(item.ended.as_str(), item.ended.tone()),
                Cell::from(item.headline.status.clone().unwrap_or_default()),
            ];
            table.push(item.notes().into_iter().fold(Row::new(cells), Row::note));
        }
        table
    }

    fn items(&self) -> &[SyncItem] {
        &self.items
    }

    fn names(&self) -> Vec<String> {
        self.items.iter().map(|item| item.headline.full_name()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::item::Ended::{
        Asked, Done, Gone, Interrupted, NotAsked, Planned, Refused, Stalled, Suspended, TimedOut,
    };
    use super::*;

    #[test]
    fn the_exit_code_is_that_of_the_worst_end() {
        let exit = |ends: &[Ended]| {
            let item = |ended: &Ended| SyncItem { ended: *ended, ..SyncItem::default() };
            Synced { items: ends.iter().map(item).collect() }.exit()
        };
        assert_eq!(exit(&[Done, Suspended, Planned, Asked]), Exit::Done);
        assert_eq!(exit(&[Done, Stalled]), Exit::No);
        assert_eq!(exit(&[Gone]), Exit::No);
        assert_eq!(exit(&[Stalled, TimedOut]), Exit::Timeout);
        assert_eq!(exit(&[TimedOut, Refused]), Exit::Kubernetes);
        assert_eq!(exit(&[Done, Interrupted]), Exit::Interrupted);
        assert_eq!(exit(&[Refused, NotAsked]), Exit::Interrupted);
    }
}
