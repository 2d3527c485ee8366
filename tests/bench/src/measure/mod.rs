//! What is measured, and how.

pub mod meter;
pub mod metric;
pub mod process;
pub mod sample;
pub mod statistics;
