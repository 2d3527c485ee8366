//! The Secrets of an object, without anything that is in them: only their metadata is asked for.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::Api;
use serde::Serialize;
use serde_json::Value;

use crate::cluster::{Cluster, code, failed};
use crate::exit::{Exit, Failure};
use crate::objects::{Kind, PamObject};
use crate::operator;
use crate::output::age;

/// How the name of a field ends that refers to a Secret.
const REFERENCE: &str = "SecretRef";

/// For what the operator uses a Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    /// It is pushed.
    ByPush,
    /// It logs in.
    ByLogin,
}

/// One Secret, without anything that is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SecretItem {
    /// Name of the Secret.
    pub name: String,
    /// `Pushed`: the last write, or the last login of a connection, was made from this version. `Changed`: it has another
    /// version now. `NotPushed`: nothing was made from it yet. `Missing`: it is not there. `Unknown`: it could not be read.
    pub state: &'static str,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// When the Secret was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub created: Option<Timestamp>,
    /// When something of the Secret last changed: what is in it, or a label of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub changed: Option<Timestamp>,
}

impl SecretItem {
    /// Returns the Secret as a line; `used` says for what the operator uses it.
    pub fn line(&self, used: Used, now: Timestamp) -> String {
        let state = match (self.state, used) {
            ("Pushed", Used::ByPush) => "as it was pushed",
            ("Pushed", Used::ByLogin) => "as the last login had it",
            ("Changed", Used::ByPush) => "changed since the last push",
            ("Changed", Used::ByLogin) => "changed since the last login",
            ("NotPushed", Used::ByPush) => "not pushed yet",
            ("NotPushed", Used::ByLogin) => "no login had it yet",
            ("Missing", _) => "not there",
            _ => "its metadata could not be read",
        };
        let why = self.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        let age = self.changed.map(|changed| format!(", last changed {} ago", age(changed, now))).unwrap_or_default();
        format!("secret   {}: {state}{why}{age}", self.name)
    }

    fn unknown(name: String, why: String) -> Self {
        Self { name, state: "Unknown", why: Some(why), ..Self::default() }
    }
}

/// Looks at the Secrets that the spec of an object refers to.
pub async fn read(cluster: &Cluster, object: &PamObject) -> Result<Vec<SecretItem>, Failure> {
    let names = referred(object.value("/spec").unwrap_or(&Value::Null));
    let home = match object.kind {
        Kind::ClusterPamConnection => operator::namespace(cluster).await,
        _ => Ok(object.namespace()),
    };
    let mut secrets = Vec::new();
    for name in names {
        secrets.push(match &home {
            Ok(home) => one(cluster, home, object, name).await?,
            // Several operators run, and the flag that names one is of other commands.
            Err(failure) if failure.exit == Exit::Usage => {
                SecretItem::unknown(name, "it is where its operator runs, and several do".to_owned())
            }
            Err(failure) => SecretItem::unknown(name, failure.message.clone()),
        });
    }
    Ok(secrets)
}

