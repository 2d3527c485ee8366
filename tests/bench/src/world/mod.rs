//! A world to measure in: a control plane, simulated PAMs, the chart, and the objects.

pub mod objects;
pub mod plan;

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use kube::Client;
use local_cluster::{ControlPlane, Installation};
use pam_simulator::{Config, Effect, Fault, Seed, Simulator};

use crate::progress::Progress;
use objects::{DEVICE, OPERATOR_NAMESPACE};
use plan::Plan;

/// Begins every identifier that the operator makes up.
pub const CLUSTER_NAME: &str = "bench";

/// Everything but the program that is measured. It ends, with its folder, when this is dropped.
pub struct World {
    /// What it was made of.
    pub plan: Plan,
    /// etcd and kube-apiserver.
    pub cluster: ControlPlane,
    /// The administrator's client.
    pub client: Client,
    /// The PAMs.
    pub pams: Vec<Arc<Simulator>>,
}

impl World {
    /// Boots a control plane, starts the PAMs, and creates every object.
    pub async fn create(plan: Plan, progress: &Progress) -> Result<Self> {
        progress.begin("booting a control plane", 0);
        let cluster = ControlPlane::temporary().await?;
        let client = cluster.admin_client().await?;
        let pams = start_pams(&plan).await?;
        progress.begin("creating objects", 2 * plan.objects + plan.unrelated);
        cluster.apply_crds().await?;
        objects::create_namespaces(&client).await?;
        objects::create(&client, &plan, progress).await?;
        Ok(Self { plan, cluster, client, pams })
    }

    /// Installs the chart with its defaults, and connects it with the PAMs.
    pub async fn install(&self) -> Result<Installation<'_>> {
        let release = Installation::of(&self.cluster, OPERATOR_NAMESPACE)
            .set("clusterName", CLUSTER_NAME)
            // One PAM gets half of them at most.
            .set("maxConcurrentReconciles", 2 * self.plan.concurrency);
        let install = release.install().await?;
        objects::connect(&self.client, &self.plan, &self.pams).await?;
        Ok(install)
    }

    /// How many changes all PAMs have seen.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.pams.iter().map(|pam| pam.commits()).sum()
    }

    /// Lets every PAM take so long for each request.
    pub fn slow_down(&self, latency: Duration) {
        self.pams.iter().for_each(|pam| slow_down(pam, latency));
    }
}

async fn start_pams(plan: &Plan) -> Result<Vec<Arc<Simulator>>> {
    let mut pams = Vec::new();
    for _ in 0..plan.pams {
        let [hostname, ip] = DEVICE;
        let pam = Simulator::start(Config::default().device(hostname, ip)).await?;
        pam.seed_all((0..plan.records).map(|number| Seed::new(&format!("other-{number}"), hostname, ip)));
        slow_down(&pam, plan.latency);
        pams.push(Arc::new(pam));
    }
    Ok(pams)
}

fn slow_down(pam: &Simulator, latency: Duration) {
    pam.clear_faults();
    if !latency.is_zero() {
        pam.inject(Fault::any(Effect::Delay(latency)).always());
    }
}
