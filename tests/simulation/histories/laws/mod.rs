//! What must be true after every step (P1, P3, P4, P5, P6, P7), told from the PAM's journal alone.

mod commits;
mod records;

pub use commits::account;
use commits::committed;
use jiff::{SignedDuration, Timestamp};
use pam_simulator::{Entry, Journal, Kind};
use records::{identifiers_are_unique, leaving_disabled, the_model_is_right};
use serde_json::Value;

use super::model::{Account, Model};
use super::runner::Run;
use super::steps::{CLUSTERS, Who};
use crate::support::NAMESPACE;

/// A list is this old at most when it is acted on: it is waited for, and so is a worker slot.
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
pub fn check(run: &mut Run) -> Verdict {
    note_trouble(run);
    let journal = run.world.sim.journal();
    let seen = run.model.seen;
    for entry in journal.entries().iter().filter(|entry| entry.seq > seen) {
        arrived(run, entry)?;
        run.model.seen = entry.seq;
    }
    let done = run.model.commits;
    for entry in journal.commits() {
        if let Some(commit) = entry.commit.as_ref().filter(|commit| commit.order > done) {
            run.model.commits = commit.order;
            committed(run, entry, commit)?;
        }
    }
    // Only now: what a status names because of a wrong write is not right by that.
    note_statuses(run);
    identifiers_are_unique(run)?;
    the_model_is_right(run)?;
    leaving_disabled(run)
}

/// What each status names is that object's.
fn note_statuses(run: &mut Run) {
    for who in Who::all() {
        if let Some(credential) = run.credential(who) {
            let object = run.model.object_mut(who);
            object.last_id = credential.status.and_then(|status| status.id);
            object.ids.extend(object.last_id.clone());
        }
    }
}

/// Writes of status that went wrong.
fn note_trouble(run: &mut Run) {
    for cluster in 0..CLUSTERS.len() {
        let writes = run.clusters[cluster].api.requests().verb("patch").resource("pamcredentials/status");
        let failed = writes.iter().filter(|write| write.code != 200).map(|write| write.at).max();
        let troubled = &mut run.model.clusters[cluster].troubled;
        *troubled = failed.unwrap_or(*troubled).max(*troubled);
    }
}

fn cluster_of(entry: &Entry) -> Result<usize, String> {
    let cluster = CLUSTERS.iter().position(|name| entry.referrer.as_deref() == Some(*name));
    cluster.ok_or_else(|| format!("whose call is this? {entry:?}"))
}

fn post<'a>(run: &Run, entry: &'a Entry) -> Result<Post<'a>, String> {
    let cluster = cluster_of(entry)?;
    let own = |who: &Who| entry.target.as_ref() == Some(&run.clusters[cluster].identifier(&who.name()));
    let who = Who::all().filter(|who| who.cluster == cluster).find(own);
    let who = who.ok_or_else(|| format!("an identifier that is none of {}: {:?}", CLUSTERS[cluster], entry.target))?;
    let body = run.world.sim.body_of(entry.seq).unwrap_or_default();
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

fn arrived(run: &mut Run, entry: &Entry) -> Verdict {
    match entry.kind {
        Kind::PostCredential => {
            let post = post(run, entry)?;
            resting_is_resting(&run.model, &post)?;
            values_go_forward(&mut run.model, &post)
        }
        Kind::DeleteCredential => only_what_was_asked_is_disabled(run, entry),
        Kind::Token | Kind::ListCredentials => Ok(()),
        Kind::GetCredential | Kind::ReleaseCustody => Err(format!("P5: a secret was asked for: {entry:?}")),
        _ => Err(format!("nobody asked for this: {entry:?}")),
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
        Some((index, _)) => {
            object.sent = index;
            Ok(())
        }
        None => Err(format!("P3: {:?} sent a value that is older than the one before, or nobody's", post.who)),
    }
}

/// P7: only the record of an object that is deleted, and was to disable it.
fn only_what_was_asked_is_disabled(run: &Run, entry: &Entry) -> Verdict {
    let cluster = cluster_of(entry)?;
    let id = entry.target.clone().unwrap_or_default();
    let asked = Who::all().filter(|who| who.cluster == cluster).find(|who| {
        let leaving = run.model.object(*who).leaving.as_ref();
        leaving.is_some_and(|since| *since <= entry.at) && run.model.object(*who).ids.contains(&id)
    });
    let Some(who) = asked else { return Err(format!("P7: record {id} was disabled, and nobody asked: {entry:?}")) };
    let Some(record) = run.model.records.get(&id) else { return Ok(()) };
    let own = run.clusters[cluster].identifier(&who.name());
    let is_ours = record.identifier.as_ref() == Some(&own) || entry.at.duration_since(record.identity.0) <= SECONDS_OLD;
    if is_ours { Ok(()) } else { Err(format!("P7: {who:?} disabled record {id}, which is {record:?}")) }
}

/// The finalizer by which an object waits until its record is disabled.
pub fn has_finalizer(run: &Run, who: Who) -> bool {
    let object = run.clusters[who.cluster].api.get("pamcredentials", NAMESPACE, &who.name());
    object.is_some_and(|object| object["metadata"]["finalizers"].as_array().is_some_and(|all| !all.is_empty()))
}

/// Whether a list of that cluster began in between.
pub fn was_listed(journal: &Journal, cluster: usize, since: Timestamp, until: Timestamp) -> bool {
    // One that ends early is answered, too.
    let whole = |list: &Entry| is_answered(list) && list.fault.is_none();
    let by_us = |list: &&Entry| list.referrer.as_deref() == Some(CLUSTERS[cluster]) && whole(list);
    journal.of(Kind::ListCredentials).filter(by_us).any(|list| list.at > since && list.at < until)
}
