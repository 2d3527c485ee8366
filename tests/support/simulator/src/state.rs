//! Everything a simulator knows, and the one place where a call is executed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::answer::{Answer, Refusal};
use crate::authorization::Authorization;
use crate::behaviour::Behaviour;
use crate::call::{Call, Kind, Route};
use crate::clock::Clock;
use crate::config::{Config, Device, ExpiresIn, Seed};
use crate::core;
use crate::fault::{Fault, Faults};
use crate::gateway::{self, Caller};
use crate::journal::{Commit, Log};
use crate::oauth::{self, Tokens};
use crate::rotation::Due;
use crate::safe;
use crate::store::{Record, Store};
use crate::version::Profile;

/// The state of the PAM, its faults and its journal.
pub(crate) struct State {
    pub(crate) profile: Profile,
    pub(crate) tenant: String,
    pub(crate) behaviour: Behaviour,
    pub(crate) authorizations: BTreeMap<String, Authorization>,
    pub(crate) expires_in: ExpiresIn,
    pub(crate) token_lifetime: Option<Duration>,
    pub(crate) tokens: Tokens,
    pub(crate) store: Store,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) clock: Clock,
    /// Calls that were cut off, to be executed when somebody says so.
    pub(crate) held: Vec<Held>,
    /// Calls that wait for somebody to say that they go on.
    pub(crate) suspended: BTreeMap<u64, Suspended>,
    /// How many callers wait on a connection on which nothing is said by itself.
    pub(crate) left_waiting: usize,
    /// Rotations that were asked for.
    pub(crate) rotations: Vec<Due>,
    /// How many e-mails about shares each user got.
    pub(crate) mails: BTreeMap<String, usize>,
}

/// A call that waits for somebody to say that it goes on.
pub(crate) struct Suspended {
    pub(crate) kind: Kind,
    resume: oneshot::Sender<()>,
}

/// A call that was cut off before it was executed.
pub(crate) struct Held {
    pub(crate) seq: u64,
    pub(crate) call: Arc<Call>,
    pub(crate) admission: Admission,
}

impl State {
    /// The state that a configuration describes.
    pub(crate) fn new(config: &Config) -> Self {
        let clients = config.authorizations.iter().map(|client| (client.client_id.clone(), client.clone()));
        let mut state = Self {
            profile: config.version.profile(),
            tenant: config.tenant.clone(),
            behaviour: config.behaviour.clone(),
            authorizations: clients.collect(),
            expires_in: config.expires_in.clone(),
            token_lifetime: config.token_lifetime,
            tokens: Tokens::default(),
            store: Store::default(),
            faults: Faults::default(),
            log: Log::default(),
            clock: config.clock.clone(),
            held: Vec::new(),
            suspended: BTreeMap::new(),
            left_waiting: 0,
            rotations: Vec::new(),
            mails: BTreeMap::new(),
        };
        for device in &config.devices {
            let tenant = device.tenant.as_deref().unwrap_or(&config.tenant);
            state.store.devices.put(tenant, device);
        }
        for seed in &config.seeds {
            state.seed(seed);
        }
        state
    }

    /// Puts a record into the vault; answers its id.
    pub(crate) fn seed(&mut self, seed: &Seed) -> u64 {
        let tenant = seed.tenant.clone().unwrap_or_else(|| self.tenant.clone());
        let everyone = || {
            let clients = self.authorizations.values().filter(|client| self.tenant_of(client) == tenant);
            clients.map(|client| client.client_id.clone()).collect()
        };
        let visible_to = seed.visible_to.clone().unwrap_or_else(everyone);
        self.store.seed(&tenant, seed, visible_to, self.clock.now())
    }

    /// The device that a record is on.
    pub(crate) fn device_of(&self, record: &Record) -> Option<&Device> {
        self.store.devices.at(&record.tenant, &record.hostname, &record.ip, self.behaviour.addresses)
    }

    /// The tenant that a client belongs to.
    pub(crate) fn tenant_of<'a>(&'a self, client: &'a Authorization) -> &'a str {
        client.tenant.as_deref().unwrap_or(&self.tenant)
    }

    /// Writes down an arrival and the fault that hits it.
    pub(crate) fn arrive(&mut self, call: &Call) -> (u64, Option<Fault>) {
        let fault = self.faults.take(call);
        let shown = gateway::shown(self, call.authorization.as_deref());
        let caller = shown.map(|token| (token.client_id.clone(), token.serial));
        let seq = self.log.arrive(call, caller, fault.as_ref().map(Fault::label), self.clock.now());
        (seq, fault)
    }

