//! Rotations that the vault carries out by itself, some time after they were asked for (API 4.4).

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::millis;
use crate::secret::Hidden;
use crate::state::State;
use crate::store::Record;

/// How the vault rotates the records that have `automatic_change`. Durations are milliseconds in JSON, and pass by
/// [`crate::Config::clock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rotation {
    /// How long after a release of custody the value is replaced: the execution is asynchronous.
    #[serde(with = "millis")]
    pub delay: Duration,
    /// Whether executions fail: then the value and `change` stay as they are, and no answer ever says so.
    pub fails: bool,
    /// How long after a view the value is replaced, as a credential policy may say; absent: a view rotates nothing.
    #[serde(with = "millis::optional")]
    pub after_view: Option<Duration>,
}

impl Default for Rotation {
    fn default() -> Self {
        Self { delay: Duration::from_secs(1), fails: false, after_view: None }
    }
}

/// A rotation that was asked for and not carried out yet.
pub(crate) struct Due {
    record: u64,
    at: Timestamp,
}

impl State {
    /// Plans the rotation of a record, if the vault rotates it at all.
    pub(crate) fn plan_rotation(&mut self, record: u64, delay: Duration) {
        let rotates = self.store.get(record).is_some_and(Record::automatic_change);
        let now = self.clock.now();
        if rotates {
            self.rotations.push(Due { record, at: now.checked_add(delay).unwrap_or(Timestamp::MAX) });
        }
    }

    /// Carries out the rotations whose time has come.
    pub(crate) fn rotate_what_is_due(&mut self) {
        if self.rotations.is_empty() {
            return;
        }
        let now = self.clock.now();
        let due: Vec<Due> = self.rotations.extract_if(.., |due| due.at <= now).collect();
        for Due { record, at } in due.into_iter().filter(|_| !self.behaviour.rotation.fails) {
            let value = Hidden::from(format!("rotated-{:032x}", rand::random::<u128>()));
            self.store.edit(record, |record| record.rotate(value, at));
        }
    }
}
