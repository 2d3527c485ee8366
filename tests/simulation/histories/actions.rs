//! Carries out the steps of a history: edits of objects, acts in the vault, and faults.

use jiff::SignedDuration;
use pam_simulator::{Effect, Fault, Kind, Outage, VaultEdit};
use serde_json::json;

use super::runner::Run;
use super::steps::{Act, DEVICES, Delivery, Trouble, Who};
use crate::support::{CANARY, NAMESPACE, value};

impl Run {
    pub(super) fn put_credential(&self, who: Who) {
        if let Some(wanted) = &self.model.object(who).wanted {
            self.clusters[who.cluster].put_credential(&who.name(), &wanted.spec());
        }
    }

    pub(super) fn put_value(&mut self, who: Who) {
        let now = self.world.time.now();
        let object = self.model.object_mut(who);
        let new = value(&format!("{who:?}"), u32::try_from(object.values.len()).unwrap());
        object.values.push((now, new.clone()));
        self.clusters[who.cluster].put_value(&who.name(), &new);
    }

    pub(super) fn ask(&mut self, who: Who, value: bool) {
        let now = self.world.time.now();
        let name = if value { "push-value-requested-at" } else { "reconcile-requested-at" };
        self.model.object_mut(who).asked.push((now, value));
        self.clusters[who.cluster].api.edit("pamcredentials", NAMESPACE, &who.name(), |object| {
            object["metadata"]["annotations"][format!("pam-operator.io/{name}")] = now.to_string().into();
        });
    }

    pub(super) fn hand_over(&mut self, who: Who, to: usize) {
        if self.credential(who).is_none() {
            return;
        }
        self.model.object_mut(who).hands_over = Some(to);
        let to = format!("{NAMESPACE}/{}", Who { number: to, ..who }.name());
        self.clusters[who.cluster].api.edit("pamcredentials", NAMESPACE, &who.name(), |object| {
            object["metadata"]["annotations"]["pam-operator.io/hand-over-to"] = to.clone().into();
        });
    }

    /// As a restore does it: what is there is replaced by what was saved, without status, and finalizers hold nothing up.
    pub(super) fn restore_cluster(&mut self, cluster: usize) {
        let now = self.world.time.now();
        for who in Who::all().filter(|who| who.cluster == cluster) {
            let Some(wanted) = self.model.object(who).wanted.clone() else { continue };
            let (api, name) = (&self.clusters[cluster].api, who.name());
            api.edit("pamcredentials", NAMESPACE, &name, |object| object["metadata"]["finalizers"] = json!([]));
            api.delete("pamcredentials", NAMESPACE, &name);
            self.model.applied(who, wanted, now);
            self.put_credential(who);
        }
    }

    pub(super) fn fail_writes(&mut self, who: Who, delivery: Delivery, times: u32) {
        let identifier = self.clusters[who.cluster].identifier(&who.name());
        let effect = match delivery {
            Delivery::Executed | Delivery::Never => Effect::Reset,
            Delivery::Late(_) => Effect::HeldCommit,
            Delivery::Silent(_) => Effect::Silence,
            Delivery::Error => Effect::UnexpectedError,
        };
        let fault = Fault::on(Kind::PostCredential, effect).only(&identifier).times(times);
        self.world.sim.inject(if matches!(delivery, Delivery::Executed) { fault.after_commit() } else { fault });
        if let Delivery::Late(seconds) | Delivery::Silent(seconds) = delivery {
            self.late.insert(identifier, seconds);
        }
    }

    pub(super) fn trouble(&mut self, trouble: Trouble) {
        let sim = &self.world.sim;
        let lists = |effect, times| _ = sim.inject(Fault::on(Kind::ListCredentials, effect).times(times));
        match trouble {
            Trouble::ListsEndEarly(times) => lists(Effect::CutJson, times),
            Trouble::ListsFail(times) => lists(Effect::UnexpectedError, times),
            Trouble::Tokens => sim.revoke_tokens(),
            Trouble::Outage(seconds) => {
                sim.set_outage(Outage::Refused);
                let long = SignedDuration::from_secs(i64::try_from(seconds).unwrap());
                self.outage = Some(self.world.time.now() + long);
            }
        }
    }

    /// Somebody does something to the record of a credential, or the vault does.
    pub(super) fn in_the_vault(&mut self, who: Who, act: &Act) {
        let now = self.world.time.now();
        let Some(id) = self.clusters[who.cluster].status(&who.name()).id else { return };
        let Some(record) = self.world.sim.record(&id) else { return };
        let taken = |username: &str, hostname: &str| {
            let same = |other: &pam_simulator::RecordView| other.username == username && other.hostname == hostname;
            self.world.sim.records().iter().any(same)
        };
        let number = record.value_writes;
        let edit = match act {
            Act::Rename(username) if !taken(username, &record.hostname) => VaultEdit::Username(username.clone()),
            Act::Move(device) if !taken(&record.username, DEVICES[*device].0) => {
                let (hostname, ip) = DEVICES[*device];
                VaultEdit::Device { hostname: hostname.to_owned(), ip: ip.to_owned() }
            }
            Act::Identifier(identifier) if self.world.sim.find(identifier).is_none() => {
                VaultEdit::Identifier(Some(identifier.clone()))
            }
            Act::Rename(_) | Act::Move(_) | Act::Identifier(_) => return,
            Act::Enable(enabled) => VaultEdit::Active(*enabled),
            Act::AutomaticChange(on) => VaultEdit::AutomaticChange(*on),
            Act::Value => VaultEdit::Rotate(format!("{CANARY}-person-{number}").into()),
            Act::Rotate if record.automatic_change => VaultEdit::Rotate(format!("{CANARY}-vault-{number}").into()),
            Act::Rotate => return,
        };
        self.model.in_the_vault(&id, act, now);
        self.world.sim.edit(&id, edit);
    }
}
