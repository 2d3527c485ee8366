//! What must be true after every step, told from the PAM's journal alone.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use pam_simulator::{Commit, Entry, Journal, Kind};
use serde_json::Value;

use super::model::{Account, Model, Origin, Record};
use super::runner::Play;
use super::steps::{CLUSTERS, DEVICES, Wanted, Who};
use crate::support::NAMESPACE;

/// A list is this old at most when it is acted on: it is waited for, and so is a place with the PAM.
const SECONDS_OLD: SignedDuration = SignedDuration::from_secs(130);
/// Whoever was suspended for so long has no pass under way that began before.
const LONG: SignedDuration = SignedDuration::from_mins(5);

type Verdict = Result<(), String>;

/// One POST.
struct Post<'a> {
    who: Who,
    entry: &'a Entry,
    account: Account,
    content: Option<String>,
    rotates: Option<bool>,
}

/// Holds what happened since the last time against the laws.
pub fn check(play: &mut Play) -> Verdict {
    note_trouble(play);
    let journal = play.world.sim.journal();
    let seen = play.model.seen;
    for entry in journal.entries().iter().filter(|entry| entry.seq > seen) {
        arrived(play, entry)?;
        play.model.seen = entry.seq;
    }
    let done = play.model.commits;
    for entry in journal.commits() {
        if let Some(commit) = entry.commit.as_ref().filter(|commit| commit.order > done) {
            play.model.commits = commit.order;
            committed(play, entry, commit)?;
        }
    }
    // Only now: what a status names because of a wrong write is not right by that.
    note_statuses(play);
    identifiers_are_unique(play)?;
    the_model_is_right(play)?;
    leaving_disabled(play)
}

/// What each status names is that object's.
fn note_statuses(play: &mut Play) {
    for who in Who::all() {
        if let Some(credential) = play.credential(who) {
            let object = play.model.object_mut(who);
            object.last_id = credential.status.and_then(|status| status.id);
            object.ids.extend(object.last_id.clone());
        }
    }
}

/// Writes of status that went wrong.
fn note_trouble(play: &mut Play) {
    for site in 0..CLUSTERS.len() {
        let writes = play.sites[site].cluster.requests().verb("patch").resource("pamcredentials/status");
        let failed = writes.iter().filter(|write| write.code != 200).map(|write| write.at).max();
        let troubled = &mut play.model.clusters[site].troubled;
        *troubled = failed.unwrap_or(*troubled).max(*troubled);
    }
}

fn site_of(entry: &Entry) -> Result<usize, String> {
    let site = CLUSTERS.iter().position(|name| entry.referrer.as_deref() == Some(*name));
    site.ok_or_else(|| format!("whose call is this? {entry:?}"))
}

fn post<'a>(play: &Play, entry: &'a Entry) -> Result<Post<'a>, String> {
    let site = site_of(entry)?;
    let own = |who: &Who| entry.target.as_ref() == Some(&play.sites[site].identifier(&who.name()));
    let who = Who::all().filter(|who| who.site == site).find(own);
    let who = who.ok_or_else(|| format!("an identifier that is none of {}: {:?}", CLUSTERS[site], entry.target))?;
    let body = play.world.sim.body_of(entry.seq).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(Post {
        who,
        entry,
        account: (text(&body["username"]), text(&body["hostname"])),
        content: body["content"].as_str().map(str::to_owned),
        rotates: body["execution_settings"]["automatic_change"].as_bool(),
    })
}

fn is_answered(entry: &Entry) -> bool {
    entry.status.is_some_and(|status| (200..300).contains(&status))
}

// === What was asked of the PAM

