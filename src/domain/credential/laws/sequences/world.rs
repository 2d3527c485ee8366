//! One object, its Secret, a process and a PAM; passes run the production functions.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::pam::{Pam, Post, account};
use crate::domain::credential::{
    ACCOUNT, Asked, CONTENT, ConnectedVault, Desired, DriftInput, Expect, KEYED, Known, ListedRecord, Pass,
    ReadSecrets, SecretVersion, Status, Target, WriteResult, announce, change_since_write, find_drift, transition,
    value_read, verifies,
};
use crate::domain::keyed::is_in_doubt;
use crate::domain::{
    Account, Adoption, Binding, Claims, Connection, Decision, Identifiers, Intent, Inventory, Keyed, Look, Push,
    SETTLE, Secrets, Seen, Situation, Value, decide, judge, match_rows,
};

const IDENTIFIER: &str = "cluster_ns_name";

/// Digests that can be read.
pub(super) struct PlainKey;

impl Keyed for PlainKey {
    fn digest(&self, field: &str, text: &[u8]) -> String {
        format!("k:{field}:{}", String::from_utf8_lossy(text))
    }

    fn made(&self, digest: &str) -> bool {
        digest.starts_with("k:")
    }

    fn is_of(&self, digest: &str, field: &str, text: &[u8]) -> bool {
        digest == self.digest(field, text)
    }
}

/// What happens to the write of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fault {
    /// The PAM answers.
    None,
    /// The PAM does not execute the write, and no answer comes.
    LostBefore,
    /// The PAM executes the write, and no answer comes.
    LostAfter,
    /// No answer comes, and the PAM executes the write a minute later.
    LostLate,
    /// The PAM refuses the write.
    Refused,
    /// The PAM executes the write, and the process ends before it can record that.
    Killed,
    /// The process ends, and the PAM executes the write a minute later.
    KilledLate,
}

/// What happens between two passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Event {
    /// Nothing, but for a second.
    None,
    /// The Secret gets another value.
    Value(u8),
    /// The spec gets other notes.
    Notes(u8),
    /// The spec gets another username.
    Username(&'static str),
    /// Another process takes over.
    Restart,
    /// The vault rotates the value, or somebody changes it there.
    ChangedInVault,
    /// The settle window of all writes passes.
    Wait,
    /// The object is deleted.
    Delete,
    /// The connection lists.
    Listed,
}

/// Everything there is.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) pam: Pam,
    pub(super) status: Status,
    pub(super) adoption: Adoption,
    pub(super) disable: bool,
    pub(super) deleting: bool,
    pub(super) gone: bool,
    pub(super) value: u8,
    pub(super) notes: u8,
    pub(super) username: &'static str,
    finalizer: bool,
    generation: i64,
    version: u32,
    asked: Asked,
    now: i64,
    started: i64,
    suspected: Option<bool>,
    /// When the connection listed last.
    listed: Option<i64>,
    /// A process was killed with a write that nothing tells of later: no list had said when the write before was
    /// (`design.md` 4: an unknown baseline permits no push of a value), or there was no write before.
    pub(super) untold: bool,
    /// `Ready` is true for the generation of the status.
    ready: bool,
    /// Writes that were sent.
    pub(super) writes: usize,
    /// Values that the cluster had when the last write with a value was answered.
    answered_value: Option<u8>,
    pub(super) last: Option<Decision>,
    /// What happened, to be read in a failure.
    pub(super) history: Vec<(i64, String)>,
}

impl World {
    pub(super) fn new(adoption: Adoption, disable: bool, rotates: bool) -> Self {
        Self {
            pam: Pam { rotates, ..Pam::default() },
            status: Status::default(),
            adoption,
            disable,
            deleting: false,
            gone: false,
            value: 1,
            notes: 1,
            username: "svc",
            finalizer: false,
            generation: 1,
            version: 1,
            asked: Asked::default(),
            now: 1_000_000,
            started: 0,
            suspected: None,
            listed: None,
            untold: false,
            ready: false,
            writes: 0,
            answered_value: None,
            last: None,
            history: Vec::new(),
        }
    }

    /// What happens between two passes.
    pub(super) fn happen(&mut self, event: Event) {
        self.pass_time(1);
        self.history.push((self.now, format!("{event:?}")));
        match event {
            Event::None => {}
            Event::Value(value) => (self.value, self.version) = (value, self.version + 1),
            Event::Notes(notes) => (self.notes, self.generation) = (notes, self.generation + 1),
            Event::Username(username) => (self.username, self.generation) = (username, self.generation + 1),
            Event::Restart => (self.started, self.suspected) = (self.now, None),
            Event::ChangedInVault => {
                let id = self.status.id.clone().unwrap_or_default();
                self.pam.touch(&id, |record| record.value = 9);
            }
            Event::Wait => self.pass_time(100),
            Event::Delete => self.deleting = true,
            Event::Listed => self.listed = Some(self.now),
        }
    }

    pub(super) fn pass_time(&mut self, seconds: i64) {
        self.now += seconds;
        self.pam.arrive(self.now);
    }

