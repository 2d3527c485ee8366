//! One pass: what is seen, what is decided, and what comes of the write.

use super::pam::{Call, Content};
use super::world::{Event, Fault, UID, World, at, looks};
use crate::domain::laws::PlainKey;
use crate::domain::safe_password::{
    Appearance, CONTENT, Decision, Desired, EntryList, Input, Look, NAME, NOTES, ReadSecrets, Situation, Status,
    USERS_ALLOWED, Write, WriteResult, announce, decide, situation, transition,
};
use crate::domain::{ConnectedVault, Connection, RecordId, SecretVersion};

/// What a pass sees: all of it is as it was when the pass began.
struct Run {
    desired: Desired,
    appearance: Appearance,
    asked: Option<String>,
    before: Status,
    vault: ConnectedVault,
    versions: Vec<SecretVersion>,
    read: Option<ReadSecrets>,
    list: Option<EntryList>,
    announced: Option<Write>,
}

impl World {
    /// One pass; the last write of a process that is killed is in the PAM, arrives there, or never was sent.
    pub(super) fn pass(&mut self, fault: Fault) {
        if self.gone {
            return;
        }
        let mut run = Run {
            desired: self.desired(),
            appearance: looks(self),
            asked: self.asked_text(),
            before: self.status.clone(),
            vault: self.vault(),
            versions: vec![self.secret_version()],
            read: None,
            list: None,
            announced: None,
        };
        let decision = self.decide(&mut run);
        self.last = Some(decision);
        self.history.push(format!("{} {decision:?} {fault:?}", self.now));
        match decision {
            Decision::Send(write) => self.send(&run, write, fault),
            Decision::RemoveFinalizer(_) | Decision::Leave => (self.finalizer, self.gone) = (false, self.deleting),
            decision => self.end(&run, decision, WriteResult::Nothing),
        }
    }

    fn decide(&mut self, run: &mut Run) -> Decision {
        // A look is asked for once, and so is what a write needs before.
        for _ in 0..6 {
            match decide(&self.situation(run)) {
                Decision::Look(Look::Secrets) => run.read = Some(self.read()),
                Decision::Look(Look::List) => {
                    run.list = Some(EntryList { began: at(self.now), entries: self.pam.list() });
                }
                Decision::AddFinalizer => self.finalizer = true,
                Decision::RemoveFinalizer(_) if !self.deleting => self.finalizer = false,
                Decision::Announce(write) => {
                    self.status = announce(&run.input(self), write);
                    run.announced = Some(write);
                }
                decision => return decision,
            }
        }
        panic!("a pass has no end: {self:#?}")
    }

    fn situation(&self, run: &Run) -> Situation {
        let s = situation(&run.input(self));
        Situation { announced: run.announced, adoption_granted: true, ..s }
    }

    fn send(&mut self, run: &Run, write: Write, fault: Fault) {
        if fault == Fault::KilledBefore {
            return self.happen(Event::Restart);
        }
        self.writes += 1;
        let call = self.call(run, write);
        match fault {
            Fault::None => return self.answered(run, write, &call),
            Fault::LostAfter | Fault::KilledAfter => _ = self.pam.execute(&call),
            Fault::LostLate | Fault::KilledLate => self.pam.late.push((self.now + 60, call)),
            Fault::LostBefore | Fault::Refused | Fault::KilledBefore => {}
        }
        match fault {
            Fault::KilledAfter | Fault::KilledLate => self.happen(Event::Restart),
            Fault::Refused => self.end(run, Decision::Send(write), WriteResult::Refused),
            _ => self.end(run, Decision::Send(write), WriteResult::Lost),
        }
    }

    fn call(&self, run: &Run, write: Write) -> Call {
        let groups = run.input(self).content(write);
        let content = Content {
            name: self.spec.name.filter(|_| groups.contains_key(NAME)),
            value: self.spec.value.filter(|_| groups.contains_key(CONTENT)),
            notes: self.spec.notes.filter(|_| groups.contains_key(NOTES)),
            shares: self.spec.shares.filter(|_| groups.contains_key(USERS_ALLOWED)),
        };
        let id = || u64::try_from(run.before.identifier.as_ref().expect("P4: no entry is ours").number()).unwrap();
        match write {
            Write::Create => Call::Post { content, tag: self.tag() },
            Write::Update => Call::Put { id: id(), content },
            Write::Activate => Call::Switch { id: id(), active: true },
            Write::Deactivate => Call::Switch { id: id(), active: false },
        }
    }

    fn answered(&mut self, run: &Run, write: Write, call: &Call) {
        let id = RecordId::from(self.pam.execute(call));
        let result = if write == Write::Create { WriteResult::Created(&id) } else { WriteResult::Done };
        self.end(run, Decision::Send(write), result);
        if self.deleting && write == Write::Deactivate {
            (self.finalizer, self.gone) = (false, true);
        }
    }

    fn end(&mut self, run: &Run, decision: Decision, result: WriteResult<'_>) {
        self.status = transition(&run.input(self), decision, result);
        self.ready = decision == Decision::Settled;
    }
}

impl Run {
    fn input<'a>(&'a self, world: &World) -> Input<'a> {
        Input {
            uid: UID,
            generation: world.generation,
            deleting: world.deleting,
            finalizer: world.finalizer,
            ready: world.ready && self.before.observed_generation == Some(world.generation),
            desired: &self.desired,
            appearance: &self.appearance,
            asked: self.asked.as_deref(),
            status: &self.before,
            connection: Connection::Ready,
            vault: Some(&self.vault),
            keyed: &PlainKey,
            versions: Some(&self.versions),
            read: self.read.as_ref(),
            list: self.list.as_ref(),
            now: at(world.now),
            ended: at(world.now),
            started: at(world.started),
        }
    }
}
