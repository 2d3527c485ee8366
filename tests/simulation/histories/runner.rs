//! Runs a history, step by step, in a world of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use fake_apiserver::Fault as ClusterFault;
use jiff::{SignedDuration, Timestamp};
use pam_simulator::{Authorization, Backup, Config, Outage};
use serde_json::json;
use tokio::time::sleep;

use super::model::{Model, Record};
use super::steps::{CLUSTERS, DEVICES, Status, Step, Who};
use super::{final_state, laws};
use crate::support::{NAMESPACE, OperatedCluster, World, assert_no_canary, world};

/// How often the run looks for writes that were cut off and are due to be executed late.
const GLANCE: Duration = Duration::from_secs(2);

/// The client of the second cluster, where they are apart.
const OTHER_CLIENT: &str = "other";

/// How often each connection lists.
pub const INTERVAL: Duration = Duration::from_mins(10);

/// After so long without faults the final state is reached.
const CALM: Duration = Duration::from_hours(2);

/// So long it stays so.
const SILENCE: Duration = Duration::from_hours(1);

/// A world in which a history happens, and what is known of it.
pub struct Run {
    pub world: World,
    pub clusters: Vec<OperatedCluster>,
    pub model: Model,
    pub(super) backup: Option<(Backup, BTreeMap<String, Record>)>,
    /// Until when the PAM is out of reach.
    pub(super) outage: Option<Timestamp>,
    /// How long after it was sent a write that was cut off is executed, by identifier.
    pub(super) late: BTreeMap<String, u64>,
    pub(super) running: [bool; CLUSTERS.len()],
    /// Whether the operator of a cluster runs with `--plan-only`.
    pub(super) drills: [bool; CLUSTERS.len()],
    /// As whom each cluster logs in.
    pub(super) clients: [String; CLUSTERS.len()],
}

/// Lets a history happen in a world of its own; answers what went wrong.
pub fn run(steps: &[Step]) -> Result<(), String> {
    let config = DEVICES.iter().fold(Config::default(), |config, (name, ip)| config.device(name, ip));
    world(config, async |world| {
        let mut run = Run::new(world);
        if let Some(Step::Apart) = steps.first() {
            run.world.sim.authorize(Authorization::new(OTHER_CLIENT, "other-secret"));
            run.clusters[1].put_login(OTHER_CLIENT, "other-secret");
            OTHER_CLIENT.clone_into(&mut run.clients[1]);
        }
        for cluster in 0..CLUSTERS.len() {
            run.start(cluster, false).await;
        }
        for (number, step) in steps.iter().enumerate() {
            let went = async {
                run.take(step).await?;
                run.check()
            };
            went.await.map_err(|wrong| format!("step {number}, {step:?}, {}: {wrong}", run.world.time.now()))?;
        }
        run.calm_down().await.map_err(|wrong| format!("{wrong}\n{}", run.told()))?;
        assert_no_canary(&run.world.logs());
        Ok(())
    })
}

impl Run {
    fn new(world: World) -> Self {
        let connection = |name: &str| {
            let interval = format!("{}s", INTERVAL.as_secs());
            json!({"referrer": name, "inventory": {"interval": interval}})
        };
        let clusters: Vec<OperatedCluster> =
            CLUSTERS.iter().map(|name| world.cluster_with(name, &connection(name))).collect();
        let mut run = Self {
            model: Model::new(),
            backup: None,
            outage: None,
            late: BTreeMap::new(),
            running: [false; CLUSTERS.len()],
            drills: [false; CLUSTERS.len()],
            clients: CLUSTERS.map(|_| world.sim.client_id()),
            world,
            clusters,
        };
        for who in Who::all() {
            run.put_value(who);
        }
        run
    }

    async fn start(&mut self, cluster: usize, drills: bool) {
        if !std::mem::replace(&mut self.running[cluster], true) {
            self.drills[cluster] = drills;
            self.clusters[cluster].plan_only(drills);
            self.clusters[cluster].start().await;
        }
    }

    async fn stop(&mut self, cluster: usize) {
        if std::mem::replace(&mut self.running[cluster], false) {
            self.model.stopped(cluster, self.world.time.now());
            self.clusters[cluster].kill().await;
        }
    }

