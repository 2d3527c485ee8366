//! Both kinds of connections.

pub(crate) mod access_rules;
pub(crate) mod brake;
mod call_metrics;
pub(crate) mod clients;
pub(crate) mod context;
pub(crate) mod examine;
pub(crate) mod facts;
pub(crate) mod health;
pub(crate) mod inventory;
pub(crate) mod login_gate;
pub(crate) mod object;
pub(crate) mod outage;
pub(crate) mod poller;
pub(crate) mod reconcile;
pub(crate) mod resolve;
pub(crate) mod state;
pub(crate) mod status;
pub(crate) mod store;
pub(crate) mod stored_vault;
pub(crate) mod subject;
