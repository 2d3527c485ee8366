//! P1, P7: what is true of the records of the vault after each step.

use std::collections::BTreeSet;

use super::Verdict;
use crate::histories::runner::Run;
use crate::histories::steps::Who;

pub(super) fn identifiers_are_unique(run: &Run) -> Verdict {
    let mut seen = BTreeSet::new();
    for record in run.world.sim.records() {
        if let Some(identifier) = record.identifier
            && !seen.insert(identifier.clone())
        {
            return Err(format!("P1: two records have identifier {identifier}"));
        }
    }
    Ok(())
}

/// A check of the check.
pub(super) fn the_model_is_right(run: &Run) -> Verdict {
    let records = run.world.sim.records();
    if records.len() != run.model.records.len() {
        return Err(format!("the test's model is wrong: {records:?} {:?}", run.model.records));
    }
    for record in records {
        let known = run.model.records.get(&record.id);
        let same = known.is_some_and(|known| {
            known.identifier == record.identifier
                && known.account == (record.username.clone(), record.hostname.clone())
                && known.rotates == record.automatic_change
        });
        if !same {
            return Err(format!("the test's model is wrong: {record:?} is {known:?}"));
        }
    }
    Ok(())
}

/// An object that was to disable its record goes when that is done, or when another object has the record.
pub(super) fn leaving_disabled(run: &mut Run) -> Verdict {
    for who in Who::all() {
        let object = run.model.object(who);
        if object.leaving.is_none() || run.credential(who).is_some() {
            continue;
        }
        let id = object.last_id.clone().unwrap_or_default();
        let own = run.clusters[who.cluster].identifier(&who.name());
        let is_others = Who::all().any(|other| {
            other != who
                && other.cluster == who.cluster
                && run.clusters[who.cluster].status(&other.name()).id.as_ref() == Some(&id)
        });
        let left = run.world.sim.record(&id).filter(|record| record.active && record.identifier == Some(own));
        if let (Some(record), false) = (left, is_others) {
            return Err(format!("P7: {who:?} is gone, and its record enabled: {record:?}"));
        }
        run.model.object_mut(who).leaving = None;
    }
    Ok(())
}
