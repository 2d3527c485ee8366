//! `kubectl pam status`: one line for each object; below one that is not as it should be, what is wrong and what to do.

mod detail;
pub mod item;
mod shown;
mod watch;

use self::detail::Detail;
pub use self::shown::StatusArgs;
use crate::cluster::Cluster;
use crate::exit::{Exit, Failure};
use crate::output::{note, print};

/// Shows the objects.
pub async fn run(args: &StatusArgs, cluster: &Cluster) -> Result<Exit, Failure> {
    let found = args.selection().find(cluster).await?;
    for left_out in &found.left_out {
        note(&format!("left out: {left_out}"));
    }
    if args.watch {
        return watch::run(args, cluster, found.objects).await;
    }
    let mut shown = args.shown(&found);
    if let ([named], [item]) = (args.what.as_slice(), shown.items.as_mut_slice())
        && named.name.is_some()
    {
        item.detail = Some(Detail::read(cluster, &found.objects[0]).await?);
    }
    if shown.items.is_empty() {
        note(&args.nothing(cluster, &found));
    }
    if !shown.items.is_empty() || args.output.format.is_some() {
        print(args.output, &shown)?;
    }
    Ok(args.exit(&shown))
}
