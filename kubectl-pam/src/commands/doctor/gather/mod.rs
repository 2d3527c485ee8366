//! Finds out what the checks judge. Everything is asked for, and nothing is written: of the PAM's calls there are the login and
//! the list.

mod certificate;
mod connections;
mod definitions;
mod network;
mod objects;
mod operators;
mod server;
mod user;

use jiff::Timestamp;

use super::args::DoctorArgs;
use super::facts::{ClusterFacts, Facts, Known};
use crate::cluster::{Cluster, code};
use crate::exit::Failure;
use crate::objects::PamObject;

/// What was gathered.
pub struct Gathered {
    /// The facts that the checks judge.
    pub facts: Facts,
    /// The objects that the user may see.
    pub objects: Vec<PamObject>,
}

/// Gathers all facts. Only a cluster that cannot be reached at all is an error.
pub async fn facts(args: &DoctorArgs, cluster: &Cluster) -> Result<Gathered, Failure> {
    let server = server::look(cluster).await?;
    let named = connections::named(args, cluster).await?;
    let seen = objects::all(cluster).await;
    let operators = operators::all(args, cluster).await;
    let rights = user::rights(args, cluster, &operators).await;
    let definitions = definitions::all(cluster).await;
    let chosen = named.unwrap_or_else(|| seen.connections());
    let mut connections = Vec::new();
    for connection in &chosen {
        connections.push(connections::look(args, cluster, connection).await);
    }
    let facts = Facts {
        cluster: ClusterFacts { version: server.version, clock: server.clock, definitions, rights },
        operators,
        objects: seen.facts(&chosen),
        left_out: seen.left_out.clone(),
        connections,
        now: Timestamp::now(),
    };
    Ok(Gathered { facts, objects: seen.objects })
}

/// Makes one call; what cannot be had is not known.
async fn known<T>(cluster: &Cluster, action: &str, call: impl Future<Output = Result<T, kube::Error>>) -> Known<T> {
    match cluster.call(action, call).await {
        Ok(found) => Known::Is(found),
        Err(failure) => Known::Unknown(failure.message),
    }
}

/// Reads one object, which may not be there.
async fn known_or_none<T>(
    cluster: &Cluster,
    action: &str,
    call: impl Future<Output = Result<T, kube::Error>>,
) -> Known<Option<T>> {
    let call = async {
        match call.await {
            Ok(found) => Ok(Some(found)),
            Err(error) if code(&error) == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    };
    known(cluster, action, call).await
}
