//! The application behind the gateway: PAM Core's credentials (API 2, 4.1, 4.2, 6.1) and devices (API 6.2).

pub(crate) mod body;
mod device;
mod item;
mod list;
mod parent;
mod post;
mod references;
pub(crate) mod schema;
mod upsert;

use crate::answer::Refusal;
use crate::call::{Call, Kind, Route};
use crate::gateway::Caller;
use crate::state::{Executed, State};

/// Executes an admitted call.
pub(crate) fn execute(state: &mut State, call: &Call, caller: &Caller) -> Result<Executed, Refusal> {
    if call.route == Route::UnknownResource {
        return Err(Refusal::unknown_resource());
    }
    permitted(state, call, caller)?;
    no_query(state, call)?;
    match &call.route {
        Route::Upsert => upsert::upsert(state, call, caller),
        Route::List => list::list(state, caller),
        Route::Item(kind, key) => item::execute(state, caller, *kind, key),
        Route::Custody(key) => item::execute(state, caller, Kind::ReleaseCustody, key),
        Route::Device(kind, key) => device::execute(state, call, caller, *kind, key.as_deref()),
        Route::Safe(..) | Route::Token | Route::AccessKeyToken | Route::UnknownResource | Route::Unrouted => {
            Err(Refusal::unknown_resource())
        }
    }
}

/// Access to PAM Core at all (500), then write permission (1039), in the order of API 10.7.
fn permitted(state: &State, call: &Call, caller: &Caller) -> Result<(), Refusal> {
    let client = state.authorizations.get(&caller.client_id).ok_or_else(Refusal::not_authorized)?;
    if !client.pam_core || client.access_key.is_some() {
        return Err(Refusal::not_authorized());
    }
    let released_by_reader = matches!(call.route, Route::Custody(_)) && !state.behaviour.reading.release_needs_write;
    if client.read_only && call.method != "GET" && !released_by_reader {
        return Err(Refusal::coded(1039));
    }
    Ok(())
}

/// No documented call takes a query; one that comes with it thinks that it means something. Real clients send one with
/// their GETs all the same.
fn no_query(state: &State, call: &Call) -> Result<(), Refusal> {
    let harmless = call.method == "GET" && state.behaviour.permits.query;
    match &call.query {
        Some(_) if !harmless => Err(Refusal::simulator("this call takes no query parameters")),
        _ => Ok(()),
    }
}
