//! One pass: what is seen, and what is decided on it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::pam::{Record, account};
use super::world::{Fault, Happened, PlainKey, World, at};
use crate::domain::credential::{
    ACCOUNT, Asked, CONTENT, ConnectedVault, Desired, DriftInput, KEYED, ListedRecord, ReadSecrets, Remote,
    SecretVersion, SituationInput, Target, TransitionInput, announce, change_since_write, find_drift, value_read,
};
use crate::domain::keyed::is_in_doubt;
use crate::domain::{
    Account, AdoptionPolicy, Binding, Claims, Connection, Decision, Identifiers, Intent, Inventory, Keyed, Look,
    RecordId, SecretsState, Seen, Situation, decide, match_rows,
};

pub(super) const IDENTIFIER: &str = "cluster_ns_name";

/// What a pass sees besides the world.
pub(super) struct Seeing {
    desired: Desired,
    account: Account,
    versions: Vec<SecretVersion>,
    vault: ConnectedVault,
    now: jiff::Timestamp,
    asked: Asked,
}

/// What a pass has found out.
pub(super) struct Run {
    pub(super) s: Situation,
    read: Option<ReadSecrets>,
    /// Id of the record that the list shows.
    pub(super) listed: Option<RecordId>,
    remote: Option<Remote>,
    replaced: Option<String>,
    pub(super) announced: bool,
}

impl World {
    /// One pass; the last write of a process that is killed is in the PAM, or arrives there.
    pub(super) fn pass(&mut self, fault: Fault) {
        if self.gone {
            return;
        }
        let seen = self.see();
        let mut known = seen.situation_input(self);
        known.suspected_write = self.suspected_write.unwrap_or_else(|| known.has_suspected_write());
        let (suspected_write, s) = (known.suspected_write, known.situation());
        self.suspected_write = Some(suspected_write);
        let mut run = Run { s, read: None, listed: None, remote: None, replaced: None, announced: false };
        run.s.secrets = self.secrets_from_cache(&seen.versions);
        run.s.take_over_granted = self.settings.adoption == AdoptionPolicy::TakeOver;
        if self.is_listed_since_write() {
            self.find_drift(&mut run);
        }
        let calls = self.calls();
        let decision = self.decide(&mut run, &seen);
        self.last = Some(decision);
        self.history.push((self.now, Happened::Pass(decision, fault)));
        self.carry_out(&run, &seen, decision, fault);
        assert!(self.calls() <= calls + 1, "P10: one pass, one write: {self:#?}");
    }

    fn calls(&self) -> usize {
        self.vaults.iter().map(|pam| pam.calls).sum()
    }

    fn see(&self) -> Seeing {
        Seeing {
            desired: self.desired(),
            account: account(self.username),
            versions: vec![self.secret_version()],
            vault: self.vault(),
            now: at(self.now),
            asked: self.asked.clone(),
        }
    }

    fn secrets_from_cache(&self, versions: &[SecretVersion]) -> SecretsState {
        let sure = KEYED.into_iter().filter_map(|group| self.status.digests.get(group)).all(|d| !is_in_doubt(d));
        let current = self.ready && self.status.observed_generation == Some(self.generation);
        if sure && current && self.status.source == versions { SecretsState::Unchanged } else { SecretsState::Unread }
    }

    fn decide(&mut self, run: &mut Run, seen: &Seeing) -> Decision {
        // A look is asked for once, and so is what a push needs before.
        for _ in 0..8 {
            match decide(&run.s) {
                Decision::Look(Look::Secrets) => self.read(run, seen),
                Decision::Look(Look::Inventory) => self.list(run, seen),
                Decision::Look(Look::Claims) => run.s.claims = Claims::Free,
                Decision::AddFinalizer => (self.finalizer, run.s.finalizer) = (true, true),
                Decision::RemoveFinalizer(_) if !self.deleting => (self.finalizer, run.s.finalizer) = (false, false),
                Decision::Intend(intent) => self.announce(run, seen, intent),
                decision => return decision,
            }
        }
        panic!("a pass has no end: {self:#?}")
    }

