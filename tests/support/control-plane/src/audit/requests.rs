//! Requests to the API server, to be narrowed and counted.

use std::{collections::BTreeMap, fmt};

use anyhow::{Result, anyhow};
use jiff::Timestamp;

use super::AuditEvent;

/// So many requests are written out in a failed assertion.
const SHOWN: usize = 40;

/// Requests, in the order of the log. Each filter keeps what it names; `{}` prints them for a failed assertion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests(pub(super) Vec<AuditEvent>);

impl Requests {
    /// Those for which `keep` holds.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(&AuditEvent) -> bool) -> Self {
        Self(self.0.iter().filter(|event| keep(event)).cloned().collect())
    }

    /// Those of one user.
    #[must_use]
    pub fn by(&self, user: &str) -> Self {
        self.filter(|event| event.user == user)
    }

    /// Those with this verb.
    #[must_use]
    pub fn verb(&self, verb: &str) -> Self {
        self.filter(|event| event.verb == verb)
    }

    /// Those on this resource: `secrets` (without its subresources), or `pamcredentials/status`.
    #[must_use]
    pub fn resource(&self, resource: &str) -> Self {
        self.filter(|event| event.resource == resource)
    }

    /// Those in this namespace.
    #[must_use]
    pub fn namespace(&self, namespace: &str) -> Self {
        self.filter(|event| event.namespace == namespace)
    }

    /// Those on an object of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Self {
        self.filter(|event| event.name == name)
    }

    /// Those that arrived from `from` on, and before `until`.
    #[must_use]
    pub fn between(&self, from: Timestamp, until: Timestamp) -> Self {
        self.filter(|event| from <= event.time && event.time < until)
    }

    /// Those that ask for a change.
    #[must_use]
    pub fn writes(&self) -> Self {
        self.filter(AuditEvent::is_write)
    }

    /// Those that change nothing: get, list and watch.
    #[must_use]
    pub fn reads(&self) -> Self {
        self.filter(|event| !event.is_write())
    }

    /// All but those on leases, which a leader renews as long as it lives.
    #[must_use]
    pub fn without_leases(&self) -> Self {
        self.filter(|event| event.resource != "leases")
    }

    /// The writes of `user`, leases aside: the number that is to be 0 when nothing happened.
    #[must_use]
    pub fn writes_by(&self, user: &str) -> Self {
        self.by(user).writes().without_leases()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, AuditEvent> {
        self.0.iter()
    }

    /// How often each `verb resource` occurs.
    #[must_use]
    pub fn tally(&self) -> BTreeMap<String, usize> {
        let mut tally = BTreeMap::new();
        for event in &self.0 {
            *tally.entry(format!("{} {}", event.verb, event.resource)).or_insert(0) += 1;
        }
        tally
    }

    /// The only one; fails with all of them when there are more or none.
    pub fn only(&self) -> Result<AuditEvent> {
        match self.0.as_slice() {
            [event] => Ok(event.clone()),
            _ => Err(anyhow!("expected one request, found {self}")),
        }
    }
}

impl<'a> IntoIterator for &'a Requests {
    type Item = &'a AuditEvent;
    type IntoIter = std::slice::Iter<'a, AuditEvent>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} requests {:?}", self.len(), self.tally())?;
        for event in self.0.iter().take(SHOWN) {
            writeln!(f, "  {event}")?;
        }
        if self.len() > SHOWN { writeln!(f, "  … and {} more", self.len() - SHOWN) } else { Ok(()) }
    }
}
