//! Puts a value into a Secret, with the rights of the person who asks: one key of a Secret that is there, and nothing else of it.

use std::str::FromStr;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::cluster::{Cluster, code};
use crate::exit::{Exit, Failure};
use crate::objects::{Kind, Named, Selection, short_name};

/// Who writes, in the eyes of Kubernetes.
const FIELD_MANAGER: &str = "kubectl-pam";
/// Types of Secrets that are logins of the cluster: somebody else fills them.
const NEVER: [&str; 2] = ["kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token"];
/// How often a Secret is looked at again that somebody else changed at the same moment.
const TRIES: usize = 5;

/// What is said of an object that reads the Secret.
const READS: &str = "it reads that Secret, and the operator sends to the PAM what the Secret holds";

/// One key of a Secret: `NAME` or `NAME:KEY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretKey {
    /// The Secret, in the namespace that is meant.
    pub name: String,
    /// The key in its data.
    pub key: String,
}

impl FromStr for SecretKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, key) = text.split_once(':').unwrap_or((text, "password"));
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        let is_key = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let fine = !name.is_empty() && !key.is_empty() && name.bytes().all(is_name) && key.bytes().all(is_key);
        fine.then(|| Self { name: name.to_owned(), key: key.to_owned() })
            .ok_or_else(|| "give NAME or NAME:KEY, a Secret and a key in its data".to_owned())
    }
}

/// A Secret that may get a value, as it was when it was looked at.
pub struct Checked {
    uid: String,
    resource_version: String,
}

impl SecretKey {
    /// Looks whether the Secret is there and may get a value, so that no value is read for nothing.
    pub async fn check(&self, cluster: &Cluster) -> Result<Checked, Failure> {
        let action = format!("read the Secret {}/{}", cluster.namespace, self.name);
        let secret = match cluster.answer(&action, api(cluster).get(&self.name)).await? {
            Ok(secret) => secret,
            Err(error) if code(&error) == Some(404) => {
                return Err(refused(&format!(
                    "there is no Secret {}/{}, and nothing was read: create it first (kubectl create secret generic {})",
                    cluster.namespace, self.name, self.name
                )));
            }
            Err(error) => return Err(crate::cluster::failed(&action, &error)),
        };
        self.may_be_filled(&secret)?;
        let (uid, resource_version) = (secret.uid().unwrap_or_default(), secret.resource_version().unwrap_or_default());
        Ok(Checked { uid, resource_version })
    }

    fn may_be_filled(&self, secret: &Secret) -> Result<(), Failure> {
        if secret.immutable == Some(true) {
            return Err(refused(&format!("the Secret {} is immutable: take another one", self.name)));
        }
        let of_type = secret.type_.as_deref().unwrap_or_default();
        if NEVER.contains(&of_type) {
            return Err(refused(&format!(
                "the Secret {} is of type {of_type}, which the cluster fills: take another one",
                self.name
            )));
        }
        Ok(())
    }

    /// Returns what comes of a value in the Secret by itself: an object that reads the Secret has it sent to the PAM. What the user
    /// may not list is not known.
    pub async fn consequences(&self, cluster: &Cluster) -> Vec<String> {
        let kinds = [Kind::PamCredential, Kind::MySafePassword, Kind::PamConnection];
        let mut readers = Vec::new();
        for kind in kinds {
            let named = vec![Named { kind, name: None }];
            let found = Selection { named, ..Selection::default() }.find(cluster).await.unwrap_or_default();
            readers.extend(found.objects.into_iter().filter(|object| refers(object.value("/spec"), &self.name)));
        }
        readers.iter().map(|object| format!("{}: {READS}", short_name(object.kind.as_str(), &object.name()))).collect()
    }

    /// Asks Kubernetes, without a change, whether the person may write the Secret.
    pub async fn may_write(&self, cluster: &Cluster, checked: &Checked) -> Result<(), Failure> {
        let params = PatchParams { dry_run: true, ..params() };
        let patch = Patch::Merge(json!({ "metadata": { "uid": checked.uid } }));
        let action = self.writing(cluster);
        cluster.call(&action, api(cluster).patch_metadata(&self.name, &params, &patch)).await.map(drop)
    }

