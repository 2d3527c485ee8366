//! A real Kubernetes control plane on loopback, for tests and the demo.
//!
//! etcd, kube-apiserver, kube-controller-manager, kubectl and helm are built from their Go modules (`tools/`, `helm/`)
//! into a cache outside the checkout; the operator then runs against them as it does in a cluster: under the
//! `ServiceAccount` that the chart made, with the arguments and the environment of the rendered Deployment.
//!
//! Where to start reading:
//!
//! * [`ControlPlane::shared`]: the control plane of this test run, with [`ControlPlane::kubectl`],
//!   [`ControlPlane::helm`] and [`ControlPlane::admin_client`].
//! * [`Audit`]: what was asked of the API server, by whom; the only honest way to count calls.
//! * [`Installation`]: the chart, installed; [`Installation::operator`] runs the binary as that chart says.
//! * [`wait_for`], [`wait_until`]: waits that end, and say what they saw.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use local_cluster::{ControlPlane, Installation, unique_name};
//! use std::time::Duration;
//!
//! let cluster = ControlPlane::shared().await?;
//! let install = Installation::of(cluster, &unique_name("ops")).install().await?;
//! let mut operator = install.operator("target/debug/pam-operator").start().await?;
//! operator.ready(Duration::from_secs(10)).await?;
//!
//! let mark = cluster.audit().mark().await?;
//! // … do something …
//! let requests = cluster.audit().since(mark).await?.by(&install.user());
//! assert_eq!(requests.writes().without_leases().len(), 0, "{requests}");
//! assert!(operator.stop().await?.success());
//! # Ok(()) }
//! ```

mod audit;
mod boot;
mod command;
mod files;
mod go;
mod installation;
mod net;
mod operator;
mod plane;
mod pod;
mod root;
mod wait;

pub mod assets;
pub mod cli;
pub mod demo;
pub mod supervise;

pub use assets::Tools;
pub use audit::{Audit, AuditEvent, Follower, Mark, Requests};
pub use installation::{Installation, Release};
pub use net::{ensure_crypto_provider, free_address};
pub use operator::{Launch, Operator};
pub use plane::{ControlPlane, State, repository};
pub use root::RootFs;
pub use wait::{unique_name, wait_for, wait_until};
