//! The handle that tests hold.

#![allow(
    clippy::must_use_candidate,
    reason = "tests order a change without always asking what it met"
)]

use std::net::SocketAddr;
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

use crate::admin::Admin;
use crate::behaviour::Behaviour;
use crate::call::Kind;
use crate::config::{Authorization, Config, Device, ExpiresIn, Seed};
use crate::fault::{Fault, FaultId};
use crate::journal::{Journal, Mark};
use crate::server::{Outage, Server};
use crate::state::{Shared, State};
use crate::store::{RecordView, ValueWrite, VaultEdit};
use crate::tls::Certificate;

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
        self.state()
            .store
            .get(id)
            .map(|record| record.writes().to_vec())
            .unwrap_or_default()
    }

    pub(crate) fn edit(&self, id: &str, edit: VaultEdit) -> bool {
        id.parse()
            .is_ok_and(|id| self.state().store.edit(id, |record| record.apply(edit)))
    }

    pub(crate) fn remove_record(&self, id: &str) -> bool {
        id.parse().is_ok_and(|id| self.state().store.remove(id).is_some())
    }

    pub(crate) fn put_device(&self, device: &Device) {
        let mut state = self.state();
        let tenant = device.tenant.clone().unwrap_or_else(|| state.tenant.clone());
        state.store.add_device(&tenant, device);
    }

    pub(crate) fn remove_device(&self, hostname: &str) -> usize {
        let mut state = self.state();
        let tenant = state.tenant.clone();
        state.store.remove_device(&tenant, hostname)
    }
}

impl Simulator {
    /// Starts one. Fails if an address is not loopback or is taken.
    #[allow(
        clippy::unused_async,
        reason = "callers await a start, which may one day take time"
    )]
    pub async fn start(config: Config) -> Result<Self> {
        let shared = Arc::new(Shared::new(State::new(&config)));
        let server = Server::start(config.listen, config.certificate, Arc::clone(&shared))?;
        let admin_listen = config.admin_listen;
        let core = Arc::new(Core {
            config,
            shared,
            server,
        });
        let admin = admin_listen
            .map(|listen| Admin::start(listen, Arc::clone(&core)))
            .transpose()?;
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

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.core.server.address
    }

    /// `http://127.0.0.1:port` of the admin port, if there is one.
    pub fn admin_url(&self) -> Option<String> {
        self.admin
            .as_ref()
            .map(|admin| format!("http://{}", admin.address))
    }

    /// The CA's certificate in PEM.
    pub fn ca_pem(&self) -> String {
        self.core.server.ca_pem.clone()
    }

    /// The first client's id; empty if it was started without any.
    pub fn client_id(&self) -> String {
        self.core
            .config
            .authorizations
            .first()
            .map(|client| client.client_id.clone())
            .unwrap_or_default()
    }

    /// The first client's secret, as it was at the start.
    pub fn client_secret(&self) -> String {
        let first = self.core.config.authorizations.first();
        first
            .map(|client| client.client_secret.reveal().to_owned())
            .unwrap_or_default()
    }
}

