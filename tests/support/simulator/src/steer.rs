//! The handle's orders: what is in the vault, who may do what, what goes wrong.

#![allow(clippy::must_use_candidate, reason = "tests order a change without always asking what it met")]

use std::time::Duration;

use anyhow::Result;

use crate::authorization::Authorization;
use crate::backup::Backup;
use crate::behaviour::Behaviour;
use crate::call::Kind;
use crate::config::{Device, ExpiresIn, Seed};
use crate::fault::{Fault, FaultId};
use crate::handle::Simulator;
use crate::secret::Hidden;
use crate::server::Outage;
use crate::store::{RecordView, ValueWrite, VaultEdit};
use crate::tls::{Certificate, fingerprint_of_pem};

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
        let state = self.core.state();
        let mut records = state.store.records();
        records.find(|record| record.identifier.as_deref() == Some(identifier)).map(RecordView::from)
    }

    /// A record's value.
    pub fn value_of(&self, id: &str) -> Option<String> {
        self.writes_of(id).pop().map(|write| write.value.reveal().to_owned())
    }

    /// A text among a record's other fields by its JSON pointer, secret ones included: the seed for one-time passwords is
    /// `/additional_settings/secret_key`.
    pub fn secret_of(&self, id: &str, pointer: &str) -> Option<Hidden> {
        self.core.state().store.get(id.parse().ok()?)?.field(pointer)
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

    /// Puts many records into the vault at once, as [`Simulator::seed`] does: nobody gets a list with half of them.
    pub fn seed_all(&self, seeds: impl IntoIterator<Item = Seed>) {
        let mut state = self.core.state();
        for seed in seeds {
            state.seed(&seed);
        }
    }

    /// Does to a record what somebody could do in the vault itself. False: no such record.
    pub fn edit(&self, id: &str, edit: VaultEdit) -> bool {
        self.core.edit(id, edit)
    }

    /// Takes a record out of the vault for good. False: no such record.
    pub fn remove_record(&self, id: &str) -> bool {
        self.core.remove_record(id)
    }

    /// How many rotations were asked for and are not carried out yet ([`crate::Rotation`]).
    pub fn rotations_waiting(&self) -> usize {
        self.core.state().rotations.len()
    }

    /// All devices.
    pub fn devices(&self) -> Vec<Device> {
        self.core.state().store.devices.all()
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

/// Backups.
impl Simulator {
    /// A backup of the vault: its records with their values and `change`, and its devices.
    pub fn backup(&self) -> Backup {
        self.core.backup()
    }

    /// The vault goes back to a backup, its own or another simulator's: records made since are gone, and
    /// their ids will be given out again. Clients, tokens, knobs, faults and the journal stay.
    pub fn restore(&self, backup: &Backup) {
        self.core.restore(backup);
    }
}

/// Client certificates.
impl Simulator {
    /// A new client certificate of the simulator's CA and its key, both in PEM.
    pub fn client_certificate(&self) -> Result<(String, String)> {
        self.core.server.authority.client_certificate()
    }

    /// The fingerprint of a certificate in PEM, as [`Authorization::certificate`] takes it: SHA-256 in
    /// lower-case hexadecimal digits.
    #[allow(clippy::unused_self, reason = "it reads as a question to the PAM that is asked for the certificate")]
    pub fn fingerprint_of(&self, certificate_pem: &str) -> Result<String> {
        fingerprint_of_pem(certificate_pem)
    }
}

/// Who may do what.
impl Simulator {
    /// Adds a client, or replaces the one of that id.
    pub fn authorize(&self, authorization: Authorization) {
        self.core.state().authorizations.insert(authorization.client_id.clone(), authorization);
    }

    /// Lets `change` amend a client (its secret, read-only, PAM Core). False: no such client.
    pub fn change_authorization(&self, client_id: &str, change: impl FnOnce(&mut Authorization)) -> bool {
        self.core.state().authorizations.get_mut(client_id).map(change).is_some()
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

    /// The calls that were cut off and not executed, by their numbers in the journal, oldest first.
    pub fn held(&self) -> Vec<u64> {
        self.core.state().held.iter().map(|held| held.seq).collect()
    }

    /// Executes a call that is held, as if it had arrived only now. False: none of that number is.
    pub fn commit_held(&self, seq: u64) -> bool {
        self.core.state().commit_held(seq)
    }

    /// The calls that are suspended, by their numbers in the journal, oldest first.
    pub fn suspended(&self) -> Vec<(u64, Kind)> {
        self.core.state().suspended.iter().map(|(seq, call)| (*seq, call.kind)).collect()
    }

    /// Lets a suspended call go on. False: none of that number is.
    pub fn resume(&self, seq: u64) -> bool {
        self.core.state().resume(seq)
    }

    /// How many callers wait for an answer that does not come by itself.
    pub fn left_waiting(&self) -> usize {
        self.core.state().left_waiting
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
