//! P7: while a record may exist and the policy is `Disable`, the finalizer is there, whatever the object waits for.

use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use local_cluster::wait_until;
use pam_operator::api::FINALIZER;
use pam_simulator::{Effect, Fault, Kind, Seed};
use serde_json::{Value, json};

use crate::support::{CANARY, PATIENCE, SETTLED, World, assert_no_canary, base64, merge};

/// What makes an object that was synced wait.
enum Trouble {
    /// An edit of its spec.
    Spec(Value),
    /// Its Secret goes.
    NoSecret,
    /// Its Secret's data is replaced by this.
    Secret(Value),
    /// The PAM answers so to the next edit.
    Answer(Effect),
}

struct Case {
    reason: &'static str,
    name: &'static str,
    trouble: Trouble,
    /// Its deletion disables its record at once.
    goes: bool,
}

/// An object waits for each of these reasons, or says that it is well.
async fn cases(world: &World) -> Vec<Case> {
    let denying = json!({"access": [{"namespaces": {"names": ["nobody"]}}]});
    let denying = world.put_another_connection("denying", denying).await;
    let no_login = json!({"auth": {"oauth2": {"clientSecretRef": {"name": "no-login"}}}});
    let no_login = world.put_another_connection("no-login", no_login).await;
    let by = |name: &str| json!({"connectionRef": {"name": name}, "notes": "edited"});
    let tenants = json!({"connectionRef": {"kind": "PamConnection", "name": "tenants"}, "notes": "edited"});
    let spec = |reason, name, spec| Case { reason, name, trouble: Trouble::Spec(spec), goes: true };
    let stays = |reason, name, spec| Case { reason, name, trouble: Trouble::Spec(spec), goes: false };
    let answer = |reason, name, effect| Case { reason, name, trouble: Trouble::Answer(effect), goes: true };
    let secret = |reason, name, trouble| Case { reason, name, trouble, goes: true };
    vec![
        spec("Synced", "synced", json!({"notes": "a note"})),
        stays("Synced", "suspended", json!({"suspend": true})),
        stays("Planned", "planned", json!({"mode": "Plan"})),
        secret("SecretNotFound", "no-secret", Trouble::NoSecret),
        secret("SecretKeyNotFound", "no-key", Trouble::Secret(json!({"other": base64(b"x")}))),
        secret("SecretInvalid", "empty", Trouble::Secret(json!({"password": ""}))),
        stays("ConnectionNotFound", "nowhere", by("nowhere")),
        stays("ConnectionNotReady", "no-login", by(&no_login)),
        stays("ConnectionNotAllowed", "tenants", tenants),
        stays("AccessDenied", "denied", by(&denying)),
        spec("DeviceNotFound", "no-device", json!({"hostname": "unknown", "ip": "10.9.9.9"})),
        // Another record has the account of the spec: ours is disabled by its id and identifier.
        spec("AccountConflict", "neighbours", json!({"username": "other"})),
        spec("DeviceConflict", "block", json!({"device": {"site": "another"}})),
        spec("RecordConflict", "theirs", json!({"username": "theirs"})),
        answer("PamUnavailable", "down", Effect::gateway(503)),
        answer("RateLimited", "limited", Effect::gateway(429)),
        answer("PamRejected", "rejected", Effect::Code(1010)),
        answer("PamPermissionDenied", "forbidden", Effect::Code(1039)),
    ]
}

/// An object of a case.
struct Subject<'a> {
    world: &'a World,
    name: String,
    case: &'a Case,
    id: String,
}