/// The journal.
impl Simulator {
    /// All of it.
    pub fn journal(&self) -> Journal {
        self.since(Mark(0))
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

/// The vault.
impl Simulator {
    /// All records without their secrets, by id.
    pub fn records(&self) -> Vec<RecordView> {
        self.core.records()
    }

    /// One record without its secrets.
    pub fn record(&self, id: &str) -> Option<RecordView> {
        self.core.record(id)
    }

    /// The record that has this identifier; the oldest of several.
    pub fn find(&self, identifier: &str) -> Option<RecordView> {
        self.records()
            .into_iter()
            .find(|record| record.identifier.as_deref() == Some(identifier))
    }

    /// A record's value.
    pub fn value_of(&self, id: &str) -> Option<String> {
        self.writes_of(id)
            .pop()
            .map(|write| write.value.reveal().to_owned())
    }

    /// Every value a record ever had, oldest first.
    pub fn writes_of(&self, id: &str) -> Vec<ValueWrite> {
        self.core.writes_of(id)
    }

    /// Puts a record into the vault, with its device; answers its id.
    #[allow(clippy::needless_pass_by_value, reason = "seeds are built in place")]
    pub fn seed(&self, seed: Seed) -> String {
        self.core.state().seed(&seed).to_string()
    }

    /// Does to a record what somebody could do in the vault itself. False: no such record.
    pub fn edit(&self, id: &str, edit: VaultEdit) -> bool {
        self.core.edit(id, edit)
    }

    /// Takes a record out of the vault for good. False: no such record.
    pub fn remove_record(&self, id: &str) -> bool {
        self.core.remove_record(id)
    }

    /// All devices.
    pub fn devices(&self) -> Vec<Device> {
        self.core.state().store.devices()
    }

    /// Adds a device to the default tenant.
    pub fn add_device(&self, hostname: &str, ip: &str) {
        self.put_device(&Device::new(hostname, ip));
    }

    /// Adds a device, or replaces the one of that name and address.
    pub fn put_device(&self, device: &Device) {
        self.core.put_device(device);
    }

    /// Takes all devices of this host name from the default tenant; answers how many there were.
    pub fn remove_device(&self, hostname: &str) -> usize {
        self.core.remove_device(hostname)
    }
}

/// Who may do what.
impl Simulator {
    /// Adds a client, or replaces the one of that id.
    pub fn authorize(&self, authorization: Authorization) {
        self.core
            .state()
            .authorizations
            .insert(authorization.client_id.clone(), authorization);
    }

    /// Lets `change` amend a client (its secret, read-only, PAM Core). False: no such client.
    pub fn change_authorization(&self, client_id: &str, change: impl FnOnce(&mut Authorization)) -> bool {
        self.core
            .state()
            .authorizations
            .get_mut(client_id)
            .map(change)
            .is_some()
    }

    /// Takes a client away; its tokens are worth nothing any more.
    pub fn remove_authorization(&self, client_id: &str) -> bool {
        self.core.state().authorizations.remove(client_id).is_some()
    }

    /// What token answers announce from now on.
    pub fn set_expires_in(&self, expires_in: ExpiresIn) {
        self.core.state().expires_in = expires_in;
    }

    /// How long tokens issued from now on really live; absent: as announced.
    pub fn set_token_lifetime(&self, lifetime: Option<Duration>) {
        self.core.state().token_lifetime = lifetime;
    }

    /// How many tokens were issued.
    pub fn tokens_issued(&self) -> usize {
        self.core.state().tokens.issued()
    }

    /// Revokes every token issued so far.
    pub fn revoke_tokens(&self) {
        self.core.state().tokens.revoke_all();
    }

    /// Lets every token issued so far run out.
    pub fn expire_tokens(&self) {
        self.core.state().tokens.expire_all();
    }
}

/// What goes wrong.
impl Simulator {
    /// Lets `change` turn the knobs for what the documentation leaves open.
    pub fn change_behaviour(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.core.state().behaviour);
    }

    /// Adds a fault behind those that wait already.
    pub fn inject(&self, fault: Fault) -> FaultId {
        self.core.state().faults.inject(fault)
    }

    /// The faults that still wait for calls, with what is left of them.
    pub fn faults(&self) -> Vec<(FaultId, Fault)> {
        self.core.state().faults.waiting().to_vec()
    }

    /// Takes one fault back.
    pub fn remove_fault(&self, id: FaultId) {
        self.core.state().faults.remove(id);
    }

    /// Takes all faults back. What they have begun (a late commit, a pause) goes on.
    pub fn clear_faults(&self) {
        self.core.state().faults.clear();
    }

    /// Puts the PAM out of reach, or back; open connections are reset.
    pub fn set_outage(&self, outage: Outage) {
        self.core.server.outage(outage);
    }

    /// Refuses connections, or serves again.
    pub fn set_down(&self, down: bool) {
        self.set_outage(if down { Outage::Refused } else { Outage::None });
    }

    /// Resets every open connection.
    pub fn drop_connections(&self) {
        self.core.server.cut();
    }

    /// A restart of the PAM: connections are reset and tokens are worth nothing; records stay.
    pub fn restart(&self) {
        self.revoke_tokens();
        self.drop_connections();
    }

    /// Presents another certificate; open connections are reset.
    pub fn present(&self, certificate: Certificate) -> Result<()> {
        self.core.server.present(certificate)
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
