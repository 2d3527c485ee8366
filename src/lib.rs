//! Keeps credentials in a senhasegura / Segura PAM equal to what a Kubernetes cluster says.
//!
//! # The map
//!
//! | module | what it is | what it may name |
//! |---|---|---|
//! | [`api`] | the kinds, their rules, conditions, every name the API owns | Kubernetes |
//! | [`domain`] | what is to be done, decided from what was seen: pure | std and jiff |
//! | [`pam`] | the PAM's HTTP API: client, tokens, inventory, errors by meaning | HTTP; never Kubernetes |
//! | [`controller`] | observe, act, report: the only place that knows both sides | all of the above |
//! | [`clock`], [`config`], [`leader`], [`probes`], [`metrics`], [`signals`], [`telemetry`] | the process around it | |
//!
//! Arrows point one way: `main → controller → {api, domain, pam}`. Start reading at
//! `controller::reconcile`, then `domain::decide`.

pub mod api;
pub mod clock;
pub mod config;
pub mod controller;
pub mod domain;
pub mod leader;
pub mod metrics;
pub mod pam;
pub mod probes;
pub mod signals;
pub mod telemetry;
