//! Throwaways: objects that only ask the operator what it would do, and are removed again whatever happens.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, DynamicObject, ListParams, PostParams, Preconditions};
use pam_operator::api::{ConditionType, THROWAWAY};
use pam_operator::domain::{Reason, Retry};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::item::PlanItem;
use super::manifest::Manifest;
use crate::cluster::{Cluster, code, failed};
use crate::exit::Failure;
use crate::objects::{Kind, PamObject};

/// The label of every throwaway, by which those are found that a killed process left behind.
const LABEL: [&str; 2] = ["app.kubernetes.io/managed-by", "kubectl-pam"];
/// How long no throwaway is needed: one that is older was left behind.
const FORGOTTEN: Duration = Duration::from_hours(1);
/// How often the operator's answer is looked for.
const LOOK: Duration = Duration::from_millis(300);
/// The most characters of the object's name in that of the throwaway.
const NAME: usize = 200;

/// The throwaways of one run.
pub struct Throwaways<'a> {
    cluster: &'a Cluster,
    timeout: Duration,
    made: Mutex<Vec<Made>>,
}

/// A throwaway that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Made {
    kind: Kind,
    namespace: String,
    name: String,
}

impl<'a> Throwaways<'a> {
    /// Returns a run without throwaways.
    pub fn new(cluster: &'a Cluster, timeout: Duration) -> Self {
        Self { cluster, timeout, made: Mutex::default() }
    }

    /// Returns what the operator would do for an object.
    pub async fn plan(&self, manifest: Manifest) -> Result<PlanItem, Failure> {
        if manifest.is_suspended() {
            return Ok(PlanItem::suspended(&manifest));
        }
        let spec = self.checked(&manifest).await?;
        let made = self.make(&manifest, spec).await?;
        let answer = self.answer(&manifest, &made).await;
        self.remove(&made).await?;
        answer
    }

    /// Has the API server check the object as it would be applied, and returns its spec with the defaults. Where the user may
    /// not write the object, nothing is checked.
    async fn checked(&self, manifest: &Manifest) -> Result<Value, Failure> {
        let Manifest { kind, namespace, name, spec } = manifest;
        let api = kind.api(self.cluster, Some(namespace));
        let action = format!("check {kind} {name}");
        let dry_run = PostParams { dry_run: true, ..PostParams::default() };
        let there = self.cluster.answer(&action, api.get_opt(name)).await?;
        let checked = match there {
            Ok(Some(mut there)) => {
                there.data["spec"] = spec.clone();
                self.cluster.answer(&action, api.replace(name, &dry_run, &there)).await?
            }
            Ok(None) => {
                let mut object = DynamicObject::new(name, &kind.resource()).within(namespace);
                object.data = json!({ "spec": spec });
                self.cluster.answer(&action, api.create(&dry_run, &object)).await?
            }
            Err(error) => Err(error),
        };
        match checked {
            Ok(mut checked) => Ok(checked.data["spec"].take()),
            Err(error) if code(&error) == Some(403) => Ok(spec.clone()),
            Err(error) => Err(failed(&action, &error)),
        }
    }

    /// Makes a throwaway. It is noted before it is made, so that it is removed also where its creation gets no answer.
    async fn make(&self, manifest: &Manifest, mut spec: Value) -> Result<Made, Failure> {
        let Manifest { kind, namespace, name, .. } = manifest;
        spec["mode"] = json!("Plan");
        let made = Made { kind: *kind, namespace: namespace.clone(), name: throwaway_name(name, rand::random()) };
        let mut object = DynamicObject::new(&made.name, &kind.resource()).within(namespace);
        object.labels_mut().insert(LABEL[0].to_owned(), LABEL[1].to_owned());
        object.annotations_mut().insert(THROWAWAY.to_owned(), name.clone());
        object.data = json!({ "spec": spec });
        let action = format!("make a throwaway {kind} in namespace {namespace}, which asks the operator for the plan");
        let api = kind.api(self.cluster, Some(namespace));
        self.lock().push(made.clone());
        match self.cluster.answer(&action, api.create(&PostParams::default(), &object)).await? {
            Ok(_) => Ok(made),
            Err(error) => {
                self.lock().retain(|other| *other != made);
                Err(failed(&action, &error))
            }
        }
    }

    /// Waits for the operator's answer.
    async fn answer(&self, manifest: &Manifest, made: &Made) -> Result<PlanItem, Failure> {
        let api = made.kind.api(self.cluster, Some(&made.namespace));
        let until = (!self.timeout.is_zero()).then(|| Instant::now() + self.timeout);
        loop {
            let object = self.cluster.call("read the plan", api.get(&made.name)).await?;
            let object = PamObject { kind: made.kind, object };
            let is_late = until.is_some_and(|until| Instant::now() >= until);
            if is_final(&object) || is_late {
                return Ok(PlanItem::of(manifest, &object, !is_final(&object)));
            }
            sleep(LOOK).await;
        }
    }

    async fn remove(&self, made: &Made) -> Result<(), Failure> {
        let api = made.kind.api(self.cluster, Some(&made.namespace));
        let action = format!("remove the throwaway {} {} in namespace {}", made.kind, made.name, made.namespace);
        match self.cluster.answer(&action, api.delete(&made.name, &DeleteParams::default())).await? {
            Ok(_) => {}
            Err(error) if code(&error) == Some(404) => {}
            Err(error) => return Err(failed(&action, &error)),
        }
        self.lock().retain(|other| other != made);
        Ok(())
    }

    /// Removes what is still there, as after an interruption.
    pub async fn remove_all(&self) -> Result<(), Failure> {
        let all = self.lock().clone();
        join_all(all.iter().map(|made| self.remove(made))).await.into_iter().collect()
    }

