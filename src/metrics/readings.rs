//! Numbers that are read at each scrape, since keeping them current would cost more than reading them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::{TypedMetric as _, family::Family, gauge::Gauge};
use prometheus_client::registry::Unit;

use super::labels::{ConditionLabels, Kind, KindLabels, ReasonLabels, ResourceLabels, StateLabels};

/// Numbers at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    /// How many connections of both kinds have each reason of `Ready`.
    pub connections: BTreeMap<&'static str, usize>,
    /// How many connections have each condition beside `Ready`.
    pub conditions: BTreeMap<&'static str, usize>,
    /// How many connections have a client whose circuit is closed: calls go through.
    pub circuits_closed: usize,
    /// How many connections have a client whose circuit is open: the PAM is left alone but for single probes.
    pub circuits_open: usize,
    /// How many disables the brakes hold back.
    pub held_disables: usize,
    /// What objects show, by kind.
    pub objects: Vec<ObjectReadings>,
    /// How many objects wait for a worker slot.
    pub waiting: usize,
    /// How long ago something last came for the watches of each resource.
    pub watch_ages: BTreeMap<String, Duration>,
}

/// What the objects of one kind show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectReadings {
    /// The kind.
    pub kind: Kind,
    /// How many have the condition `Drifted`.
    pub drifted: usize,
    /// How many are suspended.
    pub suspended: usize,
    /// How long the one has not been `Ready` for which that is longest; zero if all are.
    pub oldest_unsynced: Duration,
}

type Read = Arc<dyn Fn() -> Option<Readings> + Send + Sync>;

/// Where the numbers are read. Cheap to clone; all clones read the same.
#[derive(Clone, Default)]
pub(super) struct Source(Arc<Mutex<Option<Read>>>);

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}

impl Source {
    /// Replaces where the numbers are read.
    pub(super) fn set(&self, read: impl Fn() -> Option<Readings> + Send + Sync + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(read));
    }

    fn read(&self) -> Option<Readings> {
        let read = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        read.and_then(|read| read())
    }
}

impl Collector for Source {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(readings) = self.read() else { return Ok(()) };
        let mut gauges = Gauges(encoder);
        connections(&readings, &mut gauges)?;
        objects(&readings.objects, &mut gauges)?;
        gauges.one("queue_depth", "Objects that wait for a worker slot", readings.waiting)?;
        let ages = readings.watch_ages.iter();
        gauges.ages(
            "watch_age",
            "Since something last came for the watches of a resource; of several watches, the one that is silent longest",
            ages.map(|(resource, age)| (ResourceLabels { resource: resource.clone() }, *age)),
        )
    }
}

fn connections(readings: &Readings, gauges: &mut Gauges<'_>) -> fmt::Result {
    let by_reason = readings.connections.iter().map(|(reason, count)| (ReasonLabels { reason }, *count));
    gauges.counts("connections", "Connections of both kinds by the reason of their Ready condition", by_reason)?;
    let by_condition = readings.conditions.iter().map(|(condition, count)| (ConditionLabels { condition }, *count));
    gauges.counts("connection_conditions", "Connections that have a condition beside Ready", by_condition)?;
    let circuits = [("closed", readings.circuits_closed), ("open", readings.circuits_open)];
    let circuits = circuits.map(|(state, count)| (StateLabels { state }, count));
    let help = "Connections by the state of their circuit breaker; open: the PAM is left alone but for single probes";
    gauges.counts("circuits", help, circuits)?;
    gauges.one("held_disables", "Disables that the brakes of connections hold back", readings.held_disables)
}

fn objects(objects: &[ObjectReadings], gauges: &mut Gauges<'_>) -> fmt::Result {
    let by_kind =
        |number: fn(&ObjectReadings) -> usize| objects.iter().map(move |of| (KindLabels { kind: of.kind }, number(of)));
    gauges.counts("drifted_objects", "Objects that the PAM shows otherwise than written", by_kind(|of| of.drifted))?;
    gauges.counts("suspended_objects", "Objects with spec.suspend", by_kind(|of| of.suspended))?;
    gauges.ages(
        "oldest_unsynced_age",
        "Since when the object is not Ready for which that is longest; 0 if all are, suspended ones aside",
        objects.iter().map(|of| (KindLabels { kind: of.kind }, of.oldest_unsynced)),
    )
}

/// Writes gauges.
struct Gauges<'a>(DescriptorEncoder<'a>);

impl Gauges<'_> {
    fn counts<L>(&mut self, name: &str, help: &str, counts: impl IntoIterator<Item = (L, usize)>) -> fmt::Result
    where
        L: EncodeLabelSet + Clone + std::hash::Hash + Eq,
    {
        let family = family(counts.into_iter().map(|(labels, count)| (labels, i64::try_from(count))));
        family.encode(self.0.encode_descriptor(name, help, None, Gauge::<i64>::TYPE)?)
    }

    fn ages<L>(&mut self, name: &str, help: &str, ages: impl IntoIterator<Item = (L, Duration)>) -> fmt::Result
    where
        L: EncodeLabelSet + Clone + std::hash::Hash + Eq,
    {
        let family = family(ages.into_iter().map(|(labels, age)| (labels, i64::try_from(age.as_secs()))));
        family.encode(self.0.encode_descriptor(name, help, Some(&Unit::Seconds), Gauge::<i64>::TYPE)?)
    }

    fn one(&mut self, name: &str, help: &str, count: usize) -> fmt::Result {
        let gauge = Gauge::<i64>::default();
        gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        gauge.encode(self.0.encode_descriptor(name, help, None, Gauge::<i64>::TYPE)?)
    }
}

fn family<L, E>(values: impl Iterator<Item = (L, Result<i64, E>)>) -> Family<L, Gauge>
where
    L: EncodeLabelSet + Clone + std::hash::Hash + Eq,
{
    let family = Family::<L, Gauge>::default();
    for (labels, value) in values {
        family.get_or_create(&labels).set(value.unwrap_or(i64::MAX));
    }
    family
}
