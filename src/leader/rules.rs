//! The rules of the election, without I/O: what a lease says, when a replica may take it, whether a replica still has it.
//!
//! No clock of another machine is believed: a lease is expired when *this* process has seen it unchanged for as long as
//! its holder asked for, on this process's monotonic clock. The times inside the lease only tell one write from another.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
};
use tokio::time::Instant;

/// Longest duration that a lease may ask for; whatever another writer puts there, no cluster waits longer.
const LONGEST: Duration = Duration::from_mins(5);

/// Derives all waits of the election, as parts of the lease's duration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing(pub(super) Duration);

impl Timing {
    /// From one renewal to the next; up to a tenth shorter by `jitter` (0 to 1), so that replicas don't march in step.
    pub(super) fn renew_after(self, jitter: f64) -> Duration {
        (self.0 / 3).mul_f64(1.0 - 0.1 * jitter)
    }

    /// How long a leader may lead from the *sending* of its last renewal that succeeded. A third of the lease is the
    /// margin for the clocks' different speeds and for work that was begun just before.
    pub(super) fn lead_for(self) -> Duration {
        self.0 * 2 / 3
    }

    /// From a renewal that failed to the next try.
    pub(super) fn retry_after(self, jitter: f64) -> Duration {
        (self.0 / 15).mul_f64(1.0 + jitter)
    }

    /// From one look of a standby to the next.
    pub(super) fn look_after(self, jitter: f64) -> Duration {
        (self.0 / 10).mul_f64(1.0 + 0.5 * jitter)
    }

    /// Bound of one call; short enough for a second try before the leader has to stop.
    pub(super) fn call(self) -> Duration {
        (self.0 / 6).max(Duration::from_secs(1))
    }
}

/// The parts of a lease that the election reads. Two equal records are the same write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// The name of the replica that leads; `None` when the lease was released.
    pub(super) holder: Option<String>,
    /// The holder's stamp of its last write, never compared with a clock.
    pub(super) renewed: Option<Timestamp>,
    transitions: i32,
    duration: Duration,
}

impl Record {
    /// Reads a lease; `own` replaces a duration that is missing or absurd.
    pub(super) fn of(lease: &Lease, own: Duration) -> Self {
        let spec = lease.spec.clone().unwrap_or_default();
        let seconds = spec.lease_duration_seconds.and_then(|s| u64::try_from(s).ok()).filter(|s| *s > 0);
        Self {
            holder: spec.holder_identity.filter(|holder| !holder.is_empty()),
            renewed: spec.renew_time.map(|time| time.0),
            transitions: spec.lease_transitions.unwrap_or_default(),
            duration: seconds.map_or(own, Duration::from_secs).min(LONGEST),
        }
    }
}

/// What a standby does next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Write the lease: it is free, expired, or was held under this very name (a container that was restarted).
    Take,
    /// Another replica holds the lease.
    Wait,
}

/// A standby's memory: the last write that it saw, and since when.
#[derive(Debug, Default)]
pub(super) struct Watch(Option<(Record, Instant)>);

impl Watch {
    /// Judges a lease that was read at `now`. Only a look at an unchanged record lets time count, so the first one never
    /// finds a foreign lease expired.
    pub(super) fn step(&mut self, found: Record, me: &str, now: Instant) -> Step {
        let since = match &self.0 {
            Some((seen, since)) if *seen == found => *since,
            _ => now,
        };
        let is_expired = now.duration_since(since) >= found.duration;
        let is_open = found.holder.as_deref().is_none_or(|holder| holder == me);
        self.0 = Some((found, since));
        if is_open || is_expired { Step::Take } else { Step::Wait }
    }
}

/// An annotation that earlier versions wrote when they gave the lease back. No version reads it any more.
const OBSOLETE_ANNOTATION: &str = "pam-operator.io/ended-in-order";

/// Returns `lease` as this replica writes it when it begins to lead.
pub(super) fn taken(mut lease: Lease, me: &str, timing: Timing, now: Timestamp) -> Lease {
    lease.metadata.annotations.iter_mut().for_each(|all| _ = all.remove(OBSOLETE_ANNOTATION));
    let before = lease.spec.take().unwrap_or_default();
    let is_new_holder = before.holder_identity.as_deref() != Some(me);
    lease.spec = Some(LeaseSpec {
        holder_identity: Some(me.to_owned()),
        acquire_time: Some(MicroTime(now)),
        renew_time: Some(MicroTime(now)),
        lease_duration_seconds: i32::try_from(timing.0.as_secs()).ok(),
        lease_transitions: Some(before.lease_transitions.unwrap_or_default() + i32::from(is_new_holder)),
        ..before
    });
    lease
}

