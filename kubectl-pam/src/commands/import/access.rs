//! What the rules of a connection must allow so that the operator may write the records, as a patch for its owner.

use std::collections::{BTreeMap, BTreeSet};

use pam_operator::api::{AccessNamespaces, AccessRule};
use pam_operator::domain::{self, Claim, Denial, Grants, access};
use pam_operator::pam::ListedCredential;
use serde_json::{Value, json};

/// As many patterns of identifiers a rule may have.
const MOST_IDENTIFIERS: usize = 64;
/// As many patterns of hostnames a rule may have.
const MOST_HOSTNAMES: usize = 256;
/// As many rules a connection may have.
const MOST_RULES: usize = 64;
/// What parts an identifier into segments.
const SEPARATORS: [char; 3] = ['_', '-', '.'];

/// The rules of a connection, as they hold for one namespace.
pub struct Rules<'a> {
    /// The rules; `None` where the connection has none, so that the default holds.
    pub in_namespace: Option<Vec<domain::AccessRule>>,
    /// The names of this cluster under which identifiers are generated.
    pub clusters: &'a [String],
    /// The namespace.
    pub namespace: &'a str,
}

impl Rules<'_> {
    /// Returns true if no object of the namespace may have the identifier, whatever the rules say.
    #[must_use]
    pub fn is_reserved(&self, identifier: &str) -> bool {
        matches!(self.ask(Some(identifier), ""), Err(Denial::Reserved { .. }))
    }

    /// Returns true if the operator may write the record for an object of the namespace.
    #[must_use]
    pub fn allow(&self, record: &ListedCredential) -> bool {
        self.ask(record.identifier.as_deref(), &record.hostname).is_ok()
    }

    fn ask(&self, identifier: Option<&str>, hostname: &str) -> Result<Grants, Denial> {
        let claim = Claim {
            namespace: self.namespace,
            identifier: (identifier, ""),
            hostname: Some(hostname),
            wants: Grants::default(),
        };
        access(self.in_namespace.as_deref(), self.clusters, &claim)
    }
}

/// A rule that covers records, and how closely.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// The rule.
    pub rule: AccessRule,
    /// True if the rule names each identifier and each hostname; false if it covers others too.
    pub is_exact: bool,
}

/// Returns a rule for the namespace that covers these records.
#[must_use]
pub fn rule_for(namespace: &str, records: &[&ListedCredential]) -> Rule {
    let identifiers: BTreeSet<&str> = records.iter().filter_map(|record| record.identifier.as_deref()).collect();
    let hostnames: BTreeSet<String> = records.iter().map(|record| record.hostname.to_lowercase()).collect();
    let (patterns, is_exact) = patterns(&identifiers);
    let exact = hostnames.len() <= MOST_HOSTNAMES && hostnames.iter().all(|hostname| is_pattern(hostname));
    let namespaces = AccessNamespaces { names: Some(vec![namespace.to_owned()]), selector: None };
    let rule = AccessRule {
        namespaces: Some(namespaces),
        identifiers: (!patterns.is_empty()).then_some(patterns),
        hostnames: exact.then(|| hostnames.into_iter().collect()),
        allow: None,
    };
    Rule { rule, is_exact: is_exact && exact }
}

/// Returns the steps of a JSON patch that gives a connection a further rule, and changes none that it has, also of those that it
/// gets before somebody applies the patch. A connection without rules has one for every namespace by default, which ends when a
/// rule is written down: the default is written down with it, if there is still no rule then. `None` if there is no room.
#[must_use]
pub fn adding(rule: &AccessRule, existing: Option<&[AccessRule]>) -> Option<Value> {
    let path = "/spec/access";
    match existing {
        None => Some(json!([
            { "op": "test", "path": path, "value": null },
            { "op": "add", "path": path, "value": [rule, AccessRule::default()] },
        ])),
        Some(existing) if existing.len() < MOST_RULES => {
            Some(json!([{ "op": "add", "path": format!("{path}/0"), "value": rule }]))
        }
        Some(_) => None,
    }
}

/// Returns patterns that cover all identifiers, and whether each is one of them. With too many identifiers the patterns are what
/// the identifiers begin with, of as many segments as there is room for.
fn patterns(identifiers: &BTreeSet<&str>) -> (Vec<String>, bool) {
    if identifiers.len() <= MOST_IDENTIFIERS {
        return (identifiers.iter().map(|&identifier| identifier.to_owned()).collect(), true);
    }
    let begun = (1..=3).rev().map(|segments| beginnings(identifiers, segments));
    let found = begun.into_iter().find(|patterns| patterns.len() <= MOST_IDENTIFIERS);
    (found.unwrap_or_else(|| vec!["*".to_owned()]), false)
}

