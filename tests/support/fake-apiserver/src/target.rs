//! What a request is about.

use http::{Method, Uri};

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

    /// The one name that a field selector asks for; an error for any other selector.
    pub(crate) fn selected_name(&self) -> Result<Option<&str>, ()> {
        if self.asks("labelSelector").is_some() {
            return Err(());
        }
        let selector = self.asks("fieldSelector");
        selector.map(|selector| selector.strip_prefix("metadata.name=").ok_or(())).transpose()
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
