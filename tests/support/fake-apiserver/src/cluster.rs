//! The handle that tests hold.

#![allow(clippy::must_use_candidate, reason = "tests order a change without always asking what it met")]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use serde_json::{Map, Value};
use tokio::sync::watch;
use tower::service_fn;

use crate::fault::Fault;
use crate::requests::{Mark, Request, Requests};
use crate::serve::serve;
use crate::store::{Backup, Refusal, Store};
use crate::target::Key;
use crate::{kinds, virtual_time};

/// A Kubernetes API in memory. Cheap to clone; all clones are one. What is done to it takes effect before the method returns.
#[derive(Clone)]
pub struct Cluster(Arc<Shared>);

pub(crate) struct Shared {
    state: Mutex<State>,
    /// The version up to which watches show what happened.
    pub(crate) shown: watch::Sender<u64>,
}

pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) faults: Vec<Fault>,
    pub(crate) requests: Vec<Request>,
    /// Versions before this one are forgotten.
    oldest: u64,
    watches_held: bool,
    /// The kind whose watches are held, and the version up to which they show what happened.
    held_kind: Option<(usize, u64)>,
}

impl State {
    /// The version up to which watches of a kind show what happened, where those of others show all up to `shown`.
    pub(crate) fn shown_of(&self, kind: usize, shown: u64) -> u64 {
        self.held_kind.filter(|(held, _)| *held == kind).map_or(shown, |(_, until)| shown.min(until))
    }

    /// Whether a watch can begin at that version. One that is yet to come is waited for.
    pub(crate) const fn knows(&self, version: u64) -> bool {
        version >= self.oldest
    }
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets watches see what happened, unless they are held.
    pub(crate) fn show(&self, state: &State) {
        if !state.watches_held {
            self.shown.send_replace(state.store.version());
        }
    }
}

/// An object that is to be there has no such place, or the other way round: the test is wrong.
fn wrong(refusal: &Refusal) -> ! {
    panic!("the fake API server refuses what the test wants: {}", refusal.message)
}

impl Cluster {
    /// An empty cluster that knows these kinds; `name` tells its uids from those of another.
    pub fn new(name: &str, crds: &[CustomResourceDefinition]) -> Self {
        let store = Store::new(name, kinds::all(crds));
        let shown = watch::Sender::new(store.version());
        let state =
            State { store, faults: Vec::new(), requests: Vec::new(), oldest: 0, watches_held: false, held_kind: None };
        Self(Arc::new(Shared { state: Mutex::new(state), shown }))
    }

    /// A client of it, to be used in the runtime that calls this.
    pub fn client(&self) -> Client {
        let shared = Arc::clone(&self.0);
        Client::new(service_fn(move |request| serve(Arc::clone(&shared), request)), "default")
    }

    // === Objects, by plural name, namespace (empty: none) and name

    /// An object, if there is one.
    pub fn get(&self, plural: &str, namespace: &str, name: &str) -> Option<Value> {
        let state = self.0.state();
        state.store.get(&key(&state, plural, namespace, name)).ok().map(|object| Value::clone(&object))
    }

    /// All objects of a kind.
    pub fn list(&self, plural: &str) -> Vec<Value> {
        let state = self.0.state();
        let kind = key(&state, plural, "", "").0;
        state.store.list(kind, None).map(|(_, object)| Value::clone(object)).collect()
    }

    /// Makes an object, or gives the one that is there this spec or data, these labels and these annotations.
    ///
    /// # Panics
    ///
    /// If a kind of that name is not served.
    pub fn put(&self, plural: &str, object: &Value) {
        let mut state = self.0.state();
        let meta = &object["metadata"];
        let text = |name: &str| meta[name].as_str().unwrap_or_default();
        let key = key(&state, plural, text("namespace"), text("name"));
        let object = encoded(object.clone());
        let result = match state.store.get(&key) {
            Ok(before) => state.store.replace(&key, put_over(&before, &object)),
            Err(_) => state.store.create(key, object, &virtual_time::now().to_string()),
        };
        result.unwrap_or_else(|refusal| wrong(&refusal));
        self.0.show(&state);
    }

