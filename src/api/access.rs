//! The rules that say which namespaces may use a `ClusterPamConnection`, and what for.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{self, Grants};

/// A glob: `*` matches any characters, and `{namespace}` the namespace of the credential.
pub(super) const GLOB: &str = r"^([^\s\p{Cc}{}]|\{namespace\})+$";
/// A glob for the names of namespaces.
pub(super) const NAMESPACE_GLOB: &str = r"^[-a-z0-9*]+$";
/// A label's key: an optional DNS prefix, and a name.
pub(super) const LABEL_KEY: &str = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$";
/// A label's value.
pub(super) const LABEL_VALUE: &str = r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$";

/// One rule: what it covers, and what it allows there beyond creating and updating records.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessRule {
    /// The namespaces that this rule is for, by `names`, by `selector`, or by both, which must both match. Absent: every
    /// namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<AccessNamespaces>,
    /// Patterns of the identifiers that a credential may set in `spec.identifier`: `*` stands for any characters,
    /// `{namespace}` for the credential's namespace. Upper and lower case differ. Generated identifiers are always
    /// covered. Absent: `{namespace}_*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), inner(regex(pattern = GLOB), length(min = 1, max = 255)))]
    pub identifiers: Option<Vec<String>>,
    /// Patterns of the hostnames that a credential may be for: `*` stands for any characters, `{namespace}` for the
    /// credential's namespace. Upper and lower case do not differ. Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256), inner(regex(pattern = GLOB), length(min = 1, max = 255)))]
    pub hostnames: Option<Vec<String>>,
    /// What is allowed beyond creating and updating records of one's own: `TakeOver` lets a credential with
    /// `adoptionPolicy: TakeOver` have a record that carries another identifier, or is for another account;
    /// `DeviceSettings` lets it set `device`, which rewrites a device that others share; `Owner` lets it set
    /// `additionalSettings.userCredentialOwner`; `MySafe` lets the namespace use a connection of the product `MySafe`, where all
    /// namespaces write as one user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4), extend("x-kubernetes-list-type" = "set"))]
    pub allow: Option<Vec<Grant>>,
}

/// The labels of a namespace.
type Labels = BTreeMap<String, String>;

impl AccessRule {
    /// Returns the rule as it holds for a namespace with these labels. Of a namespace that was not seen yet (`None`), or has too
    /// many labels, nothing is known, least of all that a label is not there.
    #[must_use]
    pub fn in_namespace(&self, labels: Option<&BTreeMap<String, String>>) -> domain::AccessRule {
        let namespaces = self.namespaces.as_ref();
        let selector = namespaces.and_then(|namespaces| namespaces.selector.as_ref());
        let allows = |grant| self.allow.as_ref().is_some_and(|allow| allow.contains(&grant));
        domain::AccessRule {
            names: namespaces.and_then(|namespaces| namespaces.names.clone()),
            selected: selector.map(|selector| {
                labels.is_some_and(|labels| !labels.contains_key(super::LABELS_TOO_LARGE) && selects(selector, labels))
            }),
            identifiers: self.identifiers.clone(),
            hostnames: self.hostnames.clone(),
            grants: Grants {
                take_over: allows(Grant::TakeOver),
                device_settings: allows(Grant::DeviceSettings),
                owner: allows(Grant::Owner),
                my_safe: allows(Grant::MySafe),
            },
        }
    }
}

/// As Kubernetes reads a label selector: all of it must match.
fn selects(selector: &NamespaceSelector, labels: &Labels) -> bool {
    selector.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
        && selector.match_expressions.iter().all(|requirement| fulfils(requirement, labels))
}

fn fulfils(LabelRequirement { key, operator, values }: &LabelRequirement, labels: &Labels) -> bool {
    let value = labels.get(key);
    match operator {
        LabelOperator::In => value.is_some_and(|value| values.contains(value)),
        LabelOperator::NotIn => value.is_none_or(|value| !values.contains(value)),
        LabelOperator::Exists => value.is_some(),
        LabelOperator::DoesNotExist => value.is_none(),
    }
}

