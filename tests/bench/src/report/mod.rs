//! How results are shown.

pub mod lines;
