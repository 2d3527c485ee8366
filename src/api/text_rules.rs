//! The sentences in which the API server refuses a text: of a bare `pattern` it prints the regular expression, which does not say
//! what to write instead.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, ValidationRule};

use super::access::{GLOB, LABEL_KEY, LABEL_VALUE, NAMESPACE_GLOB};
use super::connection::{API_PATH, BASE64, HTTPS_URL, NO_PROXY, PROXY_URL};
use super::settings::CONNECTIVITY;
use super::validation::{CLEAN_TEXT, DATA_KEY, FREE_TEXT, HEADER_TEXT, LIST_ITEM, OBJECT_NAME};
use super::{credential, my_safe_password};

/// What the texts that match a pattern are, in words.
struct Sentence {
    pattern: &'static str,
    allowed: &'static str,
    /// A text that matches, for fields that [`EXAMPLES`] does not name.
    example: &'static str,
}

const SENTENCES: [Sentence; 16] = [
    Sentence {
        pattern: CLEAN_TEXT,
        allowed: "must have no space at either end, and no character that cannot be seen, such as a line break, a tab or a zero-width space",
        example: "Local User",
    },
    Sentence {
        pattern: LIST_ITEM,
        allowed: "must be one item of the list: without a comma, without a space at either end, and without a character that cannot be seen, such as a line break or a tab",
        example: "team-data",
    },
    Sentence {
        pattern: FREE_TEXT,
        allowed: "must have no control characters but line breaks and tabs",
        example: "owned by team-data",
    },
    Sentence {
        pattern: HEADER_TEXT,
        allowed: "must be one line of ASCII characters, without a space at either end",
        example: "acme",
    },
    Sentence {
        pattern: OBJECT_NAME,
        allowed: "must be the name of an object, without a namespace: lower-case letters, digits, - and ., beginning and ending with a letter or a digit",
        example: "reporting-db",
    },
    Sentence {
        pattern: DATA_KEY,
        allowed: "must be a key in the data of a Secret or ConfigMap: letters, digits, -, _ and .",
        example: "password",
    },
    Sentence {
        pattern: credential::IDENTIFIER,
        allowed: "must be letters without accents, digits, -, _ and .",
        example: "shop_reporting-db",
    },
    Sentence {
        pattern: my_safe_password::IDENTIFIER,
        allowed: "must be the number of an entry, as MySafe shows it",
        example: "9001",
    },
    Sentence {
        pattern: CONNECTIVITY,
        allowed: "must be a protocol and a port, with a colon between them",
        example: "SSH:22",
    },
    Sentence {
        pattern: HTTPS_URL,
        allowed: "must be https:// and a host, with a port and a path where needed, and without user, query and fragment",
        example: "https://pam.example.com",
    },
    Sentence {
        pattern: PROXY_URL,
        allowed: "must be http:// and a host, with a port where needed, and without user and path",
        example: "http://proxy.example.com:3128",
    },
    Sentence {
        pattern: NO_PROXY,
        allowed: "must be hosts, addresses and networks with commas between them",
        example: ".example.com,10.0.0.0/8",
    },
    Sentence {
        pattern: API_PATH,
        allowed: "must be a path that begins with /, of letters, digits, -, _, . and ~",
        example: "/api",
    },
    Sentence {
        pattern: BASE64,
        allowed: "must be base64 in one line, without spaces: of the PEM file, as base64 -w0 prints it",
        example: "LS0tLS1CRUdJTg==",
    },
    Sentence {
        pattern: NAMESPACE_GLOB,
        allowed: "must be lower-case letters, digits and -; * stands for any characters",
        example: "team-*",
    },
    Sentence {
        pattern: LABEL_KEY,
        allowed: "must be the key of a label: where needed a DNS name and /, then letters, digits, -, _ and .",
        example: "example.com/team",
    },
];

/// A field that the example of its pattern does not fit.
struct Example {
    pattern: &'static str,
    field: &'static str,
    text: &'static str,
}

const fn example(pattern: &'static str, field: &'static str, text: &'static str) -> Example {
    Example { pattern, field, text }
}

const EXAMPLES: [Example; 14] = [
    example(CLEAN_TEXT, "username", "svc-backup"),
    example(CLEAN_TEXT, "hostname", "db-1.example.com"),
    example(CLEAN_TEXT, "ip", "192.0.2.21"),
    example(CLEAN_TEXT, "domain", "corp.example.com"),
    example(CLEAN_TEXT, "name", "Registrar"),
    example(CLEAN_TEXT, "shortName", "pin"),
    example(CLEAN_TEXT, "serverPath", "/etc/app/login.conf"),
    example(CLEAN_TEXT, "userCredentialOwner", "ana"),
    example(CLEAN_TEXT, "sessionRemoteConfig", "SSH:EXPECT:FILL"),
    example(CLEAN_TEXT, "url", "https://registrar.example.com"),
    example(HEADER_TEXT, "referrer", "https://operator.example.com"),
    example(API_PATH, "tokenPath", "/api/oauth2/token"),
    example(DATA_KEY, "clientIdKey", "clientId"),
    example(DATA_KEY, "clientSecretKey", "clientSecret"),
];

