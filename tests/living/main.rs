//! A vault that lives: it is shared with others, who rename, move, rotate and take away, and with clusters that come and
//! go. In one file, since all of these tests wait most of the time: for the next list, or for 90 seconds to be over.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod aftermath;
mod brake;
mod drift;
mod plan;
mod rename;
mod rotation;

mod unlisted;