/// Returns the names of the Secrets that a part of a spec refers to, each once.
fn referred(spec: &Value) -> Vec<String> {
    let mut names = Vec::new();
    match spec {
        Value::Object(fields) => {
            for (field, value) in fields {
                let is_bundle = field == "caBundleRef" && value["kind"] == "Secret";
                match value["name"].as_str() {
                    Some(name) if is_bundle || field.to_lowercase().ends_with(&REFERENCE.to_lowercase()) => {
                        names.push(name.to_owned());
                    }
                    _ => names.extend(referred(value)),
                }
            }
        }
        Value::Array(items) => names.extend(items.iter().flat_map(referred)),
        _ => {}
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// Compares a Secret with the version that the last write was made from. Only its metadata is asked for.
async fn one(cluster: &Cluster, namespace: &str, object: &PamObject, name: String) -> Result<SecretItem, Failure> {
    let action = format!("look at Secret {name}");
    let api = Api::<Secret>::namespaced(cluster.client.clone(), namespace);
    Ok(match cluster.answer(&action, api.get_metadata(&name)).await? {
        Ok(found) => {
            let meta = found.metadata;
            let created = meta.creation_timestamp.as_ref().map(|time| time.0);
            SecretItem {
                state: state(object, &name, &meta),
                why: None,
                changed: changed(&meta).or(created),
                created,
                name,
            }
        }
        Err(error) if code(&error) == Some(404) => SecretItem { name, state: "Missing", ..SecretItem::default() },
        Err(error) if code(&error) == Some(403) => {
            SecretItem::unknown(name, format!("you may not, in namespace {namespace}"))
        }
        Err(error) => SecretItem::unknown(name, failed(&action, &error).message),
    })
}

/// Compares the version of a Secret with the one that the status of an object was made from.
fn state(object: &PamObject, name: &str, meta: &ObjectMeta) -> &'static str {
    let sources = object.value("/status/source").and_then(Value::as_array);
    let Some(source) = sources.into_iter().flatten().find(|source| source["name"] == name) else { return "NotPushed" };
    let same = source["uid"].as_str() == meta.uid.as_deref()
        && source["resourceVersion"].as_str() == meta.resource_version.as_deref();
    if same { "Pushed" } else { "Changed" }
}

/// Returns when somebody last changed a field of an object, as the API server notes it.
fn changed(meta: &ObjectMeta) -> Option<Timestamp> {
    let managers = meta.managed_fields.iter().flatten();
    managers.filter_map(|manager| manager.time.as_ref()).map(|time| time.0).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake;
    use kube::api::DynamicObject;
    use serde_json::json;

    fn object() -> PamObject {
        let mut object = DynamicObject::new("db", &Kind::PamCredential.resource()).within("shop");
        object.data = json!({
            "spec": {"contentSecretRef": {"name": "db"}, "usernameSecretRef": {"name": "new"}, "notes": "n",
                "additionalSettings": {"secretKeySecretRef": {"name": "gone"},
                    "additionalAuthenticationFields": [{"valueSecretRef": {"name": "denied"}}]}},
            "status": {"source": [{"name": "db", "uid": "u", "resourceVersion": "7"}, {"name": "gone", "uid": "u"}]},
        });
        PamObject { kind: Kind::PamCredential, object }
    }

    /// Answers as an API server that has two of the Secrets, and refuses one.
    fn answer(path: &str) -> Option<Value> {
        let manager = |time: &str| json!({"manager": "x", "operation": "Update", "time": time});
        let secret = |name: &str| {
            json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": name,
                "uid": "u", "resourceVersion": "7", "creationTimestamp": "2026-01-01T00:00:00Z",
                "managedFields": [manager("2026-01-01T00:09:00Z"), manager("2026-01-01T00:05:00Z")]}})
        };
        let name = path.strip_prefix("/api/v1/namespaces/shop/secrets/").unwrap();
        match name {
            "db" | "new" => Some(secret(name)),
            "gone" => Some(fake::refusal(404)),
            _ => None,
        }
    }

    #[tokio::test]
    async fn each_secret_of_the_spec_is_looked_at_without_what_is_in_it() {
        let (cluster, asked) = fake::cluster(|_, path| answer(path));
        let read = read(&cluster, &object()).await.unwrap();
        let now: Timestamp = "2026-01-01T00:10:00Z".parse().unwrap();
        let lines: Vec<String> = read.iter().map(|secret| secret.line(Used::ByPush, now)).collect();
        assert_eq!(
            lines,
            [
                "secret   db: as it was pushed, last changed 60s ago",
                "secret   denied: its metadata could not be read (you may not, in namespace shop)",
                "secret   gone: not there",
                "secret   new: not pushed yet, last changed 60s ago",
            ]
        );
        for asked in asked.lock().unwrap().iter() {
            assert!(asked.starts_with("GET ") && asked.ends_with(fake::METADATA), "the value was asked for: {asked}");
        }
    }

    #[test]
    fn a_secret_of_another_version_was_changed() {
        let meta = |uid: &str, version: &str| ObjectMeta {
            uid: Some(uid.to_owned()),
            resource_version: Some(version.to_owned()),
            ..ObjectMeta::default()
        };
        assert_eq!(state(&object(), "db", &meta("u", "7")), "Pushed");
        assert_eq!(state(&object(), "db", &meta("u", "8")), "Changed");
        assert_eq!(state(&object(), "db", &meta("v", "7")), "Changed");
        assert_eq!(changed(&meta("u", "7")), None, "nobody noted it");
    }

    #[test]
    fn the_secret_of_a_connection_is_not_pushed() {
        let line = |state| {
            let secret = SecretItem { name: "login".to_owned(), state, ..SecretItem::default() };
            secret.line(Used::ByLogin, Timestamp::UNIX_EPOCH)
        };
        assert_eq!(line("Pushed"), "secret   login: as the last login had it");
        for state in ["Changed", "NotPushed", "Missing", "Unknown"] {
            assert!(!line(state).contains("push"), "{}", line(state));
        }
    }

    #[test]
    fn a_config_map_is_no_secret() {
        let tls = |kind: &str| {
            json!({"auth": {"oauth2": {"clientSecretRef": {"name": "login"}}},
            "tls": {"caBundleRef": {"kind": kind, "name": "ca"}}})
        };
        assert_eq!(referred(&tls("ConfigMap")), ["login"]);
        assert_eq!(referred(&tls("Secret")), ["ca", "login"]);
    }
}
