//! From a spec to what rules turn on.

use std::collections::BTreeMap;

use crate::api::{EntryDeletionPolicy, EntryShare, Mode, MySafePassword, RECONCILE_REQUESTED_AT};
use crate::controller::safe_password::facts::secret_refs::references;
use crate::controller::secret::digest::plain;
use crate::domain::RecordId;
use crate::domain::safe_password::{
    Appearance, Desired, GROUPS_ALLOWED, NAME, NOTES, TAGS, URL, USERNAME, USERS_ALLOWED,
};

/// Returns what a spec asks for.
pub(crate) fn desired(object: &MySafePassword) -> Desired {
    let spec = &object.spec;
    Desired {
        deactivates: spec.deletion_policy == EntryDeletionPolicy::Deactivate,
        suspended: spec.suspend,
        plan: spec.mode == Mode::Plan,
        identifier: spec.identifier.as_deref().and_then(RecordId::parse),
        active: spec.active,
        groups: groups(object),
        secret_groups: references(spec).into_iter().map(|reference| reference.group).collect(),
    }
}

/// Returns how the spec has the entry look; `username` is the one from a Secret.
pub(crate) fn appearance(object: &MySafePassword, username: Option<&str>) -> Appearance {
    Appearance {
        name: name(object).to_owned(),
        username: object.spec.username.as_deref().or(username).map(str::to_owned),
        url: object.spec.url.clone().unwrap_or_default(),
    }
}

/// Returns the name of the entry.
pub(crate) fn name(object: &MySafePassword) -> &str {
    object.spec.name.as_deref().or(object.metadata.name.as_deref()).unwrap_or_default()
}

/// Returns the value of the annotation that asks for a write.
pub(crate) fn asked(object: &MySafePassword) -> Option<&str> {
    object.metadata.annotations.as_ref()?.get(RECONCILE_REQUESTED_AT).map(String::as_str)
}

/// Returns the digests of the groups of fields that do not come from Secrets.
fn groups(object: &MySafePassword) -> BTreeMap<String, String> {
    let spec = &object.spec;
    let text = |text: &Option<String>| text.as_deref().map(|text| plain(&[text]));
    let tags = spec.tags.as_ref().map(|tags| plain(&tags.iter().map(String::as_str).collect::<Vec<_>>()));
    let groups = [
        (NAME, Some(plain(&[name(object)]))),
        (USERNAME, text(&spec.username)),
        (URL, text(&spec.url)),
        (NOTES, text(&spec.notes)),
        (TAGS, tags),
        (USERS_ALLOWED, spec.users_allowed.as_deref().map(shares)),
        (GROUPS_ALLOWED, spec.groups_allowed.as_deref().map(shares)),
    ];
    groups.into_iter().filter_map(|(group, digest)| Some((group.to_owned(), digest?))).collect()
}

/// Returns the digest of a list of shares. The order says nothing: sorted otherwise, the list sends no e-mail.
fn shares(shares: &[EntryShare]) -> String {
    let mut all: Vec<[&str; 2]> = shares.iter().map(|share| [share.name.as_str(), right(share)]).collect();
    all.sort_unstable();
    plain(&all.concat())
}

fn right(share: &EntryShare) -> &'static str {
    if share.can_edit.unwrap_or(false) { "edit" } else { "view" }
}
