//! Conditions, JSON, base64, and the search for the canary.

use std::fmt::Debug;

use kube::ResourceExt;
use pam_operator::api::{ConditionType, PamCredential, find};
use serde_json::Value;

use super::CANARY;

/// Returns an object's `Ready` condition: status, reason, message.
pub fn ready(credential: &PamCredential) -> (String, String, String) {
    let status = credential.status.clone().unwrap_or_default();
    let ready = find(&status.conditions, ConditionType::Ready).expect("there is always a Ready condition");
    (ready.status.clone(), ready.reason.clone(), ready.message.clone())
}

pub(super) fn is(
    conditions: &[k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition],
    reason: &str,
    current: bool,
) -> anyhow::Result<()> {
    let ready = find(conditions, ConditionType::Ready);
    let found = ready.map(|ready| format!("{}/{}: {}", ready.status, ready.reason, ready.message));
    let same = ready.is_some_and(|ready| ready.reason == reason);
    anyhow::ensure!(same && current, "current: {current}, {found:?}");
    Ok(())
}

pub fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Merges as `kubectl patch --type merge` does.
pub fn merge(into: &mut Value, change: Value) {
    match (into, change) {
        (Value::Object(into), Value::Object(change)) => {
            for (key, value) in change {
                if value.is_null() {
                    into.remove(&key);
                } else {
                    merge(into.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (into, change) => *into = change,
    }
}

pub fn is_not_found(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

/// Fails with the text around it if the canary is somewhere in `said`, whole or in part, plain or encoded.
pub fn assert_no_canary(said: &str) {
    let encoded = base64(CANARY.as_bytes());
    for needle in ["canary-7f3a", &encoded[..encoded.len() - 4]] {
        if let Some(at) = said.find(needle) {
            let from = said[..at].char_indices().rev().nth(300).map_or(0, |(at, _)| at);
            panic!("a secret value was shown: …{}", &said[from..at + needle.len()]);
        }
    }
}

/// A short form of something for an assertion's text.
pub fn shown(what: &impl Debug) -> String {
    format!("{what:?}").chars().take(2000).collect()
}

pub fn name_of(object: &impl ResourceExt) -> String {
    object.name_any()
}
