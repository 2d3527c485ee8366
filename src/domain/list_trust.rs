//! When a connection's list may be believed (P4, P7).
//!
//! The list is scoped by the authorization, and a proxy may cut it: a record that it lacks need not be gone. A list that
//! ended early, or that lacks or shows moved more of the known records than can be chance, holds first pushes, corrections and
//! disables back until another list comes, or a person confirms the number of missing records.
//!
//! Where the records of one namespace alone explain what is missing, since the list shows the others as they are known, only
//! that namespace is held: who may change records of one namespace must not stop the others.

mod judgement;

use std::collections::BTreeMap;

use super::confirmation::{Confirmation, UnusedValue, part};
use judgement::judge;
pub use judgement::{ListCounts, ListFinding, ListVerdict, MissingRecords};

/// The numbers of missing records that a status shows, for a person to confirm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShownMissing {
    /// Of all that are held.
    pub total: usize,
    /// Of a namespace that is held by itself.
    pub namespaces: BTreeMap<String, usize>,
}

/// What an earlier process left in the connection's status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListRecord {
    /// What the last list showed.
    pub finding: Option<ListFinding>,
    /// The list could not be trusted for any namespace.
    pub is_held: bool,
    /// The namespaces whose missing records a person confirmed.
    pub confirmed: Vec<String>,
}

/// The records of one namespace that the last list lacked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct NamespaceTrust {
    is_confirmed: bool,
    confirmation: Confirmation,
}

/// What is known of the last list of one connection, and whether a person confirmed what it lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListTrust {
    finding: Option<ListFinding>,
    is_confirmed: bool,
    annotation: Option<String>,
    confirmation: Confirmation,
    /// Of the namespaces of the finding.
    namespaces: BTreeMap<String, NamespaceTrust>,
}

impl ListTrust {
    /// Takes up what an earlier process left in the connection's status. Whether the annotation's value was there before that is
    /// not known any more: it counts once it is set again.
    #[must_use]
    pub fn restored(record: &ListRecord, annotation: Option<&str>) -> Self {
        let ListRecord { finding, is_held, confirmed } = record;
        let is_confirmed = !is_held && finding.as_ref().is_some_and(|finding| finding.missing().is_some());
        let of = |namespace: &String| NamespaceTrust {
            is_confirmed: confirmed.contains(namespace),
            confirmation: Confirmation::restored(part(annotation, namespace)),
        };
        let lacking = finding.iter().flat_map(|finding| finding.namespaces.keys());
        let mut trust = Self {
            finding: finding.clone(),
            is_confirmed,
            annotation: annotation.map(str::to_owned),
            confirmation: Confirmation::default(),
            namespaces: lacking.map(|namespace| (namespace.clone(), of(namespace))).collect(),
        };
        let is_any_held = *is_held || trust.held().is_some();
        trust.confirmation = Confirmation::restored(annotation.filter(|_| is_any_held));
        trust
    }

    /// Takes in the annotation that confirms, and the numbers that the status shows. A value confirms a number only while the last
    /// list lacks exactly that many: a number that is no longer true would release more than was shown.
    pub fn observe(&mut self, annotation: Option<&str>, shown: Option<&ShownMissing>) {
        self.annotation = annotation.map(str::to_owned);
        self.confirmation.observe(annotation);
        for (namespace, trust) in &mut self.namespaces {
            trust.confirmation.observe(part(annotation, namespace));
        }
        let Some(held) = self.held() else { return };
        let total = shown.map(|shown| shown.total).filter(|total| *total == held.total);
        let is_all_confirmed = self.confirmation.take(total).is_some();
        if self.is_held() {
            self.is_confirmed = is_all_confirmed;
            return;
        }
        for (namespace, missing) in &held.namespaces {
            let Some(trust) = self.namespaces.get_mut(namespace) else { continue };
            let shown = shown.and_then(|shown| shown.namespaces.get(namespace)).filter(|shown| *shown == missing);
            let is_confirmed = trust.confirmation.take(shown.copied()).is_some();
            trust.is_confirmed = is_confirmed || is_all_confirmed && shown.is_some();
        }
    }

    /// Returns what a list is worth, by what it shows of the records of each namespace. One that lacks no more than what a person
    /// confirmed is what that list was: each object is told by itself that its record is missing, and counts no more afterwards.
    #[must_use]
    pub fn verdict(&self, records: usize, counts: &BTreeMap<String, ListCounts>) -> ListFinding {
        let lost = counts.values().map(|counts| counts.lost).sum();
        match self.finding.as_ref().map(|finding| finding.verdict) {
            Some(verdict @ ListVerdict::Missing(confirmed)) if self.is_confirmed && confirmed.covers(lost) => {
                ListFinding { records, verdict, namespaces: BTreeMap::new() }
            }
            _ => judge(records, counts, &self.confirmed_of(counts)),
        }
    }

