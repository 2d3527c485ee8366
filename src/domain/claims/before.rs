//! What an object had before a claim of which nothing came yet, and for whom that claim counts.

use jiff::Timestamp;

use super::ClaimRequest;
use super::unsettled::settled_at;
use super::what::{Claim, What};

/// What an object had before a claim of which nothing came yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Before {
    pub(super) claims: Vec<Claim>,
    /// What was written onto the device then.
    pub(super) block: Option<String>,
    /// A write of the claim has no answer: the PAM may have executed the write.
    is_lost: bool,
    /// How long the claim of a tenant's object counts; `None`: until something came of the claim.
    term: Option<Term>,
}

/// How long the claim of a tenant's object counts.
#[derive(Clone, Copy, Debug)]
struct Term {
    /// The claim counts no longer from then on.
    until: Timestamp,
    /// The pass that claimed has not ended: until then, the claim counts in every namespace.
    is_under_way: bool,
}

impl Before {
    /// Returns what an object had that had this.
    pub(super) fn of(claims: Vec<Claim>, block: Option<String>) -> Self {
        Self { claims, block, ..Self::default() }
    }

    /// Begins the term of a claim.
    pub(super) fn begin(&mut self, request: &ClaimRequest) {
        self.term = request.by_tenant.then(|| Term { until: settled_at(request.now), is_under_way: true });
    }

    /// Notes that a write of the claim has no answer; `true` if objects of other namespaces may have what was claimed now.
    pub(super) fn lose(&mut self, now: Timestamp) -> bool {
        self.is_lost = true;
        if let Some(term) = &mut self.term {
            term.until = settled_at(now);
        }
        self.end_pass()
    }

    /// Ends the pass that claimed; `true` if objects of other namespaces may have what was claimed now.
    pub(super) fn end_pass(&mut self) -> bool {
        self.term.as_mut().is_some_and(|term| std::mem::take(&mut term.is_under_way))
    }

    /// Whether the PAM may have executed a write of the claim.
    pub(super) fn is_in_doubt(&self, now: Timestamp) -> bool {
        self.is_lost && self.term.is_none_or(|term| now < term.until)
    }

    /// Returns until when the claim counts, if not until something came of the claim.
    pub(super) fn counts_until(&self) -> Option<Timestamp> {
        Some(self.term?.until)
    }

    /// Whether something that the object has counts at `now`; `at_home` says that an object of the same namespace asks.
    /// Where an answer confirmed nothing of a tenant's object, it counts for a time, and after its pass at home alone.
    pub(super) fn lets_count(&self, claim: &Claim, now: Timestamp, at_home: bool) -> bool {
        let may_end = matches!(claim.what, What::Identifier(_) | What::Account(_) | What::Device(_));
        let term = self.term.filter(|_| may_end && !self.claims.contains(claim));
        term.is_none_or(|term| now < term.until && (term.is_under_way || at_home))
    }
}
