//! The least that must be asked to do the operator's work: what its numbers are compared with.
//!
//! One list of `PamCredentials` and of Secrets in pages, one watch of both, one token; then for each object one POST to the
//! PAM and one write of its status. Nothing is checked, compared or kept, and a failure ends the program. Its transport
//! is the operator's: HTTP/1.1 over TLS by rustls and ring, with connections that stay open.
//!
//! It is a program like any other of `--peer-cmd`, and gets what it needs from the same environment.

mod cluster;
mod pam;

use std::sync::Arc;

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt, stream};

use cluster::Cluster;
use pam::Pam;

/// A client that trusts `authorities` alone, and keeps its connections.
fn http(authorities: Vec<reqwest::Certificate>, at_once: usize) -> Result<reqwest::Client> {
    let client = reqwest::Client::builder().no_proxy().http1_only().tls_certs_only(authorities);
    Ok(client.pool_max_idle_per_host(at_once).build()?)
}

/// An environment variable that the harness sets.
fn variable(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set; `bench run` sets it"))
}

/// Does the work, and then waits for the end: the harness reads what it used while it is there.
pub async fn run() -> Result<()> {
    let at_once = variable("BENCH_CONCURRENCY")?.parse()?;
    let cluster = Arc::new(Cluster::connect(at_once).await?);
    let watch = tokio::spawn(watch(Arc::clone(&cluster)));
    let (objects, values) = (cluster.credentials().await?, cluster.values().await?);
    let pam = Pam::login(at_once).await?;
    let pushed = stream::iter(objects).map(|object| {
        let (cluster, pam, value) = (&cluster, &pam, values.get(&object.key()));
        async move {
            let id = pam.post(&object, value.context("an object has no Secret")?).await?;
            cluster.write_status(&object, &id).await
        }
    });
    pushed.buffer_unordered(at_once).try_collect::<()>().await?;
    watch.await?
}

/// Reads what the API server says of changes: an operator that does not watch misses the next change.
async fn watch(cluster: Arc<Cluster>) -> Result<()> {
    tokio::try_join!(cluster.drain(cluster::CREDENTIALS), cluster.drain(cluster::SECRETS))?;
    Ok(())
}
