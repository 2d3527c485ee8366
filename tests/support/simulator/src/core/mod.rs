//! The application behind the gateway: PAM Core's credential resource (API 2, 4.1, 4.2, 6.1).

mod item;
mod list;
mod post;
mod references;
mod schema;
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
    no_query(call)?;
    match &call.route {
        Route::Upsert => upsert::upsert(state, call, caller),
        Route::List => list::list(state, caller),
        Route::Item(Kind::GetCredential, key) => item::hand_out(state, caller, key),
        Route::Item(Kind::PutCredential, key) => item::set_active(state, caller, key, true),
        Route::Item(_, key) => item::set_active(state, caller, key, false),
        Route::Custody(key) => item::release(state, caller, key),
        Route::Token | Route::UnknownResource | Route::Unrouted => Err(Refusal::unknown_resource()),
    }
}

/// Access to PAM Core at all (500), then write permission (1039), in the order of API 10.7.
fn permitted(state: &State, call: &Call, caller: &Caller) -> Result<(), Refusal> {
    let client = state.authorizations.get(&caller.client_id).ok_or_else(Refusal::not_authorized)?;
    if !client.pam_core {
        return Err(Refusal::not_authorized());
    }
    let reads = matches!(call.route.kind(), Kind::ListCredentials | Kind::GetCredential);
    if client.read_only && !reads {
        return Err(Refusal::coded(1039));
    }
    Ok(())
}

/// No documented call takes a query; one that comes with it thinks that it means something.
fn no_query(call: &Call) -> Result<(), Refusal> {
    match &call.query {
        Some(_) => Err(Refusal::simulator("this call takes no query parameters")),
        None => Ok(()),
    }
}
