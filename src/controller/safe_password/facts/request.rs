//! What is sent for an entry.

use crate::api::{EntryShare, MySafePasswordSpec};
use crate::controller::safe_password::facts::desired;
use crate::controller::safe_password::facts::observation::Observation;
use crate::domain::safe_password::{
    CONTENT, GROUPS_ALLOWED, NAME, NOTES, TAGS, TOTP, URL, USERNAME, USERS_ALLOWED, Write, tag,
};
use crate::pam::{Edit, EntryChange, EntryFields, NewEntry, Share};

/// Returns the entry that is made; `None` while the Secrets have not been read. It is shared with nobody: whoever sees an
/// entry sees its tag, too.
pub(crate) fn new_entry(observed: &Observation<'_>) -> Option<NewEntry> {
    let (spec, secrets) = (&observed.object.spec, observed.found.secrets.as_ref()?);
    Some(NewEntry {
        name: desired::name(observed.object).to_owned(),
        username: username(observed)?,
        password: secrets.content.clone()?,
        rest: EntryFields {
            url: edit(spec.url.clone()),
            secret_key: edit(secrets.totp.clone()),
            notes: edit(spec.notes.clone()),
            tags: Edit::Set(tags(spec, &own_tag(observed, observed.status.attempt.saturating_add(1)))),
            users_allowed: None,
            groups_allowed: None,
        },
    })
}

/// Returns the change that sends the groups of fields that are due, and no others.
pub(crate) fn change(observed: &Observation<'_>) -> EntryChange {
    let (spec, due) = (&observed.object.spec, observed.input().content(Write::Update));
    let is_due = |group: &str| due.contains_key(group);
    let text = |group: &str, text: &Option<String>| edit(text.clone().filter(|_| is_due(group)));
    let secrets = observed.found.secrets.as_ref();
    let tag = || tags(spec, &own_tag(observed, observed.status.attempt));
    let sent = |group: &str, of: &Option<Vec<EntryShare>>| of.as_deref().filter(|_| is_due(group)).map(shares);
    EntryChange {
        name: is_due(NAME).then(|| desired::name(observed.object).to_owned()),
        username: username(observed).filter(|_| is_due(USERNAME)),
        password: secrets.and_then(|secrets| secrets.content.clone()).filter(|_| is_due(CONTENT)),
        rest: EntryFields {
            url: text(URL, &spec.url),
            secret_key: edit(secrets.and_then(|secrets| secrets.totp.clone()).filter(|_| is_due(TOTP))),
            notes: text(NOTES, &spec.notes),
            tags: edit(is_due(TAGS).then(tag)),
            users_allowed: sent(USERS_ALLOWED, &spec.users_allowed),
            groups_allowed: sent(GROUPS_ALLOWED, &spec.groups_allowed),
        },
    }
}

fn username(observed: &Observation<'_>) -> Option<String> {
    let read = observed.found.secrets.as_ref().and_then(|secrets| secrets.username.as_ref());
    observed.object.spec.username.clone().or_else(|| read.map(|username| username.to_string()))
}

fn own_tag(observed: &Observation<'_>, attempt: u32) -> String {
    tag(&observed.keyed, observed.uid(), attempt)
}

/// Returns the tags of the spec behind the object's own: what cuts a long text, MySafe or a limit on what is kept of a list,
/// leaves that one.
fn tags(spec: &MySafePasswordSpec, own: &str) -> Vec<String> {
    [own.to_owned()].into_iter().chain(spec.tags.iter().flatten().cloned()).collect()
}

fn shares(shares: &[EntryShare]) -> Vec<Share> {
    let share = |share: &EntryShare| Share { name: share.name.clone(), can_edit: share.can_edit.unwrap_or(false) };
    shares.iter().map(share).collect()
}

fn edit<T>(value: Option<T>) -> Edit<T> {
    value.map_or(Edit::Keep, Edit::Set)
}
