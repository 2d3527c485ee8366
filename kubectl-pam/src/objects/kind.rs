//! The kinds, by the names that kubectl knows.

use std::fmt;
use std::str::FromStr;

use kube::api::{Api, ApiResource, DynamicObject};
use pam_operator::api::{ClusterPamConnection, MySafePassword, PamConnection, PamCredential};

use crate::cluster::Cluster;

/// Our kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A credential of PAM Core.
    PamCredential,
    /// An entry of MySafe.
    MySafePassword,
    /// A connection of one namespace.
    PamConnection,
    /// A connection of the whole cluster.
    ClusterPamConnection,
}

impl Kind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 4] =
        [Self::PamCredential, Self::MySafePassword, Self::PamConnection, Self::ClusterPamConnection];

    /// Returns the name of the kind.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PamCredential => "PamCredential",
            Self::MySafePassword => "MySafePassword",
            Self::PamConnection => "PamConnection",
            Self::ClusterPamConnection => "ClusterPamConnection",
        }
    }

    /// Returns the short name that kubectl knows.
    pub const fn short(self) -> &'static str {
        match self {
            Self::PamCredential => "pamcred",
            Self::MySafePassword => "mysafe",
            Self::PamConnection => "pamconn",
            Self::ClusterPamConnection => "clusterpamconn",
        }
    }

    /// Tells whether objects of the kind are in a namespace.
    pub const fn is_namespaced(self) -> bool {
        !matches!(self, Self::ClusterPamConnection)
    }

    /// Returns what the API server calls the kind.
    pub fn resource(self) -> ApiResource {
        match self {
            Self::PamCredential => ApiResource::erase::<PamCredential>(&()),
            Self::MySafePassword => ApiResource::erase::<MySafePassword>(&()),
            Self::PamConnection => ApiResource::erase::<PamConnection>(&()),
            Self::ClusterPamConnection => ApiResource::erase::<ClusterPamConnection>(&()),
        }
    }

    /// Returns the objects of the kind in a namespace; `None` is all namespaces.
    pub fn api(self, cluster: &Cluster, namespace: Option<&str>) -> Api<DynamicObject> {
        let resource = self.resource();
        match namespace {
            Some(namespace) if self.is_namespaced() => {
                Api::namespaced_with(cluster.client.clone(), namespace, &resource)
            }
            _ => Api::all_with(cluster.client.clone(), &resource),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Returns the name of an object as kubectl prints it: `pamcredential.pam-operator.io/db`.
pub fn full_name(kind: &str, name: &str) -> String {
    format!("{}.pam-operator.io/{name}", kind.to_ascii_lowercase())
}

/// Returns the name of an object as users give it: `pamcred/db`.
pub fn short_name(kind: &str, name: &str) -> String {
    let short = Kind::ALL.into_iter().find(|known| known.as_str() == kind).map_or(kind, |known| known.short());
    format!("{short}/{name}")
}

/// Reads a kind as kubectl does: its name, its plural, its short name, with or without the group, in any case.
impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let word = text.to_ascii_lowercase();
        let word = word.strip_suffix(".pam-operator.io").unwrap_or(&word);
        let names = |kind: &Self| {
            let name = kind.as_str().to_ascii_lowercase();
            word == name || word.strip_suffix('s') == Some(&name) || word == kind.short()
        };
        Self::ALL.into_iter().find(names).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.into_iter().map(Self::short).collect();
            format!("{text} is no kind of the PAM operator: give one of {}", known.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_the_names_that_kubectl_knows() {
        for text in ["pamcred", "PamCredential", "pamcredentials", "pamcredentials.pam-operator.io", "PAMCREDENTIAL"] {
            assert_eq!(text.parse(), Ok(Kind::PamCredential), "{text}");
        }
        assert_eq!("clusterpamconn".parse(), Ok(Kind::ClusterPamConnection));
        assert_eq!("mysafe".parse(), Ok(Kind::MySafePassword));
        assert!("pods".parse::<Kind>().unwrap_err().contains("pamcred, mysafe, pamconn, clusterpamconn"));
        for kind in Kind::ALL {
            assert_eq!(kind.resource().kind, kind.as_str());
            assert_eq!(kind.resource().plural.parse(), Ok(kind));
        }
    }

    #[test]
    fn an_object_has_the_names_that_kubectl_prints_and_users_give() {
        assert_eq!(full_name("PamCredential", "db"), "pamcredential.pam-operator.io/db");
        assert_eq!(short_name("MySafePassword", "db"), "mysafe/db");
    }
}