impl Subject<'_> {
    fn spec(&self, change: Value) -> Value {
        let mut spec = json!({"identifier": self.name});
        merge(&mut spec, change);
        spec
    }

    async fn meets_its_trouble(&self, policy: &str) {
        let world = self.world;
        let mut change = json!({"deletionPolicy": policy});
        match &self.case.trouble {
            Trouble::Spec(spec) => merge(&mut change, spec.clone()),
            Trouble::NoSecret => drop(world.secrets().delete(&self.name, &DeleteParams::default()).await.unwrap()),
            Trouble::Secret(data) => {
                let api = Api::<Secret>::namespaced(world.client.clone(), &world.namespace);
                let patch = Patch::Json::<()>(
                    serde_json::from_value(json!([{"op": "replace", "path": "/data", "value": data}])).unwrap(),
                );
                api.patch(&self.name, &PatchParams::default(), &patch).await.unwrap();
            }
            Trouble::Answer(effect) => {
                world.sim.inject(Fault::on(Kind::PostCredential, effect.clone()).only(&self.name).always());
                merge(&mut change, json!({"notes": "edited"}));
            }
        }
        world.put_credential(&self.name, self.spec(change)).await;
        world.becomes(&self.name, self.case.reason).await;
    }

    async fn wants_disable(&self) {
        let patch = json!({"spec": {"deletionPolicy": "Disable"}});
        let api = self.world.credentials();
        api.patch(&self.name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    async fn loses_its_finalizer(&self) {
        let patch = json!({"metadata": {"finalizers": null}});
        let api = self.world.credentials();
        api.patch_metadata(&self.name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    async fn has_its_finalizer(&self, when: &str) {
        wait_until(&format!("the finalizer of {} ({}), {when}", self.name, self.case.reason), PATIENCE, async || {
            let finalizers = self.world.get(&self.name).await.metadata.finalizers.unwrap_or_default();
            anyhow::ensure!(finalizers.contains(&FINALIZER.to_owned()), "{finalizers:?}");
            Ok(())
        })
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", self.world.logs()));
    }

    /// `true` if it is gone: then its record is disabled.
    async fn goes_only_with_its_record(&self) -> bool {
        let gone = self.world.credentials().get_opt(&self.name).await.unwrap().is_none();
        let active = self.world.sim.record(&self.id).unwrap().active;
        assert!(!gone || !active, "{} ({}) is gone, and its record is active", self.name, self.case.reason);
        gone
    }
}

async fn put_others(world: &World) {
    world.sim.seed(Seed::new("theirs", "db01", "10.0.0.7").identifier("somebody-elses"));
    world.put_secret("other", json!({"password": CANARY})).await;
    world.put_credential("other", json!({"device": {"site": "one"}})).await;
    world.becomes("other", "Synced").await;
    let spec = serde_json::to_value(world.connections().get(&world.connection).await.unwrap().spec).unwrap();
    let mut spec: Value = spec;
    spec.as_object_mut().unwrap().remove("access");
    world
        .apply([json!({
            "apiVersion": "pam-operator.io/v1alpha1", "kind": "PamConnection",
            "metadata": {"name": "tenants", "namespace": world.namespace, "labels": {"world": world.connection}},
            "spec": spec,
        })])
        .await;
}

/// Each case with the policy from the start, and with the policy once the object waits.
async fn subjects<'a>(world: &'a World, cases: &'a [Case]) -> Vec<(Subject<'a>, bool)> {
    let named: Vec<_> = cases
        .iter()
        .flat_map(|case| [(case, format!("{}-before", case.name), true), (case, format!("{}-after", case.name), false)])
        .collect();
    let objects = named.iter().flat_map(|(_, name, before)| {
        let policy = if *before { "Disable" } else { "Retain" };
        let spec = json!({"identifier": name, "deletionPolicy": policy});
        [world.secret_json(name, &format!("{CANARY}-{name}")), world.credential_json(name, spec)]
    });
    world.apply(objects).await;
    let mut all = Vec::new();
    for (case, name, before) in named {
        let id = world.becomes(&name, "Synced").await.status.unwrap().id.unwrap();
        all.push((Subject { world, name, case, id }, before));
    }
    all
}

#[tokio::test]
async fn the_finalizer_is_there_and_comes_back_whatever_the_object_waits_for() {
    let world = World::start().await;
    let no_brake = json!({"disableBrake": {"count": 1000}, "limits": {"requestsPerSecond": 0}});
    world.put_connection(no_brake).await;
    put_others(&world).await;
    let cases = cases(&world).await;
    let subjects = subjects(&world, &cases).await;
    for (subject, before) in &subjects {
        subject.meets_its_trouble(if *before { "Disable" } else { "Retain" }).await;
        if *before {
            subject.has_its_finalizer("with the policy set before").await;
        } else {
            subject.wants_disable().await;
            subject.has_its_finalizer("with the policy set after").await;
        }
    }
    world.sim.clear_faults();
    for (subject, _) in &subjects {
        subject.loses_its_finalizer().await;
    }
    for (subject, _) in &subjects {
        subject.has_its_finalizer("taken off by hand").await;
        world.delete(&subject.name).await;
    }
    // The PAM answers again, if not at once: those whose connection is ready go, the others wait.
    for (subject, _) in subjects.iter().filter(|(subject, _)| subject.case.goes) {
        world.is_gone_within(&subject.name, SETTLED).await;
    }
    for (subject, _) in &subjects {
        assert_eq!(subject.goes_only_with_its_record().await, subject.case.goes, "{}", subject.name);
    }
    assert_no_canary(&world.everything_said().await);
}