    fn read(&self, run: &mut Run, seen: &Seeing) {
        let text = [self.value];
        let compared = PlainKey.compare(self.status.digests.get(CONTENT), CONTENT, &text);
        run.s.secrets = SecretsState::Read(value_read(Some(compared), &self.status, run.s.settle));
        let digests = BTreeMap::from([(CONTENT.to_owned(), PlainKey.digest(CONTENT, &text))]);
        run.read = Some(ReadSecrets { digests, versions: seen.versions.clone(), due: <_>::default() });
    }

    fn list(&self, run: &mut Run, seen: &Seeing) {
        let rows = self.pam().rows();
        let identifiers = Identifiers { own: IDENTIFIER, former: &[] };
        let row = match_rows(&rows, run.s.binding, self.status.id.as_deref(), identifiers, &seen.account);
        let change = self.mine().map(|record| record.change.to_string());
        run.s.change = change_since_write(&self.status, change.as_deref());
        let touched = self.pam().records.iter().find(|record| {
            record.identifier.as_deref() == Some(IDENTIFIER) || record.username == seen.account.username
        });
        run.listed = touched.map(|record| record.id.clone());
        run.replaced = touched.filter(|_| matches!(row, Seen::AccountOther { .. })).and_then(|r| r.identifier.clone());
        run.s.inventory = Inventory::Shows(row);
        run.s.in_flight = seen.target().intent(&self.status, run.replaced.as_deref(), &PlainKey);
        self.find_drift(run);
    }

    /// The record of the status, by its id.
    fn mine(&self) -> Option<&Record> {
        self.status.id.as_ref().and_then(|id| self.pam().records.iter().find(|record| record.id == *id))
    }

    fn find_drift(&self, run: &mut Run) {
        if run.s.binding != Binding::Bound {
            return;
        }
        let listed = self.mine().map(|record| ListedRecord {
            identifier: record.identifier.clone(),
            change: Some(record.change.to_string()),
            renamed: record.username != self.username,
            rotates: record.rotates,
            ..ListedRecord::default()
        });
        let account_as_sent = self.status.digests.get(ACCOUNT).is_some_and(|sent| sent == self.username);
        let finding = find_drift(&self.status, DriftInput { account_as_sent, has_value: true }, listed.as_ref());
        run.s.drift = finding.drift;
        run.remote = Some(finding.remote);
    }

    fn announce(&mut self, run: &mut Run, seen: &Seeing, intent: Intent) {
        self.status = announce(&self.status, &seen.transition_input(self, run), intent, true);
        run.announced = true;
        run.s.in_flight = seen.target().intent(&self.status, run.replaced.as_deref(), &PlainKey);
    }
}

impl Seeing {
    fn target(&self) -> Target<'_> {
        Target { identifier: IDENTIFIER, origin: Some(&self.vault.origin), account: Some(&self.account) }
    }

    fn situation_input<'a>(&'a self, world: &'a World) -> SituationInput<'a> {
        SituationInput {
            deleting: world.deleting,
            finalizer: world.finalizer,
            generation: world.generation,
            desired: &self.desired,
            asked: &self.asked,
            status: &world.status,
            connection: Connection::Ready,
            vault: Some(&self.vault),
            target: self.target(),
            keyed: &PlainKey,
            versions: Some(&self.versions),
            now: self.now,
            suspected_write: false,
            recently_started: world.recently_started(),
        }
    }

    pub(super) fn transition_input<'a>(&'a self, world: &World, run: &'a Run) -> TransitionInput<'a> {
        TransitionInput {
            generation: world.generation,
            now: self.now,
            ended: self.now,
            started: at(world.started),
            situation: &run.s,
            desired: &self.desired,
            asked: &self.asked,
            vault: Some(&self.vault),
            target: self.target(),
            keyed: &PlainKey,
            read: run.read.as_ref(),
            versions: Some(&self.versions),
            replaced: run.replaced.as_deref(),
            remote: run.remote.as_ref(),
            just_announced: run.announced,
            list_interval: Duration::from_hours(1),
        }
    }
}