/// The namespaces that a rule is for. With both fields a namespace must match both.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.names) || has(self.selector)").message("give names, selector or both; for every namespace leave out namespaces"))]
pub struct AccessNamespaces {
    /// Names of the namespaces, of which one must match; `*` stands for any characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256), inner(regex(pattern = NAMESPACE_GLOB), length(min = 1, max = 63)))]
    pub names: Option<Vec<String>>,
    /// What labels the namespaces must have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<NamespaceSelector>,
}

/// A label selector, as in other Kubernetes kinds: all of it must match. An empty one matches every namespace.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceSelector {
    /// Labels that the namespace must have, each with this value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32, "additionalProperties" = {"type": "string", "maxLength": 63, "pattern": LABEL_VALUE}))]
    pub match_labels: BTreeMap<String, String>,
    /// Further conditions on the namespace's labels, all of which must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub match_expressions: Vec<LabelRequirement>,
}

/// One condition on a label.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)").message("values go with In and NotIn, and only with these"))]
pub struct LabelRequirement {
    /// The key of the label.
    #[schemars(length(min = 1, max = 317), regex(pattern = LABEL_KEY))]
    pub key: String,
    /// How it is compared: `In` and `NotIn` with `values`; `Exists` and `DoesNotExist` without.
    pub operator: LabelOperator,
    /// The values to compare the label's value with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(regex(pattern = LABEL_VALUE), length(max = 63)))]
    pub values: Vec<String>,
}

/// How a label is compared.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum LabelOperator {
    /// The label has one of the values.
    In,
    /// The label has none of the values, or is not there.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is not there.
    DoesNotExist,
}

/// What a rule may allow beyond creating and updating records of one's own.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum Grant {
    /// To take over a record of the same account that has another identifier, or of the same identifier that is for
    /// another account (`adoptionPolicy: TakeOver`); or an entry of MySafe that `spec.identifier` names.
    TakeOver,
    /// To set `device`, which rewrites a device that other credentials share.
    DeviceSettings,
    /// To set the owner of a record.
    Owner,
    /// To use a connection of the product `MySafe`, where all namespaces write as the user of one access key.
    MySafe,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn selector(value: serde_json::Value) -> NamespaceSelector {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_namespace_that_was_not_seen_yet_is_not_one_that_lacks_a_label() {
        let quarantine = json!({"matchExpressions": [{"key": "quarantine", "operator": "DoesNotExist"}]});
        let given = json!({"namespaces": {"selector": quarantine}, "allow": ["TakeOver"]});
        let given: AccessRule = serde_json::from_value(given).unwrap();
        assert_eq!(given.in_namespace(None).selected, Some(false));
        assert_eq!(given.in_namespace(Some(&Labels::new())).selected, Some(true));
    }

    #[test]
    fn labels_are_selected_as_kubernetes_does() {
        let labels: Labels = [("team".to_owned(), "shop".to_owned())].into();
        for (value, expected) in [
            (json!({}), true),
            (json!({"matchLabels": {"team": "shop"}}), true),
            (json!({"matchLabels": {"team": "other"}}), false),
            (json!({"matchLabels": {"absent": ""}}), false),
            (json!({"matchExpressions": [{"key": "team", "operator": "In", "values": ["a", "shop"]}]}), true),
            (json!({"matchExpressions": [{"key": "absent", "operator": "In", "values": ["a"]}]}), false),
            (json!({"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["shop"]}]}), false),
            (json!({"matchExpressions": [{"key": "absent", "operator": "NotIn", "values": ["a"]}]}), true),
            (json!({"matchExpressions": [{"key": "team", "operator": "Exists"}]}), true),
            (json!({"matchExpressions": [{"key": "absent", "operator": "Exists"}]}), false),
            (json!({"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}), false),
            (json!({"matchExpressions": [{"key": "absent", "operator": "DoesNotExist"}]}), true),
            (
                json!({"matchLabels": {"team": "shop"}, "matchExpressions": [{"key": "absent", "operator": "Exists"}]}),
                false,
            ),
        ] {
            assert_eq!(selects(&selector(value.clone()), &labels), expected, "{value}");
        }
    }
}
