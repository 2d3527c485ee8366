//! The health of one connection beside its login: what is known of its list and its brake, and what its status says of both.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use tokio::time::Instant;

use super::list_hold::ListHold;
use super::moment::Moment;
use super::settings::{annotation, limit, lists};
use super::status_fields::{self, SideCondition, held_namespaces, is_side_condition, number};
use super::{list_health, message};
use crate::api::{CONFIRM_DISABLE, CONFIRM_INVENTORY, ConditionType, PamConnectionStatus, condition, find};
use crate::controller::connection::object::AnyConnection;
use crate::domain::{Admission, BrakeWrite, DisableBrake, HeldDisables, ListFinding, ListTrust};

/// The shortest time between two writes of a status that differs in numbers alone: these change all the time.
const NUMBERS: Duration = Duration::from_mins(1);
/// The time to the next pass over a connection while it is not known which credentials are leaving.
const NOT_LISTED: Duration = Duration::from_secs(1);

/// The health of one connection. An entry can exist without its connection: credentials may refer to a connection
/// that does not exist.
#[derive(Default)]
pub(super) struct ConnectionHealth {
    /// How many credentials refer to the connection.
    pub(super) credentials: usize,
    pub(super) brake: DisableBrake,
    present: Option<PresentConnection>,
    /// A pass over the connection is expected and will see the change, so that nothing needs to wake the connection.
    is_pass_expected: bool,
}

/// What is known of a connection that exists.
struct PresentConnection {
    uid: String,
    trust: ListTrust,
    /// `inventory.enabled`.
    lists: bool,
    /// For what the list could not be trusted when the status was last written.
    was_held: ListHold,
    /// When the numbers were last written to the status, or the connection was first seen.
    numbers: Instant,
    /// Lets one writer at a time write the status of the connection.
    writer: Arc<tokio::sync::Mutex<()>>,
}

/// What follows once a status that was filled in is written.
#[derive(Default)]
pub(crate) struct Filled {
    write: BrakeWrite,
    /// How long until the next pass over the connection, if nothing changes before.
    pub(crate) later: Option<Duration>,
}

/// An object that asks whether its record may be disabled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) uid: &'a str,
}

/// What a status says of the brake.
enum BrakeCondition {
    Now(Option<SideCondition>),
    /// The condition that the status already has.
    Unchanged,
}

impl ConnectionHealth {
    /// Records the connection as the watch shows it; returns `true` if a person confirmed what the connection's list lacks.
    pub(super) fn note(&mut self, connection: &AnyConnection, status: &PamConnectionStatus, moment: Moment) -> bool {
        if self.present.as_ref().is_none_or(|present| present.uid != connection.uid()) {
            self.brake.restore(&status_fields::brake_record(status, moment.wall), moment.now.into_std());
            self.present = Some(PresentConnection::restored(connection, status, moment.now));
        }
        self.brake.refresh(limit(connection), annotation(connection, CONFIRM_DISABLE));
        self.present.as_mut().is_some_and(|present| present.refresh(connection, status))
    }

    /// Forgets the connection if `uid` is its uid.
    pub(super) fn forget(&mut self, uid: &str) {
        self.present.take_if(|present| present.uid == uid);
    }

    pub(super) fn is_present(&self) -> bool {
        self.present.is_some()
    }

    pub(super) fn is_unused(&self) -> bool {
        self.present.is_none() && self.credentials == 0 && self.brake.is_idle()
    }

    /// Returns whether the connection must be woken for a change, and if so records that a pass is expected.
    pub(super) fn needs_pass(&mut self) -> bool {
        let needs_pass = self.is_present() && (self.brake.may_go_off() || !self.is_pass_expected);
        self.is_pass_expected |= needs_pass;
        needs_pass
    }

    // === The list

    pub(super) fn trust(&self) -> ListTrust {
        self.present.as_ref().map(|present| present.trust.clone()).unwrap_or_default()
    }

    /// Records what the last list showed; returns `true` if that differs from the list before.
    pub(super) fn note_finding(&mut self, finding: ListFinding) -> bool {
        self.present.as_mut().is_some_and(|present| present.trust.note(finding))
    }

    /// Returns the namespaces for which the connection's list cannot be trusted.
    pub(super) fn list_hold(&self) -> ListHold {
        self.present.as_ref().map(PresentConnection::list_hold).unwrap_or_default()
    }

    /// Returns whether the connection's list cannot be trusted for a namespace.
    pub(super) fn is_list_held_for(&self, namespace: &str) -> bool {
        self.present.as_ref().is_some_and(|present| present.lists && present.trust.is_held_for(namespace))
    }

    // === The brake

    /// Returns whether an object's record may be disabled; `None` if no connection with that uid exists, or the object keeps its
    /// record.
    pub(super) fn admit(&mut self, connection_uid: &str, asking: Asking<'_>, now: Instant) -> Option<Admission> {
        self.present.as_ref().filter(|present| present.uid == connection_uid)?;
        self.brake.admit(asking.namespace, asking.uid, now.into_std())
    }

    // === The status