fn beginnings(identifiers: &BTreeSet<&str>, segments: usize) -> Vec<String> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for &identifier in identifiers {
        groups.entry(beginning(identifier, segments)).or_default().push(identifier);
    }
    let pattern = |(begin, all): (&str, Vec<&str>)| match all[..] {
        [only] => only.to_owned(),
        _ => format!("{begin}*"),
    };
    groups.into_iter().map(pattern).collect()
}

/// Returns the first segments of an identifier with the separator behind them.
fn beginning(identifier: &str, segments: usize) -> &str {
    let end = identifier.match_indices(SEPARATORS).nth(segments - 1).map(|(at, separator)| at + separator.len());
    end.map_or(identifier, |end| &identifier[..end])
}

/// Tells whether a hostname means itself and nothing else as a pattern.
fn is_pattern(hostname: &str) -> bool {
    !hostname.chars().any(|character| character.is_whitespace() || character.is_control() || "*{}".contains(character))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pam_operator::domain::RecordIdentifier;

    fn record(identifier: &str, hostname: &str) -> ListedCredential {
        ListedCredential {
            identifier: Some(RecordIdentifier::of(identifier)),
            hostname: hostname.into(),
            ..ListedCredential::default()
        }
    }

    fn rules(rules: Option<Vec<domain::AccessRule>>) -> Rules<'static> {
        static CLUSTERS: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
        Rules { in_namespace: rules, clusters: CLUSTERS.get_or_init(|| vec!["c1".to_owned()]), namespace: "shop" }
    }

    #[test]
    fn without_rules_a_namespace_has_what_begins_with_its_name() {
        let default = rules(None);
        assert!(default.allow(&record("shop_db", "db01")) && default.allow(&record("c1_shop_db", "db01")));
        assert!(!default.allow(&record("robot-5", "db01")));
        assert!(
            default.allow(&ListedCredential { identifier: None, ..record("x", "db01") }),
            "it gets a generated one"
        );
        assert!(
            default.is_reserved("c1_other_db") && !default.is_reserved("c1_shop_db") && !default.is_reserved("robot-5")
        );
    }

    #[test]
    fn a_rule_names_each_identifier_and_each_hostname_while_there_is_room() {
        let records = [record("robot-5", "DB01"), record("robot-6", "db01")];
        let Rule { rule, is_exact } = rule_for("shop", &records.iter().collect::<Vec<_>>());
        assert!(is_exact);
        assert_eq!(rule.identifiers, Some(vec!["robot-5".to_owned(), "robot-6".to_owned()]));
        assert_eq!(rule.hostnames, Some(vec!["db01".to_owned()]));
        assert_eq!(rule.namespaces.unwrap().names, Some(vec!["shop".to_owned()]));
        let odd = rule_for("shop", &[&record("robot-5", "db*")]);
        assert_eq!(odd.rule.hostnames, None, "a star would be a pattern");
        assert!(!odd.is_exact, "every hostname is covered");
    }

    fn many(name: impl Fn(usize) -> String) -> Vec<String> {
        let all: Vec<String> = (0..100).map(name).collect();
        patterns(&all.iter().map(String::as_str).collect()).0
    }

    #[test]
    fn with_more_the_patterns_are_what_they_begin_with() {
        assert_eq!(many(|n| format!("erp-db-{n}")), ["erp-db-*"]);
        assert_eq!(many(|n| format!("s{:02}.x{n}", n / 10)).len(), 10);
        assert_eq!(many(|n| if n == 0 { "lonely".into() } else { format!("erp_{n}") }), ["erp_*", "lonely"]);
        assert_eq!(many(|n| format!("{n:08x}")), ["*"]);
    }

    #[test]
    fn what_was_allowed_before_stays_allowed() {
        let Rule { rule, .. } = rule_for("shop", &[&record("robot-5", "db01")]);
        let op =
            |patch: &Value, at: usize| (patch[at]["op"].clone(), patch[at]["path"].clone(), patch[at]["value"].clone());
        let none = adding(&rule, None).unwrap();
        assert_eq!(op(&none, 0), (json!("test"), json!("/spec/access"), Value::Null), "nothing is replaced");
        assert_eq!(op(&none, 1), (json!("add"), json!("/spec/access"), json!([rule, AccessRule::default()])));
        let full = vec![AccessRule::default(); MOST_RULES];
        let some = adding(&rule, Some(&full[1..])).unwrap();
        assert_eq!(op(&some, 0), (json!("add"), json!("/spec/access/0"), json!(rule)), "the others are not named");
        assert_eq!((none.as_array().unwrap().len(), some.as_array().unwrap().len()), (2, 1));
        assert_eq!(adding(&rule, Some(&full)), None);
    }
}
