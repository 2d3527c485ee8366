//! Other credentials that a POST names (API 2.1 to 2.5). Nobody knows whether a PAM looks for them.

use serde_json::{Map, Value};

use super::post::text;
use super::schema::block;
use crate::answer::Refusal;
use crate::gateway::Caller;
use crate::state::State;

/// The blocks that say with which credential the PAM connects.
pub(super) const CONNECTING: [&str; 3] = ["execution_settings", "session_settings", "jit_settings"];
/// What they need if it is not the record's own.
pub(super) const AUTHENTICATION: [&str; 3] =
    ["authentication_credential", "authentication_hostname", "authentication_ip"];
const PARENT: [&str; 3] = ["parent_credential", "parent_hostname", "parent_ip"];
const RECONCILIATION: [&str; 3] = ["reconciliation_credential", "reconciliation_hostname", "reconciliation_ip"];

/// 1007 for a credential that is not there or not visible, if the knob says that they are looked for.
pub(super) fn check_references(state: &State, caller: &Caller, body: &Map<String, Value>) -> Result<(), Refusal> {
    if !state.behaviour.references_exist || (parent_is_there(state, caller, body) && accounts_are(state, caller, body))
    {
        return Ok(());
    }
    Err(Refusal::coded(1007))
}

fn parent_is_there(state: &State, caller: &Caller, body: &Map<String, Value>) -> bool {
    let id = match body.get("parent_password") {
        None => return true,
        Some(Value::String(digits)) => digits.parse().ok(),
        Some(number) => number.as_u64(),
    };
    id.is_some_and(|id| sees(state, caller, id))
}

fn accounts_are(state: &State, caller: &Caller, body: &Map<String, Value>) -> bool {
    let settings = CONNECTING.iter().filter_map(|&name| block(body, name));
    let mut named = settings
        .flat_map(|block| [AUTHENTICATION, PARENT, RECONCILIATION].map(|keys| keys.map(|key| text(block, key))));
    named.all(|account| match account {
        [None, None, None] => true,
        account => {
            let [username, hostname, ip] = account.map(Option::unwrap_or_default);
            let ids = state.store.with_account(&caller.tenant, username, hostname, ip, state.behaviour.addresses);
            ids.into_iter().any(|id| sees(state, caller, id))
        }
    })
}

fn sees(state: &State, caller: &Caller, id: u64) -> bool {
    let record = state.store.get(id).filter(|record| record.tenant == caller.tenant);
    record.is_some_and(|record| record.visible_to.contains(&caller.client_id))
}
