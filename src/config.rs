//! Flags and environment, checked once into [`Config`].
//!
//! [`Cli`] holds the settings as they were typed, [`Config`] is valid by construction: no later code checks a setting again.
//! Every [`ConfigError`] names the flag and says what to write instead.

mod bounds;
mod cli;
mod error;
mod log_filter;
mod names;
mod parsed;

pub use cli::Cli;
pub use error::ConfigError;
pub use parsed::{Config, LogFormat, WatchScope};
