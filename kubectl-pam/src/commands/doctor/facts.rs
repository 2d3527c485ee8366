//! What was found before anything is judged. The checks make lines of these facts, and ask nobody.

use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use pam_operator::pam::PamError;

use super::rights::{Right, Settings};

/// Something that was looked at, or could not be.
#[derive(Clone, Debug)]
pub enum Known<T> {
    /// It was looked at.
    Is(T),
    /// It could not be looked at: why, and what right is missing.
    Unknown(String),
}

impl<T> Known<T> {
    /// Returns what was found, if it could be looked at.
    pub const fn found(&self) -> Option<&T> {
        match self {
            Self::Is(found) => Some(found),
            Self::Unknown(_) => None,
        }
    }
}

/// All that was found.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What the API server says.
    pub cluster: ClusterFacts,
    /// The operators; empty where there is none.
    pub operators: Known<Vec<Operator>>,
    /// The objects of all kinds that the user may see.
    pub objects: Vec<ObjectFact>,
    /// Kinds whose objects the user may not see, and why.
    pub left_out: Vec<String>,
    /// The connections that are looked at.
    pub connections: Vec<ConnectionFacts>,
    /// When the facts were gathered.
    pub now: Timestamp,
}

/// What the API server says.
#[derive(Clone, Debug)]
pub struct ClusterFacts {
    /// The version of Kubernetes.
    pub version: Known<String>,
    /// How many seconds the API server's clock is before ours.
    pub clock: Known<i64>,
    /// The definitions of our kinds.
    pub definitions: Vec<Definition>,
    /// What the user may do.
    pub rights: Vec<Held>,
}

/// The definition of one of our kinds.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Its name, such as `pamcredentials.pam-operator.io`.
    pub name: String,
    /// The definition; `None` where the cluster has none.
    pub installed: Known<Option<CustomResourceDefinition>>,
}

/// A right, and whether somebody has it.
#[derive(Clone, Debug)]
pub struct Held {
    /// The right.
    pub right: Right,
    /// Whether it is held.
    pub held: Known<bool>,
}

/// A Deployment of the operator.
#[derive(Clone, Debug)]
pub struct Operator {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The image of its container.
    pub image: String,
    /// How many Pods are wanted.
    pub wanted: i32,
    /// How many are ready.
    pub ready: i32,
    /// The account that it runs as.
    pub account: String,
    /// What its arguments say.
    pub settings: Settings,
    /// The connections that it selects, as [`ObjectFact::connection`].
    pub serves: Known<BTreeSet<String>>,
    /// What is wrong with its Pods.
    pub pods: Known<Vec<String>>,
    /// Its Lease; `None` where there is none.
    pub lease: Known<Option<LeaseFact>>,
    /// What its account may do.
    pub rights: Vec<Held>,
    /// The key of its digests.
    pub key: Known<KeyFact>,
}

/// A Lease.
#[derive(Clone, Debug)]
pub struct LeaseFact {
    /// Who holds it; `None` while nobody does.
    pub holder: Option<String>,
    /// When it was renewed, by the clock of the operator's node.
    pub renewed: Option<Timestamp>,
    /// For how many seconds it is held without a renewal.
    pub duration: i64,
}

/// The Secret of an operator's digest key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFact {
    /// There is no such Secret.
    NoSecret,
    /// The Secret holds no key.
    NoKey,
    /// The key has this id.
    Id(String),
}

/// An object, as its status shows it.
#[allow(clippy::struct_excessive_bools, reason = "each is one independent fact")]
#[derive(Clone, Debug, Default)]
pub struct ObjectFact {
    /// How users name it.
    pub name: String,
    /// The connection that it is or refers to, as `kind/namespace/name`.
    pub connection: String,
    /// True for a connection.
    pub is_connection: bool,
    /// The reason of `Ready`.
    pub reason: String,
    /// The message of `Ready`.
    pub message: String,
    /// True if `Ready` is true.
    pub ready: bool,
    /// True if the status speaks of the newest version of the spec.
    pub observed: bool,
    /// True if the PAM accepted a write for it.
    pub was_written: bool,
    /// The tenant that the PAM named.
    pub tenant: Option<String>,
    /// The name of its cluster, of a connection.
    pub cluster_name: Option<String>,
    /// The ids of the keys of its digests.
    pub keys: Vec<String>,
}

/// A connection, as it is seen from here.
#[derive(Clone, Debug)]
pub struct ConnectionFacts {
    /// How users name it.
    pub name: String,
    /// As [`ObjectFact::connection`].
    pub key: String,
    /// What is wrong with its spec.
    pub fault: Option<String>,
    /// What its spec says of paths, for the line about a path that is not known.
    pub paths: String,
    /// The tenant that its spec asks for.
    pub tenant: Option<String>,
    /// What the network shows.
    pub network: Network,
    /// What became of the login.
    pub login: Known<Result<(), PamError>>,
    /// What became of the list: the number of records.
    pub list: Known<Result<usize, PamError>>,
}

/// What the network shows of a PAM. What was not tried since something before it failed is `Unknown`.
#[derive(Clone, Debug)]
pub struct Network {
    /// Host and port.
    pub host: String,
    /// How many addresses the host has.
    pub addresses: Known<Result<usize, String>>,
    /// Whether a connection can be made.
    pub connected: Known<Result<(), String>>,
    /// Until when the certificate is valid.
    pub valid_until: Known<Timestamp>,
    /// How many seconds the PAM's clock is before ours.
    pub clock: Known<i64>,
}