/// Puts a rule with a sentence in the place of the pattern of a field. The pattern of label values stays: for all values that the
/// selectors of an access list may have, such a rule would cost more than the API server allows.
pub(super) fn put_sentence(field: &str, schema: &mut JSONSchemaProps) {
    let pattern = schema.pattern.take_if(|pattern| pattern != LABEL_VALUE);
    if let Some(pattern) = pattern {
        let rules = if pattern == GLOB { glob_rules() } else { vec![matching(field, &pattern)] };
        schema.x_kubernetes_validations.get_or_insert_default().splice(0..0, rules);
    }
}

/// Returns the rules of a glob. One rule with its whole pattern would cost more than the API server allows, for all hostnames that
/// an access list may have.
fn glob_rules() -> Vec<ValidationRule> {
    let rule = |rule: &str, message: &str| ValidationRule {
        rule: rule.to_owned(),
        message: Some(message.to_owned()),
        ..ValidationRule::default()
    };
    vec![
        rule(
            r"self.matches(r'^[^\s\p{Cc}]+$')",
            "must have no spaces; * stands for any characters; for example {namespace}_*",
        ),
        rule(
            "!self.replace('{namespace}', '').matches('[{}]')",
            "must have no braces but those of {namespace}, which stands for the object's namespace; for example {namespace}_*",
        ),
    ]
}

fn matching(field: &str, pattern: &str) -> ValidationRule {
    let of_field = EXAMPLES.iter().find(|example| example.pattern == pattern && example.field == field);
    let sentence = SENTENCES.iter().find(|sentence| sentence.pattern == pattern);
    let message = sentence.map(|Sentence { allowed, example, .. }| {
        format!("{allowed}; for example {}", of_field.map_or(*example, |example| example.text))
    });
    ValidationRule { rule: format!("self.matches(r'{pattern}')"), message, ..ValidationRule::default() }
}

#[cfg(test)]
mod tests {
    use regex::Regex;
    use serde_json::Value;

    use super::*;

    /// Every node of a schema that has a rule or a pattern, with its path.
    fn walk(path: &str, schema: &Value, all: &mut Vec<(String, Value)>) {
        all.push((path.to_owned(), schema.clone()));
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            walk(&format!("{path}.{name}"), inner, all);
        }
        for inner in ["items", "additionalProperties"].map(|inner| &schema[inner]).into_iter().filter(|i| i.is_object())
        {
            walk(&format!("{path}[]"), inner, all);
        }
    }

    fn nodes() -> Vec<(String, Value)> {
        let mut all = Vec::new();
        for crd in crate::api::crds() {
            let crd = serde_json::to_value(crd).unwrap();
            let kind = crd["spec"]["names"]["kind"].as_str().unwrap();
            walk(kind, &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"], &mut all);
        }
        all
    }

    #[test]
    fn p7_no_field_is_refused_with_a_regular_expression_but_the_values_of_labels() {
        let bare = nodes().into_iter().filter(|(_, schema)| schema["pattern"].is_string()).map(|(path, _)| path);
        let bare: Vec<_> = bare.collect();
        let selector = "ClusterPamConnection.spec.access[].namespaces.selector";
        assert_eq!(bare, [format!("{selector}.matchExpressions[].values[]"), format!("{selector}.matchLabels[]")]);
    }

    #[test]
    fn each_example_is_a_text_that_the_rule_lets_in() {
        let mut seen = 0;
        for (path, schema) in nodes() {
            for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
                let (rule, message) = (rule["rule"].as_str().unwrap(), rule["message"].as_str().unwrap_or_default());
                let Some(pattern) = rule.strip_prefix("self.matches(r'").and_then(|rest| rest.strip_suffix("')"))
                else {
                    continue;
                };
                let (allowed, example) =
                    message.split_once("; for example ").unwrap_or_else(|| panic!("{path}: {rule}"));
                assert!(Regex::new(pattern).unwrap().is_match(example), "{path}: {example} does not match {pattern}");
                assert!(allowed.starts_with("must "), "{path}: {allowed}");
                seen += 1;
            }
        }
        assert!(seen > 100, "{seen}");
        let is_used = |example: &&Example| {
            nodes().iter().any(|(path, schema)| {
                let of_field = path.trim_end_matches("[]").ends_with(&format!(".{}", example.field));
                of_field && schema["x-kubernetes-validations"].to_string().contains(example.text)
            })
        };
        let unused = EXAMPLES.iter().filter(|example| !is_used(example));
        assert_eq!(unused.map(|example| example.field).collect::<Vec<_>>(), Vec::<&str>::new());
    }
}