    async fn take(&mut self, step: &Step) -> Result<(), String> {
        let now = self.world.time.now();
        match step {
            Step::Apart => {}
            Step::Wait(millis) => self.wait(Duration::from_millis(*millis)).await?,
            Step::Apply(who, wanted) => {
                if self.credential(*who).is_none() {
                    self.model.applied(*who, wanted.clone(), now);
                    self.put_credential(*who);
                }
            }
            Step::Edit(who, edit) => {
                if self.model.edited(*who, edit, now) {
                    self.put_credential(*who);
                }
            }
            Step::Delete(who) => {
                self.model.deleted(*who, laws::has_finalizer(self, *who), now);
                self.clusters[who.cluster].api.delete("pamcredentials", NAMESPACE, &who.name());
            }
            Step::HandOver(who, to) => self.hand_over(*who, *to),
            Step::Value(who) => self.put_value(*who),
            Step::RollBack(who) => {
                if let Some(before) = self.model.object_mut(*who).roll_back(now) {
                    self.clusters[who.cluster].put_value(&who.name(), &before);
                }
            }
            Step::Ask(who, value) => self.ask(*who, *value),
            Step::Stop(cluster) => self.stop(*cluster).await,
            Step::End(cluster) => {
                if std::mem::replace(&mut self.running[*cluster], false) {
                    self.model.stopped(*cluster, now);
                    self.clusters[*cluster].end().await;
                }
            }
            Step::Start(cluster) => self.start(*cluster, false).await,
            Step::Drill(cluster) => self.start(*cluster, true).await,
            Step::RestoreCluster(cluster) => self.restore_cluster(*cluster),
            Step::LoseKey(cluster) => {
                if !self.running[*cluster] {
                    self.clusters[*cluster].lose_key();
                    self.model.lost_key(*cluster, now);
                }
            }
            Step::Writes(who, delivery, times) => self.fail_writes(*who, *delivery, *times),
            Step::Trouble(trouble) => self.trouble(*trouble),
            Step::Statuses(cluster, how, times) => {
                let effect = match how {
                    Status::Refused => fake_apiserver::Effect::Refused(500),
                    Status::DoneAndLost => fake_apiserver::Effect::DoneAndLost,
                };
                self.model.troubled(*cluster, now);
                let fault = ClusterFault::on("patch", "pamcredentials/status", effect).times(*times);
                self.clusters[*cluster].api.inject(fault);
            }
            Step::Vault(who, act) => self.in_the_vault(*who, act),
            Step::Backup => self.backup = Some((self.world.sim.backup(), self.model.records.clone())),
            Step::RestoreVault => {
                if let Some((backup, records)) = &self.backup {
                    self.world.sim.restore(backup);
                    self.model.restored(records.clone(), now);
                }
            }
        }
        self.world.until_idle().await;
        Ok(())
    }

    /// Holds what happened since against the laws.
    fn check(&mut self) -> Result<(), String> {
        laws::check(self)?;
        let said: String = self.clusters.iter().map(OperatedCluster::said).collect();
        assert_no_canary(&said);
        Ok(())
    }

    /// Lets time pass; what was cut off is executed when it is its time.
    async fn wait(&mut self, long: Duration) -> Result<(), String> {
        let end = self.world.time.now() + SignedDuration::try_from(long).unwrap();
        loop {
            let now = self.world.time.now();
            self.execute_late(now)?;
            if self.outage.is_some_and(|until| until <= now) {
                self.outage = None;
                self.world.sim.set_outage(Outage::None);
            }
            let left = end.duration_since(now).unsigned_abs();
            if now >= end || left.is_zero() {
                return Ok(());
            }
            let watched = self.outage.is_some() || !self.late.is_empty();
            sleep(if watched { left.min(GLANCE) } else { left }).await;
        }
    }

    fn execute_late(&mut self, now: Timestamp) -> Result<(), String> {
        let held = self.world.sim.held();
        if held.is_empty() {
            return Ok(());
        }
        let journal = self.world.sim.journal();
        for entry in journal.entries().iter().filter(|entry| held.contains(&entry.seq)) {
            let late = entry.target.as_ref().and_then(|target| self.late.get(target));
            let due = late.map(|late| entry.at + SignedDuration::from_secs(i64::try_from(*late).unwrap()));
            if due.is_some_and(|due| due <= now) {
                // What came before is judged before.
                laws::check(self)?;
                self.world.sim.commit_held(entry.seq);
                laws::check(self)?;
            }
        }
        Ok(())
    }

    /// Ends all faults and waits.
    async fn calm_down(&mut self) -> Result<(), String> {
        self.world.sim.clear_faults();
        self.world.sim.set_outage(Outage::None);
        self.outage = None;
        for cluster in 0..CLUSTERS.len() {
            self.clusters[cluster].api.clear_faults();
            if self.drills[cluster] {
                self.stop(cluster).await;
            }
            self.start(cluster, false).await;
        }
        // What still is to be executed late.
        self.wait(Duration::from_mins(3)).await?;
        self.late.clear();
        let mark = self.world.sim.mark();
        self.wait(CALM).await?;
        self.check()?;
        final_state::judge(self)?;
        final_state::judge_patience(self, &self.world.journal(mark))?;
        let (mark, asked) = (self.world.sim.mark(), self.clusters.iter().map(|cluster| cluster.api.mark()));
        let asked: Vec<_> = asked.collect();
        sleep(SILENCE).await;
        final_state::judge_silence(self, &self.world.journal(mark), &asked)
    }

    /// Whether the login of a cluster is not shown that record.
    pub fn is_hidden(&self, cluster: usize, id: &str) -> bool {
        let record = self.world.sim.record(id);
        record.is_some_and(|record| !record.visible_to.contains(&self.clients[cluster]))
    }

    pub fn credential(&self, who: Who) -> Option<pam_operator::api::PamCredential> {
        self.clusters[who.cluster].credential(&who.name())
    }
}