    /// Returns what a person confirmed of namespaces that do not lack more now.
    fn confirmed_of(&self, counts: &BTreeMap<String, ListCounts>) -> BTreeMap<String, MissingRecords> {
        let lacking = self.finding.iter().flat_map(|finding| &finding.namespaces);
        let is_confirmed = |namespace: &String| self.namespaces.get(namespace).is_some_and(|it| it.is_confirmed);
        let covers = |namespace: &String, confirmed: &MissingRecords| {
            counts.get(namespace).is_some_and(|counts| confirmed.covers(counts.lost))
        };
        let those = lacking.filter(|(namespace, missing)| is_confirmed(namespace) && covers(namespace, missing));
        those.map(|(namespace, missing)| (namespace.clone(), *missing)).collect()
    }

    /// Takes in what the last list showed; `true` if that is news. Another number than was confirmed begins another hold.
    pub fn note(&mut self, finding: ListFinding) -> bool {
        let is_news = self.finding.as_ref() != Some(&finding);
        if self.missing() != finding.missing() {
            self.is_confirmed = false;
            self.confirmation.begin();
        }
        let was_held = self.held().is_some();
        let mut before = std::mem::take(&mut self.namespaces);
        let old = self.finding.replace(finding);
        let was = |namespace: &str| old.as_ref().and_then(|old| old.namespaces.get(namespace).copied());
        for (namespace, missing) in self.finding.iter().flat_map(|finding| &finding.namespaces) {
            let known = before.remove(namespace).filter(|_| was(namespace) == Some(*missing));
            let trust = known.unwrap_or_else(|| NamespaceTrust::new(part(self.annotation.as_deref(), namespace)));
            self.namespaces.insert(namespace.clone(), trust);
        }
        if !was_held && self.held().is_some() {
            self.confirmation.begin();
        }
        is_news
    }

    /// Whether the last list cannot be trusted for any namespace.
    #[must_use]
    pub fn is_held(&self) -> bool {
        match self.finding.as_ref().map(|finding| finding.verdict) {
            None | Some(ListVerdict::Complete { .. }) => false,
            Some(ListVerdict::EndedEarly | ListVerdict::NotKept) => true,
            Some(ListVerdict::Missing(_)) => !self.is_confirmed,
        }
    }

    /// Whether the last list cannot be trusted for a namespace.
    #[must_use]
    pub fn is_held_for(&self, namespace: &str) -> bool {
        self.is_held() || self.namespaces.get(namespace).is_some_and(|trust| !trust.is_confirmed)
    }

    /// Whether a person confirmed the missing records of a namespace by itself.
    #[must_use]
    pub fn is_confirmed(&self, namespace: &str) -> bool {
        self.namespaces.get(namespace).is_some_and(|trust| trust.is_confirmed)
    }

    /// Returns the numbers of missing records for which a person is waited for; `None` if there are none.
    #[must_use]
    pub fn held(&self) -> Option<ShownMissing> {
        let finding = self.finding.as_ref()?;
        if self.is_held() {
            return finding.missing().map(|total| ShownMissing { total, namespaces: BTreeMap::new() });
        }
        let held = finding.namespaces.iter().filter(|(namespace, _)| self.is_held_for(namespace));
        let namespaces: BTreeMap<_, _> = held.map(|(namespace, it)| (namespace.clone(), it.missing)).collect();
        let total = namespaces.values().sum();
        (!namespaces.is_empty()).then_some(ShownMissing { total, namespaces })
    }

    /// What the last list showed.
    #[must_use]
    pub fn finding(&self) -> Option<&ListFinding> {
        self.finding.as_ref()
    }

    /// Returns why the annotation's value confirms nothing, while these numbers are shown.
    #[must_use]
    pub fn unused_value(&self, shown: &ShownMissing) -> Option<UnusedValue> {
        let of =
            |(namespace, count): (&String, &usize)| self.namespaces.get(namespace)?.confirmation.unused_value(*count);
        let same = shown.namespaces.iter().filter_map(of).find(|unused| *unused == UnusedValue::SameNumber);
        same.or_else(|| self.confirmation.unused_value(shown.total))
    }

    fn missing(&self) -> Option<usize> {
        self.finding.as_ref().and_then(ListFinding::missing)
    }
}

impl NamespaceTrust {
    /// Begins a hold: a value that is there already cannot be meant for the number that will be shown.
    fn new(annotation: Option<&str>) -> Self {
        let mut confirmation = Confirmation::default();
        confirmation.observe(annotation);
        confirmation.begin();
        Self { is_confirmed: false, confirmation }
    }
}

#[cfg(test)]
mod laws;