    /// Changes an object; false if there is none. Its status too: who may do what is not looked at.
    pub fn edit(&self, plural: &str, namespace: &str, name: &str, change: impl FnOnce(&mut Value)) -> bool {
        let mut state = self.0.state();
        let key = key(&state, plural, namespace, name);
        let Ok(before) = state.store.get(&key) else { return false };
        let mut object = Value::clone(&before);
        change(&mut object);
        state.store.replace(&key, object).unwrap_or_else(|refusal| wrong(&refusal));
        self.0.show(&state);
        true
    }

    /// Deletes an object, or marks it where it has finalizers; false if there is none.
    pub fn delete(&self, plural: &str, namespace: &str, name: &str) -> bool {
        let mut state = self.0.state();
        let key = key(&state, plural, namespace, name);
        let found = state.store.delete(&key, &virtual_time::now().to_string()).is_ok();
        self.0.show(&state);
        found
    }

    // === What was asked for

    /// A point in the log of requests.
    pub fn mark(&self) -> Mark {
        Mark(self.0.state().requests.len())
    }

    /// What was asked for since then.
    pub fn since(&self, mark: Mark) -> Requests {
        Requests(self.0.state().requests.get(mark.0..).unwrap_or_default().to_vec())
    }

    /// All that was asked for.
    pub fn requests(&self) -> Requests {
        self.since(Mark(0))
    }

    // === What goes wrong

    /// Adds a fault behind those that wait already.
    pub fn inject(&self, fault: Fault) {
        self.0.state().faults.push(fault);
    }

    /// Takes all faults back.
    pub fn clear_faults(&self) {
        self.0.state().faults.clear();
    }

    /// While held, watches show nothing new; lists and gets do.
    pub fn hold_watches(&self, held: bool) {
        let mut state = self.0.state();
        state.watches_held = held;
        self.0.show(&state);
    }

    /// While held, watches of this kind show nothing that happens from now on; watches of other kinds do.
    ///
    /// # Panics
    ///
    /// If a kind of that name is not served.
    pub fn hold_watches_of(&self, plural: &str, held: bool) {
        let mut state = self.0.state();
        let kind = key(&state, plural, "", "").0;
        state.held_kind = held.then(|| (kind, state.store.version()));
        self.0.show(&state);
    }

    /// All objects as they are.
    pub fn backup(&self) -> Backup {
        self.0.state().store.backup()
    }

    /// Puts everything back to how it was then. Watches stay open, and show nothing until the versions that they have seen are
    /// past again.
    pub fn restore(&self, backup: &Backup) {
        let mut state = self.0.state();
        state.store.restore(backup);
        self.0.show(&state);
    }

    /// Forgets what happened so far: a watch that begins before now is told so.
    pub fn compact(&self) {
        let mut state = self.0.state();
        state.oldest = state.store.version();
    }
}

/// # Panics
///
/// If a kind of that name is not served.
fn key(state: &State, plural: &str, namespace: &str, name: &str) -> Key {
    let kind = state.store.kinds.iter().position(|kind| kind.plural == plural);
    let kind = kind.unwrap_or_else(|| panic!("{plural} are not served"));
    (kind, namespace.to_owned(), name.to_owned())
}

/// `stringData` of a Secret becomes `data`.
fn encoded(mut object: Value) -> Value {
    let texts = object.as_object_mut().and_then(|object| object.remove("stringData"));
    if let Some(Value::Object(texts)) = texts {
        let coded = |text: &Value| Value::from(STANDARD.encode(text.as_str().unwrap_or_default()));
        let data: Map<String, Value> = texts.iter().map(|(key, text)| (key.clone(), coded(text))).collect();
        object["data"] = data.into();
    }
    object
}

fn put_over(before: &Value, wanted: &Value) -> Value {
    let mut object = before.clone();
    for (field, value) in wanted.as_object().into_iter().flatten().filter(|(field, _)| *field != "metadata") {
        object[field] = value.clone();
    }
    for field in ["labels", "annotations"] {
        for (name, value) in wanted["metadata"][field].as_object().into_iter().flatten() {
            object["metadata"][field][name] = value.clone();
        }
    }
    object
}