/// Returns `lease` with a new stamp.
pub(super) fn renewed(mut lease: Lease, now: Timestamp) -> Lease {
    lease.spec.get_or_insert_default().renew_time = Some(MicroTime(now));
    lease
}

/// Returns `lease` without a holder: the next standby that looks takes it.
pub(super) fn released(mut lease: Lease, now: Timestamp) -> Lease {
    let spec = lease.spec.get_or_insert_default();
    spec.holder_identity = None;
    spec.renew_time = Some(MicroTime(now));
    lease
}

/// Tells whether a lease found after a refused write is still this leader's: its name, and a stamp that it sent.
/// The name alone would not do: a second process under the same name has other stamps.
pub(super) fn is_ours(found: &Record, me: &str, sent: &[Timestamp]) -> bool {
    found.holder.as_deref() == Some(me) && found.renewed.is_some_and(|stamp| sent.contains(&stamp))
}

/// Returns whether a replica beside `me` can have that name. Pods of one Deployment have its name in common, and two further
/// words: the `ReplicaSet`'s and their own. A name of fewer words is no Pod's (`--pod-name` was given otherwise) and says nothing.
pub(super) fn may_be_replica(holder: &str, me: &str) -> bool {
    let deployment = |name: &str| name.rsplitn(3, '-').nth(2).map(str::to_owned);
    deployment(me).is_none_or(|mine| deployment(holder) == Some(mine))
}

