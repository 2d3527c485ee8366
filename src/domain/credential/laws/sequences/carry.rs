//! Carrying a decision out, with what can happen to its write.

use super::pam::Post;
use super::pass::{IDENTIFIER, Run, Seeing};
use super::world::{Event, Fault, World};
use crate::domain::credential::{Expect, WriteResult, clears_suspected_write, transition};
use crate::domain::{AdoptionPolicy, Decision, Push, SecretsState, ValueComparison, judge};

impl World {
    pub(super) fn carry_out(&mut self, run: &Run, seen: &Seeing, decision: Decision, fault: Fault) {
        match decision {
            Decision::Push(push) => self.push(run, seen, push, fault),
            Decision::Disable | Decision::Enable => self.switch(run, seen, decision, fault),
            Decision::RemoveFinalizer(_) => (self.finalizer, self.gone) = (false, self.deleting),
            Decision::Leave => self.gone = self.deleting,
            decision => self.end(run, seen, decision, WriteResult::Nothing),
        }
    }

    fn push(&mut self, run: &Run, seen: &Seeing, push: Push, fault: Fault) {
        self.check_push(run, push);
        self.count(seen.transition_input(self, run).only_corrects(push), fault);
        let groups = seen.transition_input(self, run).sent_groups(&self.status, push);
        let post = Post {
            identifier: IDENTIFIER.to_owned(),
            username: self.username.to_owned(),
            value: push.value.then_some(self.value),
            notes: groups.contains(&"notes".to_owned()).then_some(self.notes),
        };
        let later = self.now + 60;
        match fault {
            Fault::None => return self.answered(run, seen, push, &post),
            Fault::LostAfter | Fault::Killed => _ = self.pam_mut().post(&post),
            Fault::LostLate | Fault::KilledLate => self.pam_mut().post_late(later, post),
            Fault::LostBefore | Fault::Refused => {}
        }
        match fault {
            Fault::Killed | Fault::KilledLate => self.die(),
            Fault::Refused => self.end(run, seen, Decision::Push(push), WriteResult::Refused),
            _ => self.end(run, seen, Decision::Push(push), WriteResult::Lost),
        }
    }

    /// Counts a write, and the corrections that the PAM answered.
    fn count(&mut self, only_corrects: bool, fault: Fault) {
        self.writes += 1;
        if fault == Fault::None {
            self.corrections = if only_corrects { self.corrections + 1 } else { 0 };
        }
    }

    fn answered(&mut self, run: &Run, seen: &Seeing, push: Push, post: &Post) {
        let answer = self.pam_mut().post(post);
        let made = run.s.in_flight.is_some() && !run.announced;
        let expected = seen.transition_input(self, run).expected(&self.status, push, run.listed.as_ref(), made);
        let result = if judge(&expected, &answer).is_some() {
            WriteResult::Mismatch(&answer)
        } else {
            self.answered_value = push.value.then_some(self.value).or(self.answered_value);
            WriteResult::Written(&answer)
        };
        self.end(run, seen, Decision::Push(push), result);
    }

    fn die(&mut self) {
        let origin = self.address.origin();
        let in_flight = self.status.in_flight.as_ref();
        self.untold |= self.status.id.is_none() && in_flight.is_none_or(|write| write.origin != origin);
        self.happen(Event::Restart);
    }

    /// P4 and P6, of each push.
    fn check_push(&self, run: &Run, push: Push) {
        let listed = run.listed.as_ref().and_then(|id| self.pam().records.iter().find(|record| record.id == *id));
        if let Some(record) = listed.filter(|record| record.foreign) {
            assert!(self.settings.adoption != AdoptionPolicy::Never, "P4: {record:?} is written with {push:?}");
        }
        let asked = self.asked.push_value != self.status.handled.push_value;
        let rotates = listed.is_some_and(|record| record.rotates);
        if push.value && push.expect == Expect::Update && rotates && !asked {
            let new = self.answered_value != Some(self.value);
            let open = self.status.in_flight.is_some() && run.s.secrets == SecretsState::Read(ValueComparison::Changed);
            assert!(new || open, "P6: a value that the vault rotates is sent though nothing changed");
        }
    }

    /// Enables or disables the record.
    fn switch(&mut self, run: &Run, seen: &Seeing, decision: Decision, fault: Fault) {
        self.writes += 1;
        let enables = decision == Decision::Enable;
        let id = self.status.id.clone().or_else(|| run.listed.clone()).unwrap_or_default();
        if matches!(fault, Fault::None | Fault::LostAfter | Fault::Killed) {
            self.pam_mut().switch(&id, |record| {
                assert!(enables || !record.foreign, "P7: somebody else's record is disabled");
                record.enabled = enables;
            });
        }
        match fault {
            Fault::None if enables => self.end(run, seen, decision, WriteResult::Enabled),
            Fault::None => (self.finalizer, self.gone) = (false, true),
            Fault::Killed | Fault::KilledLate => self.happen(Event::Restart),
            Fault::Refused => self.end(run, seen, decision, WriteResult::Refused),
            _ => self.end(run, seen, decision, WriteResult::Lost),
        }
    }

    fn end(&mut self, run: &Run, seen: &Seeing, decision: Decision, result: WriteResult<'_>) {
        self.status = transition(&self.status, &seen.transition_input(self, run), decision, result);
        if clears_suspected_write(decision, result) {
            self.suspected_write = Some(false);
        }
        let at_rest =
            matches!(decision, Decision::Settled | Decision::Record | Decision::WithholdValue | Decision::LookAgain);
        self.ready = at_rest || matches!(result, WriteResult::Written(_));
    }
}
