//! P3, P4: two namespaces that want one record get one writer; the other one is told, but not whose the record is.

use std::time::Duration;

use crate::support::steps::A_MOMENT;
use crate::support::{CANARY, Plan, World, assert_no_canary, ready};
use kube::api::{DeleteParams, Patch, PatchParams};
use pam_operator::api::{HAND_OVER_TO, PamCredential};
use pam_simulator::{Kind, Mark};
use serde_json::{Value, json};

/// Two namespaces, and two connections to one PAM.
struct Street {
    world: World,
    /// Namespace and connection of each house.
    houses: [(String, String); 2],
}

impl Street {
    async fn start() -> Self {
        let world = Plan::default().neighbour().start().await;
        let second = world.put_another_connection("second", json!({})).await;
        let neighbour = world.neighbour.clone().unwrap();
        let houses = [(world.namespace.clone(), world.connection.clone()), (neighbour, second)];
        Self { world, houses }
    }

    /// Secret and credential of that name, for the account `svc` by that house's connection.
    fn objects(&self, house: usize, name: &str, change: &Value) -> [Value; 2] {
        let (namespace, connection) = &self.houses[house];
        let mut secret = self.world.secret_json(name, &value_of(name));
        let mut spec = json!({"username": "svc", "connectionRef": {"name": connection}});
        crate::support::merge(&mut spec, change.clone());
        let mut credential = self.world.credential_json(name, spec);
        for object in [&mut secret, &mut credential] {
            object["metadata"]["namespace"] = json!(namespace);
        }
        [secret, credential]
    }

    async fn put(&self, house: usize, name: &str, change: &Value) {
        self.world.apply(self.objects(house, name, change)).await;
    }

    async fn becomes(&self, house: usize, name: &str, reasons: &[&str]) -> PamCredential {
        self.world.becomes_in(&self.houses[house].0, name, reasons).await
    }