/// Returns `time` as it comes back from the API server, which keeps microseconds.
pub(super) fn stamp(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(15);
    const SECOND: Duration = Duration::from_secs(1);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn lease(holder: Option<&str>, renewed: i64) -> Lease {
        let spec = LeaseSpec {
            holder_identity: holder.map(Into::into),
            renew_time: Some(MicroTime(at(renewed))),
            lease_duration_seconds: Some(15),
            lease_transitions: Some(3),
            ..LeaseSpec::default()
        };
        Lease { spec: Some(spec), ..Lease::default() }
    }

    fn record(holder: Option<&str>, renewed: i64) -> Record {
        Record::of(&lease(holder, renewed), LEASE)
    }

    #[test]
    fn a_released_lease_is_taken_at_once() {
        for holder in [None, Some("")] {
            assert_eq!(Watch::default().step(record(holder, 0), "me", Instant::now()), Step::Take);
        }
    }

    #[test]
    fn a_lease_under_my_name_is_taken_at_once() {
        assert_eq!(Watch::default().step(record(Some("me"), 0), "me", Instant::now()), Step::Take);
    }

    #[test]
    fn a_foreign_lease_is_taken_only_after_its_duration_unchanged_before_my_eyes() {
        let (mut watch, start) = (Watch::default(), Instant::now());
        // However old its stamp is by anybody's wall clock, the first look starts the count.
        assert_eq!(watch.step(record(Some("other"), 0), "me", start), Step::Wait);
        assert_eq!(watch.step(record(Some("other"), 0), "me", start + LEASE - SECOND / 1000), Step::Wait);
        assert_eq!(watch.step(record(Some("other"), 0), "me", start + LEASE), Step::Take);
    }

    #[test]
    fn every_write_restarts_the_count_even_one_stamped_in_the_past() {
        let (mut watch, start) = (Watch::default(), Instant::now());
        assert_eq!(watch.step(record(Some("other"), 100), "me", start), Step::Wait);
        assert_eq!(watch.step(record(Some("other"), 50), "me", start + SECOND * 14), Step::Wait);
        assert_eq!(watch.step(record(Some("other"), 50), "me", start + SECOND * 28), Step::Wait);
        assert_eq!(watch.step(record(Some("other"), 50), "me", start + SECOND * 29), Step::Take);
    }

    #[test]
    fn the_holders_own_duration_counts_within_reason() {
        let mut long = lease(Some("other"), 0);
        for (written, counted) in [(Some(60), 60), (Some(0), 15), (Some(-5), 15), (None, 15), (Some(i32::MAX), 300)] {
            long.spec.as_mut().unwrap().lease_duration_seconds = written;
            let (mut watch, start) = (Watch::default(), Instant::now());
            let found = Record::of(&long, LEASE);
            assert_eq!(watch.step(found.clone(), "me", start), Step::Wait);
            assert_eq!(watch.step(found.clone(), "me", start + SECOND * (counted - 1)), Step::Wait);
            assert_eq!(watch.step(found, "me", start + SECOND * counted), Step::Take, "{written:?}");
        }
    }

    /// A leader whose renewals stop at any moment has stopped leading before any standby may take the lease,
    /// whenever that one looked, even with clocks that differ by a tenth in speed.
    #[test]
    fn leaders_never_overlap() {
        let (timing, start) = (Timing(LEASE), Instant::now() + SECOND * 1000);
        for latency_ms in [0, 1, 500, 2499] {
            for looks_every_ms in [200, 1500, 2250, 7000] {
                let commit = start + Duration::from_millis(latency_ms);
                let leads_until = start + timing.lead_for().mul_f64(1.1);
                let mut watch = Watch::default();
                watch.step(record(Some("other"), 0), "me", start - SECOND);
                let mut look = commit;
                while watch.step(record(Some("other"), 1), "me", look) == Step::Wait {
                    look += Duration::from_millis(looks_every_ms);
                }
                assert!(look > leads_until, "{latency_ms} {looks_every_ms}");
            }
        }
    }

    #[test]
    fn there_is_time_for_a_second_try_before_a_leader_has_to_stop() {
        for seconds in [5, 15, 60, 300] {
            let timing = Timing(SECOND * seconds);
            let first_try = timing.renew_after(0.0) + timing.call();
            assert!(first_try + timing.retry_after(1.0) < timing.lead_for(), "{seconds}");
        }
    }

    #[test]
    fn taking_counts_a_transition_only_from_another_holder() {
        let transitions = |holder: Option<&str>| {
            let spec = taken(lease(holder, 0), "me", Timing(LEASE), at(9)).spec.unwrap();
            assert_eq!(spec.holder_identity.as_deref(), Some("me"));
            assert_eq!((spec.acquire_time, spec.renew_time.clone()), (spec.renew_time, Some(MicroTime(at(9)))));
            spec.lease_transitions.unwrap()
        };
        assert_eq!(transitions(Some("me")), 3);
        assert_eq!(transitions(Some("other")), 4);
        assert_eq!(transitions(None), 4);
        assert_eq!(taken(Lease::default(), "me", Timing(LEASE), at(9)).spec.unwrap().lease_transitions, Some(1));
    }

    #[test]
    fn a_lease_is_ours_by_name_and_stamp() {
        let sent = [at(5), at(7)];
        assert!(is_ours(&record(Some("me"), 7), "me", &sent));
        assert!(!is_ours(&record(Some("me"), 6), "me", &sent), "a second process under my name");
        assert!(!is_ours(&record(Some("other"), 7), "me", &sent));
        assert!(!is_ours(&record(None, 7), "me", &sent));
    }

    #[test]
    fn a_replica_is_told_by_the_name_of_its_deployment() {
        let me = "my-pam-operator-5d9f7c8b6-abcde";
        for replica in [me, "my-pam-operator-5d9f7c8b6-fghij", "my-pam-operator-7c8b65d9f-abcde"] {
            assert!(may_be_replica(replica, me), "{replica}");
        }
        for other in ["thief", "my-pam-operator", "your-pam-operator-5d9f7c8b6-abcde", "my-pam-operator-5d9f7c8b6-a-b"]
        {
            assert!(!may_be_replica(other, me), "{other}");
        }
        assert!(may_be_replica("thief", "host-1a2b3c4d"), "no Pod's name");
    }

    #[test]
    fn a_released_lease_keeps_everything_but_its_holder() {
        let spec = released(lease(Some("me"), 0), at(9)).spec.unwrap();
        assert_eq!((spec.holder_identity, spec.lease_transitions), (None, Some(3)));
    }

    #[test]
    fn taking_removes_what_earlier_versions_annotated_and_nothing_else() {
        let mut found = lease(None, 0);
        let annotations = [(OBSOLETE_ANNOTATION, "all@0"), ("example.com/note", "kept")];
        found.metadata.annotations = Some(annotations.map(|(name, said)| (name.to_owned(), said.to_owned())).into());
        let kept = taken(found, "me", Timing(LEASE), at(9)).metadata.annotations.unwrap();
        assert_eq!(kept.into_keys().collect::<Vec<_>>(), ["example.com/note"]);
    }
}