fn arrived(play: &mut Play, entry: &Entry) -> Verdict {
    match entry.kind {
        Kind::PostCredential => {
            let post = post(play, entry)?;
            resting_is_resting(&play.model, &post)?;
            values_go_forward(&mut play.model, &post)
        }
        Kind::DeleteCredential => only_what_was_asked_is_disabled(play, entry),
        Kind::Token | Kind::ListCredentials => Ok(()),
        Kind::GetCredential | Kind::ReleaseCustody => Err(format!("P5: a secret was asked for: {entry:?}")),
        Kind::PutCredential | Kind::Other => Err(format!("nobody asked for this: {entry:?}")),
    }
}

/// What is suspended, or only plans, writes nothing.
fn resting_is_resting(model: &Model, post: &Post<'_>) -> Verdict {
    let mut specs = model.object(post.who).specs_since(post.entry.at - LONG);
    let rests = specs.all(|wanted| wanted.suspend || wanted.plan);
    if rests { Err(format!("{:?} is suspended, or plans, and wrote", post.who)) } else { Ok(()) }
}

/// P3: no value is sent after a newer one.
fn values_go_forward(model: &mut Model, post: &Post<'_>) -> Verdict {
    let Some(content) = &post.content else { return Ok(()) };
    let at = post.entry.at;
    let object = model.object_mut(post.who);
    if !is_answered(post.entry) {
        object.unanswered = Some(post.entry.seq);
    }
    let mut from = object.values.iter().enumerate().skip(object.sent);
    match from.find(|(_, (since, value))| *since <= at && value == content) {
        Some((place, _)) => {
            object.sent = place;
            Ok(())
        }
        None => Err(format!("P3: {:?} sent a value that is older than the one before, or nobody's", post.who)),
    }
}

/// P7: only the record of an object that is deleted, and was to disable it.
fn only_what_was_asked_is_disabled(play: &Play, entry: &Entry) -> Verdict {
    let site = site_of(entry)?;
    let id = entry.target.clone().unwrap_or_default();
    let asked = Who::all().filter(|who| who.site == site).find(|who| {
        let leaving = play.model.object(*who).leaving.as_ref();
        leaving.is_some_and(|since| *since <= entry.at) && play.model.object(*who).ids.contains(&id)
    });
    let Some(who) = asked else { return Err(format!("P7: record {id} was disabled, and nobody asked: {entry:?}")) };
    let Some(record) = play.model.records.get(&id) else { return Ok(()) };
    let own = play.sites[site].identifier(&who.name());
    let is_ours = record.identifier.as_ref() == Some(&own) || entry.at.duration_since(record.identity.0) <= SECONDS_OLD;
    if is_ours { Ok(()) } else { Err(format!("P7: {who:?} disabled record {id}, which is {record:?}")) }
}

// === What the PAM did

fn committed(play: &mut Play, entry: &Entry, commit: &Commit) -> Verdict {
    if entry.kind != Kind::PostCredential {
        return Ok(());
    }
    let post = post(play, entry)?;
    let id = entry.record.clone().unwrap_or_default();
    let own = play.sites[post.who.site].identifier(&post.who.name());
    // What is executed when nobody waits for it any more is repaired, not prevented.
    let late = commit.at.duration_since(entry.at) > SignedDuration::from_secs(1);
    if let Some(before) = play.model.records.get(&id).cloned() {
        if !late {
            let hidden = play.is_hidden(post.who.site, &id);
            onto_its_own(&mut play.model, &post, (&id, &before, &own), hidden)?;
            // Whether the vault rotates what it hides, it does not say.
            if !hidden {
                what_the_vault_rotated_stays(&play.model, &post, &before)?;
            }
        }
    } else {
        let object = play.model.object_mut(post.who);
        object.strange |= !object.ids.is_empty();
        object.ids.insert(id.clone());
    }
    write(&mut play.model, &post, (&id, own), (commit, late));
    Ok(())
}

