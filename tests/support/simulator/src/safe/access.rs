//! Who reaches MySafe, and which entries.

use std::collections::BTreeSet;

use super::entry::{SafeEntry, Share};
use crate::answer::Refusal;
use crate::call::{Call, Kind};
use crate::gateway::Caller;
use crate::state::State;

/// The user behind an access key.
pub(super) struct Visitor {
    pub(super) client_id: String,
    pub(super) tenant: String,
    pub(super) user: String,
    /// The entries that the key was made for; absent: all of the user's.
    specified: Option<BTreeSet<String>>,
}

impl Visitor {
    /// The user whose access key calls; an A2A authorization is none, and cannot be given MySafe.
    pub(super) fn of(state: &State, caller: &Caller) -> Result<Self, Refusal> {
        let client = state.authorizations.get(&caller.client_id);
        let key = client.and_then(|client| client.access_key.as_ref()).ok_or_else(Refusal::not_authorized)?;
        Ok(Self {
            client_id: caller.client_id.clone(),
            tenant: caller.tenant.clone(),
            user: key.user.clone(),
            specified: key.specified.clone(),
        })
    }

    /// Whether the key was made for this entry.
    fn reaches(&self, state: &State, entry: &SafeEntry) -> bool {
        let own = state.behaviour.my_safe.specified_sees_own && entry.made_by.as_ref() == Some(&self.client_id);
        let specified = self.specified.as_ref();
        entry.tenant == self.tenant && specified.is_none_or(|all| own || all.contains(&entry.id.to_string()))
    }

    pub(super) fn may_view(&self, state: &State, entry: &SafeEntry) -> bool {
        self.reaches(state, entry) && (entry.owner == self.user || self.shares(state, entry).next().is_some())
    }

    pub(super) fn may_edit(&self, state: &State, entry: &SafeEntry) -> bool {
        let editor = || self.shares(state, entry).any(|share| share.can_edit);
        self.reaches(state, entry) && (entry.owner == self.user || editor())
    }

    /// The shares of an entry that the user has, by himself or in a group.
    fn shares<'a>(&'a self, state: &'a State, entry: &'a SafeEntry) -> impl Iterator<Item = &'a Share> {
        let groups = &state.behaviour.my_safe.groups;
        let member = |share: &&Share| groups.get(&share.name).is_some_and(|members| members.contains(&self.user));
        let own = entry.users.iter().filter(|share| share.name == self.user);
        own.chain(entry.groups.iter().filter(member))
    }
}

/// The entry that a path names, if the user may look at it.
pub(super) fn visible(state: &State, visitor: &Visitor, kind: Kind, key: &str) -> Result<u64, Refusal> {
    found(state, visitor, kind, key, Visitor::may_view)
}

/// The entry that a path names, if the user may change it.
pub(super) fn editable(state: &State, visitor: &Visitor, kind: Kind, key: &str) -> Result<u64, Refusal> {
    found(state, visitor, kind, key, Visitor::may_edit)
}

fn found(
    state: &State,
    visitor: &Visitor,
    kind: Kind,
    key: &str,
    may: impl Fn(&Visitor, &State, &SafeEntry) -> bool,
) -> Result<u64, Refusal> {
    let digits = key.bytes().all(|byte| byte.is_ascii_digit());
    if !digits && kind == Kind::GetSafePassword {
        return Err(coded(1010));
    }
    let entry = key.parse().ok().filter(|_| digits).and_then(|id| state.store.safe.get(id));
    let entry = entry.filter(|entry| entry.tenant == visitor.tenant).ok_or_else(unknown)?;
    if may(visitor, state, entry) {
        return Ok(entry.id);
    }
    let as_documented = kind == Kind::PutSafePassword && state.profile.bare_reads;
    let as_unknown = state.behaviour.my_safe.outside_is_unknown.unwrap_or(as_documented);
    let refusal = if as_unknown { unknown() } else { coded(1006) };
    Err(refusal.about(entry.id))
}

/// That there is no such entry.
pub(super) fn unknown() -> Refusal {
    coded(1005)
}

/// One of MySafe's own errors: its codes mean other things than PAM Core's (API 1.7).
pub(crate) fn coded(code: u16) -> Refusal {
    let text = match code {
        1001 => "Parameter 'name' was not informed!",
        1005 => "Password not found",
        1006 => "User does not have access",
        1009 => "Inactive password",
        1010 => "Unexpected identifier type",
        _ => "Error",
    };
    Refusal::coded_as(code, text)
}

/// None of these calls takes a query; a GET may come with one all the same.
pub(super) fn no_query(state: &State, call: &Call) -> Result<(), Refusal> {
    let harmless = call.method == "GET" && state.behaviour.permits.query;
    if call.query.is_none() || harmless {
        return Ok(());
    }
    Err(Refusal::simulator("this call takes no query parameters"))
}
