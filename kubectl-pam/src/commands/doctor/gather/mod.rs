//! Finds out what the checks judge. Everything is asked for, and nothing is written: of the PAM's calls there are the login and
//! the list.

mod certificate;
mod connections;
mod definitions;
mod known;
mod network;
mod objects;
mod operators;
mod server;
#[cfg(test)]
mod tests;
mod user;

use jiff::Timestamp;

use super::args::DoctorArgs;
use super::facts::{ClusterFacts, Facts, Known, Operator};
use crate::cluster::Cluster;
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
    let mut seen = objects::all(cluster).await;
    let mut operators = Box::pin(operators::all(args, cluster)).await;
    if let Some(chosen) = &named {
        let keys: Vec<String> = chosen.iter().map(objects::key).collect();
        seen.objects.retain(|object| keys.contains(&objects::key(object)));
        keep_serving(&mut operators, &keys);
    }
    let rights = user::rights(args, cluster, &operators).await;
    let definitions = Box::pin(definitions::all(cluster)).await;
    let chosen = named.unwrap_or_else(|| seen.connections());
    let mut connections = Vec::new();
    for connection in &chosen {
        let home = home_of(&operators, &objects::key(connection));
        connections.push(connections::look(args, cluster, connection, home).await);
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

/// Keeps the operators that serve one of these connections, as far as that is known.
fn keep_serving(operators: &mut Known<Vec<Operator>>, keys: &[String]) {
    if let Known::Is(operators) = operators {
        operators.retain(|operator| {
            operator.serves.found().is_none_or(|serves| keys.iter().any(|key| serves.contains(key)))
        });
    }
}

/// Returns the namespace of the one operator that serves a connection.
fn home_of<'a>(operators: &'a Known<Vec<Operator>>, key: &str) -> Option<&'a str> {
    let serves = |operator: &&Operator| operator.serves.found().is_some_and(|serves| serves.contains(key));
    let mut serving = operators.found()?.iter().filter(serves);
    match (serving.next(), serving.next()) {
        (Some(one), None) => Some(&one.namespace),
        _ => None,
    }
}
