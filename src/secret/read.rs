//! Reads the values of one Secret, or the text of one ConfigMap.
//!
//! Secrets are never read through `Api::get`: when kube cannot decode an answer, it logs the whole answer.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::kubernetes::{CallError, NamespacedName, OnlyKeys, Version, bounded};

/// The values that were asked for of one Secret. Every buffer is wiped when dropped.
pub(crate) struct SecretValues {
    /// The version that was read.
    pub(crate) version: Version,
    /// The keys that were asked for and exist.
    pub(crate) values: HashMap<String, Zeroizing<Vec<u8>>>,
}

/// Returns each name once, in the order in which it first comes.
pub(crate) fn each_once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut once: Vec<&str> = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once
}

/// Names one key of a Secret.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyOf<'a> {
    pub(crate) secret: &'a str,
    pub(crate) key: &'a str,
}

/// What was read of several Secrets of one namespace, by name.
pub(crate) type SecretsRead<'a> = HashMap<&'a str, SecretValues>;

/// Reads keys of Secrets of one namespace, each Secret once. The inner error is the name of a Secret that is not there.
pub(crate) async fn read_all<'a>(
    client: &Client,
    namespace: &str,
    wanted: &[KeyOf<'a>],
) -> Result<Result<SecretsRead<'a>, NamespacedName>, CallError> {
    let mut found = HashMap::new();
    for KeyOf { secret, .. } in wanted {
        if found.contains_key(secret) {
            continue;
        }
        let name = NamespacedName::new(namespace, *secret);
        let keys: Vec<&str> = wanted.iter().filter(|one| one.secret == *secret).map(|one| one.key).collect();
        let Some(values) = read(client, &name, &keys).await? else { return Ok(Err(name)) };
        found.insert(*secret, values);
    }
    Ok(Ok(found))
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    metadata: RawMeta<'a>,
    #[serde(borrow, default)]
    data: Option<HashMap<&'a str, &'a str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMeta<'a> {
    uid: &'a str,
    resource_version: &'a str,
}

/// Reads `wanted` keys of a Secret; `None` if there is no such Secret.
pub(crate) async fn read(
    client: &Client,
    key: &NamespacedName,
    wanted: &[&str],
) -> Result<Option<SecretValues>, CallError> {
    let action = "read a Secret";
    let url = format!("/api/v1/namespaces/{}/secrets/{}", key.namespace, key.name);
    let Some(text) = get(client, action, &url, wanted).await? else {
        return Ok(None);
    };
    // The text of a decoding error may quote a value.
    decode(&text, wanted).map(Some).ok_or(CallError::Failed(action))
}

/// Reads one key of a ConfigMap; the inner `None` if it lacks the key.
pub(crate) async fn read_config_map(
    client: &Client,
    key: &NamespacedName,
    wanted: &str,
) -> Result<Option<(Version, Option<String>)>, CallError> {
    let action = "read a ConfigMap";
    let url = format!("/api/v1/namespaces/{}/configmaps/{}", key.namespace, key.name);
    let Some(text) = get(client, action, &url, &[wanted]).await? else {
        return Ok(None);
    };
    let mut map: ConfigMap = serde_json::from_str(&text).map_err(|_| CallError::Failed(action))?;
    let version = Version {
        uid: map.metadata.uid.unwrap_or_default(),
        resource_version: map.metadata.resource_version.unwrap_or_default(),
    };
    Ok(Some((version, map.data.as_mut().and_then(|data| data.remove(wanted)))))
}

async fn get(
    client: &Client,
    action: &'static str,
    url: &str,
    wanted: &[&str],
) -> Result<Option<Zeroizing<String>>, CallError> {
    let mut request = http_get(url).ok_or(CallError::Failed(action))?;
    request.extensions_mut().insert(OnlyKeys(wanted.iter().map(|&key| key.to_owned()).collect()));
    match bounded(action, client.request_text(request)).await {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

fn http_get(url: &str) -> Option<http::Request<Vec<u8>>> {
    http::Request::get(url).header("Accept", "application/json").body(Vec::new()).ok()
}

fn decode(text: &str, wanted: &[&str]) -> Option<SecretValues> {
    let raw: Raw<'_> = serde_json::from_str(text).ok()?;
    let data = raw.data.unwrap_or_default();
    let version =
        Version { uid: raw.metadata.uid.to_owned(), resource_version: raw.metadata.resource_version.to_owned() };
    let mut values = HashMap::new();
    for key in wanted {
        if let Some(encoded) = data.get(key) {
            values.insert((*key).to_owned(), Zeroizing::new(STANDARD.decode(encoded).ok()?));
        }
    }
    Some(SecretValues { version, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_wanted_is_decoded() {
        let text = r#"{"kind":"Secret","metadata":{"name":"s","uid":"u","resourceVersion":"7"},
            "data":{"password":"c2VjcmV0","other":"not base64"}}"#;
        let read = decode(text, &["password", "missing"]).unwrap();
        assert_eq!(read.values.len(), 1);
        assert_eq!(read.values["password"].as_slice(), b"secret");
        assert_eq!(read.version.resource_version, "7");
    }

    #[test]
    fn a_secret_without_data_is_read_as_empty() {
        let text = r#"{"metadata":{"uid":"u","resourceVersion":"7"},"data":null}"#;
        assert!(decode(text, &["password"]).unwrap().values.is_empty());
    }

    #[test]
    fn what_cannot_be_decoded_is_an_error_without_a_text() {
        for text in ["", "{}", r#"{"metadata":{"uid":"u","resourceVersion":"7"},"data":{"password":"CANARY%"}}"#] {
            assert!(decode(text, &["password"]).is_none());
        }
    }
}
