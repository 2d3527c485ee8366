//! Keeps the labels of namespaces, for rules that select by them, and tells which namespace is going away.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use kube::api::Api;

use crate::controller::runtime::error::{Error, bounded};

/// The labels of a namespace.
pub(crate) type Labels = BTreeMap<String, String>;

/// The labels of every namespace that is watched.
#[derive(Debug, Default)]
pub(crate) struct Namespaces {
    known: Mutex<HashMap<String, Labels>>,
}

impl Namespaces {
    /// Returns the labels of a namespace; `None` where the watch has not shown the namespace yet. The watch of another kind
    /// may show an object of a new namespace first.
    pub(crate) fn labels(&self, name: &str) -> Option<Labels> {
        self.lock().get(name).cloned()
    }

    /// Takes in a namespace; `true` if its labels are news.
    pub(crate) fn put(&self, name: &str, labels: &Labels) -> bool {
        self.lock().insert(name.to_owned(), labels.clone()).as_ref() != Some(labels)
    }

    /// Forgets a namespace.
    pub(crate) fn remove(&self, name: &str) {
        self.lock().remove(name);
    }

    /// Forgets what a new complete list no longer has. `only` is the one namespace that the list was of.
    pub(crate) fn retain(&self, only: Option<&str>, listed: &HashSet<String>) {
        self.lock().retain(|name, _| listed.contains(name) || only.is_some_and(|only| only != name));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Labels>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks the API server whether a namespace is going away, or gone.
pub(crate) async fn is_terminating(namespace: &str, client: &Client) -> Result<bool, Error> {
    let api = Api::<Namespace>::all(client.clone());
    match bounded("read the namespace", api.get_metadata(namespace)).await {
        Ok(namespace) => Ok(namespace.metadata.deletion_timestamp.is_some()),
        Err(error) if error.is_not_found() => Ok(true),
        Err(error) => Err(error),
    }
}
