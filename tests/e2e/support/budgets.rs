//! What things may cost at most (`design.md` 4): counted in the API server's audit log and in the PAM's journal.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use kube::api::{ListParams, Patch, PatchParams};
use local_cluster::Requests;
use pam_operator::api::PamCredential;
use pam_simulator::Kind;
use serde_json::{Value, json};

use super::steps::A_MOMENT;
use super::{CANARY, Count, World, assert_no_canary};

impl World {
    /// P2: each of so many values of `svc`'s Secret is in the PAM within a second, by one POST.
    pub async fn rotates_within_a_second(&self, rounds: u32) {
        let mut took = Vec::new();
        for round in 0..rounds {
            let count = self.count().await;
            let value = format!("{CANARY}-{round}");
            let started = Instant::now();
            self.put_secret("svc", json!({"password": value})).await;
            self.pam_holds("svc", &value).await;
            took.push(started.elapsed());
            tokio::time::sleep(Duration::from_millis(300)).await;
            let journal = self.journal(&count);
            assert!(journal.len() == 1 && journal.posts().len() == 1, "{journal:?}");
        }
        took.sort();
        eprintln!("{rounds} rotations took {took:?}");
        // While other tests have the machine, some take longer.
        assert!(took[0] < Duration::from_secs(1), "P2: {took:?}");
        assert!(took[took.len() - 1] < Duration::from_secs(5), "P2: {took:?}");
    }

    /// P1: `svc` is applied again, annotated, and its Secrets are labelled: nothing is done. When the operator restarts then, it
    /// looks once at most.
    pub async fn does_nothing_whatever_is_touched(&mut self, object: Value, secrets: &[&str]) {
        // kubectl takes the fields over from the test, which is a change of its own.
        self.apply([object.clone()]).await;
        tokio::time::sleep(A_MOMENT).await;
        let count = self.count().await;
        self.apply([object]).await;
        self.annotate("svc", "example.com/note", "unrelated").await;
        let label = Patch::Merge(json!({"metadata": {"labels": {"touched": "yes"}}}));
        for secret in secrets {
            self.secrets().patch_metadata(secret, &PatchParams::default(), &label).await.unwrap();
        }
        self.put_secret("unrelated", json!({"password": CANARY})).await;
        tokio::time::sleep(A_MOMENT).await;
        self.assert_nothing_done(&count).await;

        assert_no_canary(&self.stop_operator().await);
        let unlisted = self.without_baseline().await;
        let count = self.count().await;
        self.start_operator().await;
        tokio::time::sleep(A_MOMENT).await;
        self.assert_looked_at_most_once(&count, unlisted).await;
    }

    /// How many credentials were not in a list since their last write.
    pub async fn without_baseline(&self) -> usize {
        let all = self.credentials().list(&ListParams::default()).await.unwrap();
        let change = |object: &PamCredential| object.status.as_ref()?.remote.as_ref()?.change.clone();
        all.iter().filter(|object| change(object).is_none()).count()
    }

    /// After a restart Secrets that were labelled cost one list at most. What it shows is noted once for each object, and
    /// nothing else is done; but of `unlisted` objects the list cannot tell whether their values were sent, and each is sent
    /// once at most.
    pub async fn assert_looked_at_most_once(&self, count: &Count, unlisted: usize) {
        let journal = self.journal(count);
        let [lists, tokens] = [Kind::ListCredentials, Kind::Token].map(|kind| journal.count(kind));
        if lists == 0 {
            return self.assert_nothing_done(count).await;
        }
        let posts = journal.posts().len();
        assert!(lists == 1 && tokens <= 1 && posts <= unlisted, "{journal:?}");
        assert_eq!(journal.len(), lists + tokens + posts, "{journal:?}");
        let writes = self.requests(count).await.writes();
        let events = writes.resource("events");
        assert!(events.len() <= posts, "{events}");
        let writes = writes.filter(|write| write.resource != "events");
        assert!(writes.iter().all(|write| write.resource.ends_with("/status")), "{writes}");
        let objects: BTreeSet<_> = writes.iter().map(|write| (&write.resource, &write.name)).collect();
        assert_eq!(objects.len(), writes.len(), "one write each: {writes}");
    }

    /// Applies two hundred credentials with their Secrets at once; returns what the operator asked of the API server.
    pub async fn syncs_two_hundred(&self) -> Requests {
        let count = self.count().await;
        let names: Vec<String> = (0..200).map(|number| format!("svc-{number:03}")).collect();
        let started = Instant::now();
        let value = |name: &String| format!("{CANARY}-{name}");
        let of = |name: &String| [self.secret_json(name, &value(name)), self.credential_json(name, json!({}))];
        self.apply(names.iter().flat_map(of)).await;
        self.all_become(200, &["Synced"]).await;
        let synced_in = started.elapsed();
        eprintln!("200 credentials applied and synced in {synced_in:?}");

        let journal = self.journal(&count);
        assert_eq!(journal.count(Kind::PostCredential), 200, "one POST each");
        assert!(journal.count(Kind::Token) <= 1, "{} tokens", journal.count(Kind::Token));
        let lists = journal.count(Kind::ListCredentials);
        // A list serves all for ten seconds, and on a busy machine 200 objects may take longer.
        let most = 2 + usize::try_from(synced_in.as_secs() / 10).unwrap();
        assert!((1..=most).contains(&lists), "{lists} lists in {synced_in:?}");
        assert_eq!(self.sim.records().len(), 200);
        let requests = self.requests(&count).await;
        // Once a credential is pushed, and once when a list that came later said when that was.
        let statuses = requests.resource("pamcredentials/status").writes().len();
        assert!((200..=200 * lists).contains(&statuses), "{statuses} status writes");
        assert!(requests.resource("events").writes().len() <= 200);
        requests
    }
}
