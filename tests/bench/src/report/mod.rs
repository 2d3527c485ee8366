//! How results are shown.

pub mod chart;
pub mod goals;
pub mod page;
pub mod previous;
pub mod table;
