//! Which objects a command is about.

use kube::api::ListParams;

use super::kind::Kind;
use super::named::{ConnectionName, Named};
use super::object::{PamObject, get};
use crate::cluster::{Cluster, code, failed};
use crate::exit::{Exit, Failure};

/// How many objects one page of a list has.
const PAGE: u32 = 500;

/// Which objects are meant.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The kinds and objects that the user named; empty: all kinds.
    pub named: Vec<Named>,
    /// All namespaces.
    pub all_namespaces: bool,
    /// A label selector.
    pub selector: Option<String>,
    /// Only objects of this connection, and the connection.
    pub connection: Option<ConnectionName>,
}

/// The objects that were found, and the kinds that could not be read though nobody named them.
#[derive(Debug, Default)]
pub struct Found {
    /// The objects, by kind, namespace and name.
    pub objects: Vec<PamObject>,
    /// What could not be read, and why.
    pub left_out: Vec<String>,
}

impl Selection {
    /// Reads the objects. A kind that the user did not name, and may not read, is left out.
    pub async fn find(&self, cluster: &Cluster) -> Result<Found, Failure> {
        let mut found = Found::default();
        if self.named.is_empty() {
            self.all_kinds(cluster, &mut found).await?;
        }
        for named in &self.named {
            match &named.name {
                Some(name) => found.objects.push(get(cluster, named.kind, name).await?),
                None => found
                    .objects
                    .extend(self.list(cluster, named.kind).await?.map_err(|error| no_list(named.kind, &error))?),
            }
        }
        if let Some(connection) = &self.connection {
            found.objects.retain(|object| object.is_of(connection));
        }
        found.objects.sort_by_key(|object| (object.kind, object.namespace(), object.name()));
        found.objects.dedup_by_key(|object| (object.kind, object.namespace(), object.name()));
        Ok(found)
    }

    async fn all_kinds(&self, cluster: &Cluster, found: &mut Found) -> Result<(), Failure> {
        let mut refused = Vec::new();
        for kind in Kind::ALL {
            match self.list(cluster, kind).await? {
                Ok(objects) => found.objects.extend(objects),
                Err(error) if matches!(code(&error), Some(403 | 404)) => refused.push((kind, error)),
                Err(error) => return Err(no_list(kind, &error)),
            }
        }
        if let (true, Some((kind, error))) = (refused.len() == Kind::ALL.len(), refused.first()) {
            return Err(no_list(*kind, error));
        }
        // A kind that is not installed has no objects.
        let forbidden = refused.iter().filter(|(_, error)| code(error) == Some(403));
        found.left_out.extend(forbidden.map(|(kind, error)| no_list(*kind, error).message));
        Ok(())
    }

    async fn list(&self, cluster: &Cluster, kind: Kind) -> Result<Result<Vec<PamObject>, kube::Error>, Failure> {
        let namespace = (!self.all_namespaces).then_some(cluster.namespace.as_str());
        let api = kind.api(cluster, namespace);
        let mut page = ListParams::default().limit(PAGE);
        page.label_selector.clone_from(&self.selector);
        let mut objects = Vec::new();
        loop {
            let listed = match cluster.answer(&format!("list {kind}s"), api.list(&page)).await? {
                Ok(listed) => listed,
                Err(error) => return Ok(Err(error)),
            };
            objects.extend(listed.items.into_iter().map(|object| PamObject { kind, object }));
            match listed.metadata.continue_ {
                Some(next) if !next.is_empty() => page.continue_token = Some(next),
                _ => return Ok(Ok(objects)),
            }
        }
    }
}

fn no_list(kind: Kind, error: &kube::Error) -> Failure {
    match code(error) {
        Some(404) => Failure::new(
            Exit::Kubernetes,
            format!(
                "this cluster does not know the kind {kind}: install the operator's CRDs, or use another --context"
            ),
        ),
        _ => failed(&format!("list {kind}s"), error),
    }
}
