//! Fields that were sent once and that the spec no longer has. The PAM takes partial updates only (API 7 #23): it keeps
//! what it has in them, and the object says so.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::api::PamCredentialSpec;
use crate::controller::credential::facts::version_skew;

/// Begins what is said of such fields.
const MARK: &str = "; no longer in spec, and kept by the PAM, which cannot un-set a field: ";

/// The fields of a spec that are not part of a record's account.
const SENT: [&str; 12] = [
    "additional",
    "additionalSettings",
    "contentSecretRef",
    "credentialType",
    "device",
    "domain",
    "executionSettings",
    "jitSettings",
    "notes",
    "parentPassword",
    "sessionSettings",
    "tags",
];

/// Both switches of the modes of just-in-time access are always sent together.
const JIT_MODES: [&str; 2] = ["jitSettings.credentialCreationAndDeletion", "jitSettings.enableDisableCredential"];

/// The paths of all fields that a spec sends, below `spec`, in order.
pub(crate) fn paths(spec: &PamCredentialSpec) -> BTreeSet<String> {
    let Ok(Value::Object(whole)) = serde_json::to_value(spec) else { return BTreeSet::new() };
    let mut all = BTreeSet::new();
    for (name, value) in whole.iter().filter(|(name, _)| SENT.contains(&name.as_str())) {
        walk(name, value, &mut all);
    }
    all
}

/// A list is one field, and so is a reference to a Secret.
fn walk(path: &str, value: &Value, all: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) if !path.ends_with("SecretRef") => {
            for (name, value) in fields {
                walk(&format!("{path}.{name}"), value, all);
            }
        }
        _ => _ = all.insert(path.to_owned()),
    }
}

/// What is said of the fields that were sent once and that the spec no longer has; nothing if there are none.
pub(crate) fn words(sent: &[String], spec: &PamCredentialSpec) -> String {
    let now = paths(spec);
    // One that this version does not know may well be in the spec, unseen.
    let gone = sent.iter().filter(|path| version_skew::is_known(path) && !now.contains(*path));
    let gone = gone.filter(|path| !is_told_by_mode(path, &now));
    let short: BTreeSet<&str> = gone.map(|path| whole_block(path, &now)).collect();
    if short.is_empty() {
        return String::new();
    }
    format!("{MARK}{}", short.into_iter().collect::<Vec<_>>().join(", "))
}

/// What a message said beside that.
pub(crate) fn without_words(message: &str) -> &str {
    message.split(MARK).next().unwrap_or(message)
}

/// What a message says of such fields, as a sentence of its own.
pub(crate) fn words_of(message: &str) -> &str {
    message.find(MARK).map_or("", |at| message[at..].trim_start_matches("; "))
}

fn is_told_by_mode(path: &str, now: &BTreeSet<String>) -> bool {
    JIT_MODES.contains(&path) && JIT_MODES.iter().any(|mode| now.contains(*mode))
}

/// The block, where all of it is gone; the field otherwise.
fn whole_block<'a>(path: &'a str, now: &BTreeSet<String>) -> &'a str {
    let Some((block, _)) = path.split_once('.') else { return path };
    let begins = |other: &String| other.strip_prefix(block).is_some_and(|rest| rest.starts_with('.'));
    if now.iter().any(begins) { path } else { block }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec(change: &Value) -> PamCredentialSpec {
        let mut spec = json!({"username": "svc", "hostname": "db01", "ip": "10.0.0.7"});
        spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value(spec).unwrap()
    }

    fn kept(before: &Value, after: &Value) -> String {
        let sent: Vec<String> = paths(&spec(before)).into_iter().collect();
        words(&sent, &spec(after)).strip_prefix(MARK).unwrap_or_default().to_owned()
    }

    #[test]
    fn a_field_that_was_removed_is_named_and_a_whole_block_by_its_name() {
        let session = json!({"useOwnCredentialToConnect": true, "ssh": true, "rdp": true});
        let before = json!({"tags": ["a"], "notes": "n", "sessionSettings": session});
        assert_eq!(kept(&before, &before), "");
        assert_eq!(kept(&before, &json!({"notes": "other"})), "sessionSettings, tags");
        let less =
            json!({"tags": ["b"], "notes": "n", "sessionSettings": {"useOwnCredentialToConnect": true, "ssh": false}});
        assert_eq!(kept(&before, &less), "sessionSettings.rdp");
    }

    #[test]
    fn a_reference_is_one_field_wherever_it_leads() {
        let with =
            |name: &str| json!({"additionalSettings": {"criticality": "Low", "secretKeySecretRef": {"name": name}}});
        assert_eq!(kept(&with("a"), &with("b")), "");
        let without = json!({"additionalSettings": {"criticality": "Low"}});
        assert_eq!(kept(&with("a"), &without), "additionalSettings.secretKeySecretRef");
    }

    #[test]
    fn nothing_is_said_of_a_field_that_only_a_newer_version_knows() {
        let now = spec(&json!({"sessionSettings": {"useOwnCredentialToConnect": true}}));
        let sent = ["costCenter", "sessionSettings.spice", "sessionSettings.ssh"].map(str::to_owned);
        assert_eq!(words(&sent, &now).strip_prefix(MARK), Some("sessionSettings.ssh"));
    }

    #[test]
    fn the_mode_of_just_in_time_access_is_always_said() {
        let mode = |mode: &str| json!({"jitSettings": {"jit": true, "useOwnCredentialToConnect": true, mode: true}});
        assert_eq!(kept(&mode("credentialCreationAndDeletion"), &mode("enableDisableCredential")), "");
    }

    #[test]
    fn words_can_be_taken_off_again() {
        let message = format!("as before{MARK}tags");
        assert!(words_of(&message).ends_with(": tags") && words_of("as before").is_empty());
        assert_eq!(without_words(&message), "as before");
    }
}
