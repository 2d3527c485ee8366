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
use crate::support::{NAMESPACE, Site, World, assert_no_canary, world};

/// How often it is looked whether a write was cut off that is to be executed later.
const GLANCE: Duration = Duration::from_secs(2);

/// The client of the second cluster, where they are apart.
const OTHER_CLIENT: &str = "other";

/// How often each connection lists.
pub const INTERVAL: Duration = Duration::from_mins(10);

/// After so long without faults everything is in its place.
const CALM: Duration = Duration::from_hours(2);

/// So long it stays so.
const SILENCE: Duration = Duration::from_hours(1);

/// A world in which a history happens, and what is known of it.
pub struct Play {
    pub world: World,
    pub sites: Vec<Site>,
    pub model: Model,
    pub(super) backup: Option<(Backup, BTreeMap<String, Record>)>,
    /// Until when the PAM is out of reach.
    pub(super) outage: Option<Timestamp>,
    /// How long after it was sent a write that was cut off is executed, by identifier.
    pub(super) late: BTreeMap<String, u64>,
    pub(super) running: [bool; CLUSTERS.len()],
    /// As whom each cluster logs in.
    pub(super) clients: [String; CLUSTERS.len()],
}

/// Lets a history happen in a world of its own; answers what went wrong.
pub fn play(steps: &[Step]) -> Result<(), String> {
    let config = DEVICES.iter().fold(Config::default(), |config, (name, ip)| config.device(name, ip));
    world(config, async |world| {
        let mut play = Play::new(world);
        if let Some(Step::Apart) = steps.first() {
            play.world.sim.authorize(Authorization::new(OTHER_CLIENT, "other-secret"));
            play.sites[1].put_login(OTHER_CLIENT, "other-secret");
            OTHER_CLIENT.clone_into(&mut play.clients[1]);
        }
        for site in 0..CLUSTERS.len() {
            play.start(site).await;
        }
        for (number, step) in steps.iter().enumerate() {
            let went = async {
                play.take(step).await?;
                play.check()
            };
            went.await.map_err(|wrong| format!("step {number}, {step:?}, {}: {wrong}", play.world.hours.now()))?;
        }
        play.calm_down().await.map_err(|wrong| format!("{wrong}\n{}", play.told()))?;
        assert_no_canary(&play.world.logs());
        Ok(())
    })
}

impl Play {
    fn new(world: World) -> Self {
        let connection = |name: &str| {
            let interval = format!("{}s", INTERVAL.as_secs());
            json!({"referrer": name, "inventory": {"interval": interval}})
        };
        let sites: Vec<Site> = CLUSTERS.iter().map(|name| world.site_with(name, &connection(name))).collect();
        let mut play = Self {
            model: Model::new(),
            backup: None,
            outage: None,
            late: BTreeMap::new(),
            running: [false; CLUSTERS.len()],
            clients: CLUSTERS.map(|_| world.sim.client_id()),
            world,
            sites,
        };
        for who in Who::all() {
            play.put_value(who);
        }
        play
    }

    async fn start(&mut self, site: usize) {
        if !std::mem::replace(&mut self.running[site], true) {
            self.sites[site].start().await;
        }
    }

    async fn take(&mut self, step: &Step) -> Result<(), String> {
        let now = self.world.hours.now();
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
                self.sites[who.site].cluster.delete("pamcredentials", NAMESPACE, &who.name());
            }
            Step::Value(who) => self.put_value(*who),
            Step::RollBack(who) => {
                if let Some(before) = self.model.object_mut(*who).roll_back(now) {
                    self.sites[who.site].put_value(&who.name(), &before);
                }
            }
            Step::Ask(who, value) => self.ask(*who, *value),
            Step::Stop(site) => {
                if std::mem::replace(&mut self.running[*site], false) {
                    self.model.stopped(*site, now, &self.sites[*site]);
                    self.sites[*site].kill().await;
                }
            }
            Step::End(site) => {
                if std::mem::replace(&mut self.running[*site], false) {
                    self.model.stopped(*site, now, &self.sites[*site]);
                    self.sites[*site].end().await;
                }
            }
            Step::Start(site) => self.start(*site).await,
            Step::RestoreCluster(site) => self.restore_cluster(*site),
            Step::LoseKey(site) => {
                if !self.running[*site] {
                    self.sites[*site].lose_key();
                    self.model.lost_key(*site, now);
                }
            }
            Step::Writes(who, fate, times) => self.doom(*who, *fate, *times),
            Step::Trouble(trouble) => self.trouble(*trouble),
            Step::Statuses(site, how, times) => {
                let effect = match how {
                    Status::Refused => fake_apiserver::Effect::Refused(500),
                    Status::DoneAndLost => fake_apiserver::Effect::DoneAndLost,
                };
                self.model.troubled(*site, now);
                let fault = ClusterFault::on("patch", "pamcredentials/status", effect).times(*times);
                self.sites[*site].cluster.inject(fault);
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
        self.world.settle().await;
        Ok(())
    }

    /// Holds what happened since against the laws.
    fn check(&mut self) -> Result<(), String> {
        laws::check(self)?;
        let said: String = self.sites.iter().map(Site::said).collect();
        assert_no_canary(&said);
        Ok(())
    }

    /// Lets time pass; what was cut off is executed when it is its time.
    async fn wait(&mut self, long: Duration) -> Result<(), String> {
        let end = self.world.hours.now() + SignedDuration::try_from(long).unwrap();
        loop {
            let now = self.world.hours.now();
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
        for site in 0..CLUSTERS.len() {
            self.sites[site].cluster.clear_faults();
            self.start(site).await;
        }
        // What still is to be executed late.
        self.wait(Duration::from_mins(3)).await?;
        self.late.clear();
        let mark = self.world.sim.mark();
        self.wait(CALM).await?;
        self.check()?;
        final_state::judge(self)?;
        final_state::judge_patience(self, &self.world.journal(mark))?;
        let (mark, asked) = (self.world.sim.mark(), self.sites.iter().map(|site| site.cluster.mark()));
        let asked: Vec<_> = asked.collect();
        sleep(SILENCE).await;
        final_state::judge_silence(self, &self.world.journal(mark), &asked)
    }

    /// Whether the login of a cluster is not shown that record.
    pub fn is_hidden(&self, site: usize, id: &str) -> bool {
        let record = self.world.sim.record(id);
        record.is_some_and(|record| !record.visible_to.contains(&self.clients[site]))
    }

    pub fn credential(&self, who: Who) -> Option<pam_operator::api::PamCredential> {
        self.sites[who.site].credential(&who.name())
    }
}
