//! `kubectl pam sync`: asks the operator for a push, of all objects first, and then waits for all.

mod ask;
pub mod item;
mod progress;
mod wait;

use std::time::Duration;

use clap::{Args, ValueEnum};

use self::item::{Ended, SyncItem};
use self::progress::Lines;
use crate::cluster::Cluster;
use crate::consent::{Question, YesArgs, confirm};
use crate::exit::{Exit, Failure};
use crate::kubeconfig::timeout;
use crate::objects::{ConnectionName, Kind, Named, PamObject, Selection, get};
use crate::output::{Answer, Cell, OutputArgs, Row, Table, note, print};

/// What is only tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DryRun {
    /// Say which objects would be asked for
    Client,
    /// Have the API server check the request, and change nothing
    Server,
}

/// Push objects again, whatever the operator thinks is due
#[derive(Args, Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
#[command(
    after_help = "The fields are written again, and the value unless the vault rotates it. Ends when each object is \
pushed and ready, or stalled; exits with 1 if one is stalled."
)]
pub struct SyncArgs {
    /// Objects by name; a name without a kind is a PamCredential's
    #[arg(id = "objects", value_name = "[KIND/]NAME", required_unless_present_any = ["all", "selector"], conflicts_with_all = ["all", "selector"])]
    names: Vec<String>,
    /// Every PamCredential and MySafePassword of the namespace
    #[arg(long, conflicts_with = "selector")]
    all: bool,
    /// Those with these labels
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
    /// Of all namespaces
    #[arg(short = 'A', long, conflicts_with = "objects")]
    all_namespaces: bool,
    /// Only those of this connection
    #[arg(long, value_name = "[KIND/]NAME", conflicts_with = "objects")]
    connection: Option<ConnectionName>,
    /// Push the value also where the vault rotates it: a value that the vault made is overwritten
    #[arg(long)]
    push_value: bool,
    /// Do not wait for the pushes
    #[arg(long)]
    no_wait: bool,
    /// How long to wait; 0 is for ever
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = timeout)]
    timeout: Duration,
    /// Change nothing
    #[arg(long, value_enum, value_name = "WHERE", num_args = 0..=1, require_equals = true, default_missing_value = "client")]
    dry_run: Option<DryRun>,
    #[command(flatten)]
    yes: YesArgs,
    #[command(flatten)]
    output: OutputArgs,
}

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
    let mut lines = Lines::new(&objects, args.output);
    let asked = ask::all(args, cluster, objects, &mut lines).await?;
    let items = if args.no_wait || args.dry_run.is_some() || asked.interrupted {
        asked.without_wait(args.dry_run.is_some(), &mut lines)?
    } else {
        wait::for_all(args, cluster, asked, &mut lines).await?
    };
    lines.end();
    let synced = Synced { items };
    if lines.is_silent() {
        print(args.output, &synced)?;
    }
    Ok(synced.exit())
}

impl SyncArgs {
    async fn objects(&self, cluster: &Cluster) -> Result<Vec<PamObject>, Failure> {
        let mut objects = Vec::new();
        for name in &self.names {
            let named = if name.contains('/') {
                name.parse().map_err(|error| Failure::new(Exit::Usage, error))?
            } else {
                Named { kind: Kind::PamCredential, name: Some(name.clone()) }
            };
            objects.push(get(cluster, self.pushable(named.kind)?, named.name.as_deref().unwrap_or_default()).await?);
        }
        if self.names.is_empty() {
            let kinds = [Kind::PamCredential, Kind::MySafePassword];
            let kinds = kinds.into_iter().filter(|kind| !(self.push_value && *kind == Kind::MySafePassword));
            let selection = Selection {
                named: kinds.map(|kind| Named { kind, name: None }).collect(),
                all_namespaces: self.all_namespaces,
                selector: self.selector.clone(),
                connection: self.connection.clone(),
            };
            objects = selection.find(cluster).await?.objects;
        }
        if self.push_value {
            objects.retain(|object| object.value("/spec/contentSecretRef").is_some());
        }
        Ok(objects)
    }