/// P4: no record but its own is written, unless the spec says so; and after an answer that showed another one, nothing more
/// without a word of the user.
fn onto_its_own(
    model: &mut Model,
    post: &Post<'_>,
    (id, before, own): (&String, &Record, &String),
    hidden: bool,
) -> Verdict {
    let (who, at) = (post.who, post.entry.at);
    let object = model.object(who);
    if object.ids.contains(id) {
        return Ok(());
    }
    if let Some((stray, told)) = &object.stray {
        let heard = object.asked(false).max(object.specified()) >= *told;
        if stray == id && !heard && !model.may_have_forgotten(who.site, *told) {
            return Err(format!("P4: {who:?} wrote record {id} again, which it was told is not its own"));
        }
    }
    let specs: Vec<&Wanted> = object.specs_since(at - SECONDS_OLD).collect();
    let natural = before.identifier.as_ref() == Some(own)
        && specs.iter().any(|spec| spec.adoption != "Never" && account(spec) == before.account);
    // A write of its own that was executed late has put its identifier there: nothing tells that it met another's record.
    let natural = natural || (before.identifier.as_ref() == Some(own) && before.identity.1 == Some(who));
    let takes_over = specs.iter().any(|spec| spec.adoption == "TakeOver");
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
    let forgotten = known.is_some_and(|(at, _)| model.may_have_forgotten(post.who.site, *at));
    if is_new || asked || object.unanswered.is_some() || forgotten {
        return Ok(());
    }
    Err(format!("P6: {:?} sent an old value over one that the vault rotated at {rotated}", post.who))
}

/// Takes what a POST did into the model.
fn write(model: &mut Model, post: &Post<'_>, (id, own): (&str, String), (commit, late): (&Commit, bool)) {
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

// === What is in the vault

fn identifiers_are_unique(play: &Play) -> Verdict {
    let mut seen = BTreeSet::new();
    for record in play.world.sim.records() {
        if let Some(identifier) = record.identifier
            && !seen.insert(identifier.clone())
        {
            return Err(format!("P1: two records have identifier {identifier}"));
        }
    }
    Ok(())
}

/// A check of the check.
fn the_model_is_right(play: &Play) -> Verdict {
    let records = play.world.sim.records();
    if records.len() != play.model.records.len() {
        return Err(format!("the test's model is wrong: {records:?} {:?}", play.model.records));
    }
    for record in records {
        let known = play.model.records.get(&record.id);
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
fn leaving_disabled(play: &mut Play) -> Verdict {
    for who in Who::all() {
        let object = play.model.object(who);
        if object.leaving.is_none() || play.credential(who).is_some() {
            continue;
        }
        let id = object.last_id.clone().unwrap_or_default();
        let own = play.sites[who.site].identifier(&who.name());
        let is_others = Who::all().any(|other| {
            other != who
                && other.site == who.site
                && play.sites[who.site].status(&other.name()).id.as_ref() == Some(&id)
        });
        let left = play.world.sim.record(&id).filter(|record| record.active && record.identifier == Some(own));
        if let (Some(record), false) = (left, is_others) {
            return Err(format!("P7: {who:?} is gone, and its record enabled: {record:?}"));
        }
        play.model.object_mut(who).leaving = None;
    }
    Ok(())
}

/// The finalizer by which an object waits until its record is disabled.
pub fn has_finalizer(play: &Play, who: Who) -> bool {
    let object = play.sites[who.site].cluster.get("pamcredentials", NAMESPACE, &who.name());
    object.is_some_and(|object| object["metadata"]["finalizers"].as_array().is_some_and(|all| !all.is_empty()))
}

/// Whether a list of that cluster began in between.
pub fn was_listed(journal: &Journal, site: usize, since: Timestamp, until: Timestamp) -> bool {
    // One that ends early is answered, too.
    let whole = |list: &Entry| is_answered(list) && list.fault.is_none();
    let by_us = |list: &&Entry| list.referrer.as_deref() == Some(CLUSTERS[site]) && whole(list);
    journal.of(Kind::ListCredentials).filter(by_us).any(|list| list.at > since && list.at < until)
}
