//! What tests ask and order about MySafe: the handle's part, and the admin port's.

#![allow(clippy::must_use_candidate, reason = "tests order a change without always asking what it met")]

use std::sync::Arc;

use axum::extract::{Path, State as Sim};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::entry::{EntryEdit, EntrySeed, EntryView};
use crate::handle::{Core, Simulator};
use crate::secret::Hidden;
use crate::store::ValueWrite;

impl Core {
    fn entries(&self) -> Vec<EntryView> {
        self.state().store.safe.all().map(EntryView::from).collect()
    }

    fn entry(&self, identifier: &str) -> Option<EntryView> {
        self.state().store.safe.get(identifier.parse().ok()?).map(EntryView::from)
    }

    fn writes_of_entry(&self, identifier: &str) -> Vec<ValueWrite> {
        let state = self.state();
        let entry = identifier.parse().ok().and_then(|id| state.store.safe.get(id));
        entry.map(|entry| entry.writes.clone()).unwrap_or_default()
    }

    fn plant(&self, seed: &EntrySeed) -> String {
        let mut state = self.state();
        let entry = seed.entry(&state.tenant, state.clock.now());
        state.store.safe.insert(entry).to_string()
    }

    fn edit_entry(&self, identifier: &str, edit: EntryEdit) -> bool {
        let mut state = self.state();
        let now = state.clock.now();
        identifier.parse().is_ok_and(|id| state.store.safe.edit(id, |entry| entry.apply(edit, now)))
    }

    fn remove_entry(&self, identifier: &str) -> bool {
        identifier.parse().is_ok_and(|id| self.state().store.safe.remove(id))
    }
}

/// MySafe.
impl Simulator {
    /// All entries without their secrets, by identifier.
    pub fn entries(&self) -> Vec<EntryView> {
        self.core.entries()
    }

    /// One entry without its secrets.
    pub fn entry(&self, identifier: &str) -> Option<EntryView> {
        self.core.entry(identifier)
    }

    /// An entry's password.
    pub fn value_of_entry(&self, identifier: &str) -> Option<String> {
        self.writes_of_entry(identifier).pop().map(|write| write.value.reveal().to_owned())
    }

    /// Every password that an entry ever had, oldest first.
    pub fn writes_of_entry(&self, identifier: &str) -> Vec<ValueWrite> {
        self.core.writes_of_entry(identifier)
    }

    /// An entry's seed for one-time passwords.
    pub fn secret_key_of_entry(&self, identifier: &str) -> Option<Hidden> {
        self.core.state().store.safe.get(identifier.parse().ok()?)?.secret_key.clone()
    }

    /// Puts an entry into MySafe as its owner would in the vault itself; answers its identifier.
    #[allow(clippy::needless_pass_by_value, reason = "seeds are built in place")]
    pub fn plant(&self, seed: EntrySeed) -> String {
        self.core.plant(&seed)
    }

    /// Does to an entry what somebody could do in the vault itself. False: no such entry.
    pub fn edit_entry(&self, identifier: &str, edit: EntryEdit) -> bool {
        self.core.edit_entry(identifier, edit)
    }

    /// Takes an entry out for good. False: no such entry.
    pub fn remove_entry(&self, identifier: &str) -> bool {
        self.core.remove_entry(identifier)
    }

    /// How many e-mails about shares this user got.
    pub fn mails_to(&self, user: &str) -> usize {
        self.core.state().mails.get(user).copied().unwrap_or_default()
    }

    /// How many e-mails about shares were sent.
    pub fn mails_sent(&self) -> usize {
        self.core.state().mails.values().sum()
    }
}

type Shared = Sim<Arc<Core>>;

/// The admin port's calls about MySafe.
pub(crate) fn router() -> Router<Arc<Core>> {
    Router::new()
        .route("/entries", get(entries).post(plant))
        .route("/entries/{identifier}", get(entry).patch(edit).delete(remove))
        .route("/entries/{identifier}/value", get(value))
        .route("/mails", get(mails))
}

const fn done(found: bool) -> StatusCode {
    if found { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

async fn entries(Sim(core): Shared) -> Json<Vec<EntryView>> {
    Json(core.entries())
}

async fn entry(Sim(core): Shared, Path(identifier): Path<String>) -> Result<Json<EntryView>, StatusCode> {
    core.entry(&identifier).map(Json).ok_or(StatusCode::NOT_FOUND)
}

async fn value(Sim(core): Shared, Path(identifier): Path<String>) -> Result<String, StatusCode> {
    let last = core.writes_of_entry(&identifier).pop();
    last.map(|write| write.value.reveal().to_owned()).ok_or(StatusCode::NOT_FOUND)
}

async fn plant(Sim(core): Shared, Json(seed): Json<EntrySeed>) -> Json<Value> {
    Json(json!({ "identifier": core.plant(&seed) }))
}

async fn edit(Sim(core): Shared, Path(identifier): Path<String>, Json(edit): Json<EntryEdit>) -> StatusCode {
    done(core.edit_entry(&identifier, edit))
}

async fn remove(Sim(core): Shared, Path(identifier): Path<String>) -> StatusCode {
    done(core.remove_entry(&identifier))
}

async fn mails(Sim(core): Shared) -> Json<Value> {
    Json(json!(core.state().mails))
}
