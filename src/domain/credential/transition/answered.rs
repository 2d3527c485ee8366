//! After a write that the PAM answered as expected.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::parts::{acknowledge, rebind, record_digests};
use crate::domain::credential::{
    Answer, Binding, Drift, Expect, Intent, MOST_CORRECTIONS, Push, SecretsState, Status, TransitionInput,
    UnackedWrite, ValueComparison, WriteAction, WriteEffect, whole_second,
};

/// Corrections that are further apart than all of this are no fight.
const LEAST_WINDOW: Duration = Duration::from_hours(1);

pub(super) fn written(input: &TransitionInput<'_>, next: &mut Status, push: Push, answer: &Answer) {
    let same_record = input.is_same_record(push);
    if !same_record {
        note_origin_of_record(input, next, push.expect, answer.effect);
    }
    next.value_withheld = withholds(input, next, push);
    count_correction(input, next, push);
    rebind(input, next, answer.tenant.clone());
    next.id = Some(answer.id.clone());
    next.identifier = Some(input.target.identifier.to_owned());
    // A list that began before the answer may not show the write.
    next.last_write = Some(input.ended);
    next.mismatch = None;
    next.remote = None;
    next.in_flight = in_flight_after_answer(input, next, push);
    if !same_record && input.situation.binding != Binding::Unbound {
        // These tell of another record.
        next.digests.clear();
    }
    record_digests(input, next);
    acknowledge(input, next);
}

/// Records whether the record is surely enabled, and the identifier that it had.
fn note_origin_of_record(input: &TransitionInput<'_>, next: &mut Status, expect: Expect, effect: WriteEffect) {
    let intent = input.situation.in_flight;
    let taken_over = intent == Some(Intent::TakeOver) && effect != WriteEffect::Created;
    let made = expect == Expect::Create || intent == Some(Intent::Create);
    // A list may leave disabled records out: an answer that does not say "registered" may be about such a record.
    let unsure = input.desired.ensure_enabled && effect == WriteEffect::Unstated;
    next.ensured_enabled = !taken_over && made && !unsure;
    let announced = next.in_flight.as_ref().filter(|_| taken_over).and_then(|write| write.former.clone());
    let kept = next.former_identifier.take().filter(|_| input.situation.binding == Binding::Bound);
    next.former_identifier = announced.or(kept);
}

/// Whether the record keeps the vault's value. A push of fields alone changes nothing about that.
fn withholds(input: &TransitionInput<'_>, before: &Status, push: Push) -> bool {
    match input.situation.secrets {
        _ if push.value => false,
        SecretsState::Read(ValueComparison::None) => false,
        SecretsState::Read(ValueComparison::Unknown) => true,
        _ => push.expect == Expect::Existing || before.value_withheld || value_drifted(input),
    }
}

/// Whether the record's value may be another than the one that was last sent.
fn value_drifted(input: &TransitionInput<'_>) -> bool {
    input.desired.has_value && matches!(input.situation.drift, Drift::Changed | Drift::Rotated)
}

fn count_correction(input: &TransitionInput<'_>, next: &mut Status, push: Push) {
    if input.only_corrects(push) {
        next.corrections = counted(&next.corrections, input.now, input.list_interval);
    } else {
        next.corrections.clear();
    }
}

fn in_flight_after_answer(input: &TransitionInput<'_>, before: &Status, push: Push) -> Option<UnackedWrite> {
    if input.situation.suspected_write && input.situation.recently_started {
        // What an earlier process sent may still be executed, over this write.
        return Some(input.write(WriteAction::Update, push.value || input.value_may_come(before)));
    }
    let write = before.in_flight.clone().filter(|_| !input.just_announced)?;
    // Until it ended, an earlier process may have tried the write again.
    let since = write.since.max(whole_second(input.started));
    UnackedWrite { since, ..write }.after_answer(input.now)
}

/// Returns the corrections that count, with one at `now`. A change is seen once in an interval at most, so that an hour of a
/// connection that lists once an hour never has two of them.
fn counted(before: &[Timestamp], now: Timestamp, interval: Duration) -> Vec<Timestamp> {
    let intervals = interval.saturating_mul(u32::try_from(MOST_CORRECTIONS).unwrap_or(u32::MAX).saturating_add(1));
    let window = SignedDuration::try_from(intervals.max(LEAST_WINDOW)).unwrap_or(SignedDuration::MAX);
    let recent = before.iter().copied().filter(|at| now.duration_since(*at) < window);
    recent.chain([now]).collect()
}
