//! What one object has, wants, and had before its last claim.

use std::sync::Arc;

use jiff::Timestamp;

use super::before::Before;
use super::what::{Claim, What};
use super::{ClaimRequest, LeavingRecord, ObjectName, Unsettled, WantedRecord};
use crate::domain::VaultId;

/// What one object has.
#[derive(Clone, Debug, Default)]
pub(super) struct Holding {
    pub(super) name: ObjectName,
    /// What is written onto the device.
    pub(super) block: Option<String>,
    /// What its spec would write onto the device.
    pub(super) wanted_block: Option<String>,
    pub(super) claims: Vec<Claim>,
    /// The record that it would have.
    wanted: Option<Box<WantedRecord>>,
    /// No pass has told yet whether it comes for a record that is there.
    pub(super) is_undecided: bool,
    /// Somebody has to mend its connection before it can write.
    is_held_up: bool,
    /// The record that it hands over.
    offer: Option<Box<Offer>>,
    /// What it had before a claim of which nothing came yet.
    pub(super) before: Option<Box<Before>>,
    /// Its writes that have no answer.
    pub(super) unsettled: Unsettled,
    /// The object is gone, and counts until then.
    pub(super) gone_until: Option<Timestamp>,
}

/// A record that its object hands over.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Offer {
    id: String,
    /// The namespace of the object that hands it over.
    namespace: String,
    to: Option<ObjectName>,
}

/// The object that asks for something.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) uid: &'a str,
    pub(super) name: &'a ObjectName,
    /// The time of the request.
    pub(super) now: Timestamp,
    /// The record that it would write, or has.
    pub(super) record: Option<&'a str>,
    /// As it would be if that record were handed over.
    pub(super) if_offered: bool,
}

impl Offer {
    fn of(LeavingRecord { namespace, to, id, .. }: &LeavingRecord) -> Self {
        Self { id: id.clone(), namespace: namespace.clone(), to: to.clone() }
    }
}

impl<'a> Asking<'a> {
    pub(super) fn of(uid: &'a str, name: &'a ObjectName, request: &'a ClaimRequest) -> Self {
        Self { uid, name, now: request.now, record: request.record.as_deref(), if_offered: false }
    }
}

impl Holding {
    /// Returns what an object has that has all of what is asked for.
    pub(super) fn asked(request: &ClaimRequest) -> Self {
        let device = request.device.as_ref().map(|device| What::Device(device.device.clone()));
        let both = [What::Identifier(request.identifier.clone()), What::Account(request.account.clone())];
        let all = both.into_iter().chain(device);
        let block = request.device.as_ref().map(|device| device.block.clone());
        let vault = Arc::new(request.vault.clone());
        Self {
            block: block.clone(),
            wanted_block: block,
            claims: all.map(|what| Claim { vault: Arc::clone(&vault), what }).collect(),
            ..Self::default()
        }
    }

    /// Notes what its spec would write onto the device; `true` if that is something else than before. An object that writes
    /// nothing onto the device any more has it no longer.
    pub(super) fn wants_block(&mut self, block: Option<String>) -> bool {
        let is_news = self.has_device() && self.wanted_block != block;
        self.wanted_block = block;
        if self.wanted_block.is_none() {
            self.block = None;
            self.claims.retain(|claim| !matches!(claim.what, What::Device(_)));
        }
        is_news
    }

    /// Replaces the record that it would have. Of another record than before nobody has seen yet whether it is there.
    pub(super) fn want(&mut self, wanted: WantedRecord) {
        self.name.clone_from(&wanted.name);
        if self.wanted.as_deref() == Some(&wanted) {
            return;
        }
        self.want_nothing();
        let Some(key) = &wanted.record else { return };
        let vault = Arc::new(wanted.vault.clone());
        let both = [What::Wanted(key.identifier.clone()), What::At(key.device.clone())];
        self.claims.extend(both.map(|what| Claim { vault: Arc::clone(&vault), what }));
        (self.wanted, self.is_undecided) = (Some(Box::new(wanted)), true);
    }

    fn want_nothing(&mut self) {
        self.claims.retain(|claim| !claim.what.is_wanted());
        (self.wanted, self.is_undecided, self.is_held_up) = (None, false, false);
    }

    /// Notes the record that the list shows to it; `true` if that is news.
    pub(super) fn seek(&mut self, seeks: Option<Claim>) -> bool {
        let seeks = seeks.filter(|_| self.wanted.is_some());
        let was_undecided = std::mem::take(&mut self.is_undecided) | std::mem::take(&mut self.is_held_up);
        let is_same = |claim: &Claim| Some(claim) == seeks.as_ref();
        let known = self.claims.iter().filter(|claim| matches!(claim.what, What::Seeks(_)));
        let is_news = was_undecided || !known.map(is_same).eq(seeks.iter().map(|_| true));
        self.claims.retain(|claim| !matches!(claim.what, What::Seeks(_)));
        self.claims.extend(seeks);
        is_news
    }

    /// Notes that somebody has to mend its connection before it can write; `true` if that is news.
    pub(super) fn hold_up(&mut self) -> bool {
        self.wanted.is_some() && !std::mem::replace(&mut self.is_held_up, true)
    }

    /// Whether it may come for anything that an object of that connection hands over.
    pub(super) fn may_come_by(&self, connection: &str) -> bool {
        !self.is_held_up || self.wanted.as_ref().is_some_and(|wanted| wanted.connection == connection)
    }

    /// Comes for no record, for now; `true` if it came for one.
    pub(super) fn come_for_nothing(&mut self) -> bool {
        let claims = self.claims.len();
        self.claims.retain(|claim| !matches!(claim.what, What::Takes(_)));
        self.seek(None) || claims != self.claims.len()
    }

