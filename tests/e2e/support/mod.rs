//! A world for one test: namespaces, a simulated PAM, the chart installed for them alone, and the built operator under
//! the chart's `ServiceAccount`, all on the control plane that the whole run shares.

pub mod budgets;
mod counting;
mod folder;
mod objects;
mod plan;
pub mod steps;
mod text;
pub mod vault;

use std::time::Duration;

use kube::Client;
use local_cluster::{ControlPlane, Installation, Operator};
use pam_simulator::Simulator;

pub use counting::Count;
pub use folder::Folder;
pub use plan::{Names, Plan};
use text::is;
pub use text::{assert_no_canary, base64, is_not_found, merge, name_of, ready, shown};

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Until then what was written without an answer is over: for 90 s it may still be executed.
pub const SETTLED: Duration = Duration::from_secs(130);

/// A value that must appear nowhere but in Secrets and in the PAM.
pub const CANARY: &str = "canary-7f3a\"<&>\\é";

/// A test's world.
pub struct World {
    pub cluster: &'static ControlPlane,
    pub client: Client,
    pub sim: Simulator,
    /// Where the test's credentials and Secrets are.
    pub namespace: String,
    /// A second namespace that is watched, if the plan has it.
    pub neighbour: Option<String>,
    pub install: Installation<'static>,
    pub operator: Option<Operator>,
    /// Name of the connection, and the value of the label that selects it.
    pub connection: String,
    /// The PAM's version, as the connection says it.
    pub version: String,
}

/// The operator that cargo built for this test run.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_pam-operator");

impl World {
    pub async fn start() -> Self {
        Plan::default().start().await
    }

    pub async fn start_operator(&mut self) {
        let mut operator = self.install.start_operator(PROGRAM, &[]).await.unwrap();
        operator.ready(PATIENCE).await.unwrap();
        self.operator = Some(operator);
    }

    /// Starts the operator with one flag changed.
    pub async fn start_operator_with(&mut self, flag: &str, value: &str) {
        let mut operator = self.install.operator(PROGRAM).flag(flag, value).start().await.unwrap();
        operator.ready(PATIENCE).await.unwrap();
        self.operator = Some(operator);
    }

    /// SIGTERM, and the exit it must lead to.
    pub async fn stop_operator(&mut self) -> String {
        let mut operator = self.operator.take().expect("it runs");
        let status = operator.stop().await.unwrap();
        let logs = operator.logs().unwrap();
        assert!(status.success(), "{status}: {logs}");
        logs
    }

    pub fn logs(&self) -> String {
        self.operator.as_ref().map(|operator| operator.logs().unwrap()).unwrap_or_default()
    }
}
