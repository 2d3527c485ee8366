//! A world in which hours pass in milliseconds: operators in this process, each with a Kubernetes API in memory, one
//! simulated PAM over real sockets, and one clock for all.

mod both;
pub mod leaving;
mod logs;
mod operated_cluster;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fake_apiserver::VirtualTime;
use pam_simulator::{Config, Effect, Fault, Journal, Kind, Mark, Simulator};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

pub use both::{ACCESS_KEY, Keeper, my_safe};
use logs::Logs;
pub use operated_cluster::{NAMESPACE, OperatedCluster, value};

/// A value that must appear nowhere but in Secrets and in the PAM.
pub const CANARY: &str = "canary-7f3a\"<&>\\é";

/// The PAM, the clock, and what is logged. Operators are started with [`World::cluster`].
pub struct World {
    pub time: VirtualTime,
    pub sim: Arc<Simulator>,
    logs: Logs,
}

/// Runs a test in a world of its own.
pub fn world<F: Future>(sim: Config, test: impl FnOnce(World) -> F) -> F::Output {
    fake_apiserver::run(|time| async move {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = time.clone();
        let config = Config { clock: pam_simulator::Clock::new(move || clock.now()), ..sim };
        let sim = Arc::new(Simulator::start(config).await.unwrap());
        let silent = Arc::clone(&sim);
        time.count(move || -i64::try_from(silent.left_waiting()).unwrap());
        test(World { time, sim, logs: Logs::install() }).await
    })
}

impl World {
    /// A cluster of that name, with a connection to the PAM and an operator that is not running yet.
    pub fn cluster(&self, cluster: &str) -> OperatedCluster {
        OperatedCluster::new(self, cluster, &json!({}))
    }

    /// The same; `change` is merged into the connection's spec.
    pub fn cluster_with(&self, cluster: &str, change: &Value) -> OperatedCluster {
        OperatedCluster::new(self, cluster, change)
    }

    /// Lets everything happen that can happen by itself, but for what waits for time to pass.
    pub async fn until_idle(&self) {
        sleep(Duration::from_millis(1)).await;
    }

    /// What the PAM was asked since then.
    pub fn journal(&self, mark: Mark) -> Journal {
        self.sim.since(mark)
    }

    /// Has calls of these kinds take so long from now on, by the virtual clock. The operator must not end during a call.
    pub fn take_time(&self, latencies: impl IntoIterator<Item = (Kind, Duration)>) {
        let latencies: BTreeMap<Kind, Duration> = latencies.into_iter().collect();
        for kind in latencies.keys() {
            self.sim.inject(Fault::on(*kind, Effect::Suspend).always());
        }
        let sim = Arc::clone(&self.sim);
        tokio::spawn(async move {
            let mut came = BTreeMap::new();
            loop {
                for (seq, kind) in sim.suspended() {
                    if came.entry(seq).or_insert_with(Instant::now).elapsed() >= latencies[&kind] {
                        sim.resume(seq);
                    }
                }
                sleep(Duration::from_millis(20)).await;
            }
        });
    }

    pub fn logs(&self) -> String {
        self.logs.text()
    }

    /// Waits until a condition holds; fails after so long by the virtual clock.
    pub async fn until(&self, what: &str, patience: Duration, mut condition: impl FnMut() -> bool) {
        let end = Instant::now() + patience;
        while !condition() {
            assert!(Instant::now() < end, "not within {patience:?}: {what}\n{}", tail(&self.logs()));
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The end of a log, which is what a failure is about.
pub fn tail(logs: &str) -> &str {
    let start = logs.char_indices().rev().nth(6_000).map_or(0, |(start, _)| start);
    &logs[start..]
}

/// Fails where the canary is in a text, whole, or as JSON or base64 has it.
pub fn assert_no_canary(text: &str) {
    let json = serde_json::to_string(CANARY).unwrap();
    let core = &json[1..json.len() - 1];
    for form in [CANARY, core, "canary-7f3a", STANDARD.encode(CANARY).trim_end_matches('=')] {
        if let Some(at) = text.find(form) {
            let start = text[..at].char_indices().rev().nth(200).map_or(0, |(start, _)| start);
            panic!("a canary sings here: {}", &text[start..at]);
        }
    }
}

/// Merges a change into JSON as a merge patch does.
pub fn merge(into: &mut Value, change: &Value) {
    match (into, change) {
        (Value::Object(into), Value::Object(change)) => {
            for (key, value) in change {
                if value.is_null() {
                    into.remove(key);
                } else {
                    merge(into.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (into, change) => into.clone_from(change),
    }
}
