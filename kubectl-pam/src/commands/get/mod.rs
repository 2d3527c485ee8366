//! `kubectl pam get`: what the list says of a record; its value only with `--reveal`.

mod args;
mod encrypted;
mod find;
mod into_secret;
mod one;
pub mod record;
mod release;
mod reveal;
mod target;

use pam_operator::pam::ListedCredential;

use crate::cluster::Cluster;
use crate::exit::{Exit, Failure};
use crate::output::{clean, print, write_out};

pub use args::GetArgs;
use one::{only, several};
use record::{Record, Records};

/// Runs the command.
pub async fn run(args: &GetArgs, cluster: &Cluster) -> Result<Exit, Failure> {
    let sought = find::sought(&args.target, args.connection.as_ref(), cluster).await?;
    let connected = args.login.connect(cluster, &sought.connection).await?;
    let found = sought.find(&connected.client).await?;
    if !(args.reveal || args.release) {
        return show(args, &found);
    }
    let one = only(&found, &connected.client)?;
    if args.reveal { reveal::run(args, cluster, &one).await } else { release::run(&args.yes, &one).await }
}

fn show(args: &GetArgs, found: &[ListedCredential]) -> Result<Exit, Failure> {
    let records = Records(found.iter().map(Record::from).collect());
    match &args.field {
        None => print(args.output, &records)?,
        Some(field) => {
            let [record] = &records.0[..] else { return Err(several(&records)) };
            let text = record.field(field).unwrap_or_default();
            write_out(&format!("{}\n", clean(text)))?;
        }
    }
    Ok(Exit::Done)
}
