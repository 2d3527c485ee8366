#![doc = include_str!("../README.md")]

mod admin;
mod answer;
mod authorization;
mod backup;
mod behaviour;
mod call;
mod config;
mod core;
mod fault;
mod gateway;
mod handle;
mod journal;
mod net;
mod oauth;
mod rules;
mod secret;
mod server;
mod state;
mod steer;
mod store;
mod suffer;
mod tls;
mod version;
mod wire;

pub use authorization::Authorization;
pub use backup::Backup;
pub use behaviour::{
    Answered, Behaviour, Criticality, Envelope, Inactive, Messages, Move, NotesPlace, Outside, Reach, SettingsForm,
    TokenRequest, ValueForm,
};
pub use call::Kind;
pub use config::{Config, Device, ExpiresIn, Seed};
pub use fault::{Effect, Fault, FaultId, Phase, Shape};
pub use handle::Simulator;
pub use journal::{Commit, Entry, Journal, Mark};
pub use secret::Hidden;
pub use server::Outage;
pub use store::{RecordView, ValueWrite, VaultEdit};
pub use tls::Certificate;
pub use version::{ProductVersion, UnknownVersion};
