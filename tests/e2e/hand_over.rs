//! P3, P4, P7: a record goes from an object that is deleted to another one with the consent of the first, and without it
//! is disabled.

use kube::api::{Api, DeleteParams, Patch, PatchParams};
use local_cluster::wait_until;
use pam_operator::api::{HAND_OVER_TO, PamCredential};
use pam_simulator::{Effect, Fault, Kind};
use serde_json::{Value, json};

use crate::support::steps::A_MOMENT;
use crate::support::{CANARY, PATIENCE, Plan, SETTLED, World, assert_no_canary, ready};

const GUIDE: &str = include_str!("../../docs/how-to/move-a-credential.md");
const NAME: &str = "reporting-db";

/// Two namespaces, an object with a record in the first, and one for the same account in the second.
struct Move {
    world: World,
    there: String,
    id: String,
}

/// Secret and credential of that name, for the account `svc`.
fn objects(world: &World, namespace: &str, name: &str) -> [Value; 2] {
    let mut secret = world.secret_json(name, &value_of(namespace, name));
    let mut object = world.credential_json(name, json!({"username": "svc", "deletionPolicy": "Disable"}));
    for object in [&mut secret, &mut object] {
        object["metadata"]["namespace"] = json!(namespace);
    }
    [secret, object]
}

fn value_of(namespace: &str, name: &str) -> String {
    format!("{CANARY}-{namespace}-{name}")
}

impl Move {
    async fn start() -> Self {
        let world = Plan::default().neighbour().start().await;
        let there = world.neighbour.clone().unwrap();
        world.apply(objects(&world, &world.namespace, NAME)).await;
        let id = world.becomes(NAME, "Synced").await.status.unwrap().id.unwrap();
        Self { world, there, id }
    }

    fn new_ones(&self) -> Api<PamCredential> {
        self.world.credentials_in(&self.there)
    }

    async fn put_new_one(&self) {
        self.world.apply(objects(&self.world, &self.there, NAME)).await;
        let found = self.world.becomes_in(&self.there, NAME, &["AccountConflict"]).await;
        let (message, own) = (ready(&found).2, format!("{HAND_OVER_TO}={}/{NAME}", self.there));
        assert!(message.contains(&own) && !message.contains(&self.world.namespace), "{message}");
    }

