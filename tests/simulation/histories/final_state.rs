//! P1, P6, P7: what must be true at the end, when nobody did anything for hours.

use fake_apiserver::Mark;
use jiff::{SignedDuration, Timestamp};
use pam_operator::api::{ConditionType, PamCredentialStatus, find};
use pam_simulator::{Journal, Kind, RecordView};

use super::laws::{account, was_listed};
use super::model::{NEVER, Object, Origin, Record};
use super::runner::{INTERVAL, Run};
use super::steps::{CLUSTERS, Wanted, Who};

type Verdict = Result<(), String>;

/// Reasons of those who wait for somebody to decide whose a record is.
const CONFLICTS: [&str; 5] =
    ["RecordConflict", "IdentifierConflict", "AccountConflict", "InventoryIncomplete", "PamRejected"];
/// So often at most somebody who waits for that is tried while it becomes calm.
const LOOKS: usize = 20;

/// Everything about one credential.
struct Case<'a> {
    who: Who,
    object: &'a Object,
    wanted: &'a Wanted,
    status: PamCredentialStatus,
    own: String,
    /// The records that have its id, its identifier or its account.
    touched: Vec<RecordView>,
}

/// Holds the end of a history against the promises.
pub fn judge(run: &Run) -> Verdict {
    let journal = run.world.sim.journal();
    for who in Who::all() {
        match (run.credential(who), case(run, who)) {
            (None, _) => {}
            (Some(_), None) => is_leaving_for_a_reason(run, who)?,
            (Some(_), Some(case)) => case.judge(run, &journal).map_err(|wrong| format!("{who:?}: {wrong}"))?,
        }
    }
    Ok(())
}

/// P10: what does not go is tried ever more rarely, and nobody asks for lists all the time.
pub fn judge_patience(run: &Run, journal: &Journal) -> Verdict {
    for who in Who::all() {
        let posts = journal.posts_for(&run.clusters[who.cluster].identifier(&who.name())).len();
        if posts > LOOKS {
            return Err(format!("P10: {who:?} was sent {posts} times"));
        }
    }
    for (cluster, name) in CLUSTERS.iter().enumerate() {
        let lists = journal.of(Kind::ListCredentials).filter(|list| list.referrer.as_deref() == Some(*name)).count();
        let regular = usize::try_from(2 * 3_600 / INTERVAL.as_secs()).unwrap() + 1;
        let waiting = Who::all().filter(|who| who.cluster == cluster && is_waiting(run, *who)).count();
        // Faults and fights of before may need some, too.
        if lists > regular + LOOKS * (1 + waiting) {
            return Err(format!("P10: {name} asked for {lists} lists"));
        }
    }
    Ok(())
}

/// P1: for an hour nothing happens but the lists of the intervals.
pub fn judge_silence(run: &Run, journal: &Journal, asked: &[Mark]) -> Verdict {
    // What the PAM refuses is tried again now and then.
    let refused = |entry: &pam_simulator::Entry| entry.code == Some(1052);
    let quiet = |entry: &pam_simulator::Entry| matches!(entry.kind, Kind::ListCredentials | Kind::Token);
    let loud = |entry: &&pam_simulator::Entry| !quiet(entry) && !refused(entry);
    if let Some(entry) = journal.entries().iter().find(loud) {
        return Err(format!("it is not calm: {entry:?}"));
    }
    for (cluster, asked) in asked.iter().enumerate() {
        // Before a take-over that is refused it is written down that it is tried, and taken back after it.
        let is_refused = |name: &str| {
            let is_its = |who: &Who| who.cluster == cluster && who.name() == name;
            let who = Who::all().find(is_its).map(|who| run.clusters[cluster].identifier(&who.name()));
            journal.entries().iter().any(|entry| refused(entry) && entry.target == who)
        };
        let writes = run.clusters[cluster].api.since(*asked).writes();
        let writes = writes.filter(|write| !is_refused(&write.name));
        if !writes.is_empty() {
            return Err(format!("{} is not calm: {writes}", CLUSTERS[cluster]));
        }
        let lists =
            journal.of(Kind::ListCredentials).filter(|list| list.referrer.as_deref() == Some(CLUSTERS[cluster]));
        let most = usize::try_from(3_600 / INTERVAL.as_secs()).unwrap() + 1;
        // Whoever waits for a decision looks again now and then.
        let waits = Who::all().any(|who| who.cluster == cluster && is_waiting(run, who));
        let count = lists.count();
        if count > most && !waits {
            return Err(format!("{} asked for {count} lists within an hour", CLUSTERS[cluster]));
        }
    }
    Ok(())
}

fn is_waiting(run: &Run, who: Who) -> bool {
    run.credential(who).is_some()
        && !matches!(run.clusters[who.cluster].reason(&who.name()).as_str(), "Synced" | "Adopted")
}

