//! A senhasegura / Segura PAM as its documentation describes it, for tests and demos.
//!
//! It speaks HTTPS under a private CA of its own, puts a gateway in front of an application as the
//! product does (API 1.6), keeps credentials in memory, misbehaves on request, and writes a journal of
//! every call. It shares no code with the operator's client, so that a mistake in one cannot hide a
//! mistake in the other.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use pam_simulator::{Config, Effect, Fault, Kind, Simulator};
//!
//! let sim = Simulator::start(Config::default().device("db01", "10.0.0.7")).await?;
//! sim.inject(Fault::on(Kind::PostCredential, Effect::Reset).after_commit());
//! let before = sim.mark();
//! // … the code under test talks to sim.url(), trusting sim.ca_pem() …
//! assert_eq!(sim.since(before).count(Kind::PostCredential), 1);
//! # Ok(()) }
//! ```
//!
//! The map: [`handle`](Simulator) is what tests hold; `server` and `net` own sockets and TLS; `wire`
//! turns a request into a call and an answer into bytes; `suffer` applies [`Fault`]s; `gateway`, `oauth`
//! and `core` answer calls over `state`; `admin` is the handle as plain HTTP for other processes.

mod admin;
mod answer;
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
mod secret;
mod server;
mod state;
mod store;
mod suffer;
mod tls;
mod version;
mod wire;

pub use behaviour::{Behaviour, Envelope, Inactive, Move, Outside};
pub use call::Kind;
pub use config::{Authorization, Config, Device, ExpiresIn, Seed};
pub use fault::{Effect, Fault, FaultId, Phase, Shape};
pub use handle::Simulator;
pub use journal::{Commit, Entry, Journal, Mark};
pub use secret::Hidden;
pub use server::Outage;
pub use store::{RecordView, ValueWrite, VaultEdit};
pub use tls::Certificate;
pub use version::{ProductVersion, UnknownVersion};