    async fn annotate(&self, to: &Value) {
        let patch = json!({"metadata": {"annotations": {HAND_OVER_TO: to}}});
        let api = self.world.credentials();
        api.patch_metadata(NAME, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    async fn names_the_new_one(&self) {
        self.annotate(&json!(format!("{}/{NAME}", self.there))).await;
    }

    /// The new object has the very record, under its own identifier, and the old one has gone and says why.
    async fn is_done(&self) {
        let Self { world, there, id } = self;
        world.is_gone_within(NAME, SETTLED).await;
        let found = world.becomes_in(there, NAME, &["Synced"]).await;
        assert_eq!(found.status.unwrap().id.as_ref(), Some(id));
        world.record_holds(id, &value_of(there, NAME)).await;
        self.is_one_record().await;
        let identifier = world.sim.record(id).unwrap().identifier;
        assert_eq!(identifier, Some(format!("c1_{there}_{NAME}")));
        world.event_of(NAME, "HandedOver").await;
        assert_no_canary(&world.everything_said().await);
    }

    async fn is_one_record(&self) {
        tokio::time::sleep(A_MOMENT).await;
        let world = &self.world;
        assert_eq!(world.sim.count(Kind::DeleteCredential), 0, "it was never disabled in between");
        assert_eq!(world.sim.records().len(), 1);
        assert!(world.sim.record(&self.id).unwrap().active);
    }
}

/// The commands of the guide.
fn recipe() -> Vec<String> {
    let chapter = GUIDE.split("## Moving a record to another object").nth(1).expect("the guide has this chapter");
    let block = chapter.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("it has commands");
    block.lines().map(|line| line.split('#').next().unwrap_or_default().trim().to_owned()).collect()
}

#[tokio::test]
async fn the_guide_moves_a_record_to_another_namespace() {
    let of = Move::start().await;
    let documents = objects(&of.world, &of.there, NAME).map(|object| object.to_string()).join("\n---\n");
    let commands = recipe();
    assert!(commands.len() >= 3, "{commands:?}");
    for command in commands {
        let words = command.replace("payments", &of.there).replace("shop", &of.world.namespace);
        let words: Vec<&str> = words.split_whitespace().skip(1).collect();
        let file = words.iter().position(|word| *word == "reporting-db.yaml");
        match file {
            Some(at) => {
                let words: Vec<&str> = words.iter().enumerate().map(|(i, w)| if i == at { "-" } else { w }).collect();
                of.world.cluster.kubectl_with(&words, &documents).await.unwrap();
                of.world.becomes_in(&of.there, NAME, &["AccountConflict"]).await;
            }
            None => drop(of.world.cluster.kubectl(&words).await.unwrap()),
        }
    }
    of.is_done().await;
}

#[tokio::test]
async fn a_record_is_handed_over_though_everything_comes_at_once() {
    let of = Move::start().await;
    of.names_the_new_one().await;
    of.world.delete(NAME).await;
    let message = ready(&of.world.becomes(NAME, "DeletionBlocked").await).2;
    assert!(
        message.contains(&format!("{}/{NAME}", of.there)) && message.contains("remove the annotation"),
        "{message}"
    );
    of.world.apply(objects(&of.world, &of.there, NAME)).await;
    of.is_done().await;
}

#[tokio::test]
async fn a_restart_in_the_middle_of_a_hand_over_loses_nothing() {
    let mut of = Move::start().await;
    of.put_new_one().await;
    of.names_the_new_one().await;
    // The new object's write is carried out, nobody hears of it, and the operator is killed.
    of.world.sim.inject(Fault::on(Kind::PostCredential, Effect::gateway(504)).after_commit());
    of.world.delete(NAME).await;
    wait_until("the write of the new object", PATIENCE, async || {
        let identifier = of.world.sim.record(&of.id).unwrap().identifier;
        anyhow::ensure!(identifier == Some(format!("c1_{}_{NAME}", of.there)), "{identifier:?}");
        Ok(())
    })
    .await
    .unwrap();
    of.world.kill_operator().await;
    assert!(
        of.world.credentials().get_opt(NAME).await.unwrap().is_some(),
        "the old one waits for the new one's status"
    );
    of.world.start_operator().await;
    of.is_done().await;
}

#[tokio::test]
async fn a_restart_before_a_hand_over_disables_nothing() {
    let mut of = Move::start().await;
    of.put_new_one().await;
    of.names_the_new_one().await;
    of.world.stop_operator().await;
    of.world.delete(NAME).await;
    of.world.start_operator().await;
    of.is_done().await;
}

#[tokio::test]
async fn a_record_that_nobody_hands_over_is_disabled_and_what_is_said_is_true() {
    let of = Move::start().await;
    of.put_new_one().await;
    of.world.delete(NAME).await;
    of.world.is_gone(NAME).await;
    of.world.event_of(NAME, "Disabled").await;
    assert!(!of.world.sim.record(&of.id).unwrap().active);
    let message = ready(&of.world.becomes_in(&of.there, NAME, &["RecordConflict"]).await).2;
    // The identifier of another namespace's object is no remedy, since this one may not have it.
    assert!(!message.contains("set spec.identifier to that record's"), "{message}");
    assert!(message.contains("adoptionPolicy to TakeOver"), "{message}");
    let patch = json!({"spec": {"adoptionPolicy": "TakeOver"}});
    of.new_ones().patch(NAME, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    let found = of.world.becomes_in(&of.there, NAME, &["Synced"]).await;
    assert_eq!(found.status.unwrap().id.as_ref(), Some(&of.id));
    assert!(of.world.sim.record(&of.id).unwrap().active, "Synced is said of an enabled record");
    assert_no_canary(&of.world.everything_said().await);
}

#[tokio::test]
async fn consent_that_is_taken_back_disables_the_record() {
    let of = Move::start().await;
    for to in [json!("no-slash"), json!(format!("{}/nobody", of.there)), json!("")] {
        of.annotate(&to).await;
        if of.world.get(NAME).await.metadata.deletion_timestamp.is_none() {
            of.world.delete(NAME).await;
        }
        of.world.becomes(NAME, "DeletionBlocked").await;
    }
    assert_eq!(of.world.sim.count(Kind::DeleteCredential), 0);
    of.annotate(&Value::Null).await;
    of.world.is_gone(NAME).await;
    assert!(!of.world.sim.record(&of.id).unwrap().active);
}

#[tokio::test]
async fn within_a_namespace_the_object_that_waits_gets_the_record() {
    let of = Move::start().await;
    let world = &of.world;
    world.apply(objects(world, &world.namespace, "renamed")).await;
    world.becomes("renamed", "AccountConflict").await;
    world.delete(NAME).await;
    world.is_gone(NAME).await;
    let found = world.becomes("renamed", "Synced").await;
    assert_eq!(found.status.unwrap().id.as_ref(), Some(&of.id));
    of.is_one_record().await;
    world.event_of(NAME, "HandedOver").await;

    // Applied and deleted in one breath, and by a process that knows of neither yet.
    let mut of = of;
    of.world.stop_operator().await;
    let [secret, object] = objects(&of.world, &of.world.namespace, "again");
    of.world.apply([secret, object]).await;
    of.world.credentials().delete("renamed", &DeleteParams::default()).await.unwrap();
    of.world.start_operator().await;
    of.world.is_gone_within("renamed", SETTLED).await;
    assert_eq!(of.world.becomes("again", "Synced").await.status.unwrap().id.as_ref(), Some(&of.id));
    of.is_one_record().await;
}

#[tokio::test]
async fn an_object_of_the_namespace_that_cannot_write_keeps_no_record_from_being_disabled() {
    let of = Move::start().await;
    let world = &of.world;
    let mut waiting: Vec<Value> = Vec::new();
    for (name, change) in [
        ("planned", json!({"mode": "Plan"})),
        ("suspended", json!({"suspend": true})),
        ("never", json!({"adoptionPolicy": "Never"})),
        ("no-secret", json!({"contentSecretRef": {"name": "nobody"}})),
    ] {
        let [secret, mut object] = objects(world, &world.namespace, name);
        crate::support::merge(&mut object["spec"], change);
        waiting.extend([secret, object]);
    }
    world.apply(waiting).await;
    world.becomes("no-secret", "SecretNotFound").await;
    world.becomes("never", "AccountConflict").await;
    tokio::time::sleep(A_MOMENT).await;
    world.delete(NAME).await;
    world.is_gone(NAME).await;
    assert!(!world.sim.record(&of.id).unwrap().active);
}
