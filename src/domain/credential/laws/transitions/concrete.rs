//! A status, a spec and a pass that have given facts, and the facts that production code derives from them again.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::credential::laws::PlainKey;
use crate::domain::credential::{
    ACCOUNT, Asked, BoundVault, CONTENT, ConnectedVault, DEVICE, Desired, DriftInput, ListedRecord, MOST_CORRECTIONS,
    MismatchRecord, ReadSecrets, Remote, SecretVersion, SituationInput, Status, Target, TransitionInput,
    change_since_write, find_drift, value_read,
};
use crate::domain::{
    Account, Binding, Change, Connection, Intent, Keyed, RecordId, Request, SecretsState, SettleWindow, Situation,
    UnackedWrite, ValueComparison, WriteAction,
};

const ORIGIN: &str = "https://pam";
pub(super) const IDENTIFIER: &str = "cluster_ns_name";
/// Id of the record in the status.
pub(super) const ID: &str = "1";
/// Any time of day.
const NOW: i64 = 1_000_000;
const NOTES: &str = "notes";
const TEXT: &[u8] = b"value";

/// All that a pass knows.
pub(super) struct Concrete {
    pub(super) situation: Situation,
    pub(super) status: Status,
    pub(super) desired: Desired,
    asked: Asked,
    pub(super) vault: ConnectedVault,
    account: Account,
    pub(super) versions: Vec<SecretVersion>,
    pub(super) read: Option<ReadSecrets>,
    pub(super) remote: Option<Remote>,
    listed_change: Option<String>,
    pub(super) announced: bool,
    pub(super) suspected_write: bool,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn text(is: &str, changed: bool) -> String {
    if changed { format!("{is} before") } else { is.to_owned() }
}

fn version(changed: bool) -> SecretVersion {
    SecretVersion { name: "s".to_owned(), uid: "u".to_owned(), resource_version: text("1", changed) }
}

impl Concrete {
    /// Returns a state with those facts. `ensure_enabled` is `spec.ensureEnabled` where no record is enabled yet.
    pub(super) fn of(s: &Situation, ensure_enabled: bool) -> Self {
        let mut all = Self {
            situation: *s,
            status: Status::default(),
            desired: desired(s, ensure_enabled),
            asked: asked(s.request),
            vault: connected(s, false),
            account: Account { username: "svc".to_owned(), hostname: "db".to_owned(), ip: "192.0.2.1".to_owned() },
            versions: vec![version(false)],
            read: matches!(s.secrets, SecretsState::Read(_)).then(ReadSecrets::default),
            remote: None,
            listed_change: None,
            announced: false,
            suspected_write: s.suspected_write,
        };
        if let Some(read) = &mut all.read {
            read.versions.clone_from(&all.versions);
            read.digests = all.desired.secret_groups.iter().map(|_| digest(TEXT)).collect();
        }
        all.status = all.remembered();
        all.look();
        all
    }

    fn remembered(&self) -> Status {
        let s = &self.situation;
        let bound = s.binding != Binding::Unbound;
        let used = connected(s, true);
        Status {
            observed_generation: Some(1),
            id: bound.then(|| RecordId::parse(ID)).flatten(),
            identifier: bound.then(|| IDENTIFIER.to_owned()),
            vault: (bound || s.login_changed).then_some(BoundVault { used, tenant: None }),
            source: vec![version(s.suspected_write)],
            digests: self.recorded_digests(),
            ensured_enabled: s.binding == Binding::Bound && !s.enable_due,
            value_withheld: s.value_withheld,
            in_flight: self.in_flight(),
            remote: s.baseline.then(|| Remote { change: Some("1".to_owned()), identifier: None }),
            corrections: vec![at(NOW - 10); if s.corrections_exhausted { MOST_CORRECTIONS } else { 0 }],
            mismatch: s.mismatch.then(|| self.mismatch()),
            ..Status::default()
        }
    }

