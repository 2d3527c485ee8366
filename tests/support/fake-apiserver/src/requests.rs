//! What was asked for, counted as an audit log counts it.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

/// So many requests are written out in a failed assertion.
const SHOWN: usize = 40;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// When it came, by the virtual clock.
    pub at: Timestamp,
    /// `get`, `list`, `watch`, `create`, `update`, `patch` or `delete`.
    pub verb: &'static str,
    /// Plural name with its subresource: `pamcredentials/status`.
    pub resource: String,
    /// Empty for what has no namespace, and for requests over all of them.
    pub namespace: String,
    /// Empty for lists, watches and creations.
    pub name: String,
    /// HTTP status of the answer; 0 where none came.
    pub code: u16,
}

impl Request {
    /// Whether it asks for a change.
    #[must_use]
    pub fn is_write(&self) -> bool {
        !matches!(self.verb, "get" | "list" | "watch")
    }
}

/// A point in the log of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(pub(crate) usize);

/// Requests in the order in which they came; `{}` prints them for a failed assertion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests(pub(crate) Vec<Request>);

impl Requests {
    /// Those for which `keep` holds.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(&Request) -> bool) -> Self {
        Self(self.0.iter().filter(|request| keep(request)).cloned().collect())
    }

    /// Those with this verb.
    #[must_use]
    pub fn verb(&self, verb: &str) -> Self {
        self.filter(|request| request.verb == verb)
    }

    /// Those on this resource: `secrets` (without its subresources), or `pamcredentials/status`.
    #[must_use]
    pub fn resource(&self, resource: &str) -> Self {
        self.filter(|request| request.resource == resource)
    }

    /// Those on an object of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Self {
        self.filter(|request| request.name == name)
    }

    /// Those that ask for a change.
    #[must_use]
    pub fn writes(&self) -> Self {
        self.filter(Request::is_write)
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
    pub fn iter(&self) -> std::slice::Iter<'_, Request> {
        self.0.iter()
    }

    /// How often each `verb resource` occurs.
    #[must_use]
    pub fn tally(&self) -> BTreeMap<String, usize> {
        let mut tally = BTreeMap::new();
        for request in &self.0 {
            *tally.entry(format!("{} {}", request.verb, request.resource)).or_insert(0) += 1;
        }
        tally
    }
}

impl<'a> IntoIterator for &'a Requests {
    type Item = &'a Request;
    type IntoIter = std::slice::Iter<'a, Request>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} requests {:?}", self.len(), self.tally())?;
        for Request { at, verb, resource, namespace, name, code } in self.0.iter().take(SHOWN) {
            writeln!(f, "  {at} {verb} {resource} {namespace}/{name} -> {code}")?;
        }
        if self.len() > SHOWN { writeln!(f, "  … and {} more", self.len() - SHOWN) } else { Ok(()) }
    }
}
