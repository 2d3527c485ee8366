//! The access rules of a connection, as they hold for one namespace.

use std::time::Duration;

use crate::api::{self, ConnectionKind, Grant, LabelOperator, LabelRequirement, NamespaceSelector};
use crate::controller::connection::object::AnyConnection;
use crate::controller::runtime::namespaces::{Labels, Namespaces};
use crate::domain::{AccessRule, Grants};

/// What an access rule is read with, beside the object and its connection.
#[derive(Clone, Copy)]
pub(crate) struct Deciders<'a> {
    /// The name of this cluster, and then its former names.
    pub(crate) cluster_names: &'a [String],
    /// The labels of the namespaces.
    pub(crate) namespaces: &'a Namespaces,
}

/// The rules of a connection, for one namespace. A tenant's own has none: there it may do what the login can.
pub(crate) fn rules(connection: &AnyConnection, namespace: &str, namespaces: &Namespaces) -> Option<Vec<AccessRule>> {
    if connection.kind() == ConnectionKind::PamConnection {
        let all = Some(vec!["*".to_owned()]);
        return Some(vec![AccessRule { identifiers: all, grants: Grants::ALL, ..AccessRule::default() }]);
    }
    let labels = namespaces.labels(namespace);
    connection.access.as_ref().map(|rules| rules.iter().map(|one| rule(one, labels.as_ref())).collect())
}

/// How long an object waits for the labels of its namespace, should their arrival not wake it.
const LABELS: Duration = Duration::from_secs(5);

/// Returns how long an object waits whose connection asks for labels of a namespace that has not been seen yet; `None` if it
/// does not. The arrival of the labels wakes the object. A status that says "denied" until then would fail an apply of
/// namespace and object together.
pub(crate) fn wait_for_labels(
    connection: Option<&AnyConnection>,
    namespace: &str,
    namespaces: &Namespaces,
) -> Option<Duration> {
    connection.filter(|connection| lacks_labels(connection, namespace, namespaces)).map(|_| LABELS)
}

/// Whether the rules ask for labels of a namespace that has not been seen yet: then nothing can be said of them.
fn lacks_labels(connection: &AnyConnection, namespace: &str, namespaces: &Namespaces) -> bool {
    let asks = |rule: &api::AccessRule| rule.namespaces.as_ref().is_some_and(|of| of.selector.is_some());
    connection.access.iter().flatten().any(asks) && namespaces.labels(namespace).is_none()
}

/// Of a namespace that was not seen yet, or has too many labels, nothing is known, least of all that a label is not there.
fn rule(rule: &api::AccessRule, labels: Option<&Labels>) -> AccessRule {
    let namespaces = rule.namespaces.as_ref();
    let selector = namespaces.and_then(|namespaces| namespaces.selector.as_ref());
    let allows = |grant| rule.allow.as_ref().is_some_and(|allow| allow.contains(&grant));
    AccessRule {
        names: namespaces.and_then(|namespaces| namespaces.names.clone()),
        selected: selector.map(|selector| {
            labels.is_some_and(|labels| !labels.contains_key(api::LABELS_TOO_LARGE) && selects(selector, labels))
        }),
        identifiers: rule.identifiers.clone(),
        hostnames: rule.hostnames.clone(),
        grants: Grants {
            take_over: allows(Grant::TakeOver),
            device_settings: allows(Grant::DeviceSettings),
            owner: allows(Grant::Owner),
            my_safe: allows(Grant::MySafe),
        },
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
        let given: api::AccessRule = serde_json::from_value(given).unwrap();
        assert_eq!(rule(&given, None).selected, Some(false));
        assert_eq!(rule(&given, Some(&Labels::new())).selected, Some(true));
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
