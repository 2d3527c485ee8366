//! The JSON and YAML forms: documented objects with an `apiVersion` of their own.

use serde::Serialize;

/// The version of all documents that the plugin prints. A field is added without a new version; none is removed or changed.
pub const API_VERSION: &str = "cli.pam-operator.io/v1";

/// One object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document<T> {
    api_version: &'static str,
    kind: &'static str,
    #[serde(flatten)]
    content: T,
}

impl<T> Document<T> {
    /// Returns the document of a kind.
    pub const fn new(kind: &'static str, content: T) -> Self {
        Self { api_version: API_VERSION, kind, content }
    }
}

/// A list of objects.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct List<'a, T> {
    api_version: &'static str,
    kind: &'static str,
    items: &'a [T],
}

impl<'a, T> List<'a, T> {
    /// Returns the list of a kind.
    pub const fn new(kind: &'static str, items: &'a [T]) -> Self {
        Self { api_version: API_VERSION, kind, items }
    }
}
