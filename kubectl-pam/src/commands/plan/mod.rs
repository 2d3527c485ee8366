//! `kubectl pam plan`: what would happen, found by the operator itself. It needs no access to the vault.

pub mod item;
mod manifest;
mod throwaway;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use futures::stream::{StreamExt as _, TryStreamExt as _};
use futures::{FutureExt as _, stream};

use self::item::PlanItem;
use self::manifest::Manifest;
use self::throwaway::Throwaways;
use crate::cluster::Cluster;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interruption;
use crate::kubeconfig::timeout;
use crate::objects::{Named, get};
use crate::output::{Answer, Cell, OutputArgs, Row, Table, Tone, clean, note, print};

/// How many plans are asked for at once.
const AT_ONCE: usize = 8;

/// Show what the operator would do for an object, without doing it
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "The operator makes the plan: a throwaway object in mode Plan asks it, and is removed again. It takes the \
rights to create, read and delete objects of the kind in the namespace, and none in the vault.

Exits with 1 if something would be sent, or cannot be."
)]
pub struct PlanArgs {
    /// Objects that are there, as their spec is; a name without a kind is a PamCredential's
    #[arg(id = "objects", value_name = "[KIND/]NAME", required_unless_present = "files", conflicts_with = "files")]
    names: Vec<String>,
    /// Manifests, as they would be applied; `-` is standard input. Other kinds in them are left out
    #[arg(short = 'f', long = "filename", value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// How long the operator may take; 0 is for ever
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = timeout)]
    timeout: Duration,
    /// Exit with 0 also if something would be sent
    #[arg(long)]
    exit_zero: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// The plans that are shown.
pub struct Plans {
    items: Vec<PlanItem>,
}

/// Shows the plans.
pub async fn run(args: &PlanArgs, cluster: &Cluster, explicit: Option<&str>) -> Result<Exit, Failure> {
    let manifests = args.manifests(cluster, explicit).await?;
    if manifests.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            "the files hold no PamCredential and no MySafePassword: nothing to plan",
        ));
    }
    let interruption = Interruption::listen();
    let throwaways = Throwaways::new(cluster, args.timeout);
    throwaways.remove_forgotten(&manifests).await;
    let plan = |manifest| throwaways.plan(manifest);
    let planning = stream::iter(manifests).map(plan).buffered(AT_ONCE).try_collect::<Vec<_>>();
    let planned = tokio::select! {
        planned = planning.fuse() => planned,
        () = interruption.comes() => Err(Failure::new(Exit::Interrupted, "interrupted: the throwaway objects are removed")),
    };
    throwaways.remove_all().await?;
    let plans = Plans { items: planned? };
    print(args.output, &plans)?;
    Ok(args.exit(&plans))
}

impl PlanArgs {
    async fn manifests(&self, cluster: &Cluster, explicit: Option<&str>) -> Result<Vec<Manifest>, Failure> {
        let mut manifests = Vec::new();
        for file in &self.files {
            let read = manifest::read(file, &cluster.namespace, explicit)?;
            for other in read.left_out {
                note(&format!("left out: {}", clean(&other)));
            }
            manifests.extend(read.manifests);
        }
        for name in &self.names {
            let named = Named::object(name).map_err(|error| Failure::new(Exit::Usage, error))?;
            let object = get(cluster, named.kind, named.name.as_deref().unwrap_or_default()).await?;
            manifests.push(Manifest::of(&object)?);
        }
        Ok(manifests)
    }

    fn exit(&self, plans: &Plans) -> Exit {
        match () {
            () if plans.items.iter().any(|item| item.timed_out) => Exit::Timeout,
            () if self.exit_zero || plans.items.iter().all(PlanItem::is_nothing) => Exit::Done,
            () => Exit::No,
        }
    }
}

impl Answer for Plans {
    type Item = PlanItem;

    const KIND: &'static str = "PlanList";

    fn table(&self, _wide: bool) -> Table {
        let mut table = Table::new(["NAME", "ACTION", "ID", "VALUE", "FIELDS"]);
        for item in &self.items {
            let row = Row::new([
                Cell::from(item.headline.short_name()),
                Cell::new(&item.action, tone(item)),
                Cell::from(item.id.clone().unwrap_or_default()),
                Cell::from(item.value.clone().unwrap_or_default()),
                Cell::from(item.groups.join(",")),
            ]);
            table.push(item.notes().into_iter().fold(row, Row::note));
        }
        table
    }

    fn items(&self) -> &[PlanItem] {
        &self.items
    }

    fn names(&self) -> Vec<String> {
        self.items.iter().map(|item| item.headline.full_name()).collect()
    }
}

fn tone(item: &PlanItem) -> Tone {
    match item.action.as_str() {
        "Nothing" | "Suspended" => Tone::Good,
        "Blocked" => Tone::Bad,
        _ => Tone::Waiting,
    }
}
