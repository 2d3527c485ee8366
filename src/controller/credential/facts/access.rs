//! What the rules of a connection say to a credential, and in which words.

use crate::api::{self, ConnectionKind, Grant, LabelOperator, LabelRequirement, NamespaceSelector, PamCredential};
use crate::controller::connection::object::AnyConnection;
use crate::controller::credential::facts::{field_groups, identity};
use crate::controller::runtime::namespaces::{Labels, Namespaces};
use crate::controller::runtime::object_id::NamespacedName;
use crate::domain::{AccessRule, Claim, Denial, Grants, access};

/// What an access rule is read with, beside the credential and its connection.
#[derive(Clone, Copy)]
pub(crate) struct Deciders<'a> {
    /// The name of this cluster, and then its former names.
    pub(crate) cluster_names: &'a [String],
    /// The labels of the namespaces.
    pub(crate) namespaces: &'a Namespaces,
}

/// What the credential may do with the connection, or why it may not use it. `identifier` is the one that is sent: what
/// the spec says may be another (or nothing), if it was edited while that one was first being sent.
pub(crate) fn permitted(
    object: &PamCredential,
    identifier: &str,
    connection: &AnyConnection,
    by: Deciders<'_>,
) -> Result<Grants, Denial> {
    let NamespacedName { namespace, name } = NamespacedName::of(object);
    let key = NamespacedName::new(&namespace, &name);
    let generated = identity::generated(&key, by.cluster_names.first().map_or("", String::as_str));
    let of_its_own = identity::generated_by(identifier, &key).is_some();
    let chosen = object.spec.identifier.is_some() || !(of_its_own || identifier == generated);
    let claim = Claim {
        namespace: &namespace,
        identifier: (chosen.then_some(identifier), &generated),
        hostname: &object.spec.hostname,
        wants: wants(&object.spec),
    };
    access(rules(connection, &namespace, by.namespaces).as_deref(), by.cluster_names, &claim)
}

/// What the spec asks for beyond a record of its own, whatever the PAM shows.
fn wants(spec: &api::PamCredentialSpec) -> Grants {
    let settings = spec.additional_settings.as_ref();
    Grants {
        device_settings: field_groups::device_block(spec).is_some(),
        owner: settings.is_some_and(|settings| settings.user_credential_owner.is_some()),
        ..Grants::default()
    }
}

/// The rules of a connection, for one namespace. A tenant's own has none: there it may do what the login can.
fn rules(connection: &AnyConnection, namespace: &str, namespaces: &Namespaces) -> Option<Vec<AccessRule>> {
    if connection.kind() == ConnectionKind::PamConnection {
        let all = Some(vec!["*".to_owned()]);
        return Some(vec![AccessRule { identifiers: all, grants: Grants::ALL, ..AccessRule::default() }]);
    }
    let labels = namespaces.labels(namespace);
    connection.access.as_ref().map(|rules| rules.iter().map(|one| rule(one, labels.as_ref())).collect())
}

/// Whether the rules ask for labels of a namespace that has not been seen yet: then nothing can be said of them.
pub(crate) fn lacks_labels(connection: &AnyConnection, namespace: &str, namespaces: &Namespaces) -> bool {
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

/// Why a credential may not use a connection, and which rule would help. Other namespaces' rules stay unsaid.
pub(crate) fn denied(denial: &Denial, object: &PamCredential, identifier: &str, connection: &AnyConnection) -> String {
    let (namespace, name) = (NamespacedName::of(object).namespace, connection.id());
    // One that was sent is fixed.
    let sent = object.status.as_ref().is_some_and(|status| status.identifier.is_some());
    let own = if sent { "create a new PamCredential and begin its spec.identifier" } else { "begin spec.identifier" };
    let (why, remedy) = match denial {
        Denial::Reserved { cluster } => (
            format!(
                "identifiers that begin with {cluster}_ are kept for those that are generated, and {identifier} is not of namespace {namespace}"
            ),
            format!("{own} with {namespace}_, or leave it out; no rule of the connection can allow this one"),
        ),
        Denial::NoRule => (
            format!("no rule in spec.access of {name} is for namespace {namespace}"),
            format!("have its owner add one whose namespaces has {namespace} among its names, or selects its labels"),
        ),
        Denial::Lacks { rule, identifier: no_identifier, hostname, grants } => {
            let missing =
                missing(no_identifier.then_some(identifier), hostname.then_some(&object.spec.hostname), *grants);
            let whose = match rule {
                Some(index) => format!("spec.access[{index}] of {name}"),
                None => format!("{name} has no spec.access, and the default"),
            };
            let own =
                if *no_identifier { format!("{own} with {namespace}_ or leave it out, or ") } else { String::new() };
            let rule = rule.map_or_else(|| "a rule in spec.access".to_owned(), |index| format!("spec.access[{index}]"));
            (
                format!("{whose} is for namespace {namespace}, but does not cover {}", spell(&missing, ' ')),
                format!("{own}have the connection's owner add {} to {rule}", spell(&missing, ':')),
            )
        }
    };
    format!("Nothing was written: {why}. To mend it, {remedy}")
}

/// What a rule lacks: its field, and what is to be in it.
fn missing(identifier: Option<&str>, hostname: Option<&String>, grants: Grants) -> Vec<(&'static str, String)> {
    let all = [
        ("identifiers", identifier),
        ("hostnames", hostname.map(String::as_str)),
        ("allow", grants.take_over.then_some("TakeOver")),
        ("allow", grants.device_settings.then_some("DeviceSettings")),
        ("allow", grants.owner.then_some("Owner")),
    ];
    all.into_iter().filter_map(|(field, what)| Some((field, what?.to_owned()))).collect()
}

fn spell(missing: &[(&'static str, String)], between: char) -> String {
    let spelled = missing.iter().map(|(field, what)| match between {
        ':' => format!("{field}: [\"{what}\"]"),
        _ => format!("{} {what}", field.trim_end_matches('s')),
    });
    spelled.collect::<Vec<_>>().join(" and ")
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