    /// Writes the value. A Secret that changed meanwhile is looked at again.
    pub async fn write(&self, cluster: &Cluster, checked: Checked, value: &SecretString) -> Result<(), Failure> {
        let (action, mut checked) = (self.writing(cluster), checked);
        for _ in 1..TRIES {
            match cluster.answer(&action, self.patch(cluster, &checked, value)).await? {
                Ok(()) => return Ok(()),
                Err(error) if code(&error) == Some(409) => checked = self.check(cluster).await?,
                Err(error) => return Err(not_written(&action, &error)),
            }
        }
        let last = cluster.answer(&action, self.patch(cluster, &checked, value)).await?;
        last.map_err(|error| not_written(&action, &error))
    }

    async fn patch(&self, cluster: &Cluster, checked: &Checked, value: &SecretString) -> Result<(), kube::Error> {
        // The uid and the version make the API server refuse a Secret that was deleted and made again meanwhile.
        let patch = Patch::Merge(json!({
            "metadata": { "uid": checked.uid, "resourceVersion": checked.resource_version },
            "data": { self.key.as_str(): ByteString(value.expose_secret().as_bytes().to_vec()) },
        }));
        // The answer is metadata alone: no value comes back.
        api(cluster).patch_metadata(&self.name, &params(), &patch).await.map(drop)
    }

    fn writing(&self, cluster: &Cluster) -> String {
        format!("write the Secret {}/{}", cluster.namespace, self.name)
    }
}

/// Tells whether a part of a spec refers to a Secret of that name.
fn refers(spec: Option<&Value>, name: &str) -> bool {
    match spec {
        Some(Value::Object(fields)) => fields
            .iter()
            .any(|(field, value)| (field.ends_with("SecretRef") && value["name"] == name) || refers(Some(value), name)),
        Some(Value::Array(items)) => items.iter().any(|item| refers(Some(item), name)),
        _ => false,
    }
}

/// Says why a value was not written. A webhook that refuses a Secret may repeat what is in it, so that the words of Kubernetes are
/// not shown here.
fn not_written(action: &str, error: &kube::Error) -> Failure {
    match error {
        kube::Error::Api(status) => refused(&format!(
            "cannot {action}: Kubernetes refused ({} {}), in words that are not shown, since they may repeat the value",
            status.code, status.reason
        )),
        error => crate::cluster::failed(action, error),
    }
}

fn api(cluster: &Cluster) -> Api<Secret> {
    Api::namespaced(cluster.client.clone(), &cluster.namespace)
}

fn params() -> PatchParams {
    PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() }
}