    fn desired(&self) -> Desired {
        let groups = [(ACCOUNT, self.username.to_owned()), ("notes", self.notes.to_string())];
        Desired {
            disable: self.disable,
            adoption: self.adoption,
            has_value: true,
            rotates: self.pam.rotates,
            groups: groups.map(|(group, digest)| (group.to_owned(), digest)).into(),
            secret_groups: [CONTENT].into(),
            ..Desired::default()
        }
    }

    /// One pass; the last write of a process that is killed is in the PAM, or arrives there.
    pub(super) fn pass(&mut self, fault: Fault) {
        if self.gone {
            return;
        }
        let vault = ConnectedVault { connection: "c".to_owned(), origin: "https://pam".to_owned(), ..<_>::default() };
        let seen = Seeing {
            desired: self.desired(),
            account: account(self.username),
            versions: vec![self.secret_version()],
            vault,
            now: Timestamp::from_second(self.now).unwrap(),
            asked: self.asked.clone(),
        };
        let recently_started = self.now - self.started < i64::try_from(SETTLE.as_secs()).unwrap();
        let mut known = seen.known(self, recently_started);
        let suspected = self.suspected.unwrap_or_else(|| known.is_suspect());
        known.suspected = suspected;
        let s = known.situation();
        self.suspected = Some(suspected);
        let mut run = Run { s, read: None, listed: None, remote: None, replaced: None, announced: false };
        run.s.secrets = self.secrets_from_cache(&seen.versions);
        if self.listed.is_some_and(|at| self.status.last_write.is_none_or(|write| write.as_second() < at)) {
            self.find_drift(&mut run);
        }
        let decision = self.decide(&mut run, &seen);
        self.last = Some(decision);
        self.history.push((self.now, format!("{decision:?}, {fault:?}")));
        self.carry_out(&run, &seen, decision, fault);
    }

    fn secret_version(&self) -> SecretVersion {
        SecretVersion { name: "s".to_owned(), uid: "u".to_owned(), resource_version: self.version.to_string() }
    }

    fn secrets_from_cache(&self, versions: &[SecretVersion]) -> Secrets {
        let sure = KEYED.into_iter().filter_map(|group| self.status.digests.get(group)).all(|d| !is_in_doubt(d));
        let current = self.ready && self.status.observed_generation == Some(self.generation);
        if sure && current && self.status.source == versions { Secrets::Unchanged } else { Secrets::Unread }
    }