    fn recorded_digests(&self) -> BTreeMap<String, String> {
        let s = &self.situation;
        let notes_changed = s.fields_changed && !s.device_changed;
        let plain = [(ACCOUNT, s.account_changed), (NOTES, notes_changed), (DEVICE, s.device_changed)];
        let plain = plain.map(|(group, changed)| (group.to_owned(), text(group, changed)));
        let content = match s.secrets {
            SecretsState::Read(ValueComparison::None | ValueComparison::New) => None,
            SecretsState::Read(ValueComparison::Changed) => Some(digest(b"old")),
            SecretsState::Read(ValueComparison::Unknown) => Some((CONTENT.to_owned(), "another key's".to_owned())),
            _ => Some(digest(TEXT)),
        };
        plain.into_iter().chain(content).collect()
    }

    /// The write without an answer; the settle window tells whether there is one.
    fn in_flight(&self) -> Option<UnackedWrite> {
        let s = &self.situation;
        let (age, value) = match s.settle {
            SettleWindow::Open => (10, true),
            SettleWindow::Elapsed { value } => (200, value),
            SettleWindow::Closed => return None,
        };
        let action = match s.in_flight {
            None => WriteAction::Update,
            Some(Intent::Create) => WriteAction::Create,
            Some(Intent::TakeOver) => WriteAction::TakeOver,
        };
        Some(UnackedWrite {
            action,
            identifier: IDENTIFIER.to_owned(),
            account: self.target().account_digest(&PlainKey),
            origin: ORIGIN.to_owned(),
            former: None,
            since: at(NOW - age),
            value,
        })
    }

    fn mismatch(&self) -> MismatchRecord {
        MismatchRecord { id: None, identifier: None, target: self.target().digest(&PlainKey).unwrap() }
    }

    /// What a list shows of our record, if there is a list.
    fn look(&mut self) {
        let change = match self.situation.change {
            Change::Moved => Some("2"),
            Change::Unknown if self.situation.baseline => None,
            Change::Same | Change::Unknown => Some("1"),
        };
        self.listed_change = change.map(str::to_owned);
        if self.situation.binding == Binding::Bound && self.situation.inventory.seen().is_some() {
            let input = DriftInput { account_as_sent: true, has_value: true };
            self.remote = Some(find_drift(&self.status, input, Some(&self.listed())).remote);
        }
    }

    fn listed(&self) -> ListedRecord {
        let (identifier, change) = (Some(IDENTIFIER.to_owned()), self.listed_change.clone());
        ListedRecord { identifier, change, ..ListedRecord::default() }
    }

    pub(super) fn target(&self) -> Target<'_> {
        Target { identifier: IDENTIFIER, origin: Some(ORIGIN), account: Some(&self.account) }
    }

    pub(super) fn transition_input(&self) -> TransitionInput<'_> {
        let started = if self.situation.recently_started { NOW - 20 } else { NOW - 10_000 };
        TransitionInput {
            generation: 1,
            now: at(NOW),
            ended: at(NOW),
            started: at(started),
            situation: &self.situation,
            desired: &self.desired,
            asked: &self.asked,
            vault: Some(&self.vault),
            target: self.target(),
            keyed: &PlainKey,
            read: self.read.as_ref(),
            versions: Some(&self.versions),
            replaced: None,
            remote: self.remote.as_ref(),
            just_announced: self.announced,
            list_interval: Duration::from_hours(1),
        }
    }

    pub(super) fn situation_input(&self) -> SituationInput<'_> {
        SituationInput {
            deleting: false,
            finalizer: self.situation.finalizer,
            generation: 1,
            desired: &self.desired,
            asked: &self.asked,
            status: &self.status,
            connection: Connection::Ready,
            vault: Some(&self.vault),
            target: self.target(),
            keyed: &PlainKey,
            versions: Some(&self.versions),
            now: at(NOW),
            suspected_write: self.suspected_write,
            recently_started: self.situation.recently_started,
        }
    }

    /// The facts that the status carries, and the value as it is read again.
    pub(super) fn derived(&self) -> Situation {
        let s = self.situation_input().situation();
        let compared = PlainKey.compare(self.status.digests.get(CONTENT), CONTENT, TEXT);
        let value = value_read(self.desired.has_value.then_some(compared), &self.status, s.settle);
        let change = change_since_write(&self.status, self.listed_change.as_deref());
        Situation { secrets: SecretsState::Read(value), change, ..s }
    }
}

fn digest(text: &[u8]) -> (String, String) {
    (CONTENT.to_owned(), PlainKey.digest(CONTENT, text))
}

