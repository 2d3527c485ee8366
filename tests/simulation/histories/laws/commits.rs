//! P4, P6: what a POST may have been executed on, and with which value.

use jiff::SignedDuration;
use pam_simulator::{Commit, Entry, Kind};

use super::{Post, SECONDS_OLD, Verdict, cluster_of, is_answered, post};
use crate::histories::model::{Account, Model, Origin, Record};
use crate::histories::runner::Run;
use crate::histories::steps::{DEVICES, Wanted, Who};

pub(super) fn committed(run: &mut Run, entry: &Entry, commit: &Commit) -> Verdict {
    match entry.kind {
        Kind::PostCredential => posted(run, entry, commit),
        Kind::PutCredential => enabled(run, entry),
        Kind::DeleteCredential => {
            if let Some(record) = entry.target.as_ref().and_then(|id| run.model.records.get_mut(id)) {
                record.disabled = true;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// P7: only the own record of an object that would disable it, and that was there before, is enabled.
fn enabled(run: &mut Run, entry: &Entry) -> Verdict {
    let cluster = cluster_of(entry)?;
    let id = entry.target.clone().unwrap_or_default();
    let asks = |who: &Who| {
        let object = run.model.object(*who);
        let disables = object.specs_since(entry.at - SECONDS_OLD).any(|spec| spec.disable);
        who.cluster == cluster && object.ids.contains(&id) && disables
    };
    if !Who::all().any(|who| asks(&who)) {
        return Err(format!("P7: record {id} was enabled, and nobody asked: {entry:?}"));
    }
    if let Some(record) = run.model.records.get_mut(&id) {
        record.disabled = false;
    }
    Ok(())
}

fn posted(run: &mut Run, entry: &Entry, commit: &Commit) -> Verdict {
    let post = post(run, entry)?;
    let id = entry.record.clone().unwrap_or_default();
    let own = run.clusters[post.who.cluster].identifier(&post.who.name());
    // What is executed when nobody waits for it any more is repaired, not prevented.
    let late = commit.at.duration_since(entry.at) > SignedDuration::from_secs(1);
    if let Some(before) = run.model.records.get(&id).cloned() {
        if !late {
            let hidden = run.is_hidden(post.who.cluster, &id);
            onto_its_own(&mut run.model, &post, &id, &before, &own, hidden)?;
            // Whether the vault rotates what it hides, it does not say.
            if !hidden {
                what_the_vault_rotated_stays(&run.model, &post, &before)?;
            }
        }
    } else {
        let object = run.model.object_mut(post.who);
        object.strange |= !object.ids.is_empty();
        object.ids.insert(id.clone());
    }
    write(&mut run.model, &post, &id, own, commit, late);
    Ok(())
}

/// P4: no record but its own is written, unless the spec says so; and after an answer that showed another one, nothing more
/// without a word of the user.
fn onto_its_own(
    model: &mut Model,
    post: &Post<'_>,
    id: &String,
    before: &Record,
    own: &String,
    hidden: bool,
) -> Verdict {
    let (who, at) = (post.who, post.entry.at);
    let object = model.object(who);
    if object.ids.contains(id) {
        return Ok(());
    }
    if let Some((stray, told)) = &object.stray {
        let heard = object.asked(false).max(object.specified()) >= *told;
        if stray == id && !heard && !model.may_have_forgotten(who.cluster, *told) {
            return Err(format!("P4: {who:?} wrote record {id} again, which it was told is not its own"));
        }
    }
    let specs: Vec<&Wanted> = object.specs_since(at - SECONDS_OLD).collect();
    let natural = before.identifier.as_ref() == Some(own)
        && specs.iter().any(|spec| spec.adoption != "Never" && account(spec) == before.account);
    // A write of its own that was executed late has put its identifier there: nothing tells that it met another's record.
    let natural = natural || (before.identifier.as_ref() == Some(own) && before.identity.1 == Some(who));
    let takes_over = specs.iter().any(|spec| spec.adoption == "TakeOver");
    // Its object goes, and lets this one have it.
    let is_handed_over = |other: Who| {
        let known = model.object(other);
        let to = known.hands_over.is_none_or(|to| to == who.number);
        other.cluster == who.cluster && other != who && known.leaving.is_some() && known.ids.contains(id) && to
    };
    let accepts = specs.iter().any(|spec| spec.adoption != "Never" && account(spec) == before.account);
    let takes_over = takes_over || (accepts && Who::all().any(is_handed_over));
    let raced = at.duration_since(before.identity.0) <= SECONDS_OLD && before.identity.1 != Some(who);
    // Our own record is written without a look at the list, unless its account changes.
    let unseen = !object.ids.is_empty() && object.account.as_ref() == Some(&post.account);
    let object = model.object_mut(who);
    if (natural || takes_over) && !hidden {
        object.ids.insert(id.clone());
    } else if raced || unseen || hidden {
        object.strange = true;
        object.stray = is_answered(post.entry).then(|| (id.clone(), at));
    } else {
        return Err(format!("P4: {who:?} wrote record {id}, which was {before:?}"));
    }
    Ok(())
}

pub fn account(spec: &Wanted) -> Account {
    (spec.username.clone(), DEVICES[spec.device].0.to_owned())
}

/// P6: a value that the vault rotated gives way only to one that is new in Kubernetes, or that somebody asked for.
fn what_the_vault_rotated_stays(model: &Model, post: &Post<'_>, before: &Record) -> Verdict {
    let (Some(content), Origin::Vault(rotated)) = (&post.content, &before.value) else { return Ok(()) };
    let (object, at) = (model.object(post.who), post.entry.at);
    let just_set = at.duration_since(before.rotates_since) <= SECONDS_OLD;
    if !before.rotates || just_set {
        return Ok(());
    }
    let known = object.acknowledged.as_ref();
    let is_new = known.is_some_and(|(_, value)| value != content);
    let asked = object.asked(true) >= known.map_or(object.since(), |(at, _)| *at);
    let forgotten = known.is_some_and(|(at, _)| model.may_have_forgotten(post.who.cluster, *at));
    if is_new || asked || object.unanswered.is_some() || forgotten {
        return Ok(());
    }
    Err(format!("P6: {:?} sent an old value over one that the vault rotated at {rotated}", post.who))
}

/// Takes what a POST did into the model.
fn write(model: &mut Model, post: &Post<'_>, id: &str, own: String, commit: &Commit, late: bool) {
    let answered = is_answered(post.entry);
    let (who, at) = (post.who, commit.at);
    let before = model.records.get(id);
    let same = before.is_some_and(|before| before.identifier.as_ref() == Some(&own) && before.account == post.account);
    let rotates = post.rotates.or(before.map(|before| before.rotates)).unwrap_or_default();
    let rotates_since = before.filter(|before| before.rotates == rotates).map_or(at, |before| before.rotates_since);
    let value = match before {
        _ if post.content.is_some() => Origin::Written { who, at, sent: post.entry.at, lost: late || !answered },
        Some(before) => before.value.clone(),
        None => Origin::Nobody,
    };
    let record = Record {
        disabled: before.is_some_and(|before| before.disabled),
        identifier: Some(own),
        account: post.account.clone(),
        identity: before.filter(|_| same).map_or((at, Some(who)), |before| before.identity),
        rotates,
        rotates_since,
        value,
        last: Some(who),
        sent: post.entry.at,
        writers: before.map(|before| before.writers.clone()).unwrap_or_default().into_iter().chain([who]).collect(),
    };
    model.records.insert(id.to_owned(), record);
    let object = model.object_mut(who);
    if answered {
        object.account = Some(post.account.clone());
        if let Some(content) = &post.content {
            object.acknowledged = Some((at, content.clone()));
            object.unanswered = object.unanswered.filter(|unanswered| *unanswered > post.entry.seq);
        } else if object.acknowledged.is_none() {
            // The one that was there is held back, and what comes after it is new.
            object.acknowledged = Some((at, object.newest().to_owned()));
        }
    }
}
