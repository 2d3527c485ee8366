//! What an import did: everything that is said of it, as text or in a form for programs.

use pam_operator::api::{ConnectionKind, ConnectionRef};
use serde::Serialize;

use super::patch::Patch;
use super::sorted::{SkippedRecord, Sorted};
use super::written::{PATCH, Written};

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Summary {
    /// The namespace of the manifests.
    pub namespace: String,
    /// The directory that they are in; none where they went to standard output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// How many records the PAM's list shows.
    pub records: usize,
    /// How many of them became new files, or were printed.
    pub new: usize,
    /// How many files were there with the same content.
    pub same: usize,
    /// How many files were there with another content, and were written again.
    pub replaced: usize,
    /// The files that somebody edited, and that stayed as they were.
    pub kept: Vec<String>,
    /// The records that no object can be.
    pub skipped: Vec<SkippedRecord>,
    /// How many records objects of the cluster claim.
    pub claimed: usize,
    /// How many records are not meant by the filters.
    pub not_meant: usize,
    /// True if the objects of other namespaces could not be looked at, so that records that they claim are not left out.
    pub of_one_namespace: bool,
    /// True if the user interrupted the writing.
    pub interrupted: bool,
    /// How many manifests were not written because of that.
    pub not_written: usize,
    /// What the connection does not allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denied: Option<Denied>,
    /// The command that applies the manifests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What the owner of the connection has to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Denied {
    /// How many records the connection does not allow to the namespace.
    pub records: usize,
    /// The JSON patch of the connection that allows them, as YAML; none where the connection has no room for another rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<String>,
    /// True if that patch allows the identifiers and hosts of these records and no others.
    pub exact: bool,
    /// The command that patches the connection, where the patch is in a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

impl Summary {
    /// Returns what was done with these records.
    pub fn of(sorted: &Sorted<'_>, written: &Written, patch: Option<&Patch>, connection: &ConnectionRef) -> Self {
        let done = written.new + written.same + written.replaced + written.kept.len();
        let file = written.directory.as_deref().unwrap_or("-");
        let is_next = !written.interrupted && !sorted.chosen.is_empty();
        Self {
            directory: written.directory.clone(),
            records: sorted.chosen.len() + sorted.skipped.len() + sorted.claimed + sorted.not_meant,
            new: written.new,
            same: written.same,
            replaced: written.replaced,
            kept: written.kept.clone(),
            skipped: sorted.skipped.clone(),
            claimed: sorted.claimed,
            not_meant: sorted.not_meant,
            interrupted: written.interrupted,
            not_written: sorted.chosen.len() - done,
            denied: patch.filter(|_| !written.interrupted).map(|patch| Denied::of(patch, written, connection)),
            next: is_next.then(|| format!("kubectl apply -f {file}")),
            ..Self::default()
        }
    }
}

impl Denied {
    fn of(patch: &Patch, written: &Written, connection: &ConnectionRef) -> Self {
        let kind = match connection.kind {
            ConnectionKind::ClusterPamConnection => "clusterpamconnection",
            ConnectionKind::PamConnection => "pamconnection",
        };
        let directory = written.directory.as_ref().filter(|_| patch.text.is_some());
        let command = directory.map(|directory| {
            format!("kubectl patch {kind} {} --type=json --patch-file={directory}/{PATCH}", connection.name)
        });
        Self { records: patch.records, patch: patch.text.clone(), exact: patch.is_exact, command }
    }
}
