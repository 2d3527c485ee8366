//! The versions that are printed.

use serde::Serialize;

use super::number;
use crate::output::clean;

/// The versions.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Versions {
    /// The version of the plugin, such as `0.1.0`.
    pub version: &'static str,
    /// The operators that you may see.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operators: Vec<OperatorItem>,
    /// The operator's kinds, with the versions that the API server serves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub definitions: Vec<Definition>,
    /// The version of the API server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// What could not be read, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

/// One operator.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OperatorItem {
    /// Namespace of its Deployment.
    pub namespace: String,
    /// Name of its Deployment.
    pub name: String,
    /// Its version, as its image or its label `app.kubernetes.io/version` tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its image.
    pub image: String,
}

/// One kind.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Definition {
    /// Name of the definition, such as `pamcredentials.pam-operator.io`.
    pub name: String,
    /// The versions that are served.
    pub versions: Vec<String>,
}

impl Versions {
    /// Returns the versions as text.
    pub fn text(&self) -> String {
        let mut lines = vec![format!("plugin     v{}", self.version)];
        lines.extend(self.operators.iter().map(OperatorItem::line));
        lines.extend(
            self.definitions.iter().map(|kind| format!("kind       {} {}", kind.name, kind.versions.join(", "))),
        );
        lines.extend(self.server.as_ref().map(|server| format!("server     {server}")));
        lines.extend(self.unread.iter().map(|why| format!("unknown    {why}")));
        lines.into_iter().map(|line| clean(&line) + "\n").collect()
    }

    /// Returns the warnings: an operator of another minor version understands other fields than this plugin.
    pub fn warnings(&self) -> Vec<String> {
        let warning = |operator: &OperatorItem| {
            let OperatorItem { namespace, name, version, .. } = operator;
            let other = version.as_ref().filter(|version| number::differ(version, self.version))?;
            Some(format!(
                "the plugin is v{}, and the operator in namespace {namespace} ({name}) is v{other}: install the plugin of the operator's version",
                self.version,
            ))
        };
        self.operators.iter().filter_map(warning).collect()
    }
}

impl OperatorItem {
    fn line(&self) -> String {
        let version =
            self.version.as_ref().map_or_else(|| "of unknown version".to_owned(), |version| format!("v{version}"));
        format!("operator   {version} (Deployment {} in namespace {}, {})", self.name, self.namespace, self.image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operator(version: Option<&str>) -> OperatorItem {
        let version = version.map(str::to_owned);
        OperatorItem { namespace: "ops".to_owned(), name: "op".to_owned(), version, image: "i".to_owned() }
    }

    #[test]
    fn the_text_says_all_that_json_holds() {
        let kind =
            Definition { name: "pamcredentials.pam-operator.io".to_owned(), versions: vec!["v1alpha1".to_owned()] };
        let version = Versions {
            version: "0.1.0",
            operators: vec![operator(Some("0.1.2")), operator(None)],
            definitions: vec![kind],
            server: Some("v1.33.0".to_owned()),
            unread: vec!["cannot do a thing".to_owned()],
        };
        assert_eq!(
            version.text().lines().collect::<Vec<_>>(),
            [
                "plugin     v0.1.0",
                "operator   v0.1.2 (Deployment op in namespace ops, i)",
                "operator   of unknown version (Deployment op in namespace ops, i)",
                "kind       pamcredentials.pam-operator.io v1alpha1",
                "server     v1.33.0",
                "unknown    cannot do a thing",
            ]
        );
        assert!(version.warnings().is_empty(), "a patch is no other version");
    }

    #[test]
    fn an_operator_of_another_minor_version_is_warned_of() {
        let version = Versions { version: "0.1.0", operators: vec![operator(Some("0.2.0"))], ..Versions::default() };
        assert_eq!(version.warnings().len(), 1);
        assert!(version.warnings()[0].contains("install the plugin of the operator's version"));
    }
}
