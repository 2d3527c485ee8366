//! The only writes of status and events.

pub(crate) mod conditions;
pub(crate) mod in_flight;
pub(crate) mod plan;
pub(crate) mod status;
pub(crate) mod write;
