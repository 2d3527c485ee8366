//! A vault that is listed every ten seconds and that people edit.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use local_cluster::wait_until;
use pam_operator::api::{ConditionType, PamCredential, PamCredentialStatus, find};
use pam_simulator::{Entry, Journal, Kind, VaultEdit};
use serde_json::{Value, json};

use super::{CANARY, Count, PATIENCE, World, shown};

/// What a connection's spec says so that its vault is listed as often as may be.
pub fn listed_often() -> Value {
    json!({"limits": {"maxConcurrentRequests": 8, "requestsPerSecond": 0}, "inventory": {"interval": "10s"}})
}

/// A world whose vault is listed every ten seconds.
pub async fn living() -> World {
    let world = World::start().await;
    world.put_connection(listed_often()).await;
    world.connection_becomes("Authenticated").await;
    world
}

pub fn status_of(credential: &PamCredential) -> PamCredentialStatus {
    credential.status.clone().unwrap_or_default()
}

/// The condition `Drifted`, while it is there.
pub fn drifted(credential: &PamCredential) -> Option<Condition> {
    find(&status_of(credential).conditions, ConditionType::Drifted).cloned()
}

/// Whether each POST carried the value.
pub fn values(posts: &[&Entry]) -> Vec<bool> {
    posts.iter().map(|post| post.sent("content")).collect()
}

/// No write of any kind, and nothing read back.
pub fn assert_untouched(journal: &Journal) {
    let touched = |entry: &&Entry| !matches!(entry.kind, Kind::ListCredentials | Kind::Token);
    let touched: Vec<_> = journal.entries().iter().filter(touched).collect();
    assert!(touched.is_empty(), "{}", shown(&touched));
}

impl World {
    pub async fn id_of(&self, name: &str) -> String {
        status_of(&self.get(name).await).id.expect("it has a record")
    }

    /// The identifier that is made for a credential of that name.
    pub fn identifier_of(&self, name: &str) -> String {
        format!("c1_{}_{name}", self.namespace)
    }

    /// The POSTs for a credential since then.
    pub fn values_sent(&self, count: &Count, name: &str) -> Vec<bool> {
        values(&self.journal(count).posts_for(&self.identifier_of(name)))
    }

    /// Somebody edits the record of a credential in the vault.
    pub async fn edit(&self, name: &str, edit: VaultEdit) {
        assert!(self.sim.edit(&self.id_of(name).await, edit));
    }

    /// Applies these with their Secrets, all at once, and waits until they are synced.
    pub async fn all_synced(&self, names: &[&str], spec: Value) {
        let of = |name: &&str| {
            let value = format!("{CANARY}-{name}");
            [self.secret_json(name, &value), self.credential_json(name, spec.clone())]
        };
        self.apply(names.iter().flat_map(of)).await;
        for name in names {
            self.becomes(name, "Synced").await;
        }
    }

    /// Waits until a list that was asked for after now has come to an end, with all that it brings about.
    pub async fn next_list(&self) {
        let mark = self.sim.mark();
        wait_until("the next list", PATIENCE, async || {
            let ended = |entry: &Entry| entry.done_at.is_some();
            anyhow::ensure!(self.sim.since(mark).of(Kind::ListCredentials).any(ended), "none yet");
            Ok(())
        })
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", self.logs()));
        tokio::time::sleep(Duration::from_millis(1500)).await;
    }

    /// Waits until a credential is as told.
    pub async fn until(&self, name: &str, what: &str, is: impl Fn(&PamCredential) -> bool) -> PamCredential {
        self.until_within(name, what, PATIENCE, is).await
    }

    /// Waits so long until a credential is so.
    pub async fn until_within(
        &self,
        name: &str,
        what: &str,
        patience: std::time::Duration,
        is: impl Fn(&PamCredential) -> bool,
    ) -> PamCredential {
        wait_until(&format!("{name} to be {what}"), patience, async || {
            let found = self.get(name).await;
            anyhow::ensure!(is(&found), "{}", shown(&found.status));
            Ok(found)
        })
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", self.logs()))
    }

    /// Waits until a list has said of all of these when they were written.
    pub async fn have_baselines(&self, names: &[&str]) {
        for name in names {
            self.until(name, "known from a list", |found| {
                status_of(found).remote.is_some_and(|remote| remote.change.is_some())
            })
            .await;
        }
    }

    /// Waits until a credential has drifted in that way.
    pub async fn drifts(&self, name: &str, reason: &str) -> PamCredential {
        let is = |found: &PamCredential| drifted(found).is_some_and(|condition| condition.reason == reason);
        self.until(name, &format!("drifted: {reason}"), is).await
    }

    /// Waits until a credential is no longer drifted.
    pub async fn is_as_written(&self, name: &str) -> PamCredential {
        self.until(name, "as it was written", |found| drifted(found).is_none()).await
    }

    /// How many events of that reason a credential has, repeated ones counted.
    pub async fn events_of(&self, name: &str, reason: &str) -> i32 {
        let events = self.events().await;
        let about = events.iter().filter(|event| {
            let object = event.regarding.as_ref().and_then(|object| object.name.as_deref());
            object == Some(name) && event.reason.as_deref() == Some(reason)
        });
        about.map(|event| event.series.as_ref().map_or(1, |series| series.count)).sum()
    }

    /// How many statuses of credentials were written since then.
    pub async fn statuses_written(&self, count: &Count) -> usize {
        self.requests(count).await.resource("pamcredentials/status").writes().len()
    }

    /// Stops the operator where it is, with whatever it had under way.
    pub async fn kill_operator(&mut self) {
        let mut operator = self.operator.take().expect("it runs");
        operator.kill().await.unwrap();
        super::assert_no_canary(&operator.logs().unwrap());
    }
}