fn desired(s: &Situation, ensure_enabled: bool) -> Desired {
    let has_value = s.secrets != SecretsState::Read(ValueComparison::None);
    Desired {
        ensure_enabled: s.enable_due || ensure_enabled,
        correct: s.correct,
        has_value,
        groups: [ACCOUNT, NOTES, DEVICE].map(|group| (group.to_owned(), group.to_owned())).into(),
        secret_groups: has_value.then_some(CONTENT).into_iter().collect(),
        ..Desired::default()
    }
}

fn asked(request: Request) -> Asked {
    let now = || Some("now".to_owned());
    match request {
        Request::None => Asked::default(),
        Request::Fields => Asked { reconcile: now(), push_value: None },
        Request::Value => Asked { reconcile: None, push_value: now() },
    }
}

/// Where the connection leads, or led when the record was written.
fn connected(s: &Situation, then: bool) -> ConnectedVault {
    let origin = text(ORIGIN, then && s.binding == Binding::BoundElsewhere);
    let login = Some(format!("k:login:{}", text("client", then && s.login_changed)));
    ConnectedVault { connection: "c".to_owned(), origin, requested_tenant: None, login }
}

mod tests {
    use super::super::chain::carried;
    use super::super::*;
    use super::*;

    /// Whether a status can carry those facts together.
    fn is_carried(s: &impl Facts) -> bool {
        let (binding, settle) = (s.binding(), s.settle());
        let bound = binding == Binding::Bound;
        // A request of an object without a record is acknowledged, and not obeyed.
        let heard = binding != Binding::Unbound || s.mismatch() || s.request() == Request::None;
        // A write that tells whose the record is sends fields, and fields settle.
        let open = s.in_flight().is_none() || settle != SettleWindow::Closed;
        let ours = bound || !s.enable_due();
        let account = binding != Binding::Unbound || !s.account_changed();
        heard && open && ours && account
    }

    fn assert_same(s: &(impl Facts + Peek)) {
        let facts = carried(&s.peek());
        let derived = Concrete::of(&s.peek().over(&chain::UNASKED_CLEAN), false).derived();
        assert!(!carried(&Changes::all_of(&derived)).differs(&facts), "{facts:#?} {derived:#?}");
    }

    fn ask_all(s: &impl Facts) {
        let _ = (s.fields_changed(), s.account_changed(), s.device_changed(), s.login_changed());
        let _ = (s.request(), s.mismatch(), s.in_flight(), s.enable_due(), s.settle());
        let _ = (s.corrections_exhausted(), s.baseline(), s.value_withheld(), s.suspected_write());
    }

    #[test]
    fn facts_that_became_a_status_are_derived_from_it_again() {
        let kinds = [ValueComparison::Same, ValueComparison::None].map(|value| SAME.secrets(SecretsState::Read(value)));
        for kind in kinds {
            law_of(10_000, kind, |s| {
                let carried = is_carried(s);
                if carried {
                    ask_all(s);
                    assert_same(s);
                }
                carried
            });
        }
    }

    #[test]
    fn a_value_and_a_time_of_change_that_became_a_status_are_derived_from_it_again() {
        for value in ValueComparison::all() {
            law_of(3, QUIET.settle(SettleWindow::Closed).secrets(SecretsState::Read(value)), |s| {
                let compared = s.baseline() || s.change() == Change::Unknown;
                let listed = compared && !(s.baseline() && s.change() == Change::Unknown);
                assert_same(&but(s, SAME.inventory(Inventory::Shows(Seen::Ours { at_account: true, rotates: false }))));
                listed
            });
        }
    }

    #[test]
    fn a_suspected_write_that_became_a_status_is_found_by_another_process() {
        for (binding, finalizer, suspected_write) in [
            (Binding::Bound, false, false),
            (Binding::Bound, false, true),
            (Binding::Unbound, false, false),
            (Binding::Unbound, true, true),
            (Binding::BoundElsewhere, false, true),
        ] {
            let s = Situation { finalizer, binding, suspected_write, ..chain::UNASKED_CLEAN };
            assert_eq!(Concrete::of(&s, false).situation_input().has_suspected_write(), suspected_write, "{binding:?}");
        }
    }
}
