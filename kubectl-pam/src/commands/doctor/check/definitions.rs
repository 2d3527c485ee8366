//! The definitions of our kinds: they are there, and know every field that this plugin knows.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionVersion, JSONSchemaProps, JSONSchemaPropsOrArray,
};

use crate::commands::doctor::facts::{Definition, Known};
use crate::commands::doctor::line::Lines;

/// How many missing fields are named.
const NAMED: usize = 5;

/// Compares the definition of a kind with the one that this plugin knows.
pub fn check(lines: &mut Lines, definition: &Definition) {
    let name = &definition.name;
    match &definition.installed {
        Known::Unknown(why) => lines.warn("definitions", format!("{name}: {why}"), "have the right granted"),
        Known::Is(None) => lines.fail(
            "definitions",
            format!("the cluster does not know {name}"),
            "install the operator's CRDs: `kubectl apply --server-side -f crds/`, or the chart",
        ),
        Known::Is(Some(installed)) if !is_established(installed) => lines.fail(
            "definitions",
            format!("{name} is there, and the API server does not serve it"),
            format!("look at the conditions of `kubectl get crd {name} -o yaml`"),
        ),
        Known::Is(Some(installed)) => compare(lines, name, installed),
    }
}

fn compare(lines: &mut Lines, name: &str, installed: &CustomResourceDefinition) {
    let lacks = known(name).map(|known| lacking(&known, installed)).unwrap_or_default();
    if lacks.is_empty() {
        lines.ok("definitions", format!("{name} has every field that this plugin knows"));
        return;
    }
    let more = lacks.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let first = lacks.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    lines.fail(
        "definitions",
        format!("{name} is older than this plugin: it lacks {first}{more}"),
        "apply the CRDs of the operator's release, which Helm does not do at an upgrade; or use the plugin of that release",
    );
}

fn known(name: &str) -> Option<CustomResourceDefinition> {
    pam_operator::api::crds().into_iter().find(|known| known.metadata.name.as_deref() == Some(name))
}

fn is_established(installed: &CustomResourceDefinition) -> bool {
    let conditions = installed.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    !conditions.iter().any(|condition| condition.type_ == "Established" && condition.status != "True")
}

/// Returns the fields that an installed definition lacks. Of an object that is not there, its fields are not named.
fn lacking(known: &CustomResourceDefinition, installed: &CustomResourceDefinition) -> Vec<String> {
    let mut lacks = Vec::new();
    for version in &known.spec.versions {
        let same = installed.spec.versions.iter().find(|other| other.name == version.name && other.served);
        match same {
            None => lacks.push(format!("version {}", version.name)),
            Some(same) => {
                if let (Some(wanted), Some(found)) = (schema(version), schema(same)) {
                    compare_fields(wanted, found, "", &mut lacks);
                }
            }
        }
    }
    lacks
}

fn schema(version: &CustomResourceDefinitionVersion) -> Option<&JSONSchemaProps> {
    version.schema.as_ref()?.open_api_v3_schema.as_ref()
}

fn compare_fields(wanted: &JSONSchemaProps, found: &JSONSchemaProps, path: &str, lacks: &mut Vec<String>) {
    for (name, wanted) in wanted.properties.iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match found.properties.as_ref().and_then(|fields| fields.get(name)) {
            None => lacks.push(path),
            Some(found) => compare_fields(wanted, found, &path, lacks),
        }
    }
    if let (Some(wanted), Some(found)) = (item(wanted), item(found)) {
        compare_fields(wanted, found, &format!("{path}[]"), lacks);
    }
}

fn item(schema: &JSONSchemaProps) -> Option<&JSONSchemaProps> {
    match schema.items.as_ref()? {
        JSONSchemaPropsOrArray::Schema(item) => Some(item),
        JSONSchemaPropsOrArray::Schemas(_) => None,
    }
}