    /// Whether what is in the asking object's way goes with the record that it asks for, once that is handed over.
    pub(super) fn makes_way(&self, asking: Asking<'_>) -> bool {
        let has = |id: &str| self.claims.iter().any(|claim| matches!(&claim.what, What::Record(own) if own == id));
        self.offers(asking.record, asking.name) || (asking.if_offered && asking.record.is_some_and(has))
    }

    /// Whether it may come for a record of that account.
    pub(super) fn may_want(&self, account: Option<&String>) -> bool {
        let wanted = self.wanted.as_ref().and_then(|wanted| wanted.record.as_ref()?.account.as_ref());
        self.is_undecided && wanted.zip(account).is_none_or(|(wanted, account)| wanted == account)
    }

    /// Hands a record over; `true` if it was not handed over so before.
    pub(super) fn offer(&mut self, record: &LeavingRecord) -> bool {
        let offer = Box::new(Offer::of(record));
        self.offer.replace(offer.clone()) != Some(offer)
    }

    /// Hands a record over no longer, unless it is this one and to the same.
    pub(super) fn retract(&mut self, record: &LeavingRecord) {
        self.offer.take_if(|offer| **offer != Offer::of(record));
    }

    pub(super) fn withdraw(&mut self) {
        self.offer = None;
    }

    /// Whether it hands that record over to an object of that name.
    pub(super) fn offers(&self, id: Option<&str>, name: &ObjectName) -> bool {
        self.offer.as_ref().is_some_and(|offer| {
            let to = offer.to.as_ref().map_or(offer.namespace == name.namespace, |to| to == name);
            to && id == Some(offer.id.as_str())
        })
    }

    pub(super) fn has_device(&self) -> bool {
        self.claims.iter().any(|claim| matches!(claim.what, What::Device(_)))
    }

    /// Whether it has something of that kind already.
    pub(super) fn has_like(&self, what: &What) -> bool {
        self.claims.iter().any(|claim| std::mem::discriminant(&claim.what) == std::mem::discriminant(what))
    }

    /// Whether something that other objects may wait for is free once it has that instead.
    pub(super) fn frees(&self, next: &Self) -> bool {
        self.claims.iter().any(|claim| match claim.what {
            What::Identifier(_) | What::Account(_) => !next.claims.contains(claim),
            What::Device(_) => self.block != next.block || !next.claims.contains(claim),
            What::Record(_) | What::Wanted(_) | What::At(_) | What::Seeks(_) | What::Takes(_) => false,
        })
    }

    /// Has that instead of what it had. What it had is remembered until something came of the claim.
    pub(super) fn claim(&mut self, asked: Self, request: &ClaimRequest) {
        let (claims, stay) = std::mem::take(&mut self.claims).into_iter().partition(|claim| claim.what.is_exclusive());
        let block = std::mem::replace(&mut self.block, asked.block);
        self.before.get_or_insert(Box::new(Before::of(claims, block))).begin(request);
        self.claims = stay;
        self.claims.extend(asked.claims);
    }

    /// Has what it had before a claim of which nothing came; `true` if there was one.
    pub(super) fn restore(&mut self) -> bool {
        let Some(Before { claims, block, .. }) = self.before.take().map(|before| *before) else { return false };
        self.claims.retain(|claim| !claim.what.is_exclusive());
        self.claims.extend(claims);
        self.block = block;
        true
    }

    /// Returns what is left of an object that is gone: what it claimed counts while the PAM may still execute a write of it.
    pub(super) fn left_behind(mut self) -> Option<Self> {
        self.gone_until = Some(self.unsettled.until()?);
        self.claims.retain(|claim| claim.what.is_written());
        (self.offer, self.wanted) = (None, None);
        Some(self)
    }

    /// Returns until when what it has counts, if not until something came of the claim or the object goes.
    pub(super) fn counts_until(&self) -> Option<Timestamp> {
        self.gone_until.or_else(|| self.before.as_ref()?.counts_until())
    }

    /// Whether what it has keeps the asking object from having the same.
    pub(super) fn keeps_from(&self, asking: Asking<'_>, claim: &Claim) -> bool {
        if self.gone_until.is_some_and(|until| until <= asking.now) {
            return false;
        }
        let at_home = asking.name.namespace == self.name.namespace;
        let before = self.before.as_ref();
        let counts = |had: &Claim| before.is_none_or(|before| before.lets_count(had, asking.now, at_home));
        self.claims.iter().any(|had| had.may_be(claim) && counts(had))
    }

    /// Whether it claimed that record when the record was handed over.
    pub(super) fn has_taken(&self, record: &str) -> bool {
        self.claims.iter().any(|claim| matches!(&claim.what, What::Takes(id) if id == record))
    }

    /// Drops what a status says by itself; an identifier that is just being sent is newer than the status.
    /// `record` is the record that the status says it has.
    pub(super) fn drop_recalled(&mut self, record: &str) {
        let in_flight = self.before.is_some();
        self.claims.retain(|claim| match &claim.what {
            What::Identifier(_) => in_flight,
            What::Record(_) => false,
            What::Takes(id) => id != record,
            _ => true,
        });
    }

    /// Calls `share` with the vault of each claim, and keeps no more memory than the claims take.
    pub(super) fn share_vaults(&mut self, mut share: impl FnMut(&mut Arc<VaultId>)) {
        let before = self.before.iter_mut().flat_map(|before| &mut before.claims);
        self.claims.iter_mut().chain(before).for_each(|claim| share(&mut claim.vault));
        self.claims.shrink_to_fit();
    }
}