    fn pushable(&self, kind: Kind) -> Result<Kind, Failure> {
        match kind {
            Kind::PamCredential => Ok(kind),
            Kind::MySafePassword if !self.push_value => Ok(kind),
            Kind::MySafePassword => Err(Failure::new(
                Exit::Usage,
                "--push-value is for PamCredentials: no vault rotates what MySafe keeps, so that its value is always pushed",
            )),
            _ => Err(Failure::new(
                Exit::Usage,
                format!("a {kind} is not pushed: name PamCredentials or MySafePasswords"),
            )),
        }
    }

    /// Asks the user where more than named objects are meant, or where values of the vault are overwritten.
    fn agree(&self, objects: &[PamObject]) -> Result<(), Failure> {
        if self.dry_run.is_some() || (!self.names.is_empty() && !self.push_value) {
            return Ok(());
        }
        let count = objects.len().to_string();
        let items: Vec<String> = objects.iter().map(item::place).collect();
        let what = if self.push_value {
            format!("Push the value of {count}, over values that the vault may have made since")
        } else {
            format!("Push {count}")
        };
        let typed = self.push_value.then_some(count.as_str());
        confirm(&self.yes, Question { what: &what, items: &items, typed })
    }
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
                Cell::from(item.short_name()),
                Cell::new(item.ended.as_str(), item.ended.tone()),
                Cell::from(item.status.clone().unwrap_or_default()),
            ];
            table.push(item.notes().into_iter().fold(Row::new(cells), Row::note));
        }
        table
    }

    fn items(&self) -> &[SyncItem] {
        &self.items
    }

    fn names(&self) -> Vec<String> {
        self.items.iter().map(SyncItem::full_name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &[&str]) -> Result<SyncArgs, clap::Error> {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            sync: SyncArgs,
        }
        <Line as clap::Parser>::try_parse_from(["sync"].iter().chain(line)).map(|line| line.sync)
    }

    #[test]
    fn exactly_one_of_names_all_and_a_selector_says_what_is_meant() {
        for line in [&["db"][..], &["db", "mysafe/registrar"], &["--all"], &["-l", "a=b"], &["--all", "-A"]] {
            assert!(parse(line).is_ok(), "{line:?}");
        }
        for line in [&[][..], &["db", "--all"], &["--all", "-l", "a=b"], &["db", "-l", "a=b"], &["db", "-A"]] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line:?}");
        }
        assert_eq!(parse(&["--all", "--dry-run"]).unwrap().dry_run, Some(DryRun::Client));
        assert_eq!(parse(&["--all", "--dry-run=server"]).unwrap().dry_run, Some(DryRun::Server));
    }

    #[test]
    fn values_of_my_safe_are_not_forced() {
        let forced = parse(&["mysafe/registrar", "--push-value"]).unwrap();
        assert_eq!(forced.pushable(Kind::MySafePassword).unwrap_err().exit, Exit::Usage);
        assert!(parse(&["db"]).unwrap().pushable(Kind::MySafePassword).is_ok());
        assert_eq!(parse(&["db"]).unwrap().pushable(Kind::PamConnection).unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn the_exit_code_is_that_of_the_worst_end() {
        let exit = |ends: &[Ended]| {
            let item = |ended: &Ended| SyncItem { ended: *ended, ..SyncItem::default() };
            Synced { items: ends.iter().map(item).collect() }.exit()
        };
        use Ended::{Asked, Done, Gone, Interrupted, NotAsked, Planned, Refused, Stalled, Suspended, TimedOut};
        assert_eq!(exit(&[Done, Suspended, Planned, Asked]), Exit::Done);
        assert_eq!(exit(&[Done, Stalled]), Exit::No);
        assert_eq!(exit(&[Gone]), Exit::No);
        assert_eq!(exit(&[Stalled, TimedOut]), Exit::Timeout);
        assert_eq!(exit(&[TimedOut, Refused]), Exit::Kubernetes);
        assert_eq!(exit(&[Done, Interrupted]), Exit::Interrupted);
        assert_eq!(exit(&[Refused, NotAsked]), Exit::Interrupted);
    }
}