fn refused(message: &str) -> Failure {
    Failure::new(Exit::Kubernetes, message)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::{Arc, Mutex};

    use http::{Method, Request, Response};
    use kube::client::Body;
    use serde_json::Value;

    use super::*;
    use crate::fake;

    #[test]
    fn a_secret_is_named_with_its_key_or_without() {
        let key = |text: &str| text.parse::<SecretKey>().map(|found| (found.name, found.key)).ok();
        assert_eq!(key("db"), Some(("db".into(), "password".into())));
        assert_eq!(key("db.main:tls.key"), Some(("db.main".into(), "tls.key".into())));
        for text in ["", ":x", "db:", "DB", "db:a/b", "db:a:b", "a/b"] {
            assert_eq!(key(text), None, "{text}");
        }
    }

    #[test]
    fn a_refusal_of_the_value_is_not_repeated() {
        let status = kube::core::Status::failure("denied: CANARY", "Forbidden").with_code(403);
        let failure = not_written("write the Secret shop/db", &kube::Error::Api(Box::new(status)));
        assert_eq!(failure.exit, Exit::Kubernetes);
        assert!(failure.message.contains("403 Forbidden") && !failure.message.contains("CANARY"), "{failure}");
    }

    #[test]
    fn secrets_that_others_fill_and_fixed_ones_get_no_value() {
        let target = SecretKey { name: "db".into(), key: "password".into() };
        let of = |secret: Secret| target.may_be_filled(&secret).map_err(|failure| failure.exit);
        assert_eq!(of(Secret::default()), Ok(()));
        assert_eq!(of(Secret { immutable: Some(true), ..Secret::default() }), Err(Exit::Kubernetes));
        for of_type in NEVER {
            assert_eq!(of(Secret { type_: Some(of_type.into()), ..Secret::default() }), Err(Exit::Kubernetes));
        }
        assert_eq!(of(Secret { type_: Some("kubernetes.io/basic-auth".into()), ..Secret::default() }), Ok(()));
    }

    /// What the cluster was asked, in order.
    type Asked = Arc<Mutex<Vec<(Method, Value)>>>;

    /// A cluster that answers with these, one after the other, and notes what it was asked.
    fn answering(answers: Vec<(u16, Value)>) -> (Cluster, Asked) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (notes, answers) = (Arc::clone(&asked), Arc::new(Mutex::new(answers.into_iter())));
        let service = tower::service_fn(move |request: Request<Body>| {
            let (notes, answers) = (Arc::clone(&notes), Arc::clone(&answers));
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect_bytes().await.unwrap();
                notes.lock().unwrap().push((head.method, serde_json::from_slice(&body).unwrap_or_default()));
                let (code, answer) = answers.lock().unwrap().next().unwrap();
                Ok::<_, Infallible>(
                    Response::builder().status(code).body(Body::from(answer.to_string().into_bytes())).unwrap(),
                )
            }
        });
        (Cluster::of(kube::Client::new(service, "shop"), "shop".to_owned()), asked)
    }

    fn secret(version: &str, more: &Value) -> Value {
        let mut secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "uid": "u1", "resourceVersion": version}});
        secret.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        secret
    }

    fn conflict() -> (u16, Value) {
        let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Conflict", "code": 409, "message": "CANARY"});
        (409, status)
    }

    async fn write(answers: Vec<(u16, Value)>) -> (Result<(), Failure>, Vec<(Method, Value)>) {
        let (cluster, asked) = answering(answers);
        let key = SecretKey { name: "db".into(), key: "password".into() };
        let checked = Checked { uid: "u1".into(), resource_version: "1".into() };
        let ended = key.write(&cluster, checked, &"the value".into()).await;
        let asked = std::mem::take(&mut *asked.lock().unwrap());
        (ended, asked)
    }

    #[tokio::test]
    async fn a_secret_that_changed_meanwhile_is_looked_at_and_written_as_it_is_then() {
        let answers = vec![conflict(), (200, secret("2", &json!({}))), (200, secret("3", &json!({})))];
        let (ended, asked) = write(answers).await;
        assert_eq!(ended, Ok(()));
        let methods: Vec<&str> = asked.iter().map(|(method, _)| method.as_str()).collect();
        assert_eq!(methods, ["PATCH", "GET", "PATCH"]);
        let data = json!({"password": "dGhlIHZhbHVl"});
        for (number, version) in [(0, "1"), (2, "2")] {
            let metadata = json!({"uid": "u1", "resourceVersion": version});
            assert_eq!(asked[number].1, json!({"metadata": metadata, "data": data}));
        }
    }

    #[tokio::test]
    async fn a_secret_that_may_get_no_value_any_more_gets_none() {
        let (ended, asked) = write(vec![conflict(), (200, secret("2", &json!({"immutable": true})))]).await;
        assert!(ended.unwrap_err().message.contains("immutable"));
        assert_eq!(asked.len(), 2);
    }

    #[tokio::test]
    async fn somebody_who_writes_the_secret_all_the_time_ends_the_tries() {
        let round = |version: usize| [conflict(), (200, secret(&version.to_string(), &json!({})))];
        let answers = (2..=TRIES).flat_map(round).chain([conflict()]).collect();
        let (ended, asked) = write(answers).await;
        let failure = ended.unwrap_err();
        assert_eq!((failure.exit, asked.len()), (Exit::Kubernetes, 2 * TRIES - 1));
        assert!(failure.message.contains("409 Conflict") && !failure.message.contains("CANARY"), "{failure}");
    }

    #[tokio::test]
    async fn an_object_that_reads_the_secret_is_named_before() {
        let (cluster, _) = fake::cluster(|_, path| {
            let object =
                |name: &str, spec: &Value| json!({"metadata": {"name": name, "namespace": "shop"}, "spec": spec});
            let items = match path.rsplit('/').next()? {
                "pamcredentials" => json!([
                    object("other", &json!({"contentSecretRef": {"name": "other"}, "notes": "db"})),
                    object("db", &json!({"contentSecretRef": {"name": "db", "key": "password"}})),
                ]),
                "pamconnections" => {
                    json!([object("own", &json!({"auth": {"oauth2": {"clientSecretRef": {"name": "db"}}}}))])
                }
                _ => return None,
            };
            Some(json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}))
        });
        let key = SecretKey { name: "db".into(), key: "password".into() };
        let told = key.consequences(&cluster).await;
        assert_eq!(told, ["pamcred/db", "pamconn/own"].map(|name| format!("{name}: {READS}")));
    }
}
