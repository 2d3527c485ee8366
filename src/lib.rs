//! Keeps credentials in a senhasegura / Segura PAM equal to what a Kubernetes cluster says.
//!
//! # The map
//!
//! | module | what it is | what it may name |
//! |---|---|---|
//! | [`api`] | the kinds, their rules, conditions, every name the API owns | Kubernetes |
//! | [`domain`] | decides what is to be done from what was seen: pure | std and jiff |
//! | [`pam`] | the PAM's HTTP API: client, tokens, list, errors by meaning | HTTP; never Kubernetes |
//! | [`controller`] | observes, acts and reports: the only place that knows both sides | all of the above |
//! | [`config`] | flags and environment, checked once | `clock`, `pam` |
//! | [`leader`] | the election: at most one replica works | Kubernetes |
//! | [`probes`] | `/livez`, `/readyz` and `/metrics` | HTTP |
//! | [`metrics`] | names, units and labels of the metrics | |
//! | [`telemetry`] | log lines, with a ceiling per library that no filter can lift | `config` |
//! | [`signals`], [`clock`] | the signals that end the process; the time of day | |
//!
//! Arrows point one way: `main → controller → {api, domain, pam}`, and `main → {config, leader, probes, signals, telemetry}`.
//! The program `crdgen` writes the CustomResourceDefinitions and the tables of the manual from [`api`]. Start reading at
//! `controller::credential::reconcile`, then [`domain::decide`].
//!
//! # Glossary
//!
//! Code, messages, documentation and tests use one word for one thing.
//!
//! | term | meaning |
//! |---|---|
//! | credential | A `PamCredential` object in the cluster. |
//! | record | What the PAM holds for a credential. The PAM gives it an id; the operator gives it an identifier. |
//! | account | Username, hostname and ip together. The case of letters does not count. |
//! | vault | One tenant of one PAM: the origin of its address and the tenant's name. Two connections may lead to one vault. |
//! | connection | A `ClusterPamConnection` or `PamConnection` object: where a PAM is and how the operator logs in to it. |
//! | binding | Which vault a credential's record is in, as its status says, compared with the vault its connection leads to now. |
//! | list | The PAM's list of all records that a login sees. It shows no secret value. |
//! | drift | A difference between a record as the list shows it and the record as the operator last wrote it. |
//! | correction | A write that does nothing but undo drift. |
//! | claim | A credential's wish to have a record or an account. Among credentials with equal wishes one holds the claim and the others wait. |
//! | adoption | Writing onto a record that was there before and that no other identifier loses. |
//! | take-over | Writing onto a record of another identifier or of another account, which loses it. The user and the connection must allow it. |
//! | withheld value | A value that is not sent because the vault rotates the record's value, or may hold a newer one. |
//! | digest | A hash of something that was sent, kept in status to tell a change. Digests of secret values are keyed. |
//! | unacknowledged write | A write to the PAM that got no answer: the PAM may have executed it, or may execute it later. |
//! | settle window | The 90 seconds after an unacknowledged write in which the PAM may still execute it. |
//! | clean/unclean shutdown | A process that ended with everything written down that it sent; one that did not. No start assumes a clean shutdown. |
//! | brake | The limit of records that a connection disables within a time before a user confirms more. |
//! | worker slot | A permission for one pass to work. The number of worker slots bounds how many passes work at once. |
//! | lane | The queue in which a pass waits for a worker slot: one for each PAM, and one for each tenant namespace. No lane holds up another. |
//! | dependency | Another object that a pass reads: a Secret, a ConfigMap, a connection or a namespace. |
//! | trigger | A message that starts a pass over an object because one of its dependencies changed. |
//! | gate (retry) | The check before a pass that makes an object wait until its retry is due or one of its inputs changed. |
//! | pass | One run over one object: observe, decide, act, report. |
//! | observation | Everything that one pass knows of its object, the Secrets, the connection, the list and other claims. |
//! | decision | What is to be done, computed from an observation without I/O. |
//! | outcome | What came of carrying out a decision. |
//! | transition | The computation of the next status from the status, the decision and the outcome. |

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
