//! A vault that lives: it is shared with others, who rename, move, rotate and take away, and with clusters that come and
//! go.

mod aftermath;
mod brake;
mod drift;
mod plan;
mod rename;
mod rotation;
mod unlisted;
