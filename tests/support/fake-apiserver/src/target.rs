//! What a request is about.

use http::{Method, Uri};
use serde_json::Value;

use crate::kinds::Kind;

/// An object's place: resource, namespace (empty: none) and name.
pub(crate) type Key = (usize, String, String);

/// What a path and a query name.
pub(crate) struct Target {
    /// Position among the kinds.
    pub(crate) kind: usize,
    /// `None`: all namespaces, or none.
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) status: bool,
    pub(crate) query: Vec<(String, String)>,
}

/// The objects that a list or a watch asks for.
pub(crate) struct Selected {
    name: Option<String>,
    /// A label and its value.
    label: Option<(String, String)>,
}

impl Selected {
    /// Returns whether an object is one of them.
    pub(crate) fn takes(&self, name: &str, object: &Value) -> bool {
        let is_named = self.name.as_ref().is_none_or(|only| only == name);
        let is_labelled =
            |(key, value): &(String, String)| object["metadata"]["labels"][key.as_str()] == value.as_str();
        is_named && self.label.as_ref().is_none_or(is_labelled)
    }
}

impl Target {
    /// `None` for what is not served.
    pub(crate) fn of(kinds: &[Kind], uri: &Uri) -> Option<Self> {
        let parts: Vec<&str> = uri.path().split('/').filter(|part| !part.is_empty()).collect();
        let (group, version, rest) = match parts.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some((*namespace).to_owned()), rest),
            rest => (None, rest),
        };
        let (plural, name, status) = match rest {
            [plural] => (*plural, None, false),
            [plural, name] => (*plural, Some((*name).to_owned()), false),
            [plural, name, "status"] => (*plural, Some((*name).to_owned()), true),
            _ => return None,
        };
        let fits = |kind: &Kind| kind.group == group && kind.version == version && kind.plural == plural;
        let kind = kinds.iter().position(fits)?;
        let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        Some(Self { kind, namespace, name, status, query })
    }

    /// A parameter of the query.
    pub(crate) fn asks(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_watch(&self) -> bool {
        self.asks("watch") == Some("true")
    }

    /// The objects that the selectors ask for; an error for a field selector of anything but one name, and for a label selector
    /// of anything but one value.
    pub(crate) fn selected(&self) -> Result<Selected, ()> {
        let name = |selector: &str| selector.strip_prefix("metadata.name=").map(str::to_owned).ok_or(());
        let label = |selector: &str| {
            let (key, value) = selector.split_once('=').filter(|(key, _)| !key.ends_with('!')).ok_or(())?;
            Ok((key.to_owned(), value.trim_start_matches('=').to_owned()))
        };
        Ok(Selected {
            name: self.asks("fieldSelector").map(name).transpose()?,
            label: self.asks("labelSelector").map(label).transpose()?,
        })
    }

    pub(crate) fn key(&self) -> Option<Key> {
        Some((self.kind, self.namespace.clone().unwrap_or_default(), self.name.clone()?))
    }

    /// The verb as RBAC and audit logs have it.
    pub(crate) fn verb(&self, method: &Method) -> &'static str {
        match (method.as_str(), &self.name) {
            ("GET", Some(_)) => "get",
            ("GET", None) if self.is_watch() => "watch",
            ("GET", None) => "list",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", _) => "delete",
            _ => "other",
        }
    }

    /// The resource as audit logs have it, `pamcredentials/status`.
    pub(crate) fn resource(&self, kinds: &[Kind]) -> String {
        let plural = &kinds[self.kind].plural;
        if self.status { format!("{plural}/status") } else { plural.clone() }
    }
}