    /// Writes what is known of the connection into the status that follows `before`. `all_listed` says that every credential has
    /// been seen.
    pub(super) fn fill(
        &mut self,
        connection: &AnyConnection,
        before: &PamConnectionStatus,
        next: &mut PamConnectionStatus,
        moment: Moment,
        all_listed: bool,
    ) -> Filled {
        self.is_pass_expected = false;
        self.advance_brake(before, next, moment, all_listed);
        let (brake, later) = self.fill_brake(connection, before, next, moment, all_listed);
        let list = self.present.as_ref().map(|present| present.fill_list(next));
        if all_listed {
            next.credentials = Some(number(self.credentials));
        }
        let generation = connection.metadata.generation;
        let to_condition = |SideCondition { kind, reason, message }: SideCondition| -> Condition {
            condition(kind, "True", reason, &message, generation, &Time(moment.wall), &before.conditions)
        };
        next.conditions.retain(|condition| !is_side_condition(condition));
        next.conditions.extend(list.into_iter().flatten().map(to_condition));
        next.conditions.extend(match brake {
            BrakeCondition::Now(held) => held.map(to_condition),
            BrakeCondition::Unchanged => find(&before.conditions, ConditionType::DisablesHeld).cloned(),
        });
        Filled { write: self.brake.to_write(), later }
    }

    /// Shows the brake a confirmation, lets the brake go off if it can, and writes the brake's window into the status.
    fn advance_brake(
        &mut self,
        before: &PamConnectionStatus,
        next: &mut PamConnectionStatus,
        moment: Moment,
        all_listed: bool,
    ) {
        let now = moment.now.into_std();
        self.brake.confirm(status_fields::shown_disables(before).as_ref());
        self.brake.settle(now, all_listed);
        if let Some(recent) = self.brake.recent(now) {
            next.recent_disables = status_fields::recent_disables(&recent, moment.wall);
        }
    }

    fn fill_brake(
        &self,
        connection: &AnyConnection,
        before: &PamConnectionStatus,
        next: &mut PamConnectionStatus,
        moment: Moment,
        all_listed: bool,
    ) -> (BrakeCondition, Option<Duration>) {
        let is_shown = find(&before.conditions, ConditionType::DisablesHeld).is_some();
        if self.brake.is_on() && is_shown && !all_listed {
            return (BrakeCondition::Unchanged, Some(NOT_LISTED));
        }
        let now = moment.now.into_std();
        let (held, later) = (self.brake.held(now), self.brake.gathering_left(now));
        next.held_disables = held.as_ref().map(|held| number(held.shown.total));
        next.held_namespaces = held.as_ref().map(|held| held_namespaces(&held.shown)).unwrap_or_default();
        if held.is_some() {
            next.last_handled_confirm_disable = self.brake.handled().map(str::to_owned);
        }
        let condition =
            |held: &HeldDisables| message::brake_condition(connection, held, self.brake.unused_value(&held.shown));
        (BrakeCondition::Now(held.as_ref().map(condition)), later)
    }

    /// Records that a status was written. Returns the namespaces for which the list can be trusted again; `None` if the
    /// connection does not exist.
    pub(super) fn note_written(&mut self) -> Option<ListHold> {
        let present = self.present.as_mut()?;
        let hold = present.list_hold();
        let before = std::mem::replace(&mut present.was_held, hold.clone());
        Some(before.without(&hold))
    }

    pub(super) fn note_numbers(&mut self, now: Instant) {
        if let Some(present) = &mut self.present {
            present.numbers = now;
        }
    }

    /// Returns for how long a status that differs in numbers alone is not written; `None` if it may be written now.
    pub(super) fn put_off(&mut self, now: Instant) -> Option<Duration> {
        let left = (self.present.as_ref()?.numbers + NUMBERS).saturating_duration_since(now);
        self.is_pass_expected |= !left.is_zero();
        Some(left).filter(|left| !left.is_zero())
    }

    /// Returns the lock that a pass holds while it writes the status of the connection with that uid.
    pub(super) fn writer(&self, uid: &str) -> Option<Arc<tokio::sync::Mutex<()>>> {
        self.present.as_ref().filter(|present| present.uid == uid).map(|present| Arc::clone(&present.writer))
    }
}

impl Filled {
    /// Returns what the brake is told once the status is written.
    pub(super) fn write(&self) -> &BrakeWrite {
        &self.write
    }
}

impl PresentConnection {
    fn restored(connection: &AnyConnection, status: &PamConnectionStatus, now: Instant) -> Self {
        let annotation = annotation(connection, CONFIRM_INVENTORY);
        let mut restored = Self {
            uid: connection.uid().to_owned(),
            trust: ListTrust::restored(&list_health::restored(status), annotation),
            lists: true,
            was_held: ListHold::default(),
            numbers: now,
            writer: Arc::default(),
        };
        restored.was_held = restored.list_hold();
        restored
    }

    /// Records the connection as the watch shows it; returns `true` if a person confirmed what the connection's list lacks.
    fn refresh(&mut self, connection: &AnyConnection, status: &PamConnectionStatus) -> bool {
        let before = self.list_hold();
        self.trust.observe(annotation(connection, CONFIRM_INVENTORY), list_health::shown_missing(status).as_ref());
        self.lists = lists(connection);
        !before.without(&self.list_hold()).is_empty()
    }

    fn list_hold(&self) -> ListHold {
        if !self.lists {
            return ListHold::default();
        }
        let held = self.trust.held().unwrap_or_default();
        ListHold { all: self.trust.is_held(), namespaces: held.namespaces.into_keys().collect() }
    }

    fn fill_list(&self, next: &mut PamConnectionStatus) -> Vec<SideCondition> {
        next.inventory = self.lists.then(|| list_health::status(&self.trust)).flatten();
        if self.lists { list_health::conditions(&self.trust) } else { Vec::new() }
    }
}
