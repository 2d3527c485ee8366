//! Which objects are to be pushed, and what the user agrees to.

use std::time::Duration;

use clap::Args;

use super::item;
use crate::cluster::Cluster;
use crate::consent::{Question, YesArgs, confirm};
use crate::dry_run::DryRun;
use crate::exit::{Exit, Failure};
use crate::kubeconfig::timeout;
use crate::objects::{ConnectionName, Kind, Named, PamObject, Selection, get};
use crate::output::OutputArgs;

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
    pub(super) names: Vec<String>,
    /// Every PamCredential and MySafePassword of the namespace
    #[arg(long, conflicts_with = "selector")]
    pub(super) all: bool,
    /// Those with these labels
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    pub(super) selector: Option<String>,
    /// Of all namespaces
    #[arg(short = 'A', long, conflicts_with = "objects")]
    pub(super) all_namespaces: bool,
    /// Only those of this connection
    #[arg(long, value_name = "[KIND/]NAME", conflicts_with = "objects")]
    pub(super) connection: Option<ConnectionName>,
    /// Push the value also where the vault rotates it: a value that the vault made is overwritten
    #[arg(long)]
    pub(super) push_value: bool,
    /// Do not wait for the pushes
    #[arg(long)]
    pub(super) no_wait: bool,
    /// How long to wait; 0 is for ever
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = timeout)]
    pub(super) timeout: Duration,
    /// Change nothing: say which objects would be asked for
    #[arg(long, value_enum, value_name = "WHERE", num_args = 0..=1, require_equals = true, default_missing_value = "client")]
    pub(super) dry_run: Option<DryRun>,
    #[command(flatten)]
    pub(super) yes: YesArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

impl SyncArgs {
    pub(super) async fn objects(&self, cluster: &Cluster) -> Result<Vec<PamObject>, Failure> {
        let mut objects = Vec::new();
        for name in &self.names {
            let named = Named::object(name).map_err(|error| Failure::new(Exit::Usage, error))?;
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
    pub(super) fn agree(&self, objects: &[PamObject]) -> Result<(), Failure> {
        if self.dry_run.is_some() || (!self.names.is_empty() && !self.push_value) {
            return Ok(());
        }
        let count = objects.len().to_string();
        let items: Vec<String> = objects.iter().map(item::place).collect();
        let objects = if objects.len() == 1 { "1 object".to_owned() } else { format!("{count} objects") };
        let what = if self.push_value {
            format!("Push the value of {objects}, over values that the vault may have made since")
        } else {
            format!("Push {objects}")
        };
        let typed = self.push_value.then_some(count.as_str());
        confirm(&self.yes, Question { what: &what, items: &items, typed })
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
}
