//! The handle that tests hold.

#![allow(clippy::must_use_candidate, reason = "tests order a change without always asking what it met")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

use crate::admin::Admin;
use crate::backup::Backup;
use crate::call::Kind;
use crate::config::{Config, Device};
use crate::journal::{Journal, Mark};
use crate::server::Server;
use crate::state::{Shared, State};
use crate::store::{RecordView, ValueWrite, VaultEdit};
use crate::version::ProductVersion;

/// A running simulator. It ends when this is dropped.
///
/// Everything but [`Simulator::start`] and [`Simulator::wait_for`] is synchronous and takes effect before it
/// returns. It serves on a thread and a clock of its own, so a test may pause tokio's clock.
pub struct Simulator {
    pub(crate) core: Arc<Core>,
    admin: Option<Admin>,
}

/// What handle and admin port share.
pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) shared: Arc<Shared>,
    pub(crate) server: Server,
    /// Backups ordered over the admin port, by number.
    pub(crate) backups: Mutex<Vec<Backup>>,
}

impl Core {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}", self.server.address)
    }

    /// The records, by id.
    pub(crate) fn records(&self) -> Vec<RecordView> {
        self.state().store.records().map(RecordView::from).collect()
    }

    pub(crate) fn record(&self, id: &str) -> Option<RecordView> {
        self.state().store.get(id.parse().ok()?).map(RecordView::from)
    }

    pub(crate) fn writes_of(&self, id: &str) -> Vec<ValueWrite> {
        let id = id.parse().unwrap_or_default();
        self.state().store.get(id).map(|record| record.writes().to_vec()).unwrap_or_default()
    }

    pub(crate) fn edit(&self, id: &str, edit: VaultEdit) -> bool {
        let mut state = self.state();
        let now = state.clock.now();
        id.parse().is_ok_and(|id| state.store.edit(id, |record| record.apply(edit, now)))
    }

    pub(crate) fn remove_record(&self, id: &str) -> bool {
        id.parse().is_ok_and(|id| self.state().store.remove(id).is_some())
    }

    pub(crate) fn backup(&self) -> Backup {
        Backup(self.state().store.clone())
    }

    pub(crate) fn restore(&self, backup: &Backup) {
        let mut state = self.state();
        state.store = backup.0.clone();
        state.rotations.clear();
    }

    pub(crate) fn put_device(&self, device: &Device) {
        let mut state = self.state();
        let tenant = device.tenant.clone().unwrap_or_else(|| state.tenant.clone());
        state.store.devices.put(&tenant, device);
    }

    pub(crate) fn remove_device(&self, hostname: &str) -> usize {
        let mut state = self.state();
        let tenant = state.tenant.clone();
        state.store.devices.remove(&tenant, hostname)
    }
}

impl Simulator {
    /// Starts one. Fails if an address is not loopback or is taken.
    #[allow(clippy::unused_async, reason = "callers await a start, which may one day take time")]
    pub async fn start(config: Config) -> Result<Self> {
        let shared = Arc::new(Shared::new(State::new(&config)));
        let server = Server::start(config.listen, config.certificate, Arc::clone(&shared))?;
        let admin_listen = config.admin_listen;
        let core = Arc::new(Core { config, shared, server, backups: Mutex::default() });
        let admin = admin_listen.map(|listen| Admin::start(listen, Arc::clone(&core))).transpose()?;
        Ok(Self { core, admin })
    }

    /// Ends it: connections are dropped, ports are free when this returns.
    pub fn stop(self) {
        drop(self);
    }

    /// `https://127.0.0.1:port`, without prefix.
    pub fn url(&self) -> String {
        self.core.url()
    }

    /// The same place under its other name: `https://localhost:port`.
    pub fn localhost_url(&self) -> String {
        format!("https://localhost:{}", self.address().port())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.core.server.address
    }

    /// `http://127.0.0.1:port` of the admin port, if there is one.
    pub fn admin_url(&self) -> Option<String> {
        self.admin.as_ref().map(|admin| format!("http://{}", admin.address))
    }

    /// The CA's certificate in PEM.
    pub fn ca_pem(&self) -> String {
        self.core.server.ca_pem.clone()
    }

    /// The product version that it was started as.
    pub fn version(&self) -> ProductVersion {
        self.core.config.version
    }

    /// The first client's id; empty if it was started without any.
    pub fn client_id(&self) -> String {
        self.core.config.authorizations.first().map(|client| client.client_id.clone()).unwrap_or_default()
    }

    /// The first client's secret, as it was at the start.
    pub fn client_secret(&self) -> String {
        let first = self.core.config.authorizations.first();
        first.map(|client| client.client_secret.reveal().to_owned()).unwrap_or_default()
    }
}

/// The journal.
impl Simulator {
    /// All of it.
    pub fn journal(&self) -> Journal {
        self.since(Mark(0))
    }

    /// How many changes there were since the start; cheap, unlike a copy of the journal.
    pub fn commits(&self) -> u64 {
        self.core.state().log.commits()
    }

    /// A mark behind the last request that has arrived.
    pub fn mark(&self) -> Mark {
        self.core.state().log.mark()
    }

    /// What arrived after a mark.
    pub fn since(&self, mark: Mark) -> Journal {
        self.core.state().log.since(mark)
    }

    /// How many calls of a kind arrived since the start.
    pub fn count(&self, kind: Kind) -> usize {
        self.journal().count(kind)
    }

    /// A request's whole body, secrets included, if it was JSON.
    pub fn body_of(&self, seq: u64) -> Option<Value> {
        serde_json::from_slice(&self.core.state().log.body(seq)?).ok()
    }

    /// A request's whole body as it came, secrets included.
    pub fn raw_body_of(&self, seq: u64) -> Option<Vec<u8>> {
        self.core.state().log.body(seq).map(|body| body.to_vec())
    }

    /// Waits until the journal fulfils a condition; false if it does not in time (by the real clock).
    pub async fn wait_for(&self, patience: Duration, mut condition: impl FnMut(&Journal) -> bool) -> bool {
        let end = Instant::now() + patience;
        loop {
            if condition(&self.journal()) {
                return true;
            }
            if Instant::now() >= end {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(admin) = &mut self.admin {
            admin.stop();
        }
        self.core.server.stop();
    }
}