    fn decide(&mut self, run: &mut Run, seen: &Seeing) -> Decision {
        loop {
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
    }

    fn read(&self, run: &mut Run, seen: &Seeing) {
        let text = [self.value];
        let compared = PlainKey.compare(self.status.digests.get(CONTENT), CONTENT, &text);
        run.s.secrets = Secrets::Read(value_read(Some(compared), &self.status, run.s.settle));
        let digests = BTreeMap::from([(CONTENT.to_owned(), PlainKey.digest(CONTENT, &text))]);
        run.read = Some(ReadSecrets { digests, versions: seen.versions.clone(), due: <_>::default() });
    }

    fn list(&self, run: &mut Run, seen: &Seeing) {
        let rows = self.pam.rows();
        let identifiers = Identifiers { own: IDENTIFIER, former: &[] };
        let row = match_rows(&rows, (run.s.binding, self.status.id.as_deref()), identifiers, &seen.account);
        let mine = self.status.id.as_ref().and_then(|id| self.pam.records.iter().find(|record| record.id == *id));
        let change = mine.map(|record| record.change.to_string());
        run.s.change = change_since_write(&self.status, change.as_deref());
        let touched = self.pam.records.iter().find(|record| {
            record.identifier.as_deref() == Some(IDENTIFIER) || record.username == seen.account.username
        });
        run.listed = touched.map(|record| record.id.clone());
        run.replaced = touched.filter(|_| matches!(row, Seen::AccountOther { .. })).and_then(|r| r.identifier.clone());
        run.s.inventory = Inventory::Shows(row);
        run.s.in_flight = seen.target().intent(&self.status, run.replaced.as_deref(), &PlainKey);
        self.find_drift(run);
    }

    fn find_drift(&self, run: &mut Run) {
        if run.s.binding != Binding::Bound {
            return;
        }
        let mine = self.status.id.as_ref().and_then(|id| self.pam.records.iter().find(|record| record.id == *id));
        let listed = mine.map(|record| ListedRecord {
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
        self.status = announce(&self.status, &seen.pass(self, run), intent, true);
        run.announced = true;
        run.s.in_flight = seen.target().intent(&self.status, run.replaced.as_deref(), &PlainKey);
    }

    fn carry_out(&mut self, run: &Run, seen: &Seeing, decision: Decision, fault: Fault) {
        match decision {
            Decision::Push(push) => self.push(run, seen, push, fault),
            Decision::Disable => self.disable(run, seen, fault),
            Decision::RemoveFinalizer(_) => (self.finalizer, self.gone) = (false, self.deleting),
            Decision::Leave => self.gone = self.deleting,
            decision => self.end(run, seen, decision, WriteResult::Nothing),
        }
    }

    fn push(&mut self, run: &Run, seen: &Seeing, push: Push, fault: Fault) {
        self.check_push(run, push);
        self.writes += 1;
        let groups = seen.pass(self, run).sent_groups(&self.status, push);
        let post = Post {
            identifier: IDENTIFIER.to_owned(),
            username: self.username.to_owned(),
            value: push.value.then_some(self.value),
            notes: groups.contains(&"notes".to_owned()).then_some(self.notes),
        };
        let decision = Decision::Push(push);
        match fault {
            Fault::None => {
                let answer = self.pam.post(&post);
                let made = run.s.in_flight.is_some() && !run.announced;
                let expected = seen.pass(self, run).expected(&self.status, push, run.listed.as_deref(), made);
                match judge(&expected, &answer) {
                    None => {
                        self.answered_value = push.value.then_some(self.value).or(self.answered_value);
                        self.end(run, seen, decision, WriteResult::Written(&answer));
                    }
                    Some(_) => self.end(run, seen, decision, WriteResult::Mismatch(&answer)),
                }
            }
            Fault::Refused => self.end(run, seen, decision, WriteResult::Refused),
            Fault::LostBefore => self.end(run, seen, decision, WriteResult::Lost),
            Fault::LostAfter => {
                self.pam.post(&post);
                self.end(run, seen, decision, WriteResult::Lost);
            }
            Fault::LostLate => {
                self.pam.post_late(self.now + 60, post);
                self.end(run, seen, decision, WriteResult::Lost);
            }
            Fault::Killed => {
                self.pam.post(&post);
                self.die();
            }
            Fault::KilledLate => {
                self.pam.post_late(self.now + 60, post);
                self.die();
            }
        }
    }

    fn die(&mut self) {
        self.untold |= !self.status.has_baseline() && (self.status.id.is_some() || self.status.in_flight.is_none());
        self.happen(Event::Restart);
    }

    /// P4 and P6, of each push.
    fn check_push(&self, run: &Run, push: Push) {
        let listed = run.listed.as_ref().and_then(|id| self.pam.records.iter().find(|record| record.id == *id));
        if let Some(record) = listed.filter(|record| record.foreign) {
            assert!(self.adoption != Adoption::Never, "P4: {record:?} is written with {push:?}");
        }
        let asked = self.asked.push_value != self.status.handled.push_value;
        let rotates = listed.is_some_and(|record| record.rotates);
        if push.value && push.expect == Expect::Update && rotates && !asked {
            let new = self.answered_value != Some(self.value);
            let open = self.status.in_flight.is_some() && run.s.secrets == Secrets::Read(Value::Changed);
            assert!(new || open, "P6: a value that the vault rotates is sent though nothing changed");
        }
    }

    fn disable(&mut self, run: &Run, seen: &Seeing, fault: Fault) {
        self.writes += 1;
        let id = self.status.id.clone().or_else(|| run.listed.clone()).unwrap_or_default();
        let executed = matches!(fault, Fault::None | Fault::LostAfter | Fault::Killed);
        if let Some(record) = self.pam.find(&id).filter(|_| executed) {
            assert!(!record.foreign, "P7: somebody else's record is disabled");
            record.enabled = false;
        }
        match fault {
            Fault::None => (self.finalizer, self.gone) = (false, true),
            Fault::Killed | Fault::KilledLate => self.happen(Event::Restart),
            Fault::Refused => self.end(run, seen, Decision::Disable, WriteResult::Refused),
            _ => self.end(run, seen, Decision::Disable, WriteResult::Lost),
        }
    }

    fn end(&mut self, run: &Run, seen: &Seeing, decision: Decision, result: WriteResult<'_>) {
        self.status = transition(&self.status, &seen.pass(self, run), decision, result);
        if verifies(decision, result) {
            self.suspected = Some(false);
        }
        let at_rest =
            matches!(decision, Decision::Settled | Decision::Record | Decision::HoldValue | Decision::LookAgain);
        self.ready = at_rest || matches!(result, WriteResult::Written(_));
    }
}

/// What a pass sees besides the world.
struct Seeing {
    desired: Desired,
    account: Account,
    versions: Vec<SecretVersion>,
    vault: ConnectedVault,
    now: Timestamp,
    asked: Asked,
}

/// What a pass has found out.
struct Run {
    s: Situation,
    read: Option<ReadSecrets>,
    listed: Option<String>,
    remote: Option<crate::domain::credential::Remote>,
    replaced: Option<String>,
    announced: bool,
}

impl Seeing {
    fn target(&self) -> Target<'_> {
        Target { identifier: IDENTIFIER, origin: Some(&self.vault.origin), account: Some(&self.account) }
    }

    fn known<'a>(&'a self, world: &'a World, recently_started: bool) -> Known<'a> {
        Known {
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
            suspected: false,
            recently_started,
        }
    }

    fn pass<'a>(&'a self, world: &World, run: &'a Run) -> Pass<'a> {
        Pass {
            generation: world.generation,
            now: self.now,
            started: Timestamp::from_second(world.started).unwrap(),
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
