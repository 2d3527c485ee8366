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
    args.login.check_named(&sought.connection, args.connection.as_ref())?;
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

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;
    use crate::fake;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        get: GetArgs,
    }

    #[tokio::test]
    async fn the_secret_of_the_users_own_client_goes_to_no_host_that_an_object_names() {
        let (cluster, _) = fake::cluster(|_, path| {
            let status = json!({"id": "4711"});
            let spec = json!({"connectionRef": {"kind": "PamConnection", "name": "own"}});
            Some(
                json!({"apiVersion": "pam-operator.io/v1alpha1", "kind": "PamCredential", "spec": spec, "status": status,
                "metadata": {"name": path.rsplit('/').next(), "namespace": "shop"}}),
            )
        });
        for more in [&[][..], &["--connection=own"]] {
            let line = [&["get", "db", "--client-id=mine", "--client-secret-stdin"][..], more].concat();
            let failure = run(&Line::parse_from(line).get, &cluster).await.unwrap_err();
            assert_eq!(failure.exit, Exit::Usage, "{failure}");
            assert!(failure.message.contains("--connection pamconn/own"), "{failure}");
        }
    }
}