fn case(run: &Run, who: Who) -> Option<Case<'_>> {
    let object = run.model.object(who);
    let wanted = object.wanted.as_ref()?;
    let status = run.clusters[who.cluster].status(&who.name());
    let own = run.clusters[who.cluster].identifier(&who.name());
    let touched = touched(run, &own, Some(wanted), status.id.as_ref());
    Some(Case { who, object, wanted, status, own, touched })
}

fn touched(run: &Run, own: &String, wanted: Option<&Wanted>, id: Option<&String>) -> Vec<RecordView> {
    let ours = |record: &RecordView| {
        let same = wanted.is_some_and(|wanted| account(wanted) == (record.username.clone(), record.hostname.clone()));
        record.identifier.as_ref() == Some(own) || Some(&record.id) == id || same
    };
    run.world.sim.records().into_iter().filter(ours).collect()
}

/// It goes by itself once its record is disabled, unless that is not what it was.
fn is_leaving_for_a_reason(run: &Run, who: Who) -> Verdict {
    let object = run.model.object(who);
    let Some((_, wanted)) = object.specs.last() else { return Err(format!("{who:?} is there, and nobody made it")) };
    let status = run.clusters[who.cluster].status(&who.name());
    let own = run.clusters[who.cluster].identifier(&who.name());
    let touched = touched(run, &own, Some(wanted), status.id.as_ref());
    let as_known =
        matches!(touched.as_slice(), [one] if Some(&one.id) == status.id.as_ref() && one.identifier == Some(own));
    // The one that is named to get the record may never come for it.
    if !as_known || wanted.suspend || wanted.plan || object.hands_over.is_some() {
        return Ok(());
    }
    Err(format!("P7: {who:?} does not go: {:?}", run.clusters[who.cluster].reason(&who.name())))
}