    async fn delete(&self, house: usize, name: &str) {
        self.world.credentials_in(&self.houses[house].0).delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// The object of that house lets the one of the same name in the other house have its record.
    async fn hands_over(&self, house: usize, name: &str) {
        let to = format!("{}/{name}", self.houses[1 - house].0);
        let patch = json!({"metadata": {"annotations": {HAND_OVER_TO: to}}});
        let api = self.world.credentials_in(&self.houses[house].0);
        api.patch_metadata(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    async fn is_gone(&self, house: usize, name: &str) {
        let api = self.world.credentials_in(&self.houses[house].0);
        local_cluster::wait_until(&format!("{name} to be gone"), crate::support::PATIENCE, async || {
            anyhow::ensure!(api.get_opt(name).await?.is_none(), "it is there");
            Ok(())
        })
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", self.world.logs()));
    }

    /// The one in conflict says so, and nothing of the other's namespace, name or connection.
    async fn tells_nothing(&self, house: usize, name: &str, others_name: &str) {
        let found = self.world.credentials_in(&self.houses[house].0).get(name).await.unwrap();
        let (namespace, connection) = &self.houses[1 - house];
        let status = serde_json::to_string(&found.status).unwrap();
        assert!(ready(&found).2.contains("another owner"), "{}", ready(&found).2);
        let events = self.world.cluster.kubectl(&["get", "events", "-n", &self.houses[house].0, "-o", "json"]).await;
        for said in [&status, &events.unwrap()] {
            // The second connection's name begins with the first's: what the own spec names is no news.
            let said = said.replace(&self.houses[house].1, "");
            for word in [namespace.as_str(), connection.as_str(), others_name] {
                assert!(!said.contains(word), "{word}: {said}");
            }
        }
    }

    fn writes_since(&self, mark: Mark) -> usize {
        self.world.sim.since(mark).posts().len()
    }
}

fn value_of(name: &str) -> String {
    format!("{CANARY}-{name}")
}

/// Which of the two has the record and which waits, once that is decided.
async fn decided(street: &Street, names: [&str; 2], conflict: &str) -> [usize; 2] {
    let mut reasons = [String::new(), String::new()];
    for house in [0, 1] {
        reasons[house] = ready(&street.becomes(house, names[house], &["Synced", conflict]).await).1;
    }
    let writer = usize::from(reasons[0] != "Synced");
    assert_ne!(reasons[0], reasons[1], "one writer: {reasons:?}");
    [writer, 1 - writer]
}

/// One record with the writer's value, and one POST, however often the other's Secret and spec change.
async fn stays_with_one_writer(street: &Street, names: [&str; 2], [writer, waiter]: [usize; 2], change: &Value) {
    let (world, mark) = (&street.world, street.world.sim.mark());
    let namespace = &street.houses[waiter].0;
    world.put_secret_in(namespace, names[waiter], json!({"password": value_of("waiters-second")})).await;
    let mut edited = change.clone();
    crate::support::merge(&mut edited, json!({"tags": ["x"]}));
    street.put(waiter, names[waiter], &edited).await;
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!(street.writes_since(mark), 0);
    street.tells_nothing(waiter, names[waiter], names[writer]).await;
    let records = world.sim.records();
    assert_eq!(records.len(), 1, "exactly one record: {records:?}");
    assert_eq!(world.sim.value_of(&records[0].id), Some(value_of(names[writer])));
}

/// The writer goes, and the other gets the very same record.
async fn is_inherited(street: &Street, names: [&str; 2], [writer, waiter]: [usize; 2]) {
    let id = street.world.sim.records()[0].id.clone();
    street.delete(writer, names[writer]).await;
    let heir = street.becomes(waiter, names[waiter], &["Synced"]).await;
    assert_eq!(heir.status.unwrap().id.as_ref(), Some(&id));
    street.world.record_holds(&id, &value_of(names[waiter])).await;
    assert_eq!(street.world.sim.records().len(), 1);
    assert_eq!(street.world.sim.count(Kind::GetCredential), 0, "P5");
    assert_no_canary(&street.world.everything_said().await);
}

const NAMES: [&str; 2] = ["anna-s", "bert-s"];

#[tokio::test]
async fn one_identifier_and_account_in_two_namespaces_by_two_connections_has_one_writer() {
    let street = Street::start().await;
    let change = json!({"identifier": "ours"});
    street.put(0, NAMES[0], &change).await;
    street.becomes(0, NAMES[0], &["Synced"]).await;
    street.put(1, NAMES[1], &change).await;
    street.becomes(1, NAMES[1], &["IdentifierConflict"]).await;
    stays_with_one_writer(&street, NAMES, [0, 1], &change).await;
    is_inherited(&street, NAMES, [0, 1]).await;
}

#[tokio::test]
async fn two_first_pushes_at_one_moment_make_one_record_and_the_loser_inherits_it_at_once() {
    let street = Street::start().await;
    // Both connections have a list now that is good for seconds and shows no record of either.
    for house in [0, 1] {
        street.put(house, "warm", &json!({"username": format!("warm-{house}")})).await;
        street.becomes(house, "warm", &["Synced"]).await;
    }
    let change = json!({"identifier": "ours"});
    let both = [0, 1].map(|house| street.objects(house, NAMES[house], &change));
    street.world.apply(both.into_iter().flatten()).await;
    let [writer, waiter] = decided(&street, NAMES, "IdentifierConflict").await;
    assert_eq!(street.world.sim.journal().posts_for("ours").len(), 1);
    let id = street.world.sim.find("ours").unwrap().id;
    street.delete(writer, NAMES[writer]).await;
    let heir = street.becomes(waiter, NAMES[waiter], &["Synced"]).await;
    assert_eq!(heir.status.unwrap().id.as_ref(), Some(&id));
    street.world.record_holds(&id, &value_of(NAMES[waiter])).await;
    assert_eq!(street.world.sim.records().len(), 3);
    assert_no_canary(&street.world.everything_said().await);
}

#[tokio::test]
async fn one_account_under_two_identifiers_is_as_little_shared() {
    let street = Street::start().await;
    let both = [0, 1].map(|house| street.objects(house, NAMES[house], &json!({})));
    street.world.apply(both.into_iter().flatten()).await;
    let [writer, waiter] = decided(&street, NAMES, "AccountConflict").await;
    stays_with_one_writer(&street, NAMES, [writer, waiter], &json!({})).await;
    let id = street.world.sim.records()[0].id.clone();
    let mark = street.world.sim.mark();
    street.delete(writer, NAMES[writer]).await;
    // The record stays under the first one's identifier (Retain): it is not taken over, and the list shows that.
    let found = street.becomes(waiter, NAMES[waiter], &["RecordConflict"]).await;
    assert!(ready(&found).2.contains(&format!("record {id}")), "{}", ready(&found).2);
    tokio::time::sleep(A_MOMENT).await;
    assert_eq!((street.writes_since(mark), street.world.sim.records().len()), (0, 1));
    // Out of the way, it is free.
    street.world.sim.remove_record(&id);
    street.becomes(waiter, NAMES[waiter], &["Synced"]).await;
    assert_eq!((street.writes_since(mark), street.world.sim.records().len()), (1, 1));
    assert_no_canary(&street.world.everything_said().await);
}

#[tokio::test]
async fn an_object_that_moves_to_another_namespace_leaves_the_record_enabled() {
    let street = Street::start().await;
    let change = json!({"identifier": "ours", "deletionPolicy": "Disable"});
    let world = &street.world;
    street.put(0, "moving", &change).await;
    let id = street.becomes(0, "moving", &["Synced"]).await.status.unwrap().id;
    street.put(1, "moving", &change).await;
    street.becomes(1, "moving", &["IdentifierConflict"]).await;
    street.hands_over(0, "moving").await;
    street.delete(0, "moving").await;
    street.is_gone(0, "moving").await;
    assert_eq!(street.becomes(1, "moving", &["Synced"]).await.status.unwrap().id, id);
    assert_eq!(world.sim.count(Kind::DeleteCredential), 0);

    // Back, applied and deleted in one breath, as a GitOps tool does it.
    street.hands_over(1, "moving").await;
    world.apply(street.objects(0, "moving", &change)).await;
    street.delete(1, "moving").await;
    street.is_gone(1, "moving").await;
    assert_eq!(street.becomes(0, "moving", &["Synced"]).await.status.unwrap().id, id);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.sim.count(Kind::DeleteCredential), 0);
    assert!(world.sim.records()[0].active);
    assert_no_canary(&world.everything_said().await);
}