    /// Removes what an earlier process left behind that was killed. Nothing depends on it, so that a failure is none here.
    pub async fn remove_forgotten(&self, manifests: &[Manifest]) {
        let mut places: Vec<(Kind, &str)> = manifests.iter().map(|m| (m.kind, m.namespace.as_str())).collect();
        places.sort_unstable();
        places.dedup();
        let params = ListParams::default().labels(&LABEL.join("="));
        for (kind, namespace) in places {
            let api = kind.api(self.cluster, Some(namespace));
            let Ok(Ok(listed)) = self.cluster.answer("look for throwaways", api.list(&params)).await else { continue };
            let listed = listed.items.into_iter().map(|object| PamObject { kind, object });
            for PamObject { object, .. } in listed.filter(|object| is_forgotten(object, Timestamp::now())) {
                // Not what somebody made of it since, or in its place.
                let (uid, resource_version) = (object.uid(), object.resource_version());
                let params = DeleteParams::default().preconditions(Preconditions { resource_version, uid });
                let _ = self.cluster.answer("remove a throwaway", api.delete(&object.name_any(), &params)).await;
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Made>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells whether a throwaway was left behind. An object that only has the label is none.
fn is_forgotten(object: &PamObject, now: Timestamp) -> bool {
    let age = object.object.metadata.creation_timestamp.as_ref().map(|time| now.duration_since(time.0));
    let asks = object.is_throwaway() && object.text("/spec/mode") == Some("Plan");
    asks && age.is_some_and(|age| age.unsigned_abs() > FORGOTTEN)
}

/// Tells whether a throwaway has the operator's last word. What may mend by itself is waited for: a list that is not there
/// yet, a PAM that does not answer.
fn is_final(object: &PamObject) -> bool {
    let ready = object.condition(ConditionType::Ready).filter(|_| object.is_observed());
    let (Some(ready), Some(_)) = (ready, object.value("/status/plan")) else { return false };
    let retry = Reason::named(&ready.reason).map(Reason::retry);
    ready.status == "True" || !matches!(retry, Some(Retry::Backoff | Retry::Bounded))
}

/// Returns a name that no other run uses.
fn throwaway_name(name: &str, random: u32) -> String {
    let name: String = name.chars().take(NAME).collect();
    format!("{}-plan-{random:08x}", name.trim_end_matches(['-', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(observed: i64, plan: bool, ready: &str, reason: &str) -> PamObject {
        let mut object = DynamicObject::new("x", &Kind::PamCredential.resource());
        object.metadata.generation = Some(1);
        let plan = plan.then(|| json!({"action": "Nothing"}));
        object.data = json!({"status": {"observedGeneration": observed, "plan": plan, "conditions": [{"type": "Ready",
            "status": ready, "reason": reason, "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}});
        if plan.is_none() {
            object.data["status"].as_object_mut().unwrap().remove("plan");
        }
        PamObject { kind: Kind::PamCredential, object }
    }

    #[test]
    fn what_may_mend_by_itself_is_no_last_word() {
        assert!(is_final(&object(1, true, "True", "Planned")));
        assert!(is_final(&object(1, true, "False", "SecretNotFound")));
        assert!(is_final(&object(1, true, "False", "RecordConflict")));
        assert!(is_final(&object(1, true, "False", "ReasonOfALaterVersion")));
        for reason in ["PamUnavailable", "RateLimited", "Progressing"] {
            assert!(!is_final(&object(1, true, "False", reason)), "{reason}");
        }
        assert!(!is_final(&object(0, true, "True", "Planned")), "the status of another generation");
        assert!(!is_final(&object(1, false, "True", "Planned")), "no plan");
    }

    #[test]
    fn only_old_throwaways_were_left_behind() {
        let now: Timestamp = "2026-01-01T02:00:00Z".parse().unwrap();
        let made = |at: &str, annotated: bool| {
            let mut object = DynamicObject::new("x", &Kind::PamCredential.resource());
            object.metadata.creation_timestamp =
                Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(at.parse().unwrap()));
            object.data =
                json!({"spec": {"mode": "Plan"}, "status": {"observedGeneration": 1, "plan": {}, "conditions": []}});
            if annotated {
                object.annotations_mut().insert(THROWAWAY.to_owned(), "db".to_owned());
            }
            PamObject { kind: Kind::PamCredential, object }
        };
        assert!(is_forgotten(&made("2026-01-01T00:30:00Z", true), now));
        assert!(!is_forgotten(&made("2026-01-01T01:30:00Z", true), now));
        assert!(!is_forgotten(&made("2025-01-01T00:00:00Z", false), now));
        let real = |change: &dyn Fn(&mut DynamicObject)| {
            let mut object = made("2025-01-01T00:00:00Z", true);
            change(&mut object.object);
            assert!(!is_forgotten(&object, now), "{object:?}");
        };
        real(&|object| object.metadata.finalizers = Some(vec!["pam-operator.io/finalizer".to_owned()]));
        real(&|object| object.data["spec"]["mode"] = json!("Apply"));
        real(&|object| object.data["spec"] = json!({}));
        for field in ["id", "identifier", "inFlight", "digests"] {
            real(&|object| object.data["status"][field] = json!("x"));
        }
    }

    #[test]
    fn the_name_of_a_throwaway_is_one_that_the_api_server_takes() {
        assert_eq!(throwaway_name("db", 10), "db-plan-0000000a");
        assert!(throwaway_name(&"a".repeat(253), u32::MAX).len() <= 253);
        assert_eq!(throwaway_name("db.", 0), "db-plan-00000000");
    }
}