impl Case<'_> {
    fn judge(&self, run: &Run, journal: &Journal) -> Verdict {
        if self.wanted.suspend {
            let told = find(&self.status.conditions, ConditionType::Suspended).is_some();
            return if told { Ok(()) } else { Err("it does not say that it is suspended".into()) };
        }
        let reason = run.clusters[self.who.cluster].reason(&self.who.name());
        match reason.as_str() {
            "Synced" | "Adopted" if !self.wanted.plan => self.is_well(run, journal, &reason),
            "Planned" if self.wanted.plan => Ok(()),
            reason if CONFLICTS.contains(&reason) => self.is_in_conflict(run, reason),
            reason => Err(format!("P1: it ended as {reason:?}")),
        }
    }

    /// Its record, if that has our identifier and our account, and no other has either.
    fn as_it_should_be(&self) -> Option<&RecordView> {
        let [record] = self.touched.as_slice() else { return None };
        let at_account = account(self.wanted) == (record.username.clone(), record.hostname.clone());
        (at_account && record.identifier.as_ref() == Some(&self.own)).then_some(record)
    }

    fn is_in_conflict(&self, run: &Run, reason: &str) -> Verdict {
        let alone = Who::all().filter(|other| *other != self.who && other.cluster == self.who.cluster).all(|other| {
            let theirs = case(run, other);
            // One that is deleted has its account until it has gone.
            let last = run.model.object(other).specs.last().filter(|_| run.credential(other).is_some());
            let leaves = theirs.is_none() && last.is_some_and(|(_, spec)| account(spec) == account(self.wanted));
            !leaves
                && theirs.is_none_or(|theirs| {
                    let same = self.status.id.is_some() && theirs.status.id == self.status.id;
                    // Who waits itself for another account keeps the one that it was last written to.
                    let keeps = theirs.status.id.is_some()
                        && CONFLICTS.contains(&run.clusters[other.cluster].reason(&other.name()).as_str());
                    !same && !keeps && account(theirs.wanted) != account(self.wanted)
                })
        });
        let clean = match (self.touched.as_slice(), self.as_it_should_be()) {
            ([], _) => self.status.id.is_none(),
            (_, Some(record)) => {
                self.status.id.as_ref() == Some(&record.id)
                    || (self.status.id.is_none() && self.wanted.adoption != "Never")
            }
            _ => false,
        };
        // What met a record that an object of its name had just made, and whose answer was lost, waits for a word of the user.
        let just_made = |record: &Record| {
            let passed = self.object.since().duration_since(record.identity.0);
            record.identity.1 == Some(self.who) && passed.abs() <= SignedDuration::from_mins(2)
        };
        let told = self.status.mismatch.as_ref().and_then(|unexpected| unexpected.id.as_ref());
        let met = told.and_then(|id| run.model.records.get(id)).is_some_and(just_made);
        if !clean || !alone || met || (self.object.strange && self.status.mismatch.is_some()) {
            return Ok(());
        }
        Err(format!("P1: {reason}, and nothing stands in its way"))
    }

    fn is_well(&self, run: &Run, journal: &Journal, reason: &str) -> Verdict {
        if let Some(drifted) = find(&self.status.conditions, ConditionType::Drifted) {
            return self.is_drifted(run, &drifted.reason);
        }
        let Some(record) = self.as_it_should_be() else {
            return Err(format!("P1: {reason}, and the records are {:?}", self.touched));
        };
        if self.status.id.as_ref() != Some(&record.id) {
            return Err(format!("P1: {reason} with record {:?}, but it is {}", self.status.id, record.id));
        }
        if self.wanted.disable && !record.active && run.model.records[&record.id].disabled {
            return Err(format!("P7: {reason} of a record that the operator itself disabled: {record:?}"));
        }
        let notes = format!("note {}", self.wanted.notes);
        let written = record.fields.get("notes").and_then(|notes| notes.as_str());
        // Fields that another cluster wrote are seen by nobody, unless a list tells that somebody wrote.
        let alone = run.model.records[&record.id].writers.len() == 1 && run.model.restored == NEVER;
        if written != Some(&notes) && alone && !self.is_of_another_life(record, run) {
            return Err(format!("P1: the notes are {written:?}, not {notes:?}"));
        }
        self.has_the_newest_value(run, journal, record, reason)
    }

    fn has_the_newest_value(&self, run: &Run, journal: &Journal, record: &RecordView, reason: &str) -> Verdict {
        let newest = run.world.sim.value_of(&record.id).as_deref() == Some(self.object.newest());
        let known = &run.model.records[&record.id];
        if newest || self.status.value_held_back || self.is_of_another_life(record, run) {
            return Ok(());
        }
        // What others did is told by the first list after our own write, unless that came before it too.
        let unseen = |at: Timestamp| {
            let written = self.status.last_sync_time.as_ref().map_or(NEVER, |time| time.0);
            at <= written || !was_listed(journal, self.who.cluster, written + SignedDuration::from_secs(1), at)
        };
        let excused = match &known.value {
            Origin::Nobody => false,
            Origin::Vault(at) | Origin::Person(at) => unseen(*at),
            Origin::Written { who, at, .. } if *who != self.who => unseen(*at),
            // Where the vault rotates, none is sent once more: it might be over the vault's own (P6 before P3).
            Origin::Written { lost, .. } => *lost && known.rotates,
        };
        let restored = run.model.restored;
        if excused || (restored > NEVER && unseen(restored)) {
            return Ok(());
        }
        Err(format!("P1: {reason}, and the value is not the newest: {:?}", known.value))
    }

    /// Whether the last write was sent for an object of that name that was deleted since, and executed late: that went with
    /// all that was known of it.
    fn is_of_another_life(&self, record: &RecordView, run: &Run) -> bool {
        let known = &run.model.records[&record.id];
        known.last == Some(self.who) && known.sent < self.object.since()
    }

    /// What a `Drifted` says is so, and what could be corrected was.
    fn is_drifted(&self, run: &Run, reason: &str) -> Verdict {
        let record = self.touched.iter().find(|record| Some(&record.id) == self.status.id.as_ref());
        let others = self.touched.len() > usize::from(record.is_some());
        let sent = account(self.wanted);
        let true_words = match (reason, record) {
            ("NotListed", record) => record.is_none(),
            ("IdentifierChanged", Some(record)) => record.identifier.as_ref() != Some(&self.own),
            ("Renamed", Some(record)) => record.username != sent.0,
            ("Moved", Some(record)) => record.hostname != sent.1,
            ("SecondRecord", Some(_)) => others,
            ("ChangedInVault" | "RotatedInVault", Some(record)) => {
                self.status.remote.as_ref().and_then(|remote| remote.change.as_ref()) != Some(&record.change)
            }
            _ => false,
        };
        if !true_words {
            return Err(format!("it says {reason}, and the record is {record:?}"));
        }
        let reachable = record.is_some_and(|record| {
            record.identifier.as_ref() == Some(&self.own) || sent == (record.username.clone(), record.hostname.clone())
        });
        let correctable = ["IdentifierChanged", "Renamed", "Moved", "ChangedInVault"].contains(&reason);
        let known = record.and_then(|record| run.model.records.get(&record.id));
        // What was sent for an object before it, and executed late, it knows nothing of.
        let own = |known: &Record| known.last == Some(self.who) && known.sent >= self.object.since();
        if reason == "ChangedInVault" && known.is_some_and(own) {
            return Err(format!("it says {reason}, and changed it itself: {known:?}"));
        }
        if self.wanted.correct && correctable && reachable && !others && self.status.corrections.len() < 3 {
            return Err(format!("it says {reason}, and was not corrected: {record:?}"));
        }
        Ok(())
    }
}