    /// Lets the gateway decide whether a call reaches the application; tokens are looked at only here.
    pub(crate) fn admit(&self, call: &Call) -> Admission {
        match &call.route {
            Route::Token | Route::AccessKeyToken => Admission::Token,
            Route::Unrouted => Admission::Answered(gateway::no_route()),
            _ => match gateway::admit(self, call) {
                Ok(caller) => Admission::Granted(caller),
                Err(answer) => Admission::Answered(answer),
            },
        }
    }

    /// Executes a call as an unharmed PAM would, and writes down what it changed.
    pub(crate) fn execute(&mut self, seq: u64, call: &Call, admission: Admission) -> Answer {
        let done = match admission {
            Admission::Token => oauth::token(self, call),
            Admission::Answered(answer) => Executed::answer(answer),
            Admission::Granted(caller) => {
                let executed = match &call.route {
                    Route::Safe(kind, key) => safe::execute(self, call, &caller, *kind, key.as_deref()),
                    _ => core::execute(self, call, &caller),
                };
                executed.unwrap_or_else(|refusal| self.refused(call, &refusal))
            }
        };
        self.note(seq, &done);
        done.answer
    }

    fn refused(&self, call: &Call, refusal: &Refusal) -> Executed {
        let mut done = Executed::answer(self.refusal(call.route.kind(), refusal));
        done.record = refusal.record;
        done.code = Some(refusal.code);
        done
    }

    /// The answer that turns a call of this kind down.
    pub(crate) fn refusal(&self, kind: Kind, refusal: &Refusal) -> Answer {
        if kind.is_of_safe() { safe::refused(self, kind, refusal) } else { refusal.answer(self.style(kind)) }
    }

    fn note(&mut self, seq: u64, done: &Executed) {
        self.log.amend(seq, |entry| {
            if let Some((client_id, token)) = &done.login {
                (entry.client_id, entry.token) = (Some(client_id.clone()), *token);
            }
            entry.code = done.code;
            entry.commit.clone_from(&done.commit);
            entry.record = done.record.map(|id| id.to_string());
            entry.secret_handed_out = done.secret_handed_out;
        });
    }

    /// Executes the call of that number, if it is held.
    pub(crate) fn commit_held(&mut self, seq: u64) -> bool {
        let Some(place) = self.held.iter().position(|held| held.seq == seq) else {
            return false;
        };
        let Held { seq, call, admission } = self.held.remove(place);
        self.execute(seq, &call, admission);
        true
    }

    /// Has a call wait until [`State::resume`].
    pub(crate) fn suspend(&mut self, seq: u64, kind: Kind) -> oneshot::Receiver<()> {
        let (resume, resumed) = oneshot::channel();
        self.suspended.insert(seq, Suspended { kind, resume });
        self.left_waiting += 1;
        resumed
    }

    /// Lets the call of that number go on, if it waits.
    pub(crate) fn resume(&mut self, seq: u64) -> bool {
        let Some(Suspended { resume, .. }) = self.suspended.remove(&seq) else {
            return false;
        };
        self.left_waiting -= 1;
        resume.send(()).is_ok()
    }

    /// Writes down how a call ended: with this status, or without an answer.
    pub(crate) fn ended(&mut self, seq: u64, status: Option<u16>) {
        let now = self.clock.now();
        self.log.amend(seq, |entry| {
            entry.status = status;
            entry.done_at = Some(now);
        });
    }
}

/// What the gateway makes of a call.
pub(crate) enum Admission {
    /// A token call: it needs no token.
    Token,
    /// It reaches the application.
    Granted(Caller),
    /// The gateway answers in the application's place.
    Answered(Answer),
}

/// What came of executing a call.
pub(crate) struct Executed {
    pub(crate) answer: Answer,
    /// Of a token call: who asked, and the token's serial number if one was issued.
    pub(crate) login: Option<(String, Option<u64>)>,
    pub(crate) code: Option<u16>,
    pub(crate) commit: Option<Commit>,
    pub(crate) record: Option<u64>,
    pub(crate) secret_handed_out: bool,
}

impl Executed {
    /// An answer that changed nothing.
    pub(crate) const fn answer(answer: Answer) -> Self {
        Self { answer, login: None, code: None, commit: None, record: None, secret_handed_out: false }
    }
}

/// The state behind its lock, shared by connections, handle and admin port.
pub(crate) struct Shared(Mutex<State>);

impl Shared {
    pub(crate) const fn new(state: State) -> Self {
        Self(Mutex::new(state))
    }

    /// Locks the state as it is now. A panic elsewhere does not take the simulator down.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.rotate_what_is_due();
        state
    }
}
