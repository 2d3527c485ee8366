//! Sharing an entry: with whom it can be shared, and who gets an e-mail about it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::entry::{SafeEntry, Share};
use super::rules::{SafeRules, SharedErrorForm};
use crate::state::State;

/// Whom an entry could not be shared with, as `shared_error` says it.
pub(super) type Unshared = Vec<Value>;

/// Replaces the shares of an entry by those that are sent; those who are new to it get an e-mail (since 4.0).
pub(super) fn share(
    state: &mut State,
    entry: &mut SafeEntry,
    users: Option<Vec<Share>>,
    groups: Option<Vec<Share>>,
) -> Unshared {
    let rules = &state.behaviour.my_safe;
    let had = recipients(rules, &entry.users, &entry.groups);
    let mut told = BTreeSet::new();
    let mut unshared = Vec::new();
    if let Some(users) = users {
        let known = |share: &Share| is_user(state, &share.name);
        let (shared, unknown): (Vec<_>, Vec<_>) = users.into_iter().partition(known);
        unshared.extend(unknown.iter().map(|share| shared_error(rules, "username", "User", share)));
        told.extend(recipients(rules, &shared, &[]));
        entry.users = shared;
    }
    if let Some(groups) = groups {
        let (shared, unknown): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|share| rules.groups.contains_key(&share.name));
        unshared.extend(unknown.iter().map(|share| shared_error(rules, "name", "Group", share)));
        told.extend(recipients(rules, &[], &shared));
        entry.groups = shared;
    }
    if !rules.unchanged_shares_mail {
        told.retain(|user| !had.contains(user));
    }
    if state.profile.mails_shares {
        for user in told {
            *state.mails.entry(user).or_default() += 1;
        }
    }
    unshared
}

fn is_user(state: &State, name: &str) -> bool {
    let mut keys = state.authorizations.values().filter_map(|client| client.access_key.as_ref());
    state.behaviour.my_safe.users.contains(name) || keys.any(|key| key.user == name)
}

/// The users whom these shares reach.
fn recipients(rules: &SafeRules, users: &[Share], groups: &[Share]) -> BTreeSet<String> {
    let members = groups.iter().filter_map(|share| rules.groups.get(&share.name)).flatten().cloned();
    users.iter().map(|share| share.name.clone()).chain(members).collect()
}

fn shared_error(rules: &SafeRules, key: &str, what: &str, share: &Share) -> Value {
    let name = &share.name;
    match rules.shared_error {
        SharedErrorForm::Texts => format!("{what} '{name}' not found").into(),
        SharedErrorForm::Objects => json!({ key: name, "message": format!("{what} not found") }),
        SharedErrorForm::Nameless => format!("{what} not found").into(),
    }
}
