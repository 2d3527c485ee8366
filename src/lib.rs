//! Keeps credentials in a senhasegura / Segura PAM equal to what a Kubernetes cluster says.
//!
//! # The map
//!
//! | module | what it is | what it may name |
//! |---|---|---|
//! | [`api`] | the kinds, their rules, conditions, every name the API owns | Kubernetes |
//! | [`domain`] | decides what is to be done from what was seen: pure | std and jiff |
//! | [`pam`] | the PAM's HTTP API: client, tokens, list, errors by meaning | HTTP; never Kubernetes |
//! | [`kubernetes`] | calls to the Kubernetes API, names of its objects | Kubernetes |
//! | [`message`] | what users read: problems, conflicts and failures of the PAM | `api`, `domain`, `kubernetes`, `pam` |
//! | [`login`] | reads from the cluster what a login to a PAM depends on | `api`, `kubernetes`, `message`, `pam` |
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
//! `src/controller/credential/reconcile.rs`, then at [`domain::decide`].
//!
//! # The way of one Secret's value
//!
//! Paths are below `src`.
//!
//! 1. `controller/runtime/watch.rs` sees that a Secret changed, and records the new resourceVersion, never the value, in the
//!    `MetadataCache` of `controller/runtime/metadata_cache.rs`.
//! 2. `controller/runtime/dependencies.rs` names the credentials that read the Secret, and the `Triggers` of
//!    `controller/runtime/trigger.rs` wake these credentials.
//! 3. kube's queue starts a pass over each credential (`controller/controllers.rs`, `controller/credential/reconcile.rs`).
//!    Where no worker slot is free (`controller/runtime/worker_slots.rs`), the pass ends, and another one begins once the object
//!    has a slot (`controller/runtime/parked.rs`).
//! 4. `controller/credential/observe/` reads the Secret and, if a decision needs it, the list.
//! 5. [`domain::decide`] (`domain/credential/decide.rs`) decides on a push from the observation.
//! 6. `controller/credential/act/push.rs` sends the push through `pam/client.rs`; `pam/calls/` reads the PAM's answer.
//! 7. [`domain::judge`] (`domain/credential/answer.rs`) compares the answer with the decision.
//! 8. `domain/credential/transition/` computes the next status, and `controller/credential/report/` writes it.
//!
//! # Glossary
//!
//! Code, messages, documentation and tests use one word for one thing.
//!
//! | term | meaning |
//! |---|---|
//! | credential | A `PamCredential` object in the cluster. |
//! | record | What the PAM holds for a credential. The PAM gives it an id; the operator gives it an identifier. |
//! | account | Username, hostname and ip together. The case of letters does not count, nor the spelling of an IPv6 address. |
//! | vault | One tenant of one PAM: the origin of its address and the tenant's name. Two connections may lead to one vault. |
//! | connection | A `ClusterPamConnection` or `PamConnection` object: where a PAM is and how the operator logs in to it. |
//! | binding | Which vault a credential's record is in, as its status says, compared with the vault its connection leads to now. |
//! | product | What of the PAM a connection is for: PAM Core, which keeps credentials, or MySafe, which keeps entries. Each has logins of its own. |
//! | entry | A password as MySafe keeps it for a user. MySafe gives the entry its identifier, which is a number. |
//! | access key | The login for MySafe. It belongs to a user of MySafe and reaches what that user reaches. |
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
//! | place | Where an object waits for a slot without a pass. Once the object has the slot, a pass over the object begins. |
//! | lane | The queue in which an object waits for a worker slot: one for each PAM, and one for each tenant namespace. No lane holds up another. |
//! | party | Those who share one turn: a namespace. Work that is done for all namespaces, such as a login or a list, is of no party. |
//! | turn | The place of a party in the order in which parties get worker slots and requests: each party that waits gets one before another gets two. |
//! | dependency | Another object that a pass reads: a Secret, a ConfigMap, a connection or a namespace. |
//! | trigger | A message that starts a pass over an object because one of its dependencies changed. |
//! | gate (retry) | The check before a pass that makes an object wait until its retry is due or one of its inputs changed. |
//! | pass | One run over one object: observe, decide, act, report. |
//! | observation | Everything that one pass knows of its object, the Secrets, the connection, the list and other claims. |
//! | decision | What is to be done, computed from an observation without I/O. |
//! | outcome | What came of carrying out a decision. |
//! | transition | The computation of the next status from the status, the decision and the outcome. |
//! | value | The secret text that becomes the PAM's field `content`. |
//! | stray character | A character in a text of a Secret that can only be a mistake: a NUL or a byte order mark, and in a name any that cannot be seen. |
//! | in flight | Said of an unacknowledged write: it has no answer yet. A write counts as in flight from its announcement in status, before it is sent. |
//! | suspected write | A write that an earlier process may have sent and that the status does not tell of. |
//! | inventory | The list of one connection, as it is cached in memory. |
//! | tag | Of an entry of MySafe: the keyword that tells which attempt of which object made the entry. It is a keyed digest, which nobody can guess. |
//! | throwaway | An object that only asks what would be done for another object of its kind, if that object had its spec. |
//! | share | A user or a group with whom an entry of MySafe is shared. |
//! | origin | Scheme, host, port and path of a PAM's address. |
//!
//! # The promises
//!
//! Comments and tests name a promise by its number. Each promise has a test that can fail.
//!
//! | | promise |
//! |---|---|
//! | P1 | Once changes and faults stop, the PAM holds exactly one record for a credential, with the newest value that is due; the status says so, and no further call is made for the credential. |
//! | P2 | On an idle cluster, a changed Secret is in the PAM within a second, where the operator may watch Secrets. |
//! | P3 | No crash, lost or late answer and no second replica makes a second record, or leaves an older value over a newer one. |
//! | P4 | The operator never takes over a record that is not the credential's own, unless the user asks for it and the connection allows it. |
//! | P5 | The operator never reads a secret value from the PAM: all it knows of a record comes from the list and from answers to its own writes. |
//! | P6 | A value that the vault rotated is never overwritten, unless the value in Kubernetes changes or somebody asks for the push. |
//! | P7 | The deletion of an object disables at most the one record that is the object's own, and an ordinary edit always removes the finalizer. |
//! | P8 | No byte of a secret leaves in a log line, an event, a condition, a metric, a status, an error or a panic; digests of values are keyed. |
//! | P9 | The operator reads Secrets only in the credential's own namespace, and in its own for cluster connections; it writes only its digest key, and sends a login only to the connection's origin. |
//! | P10 | A sick PAM gets few requests: concurrency and rate are bounded, one probe at a time is sent while it is down, and a refused login is not repeated soon. |
//!
//! A comment that names `design.md 5` or `API 2.6` names the source of a fact: `design.md N` is section N of the project's
//! contract, `API n.m` a section of the notes on the PAM's API, and `API 7 #36` item 36 in section 7 of these notes. Both
//! texts are kept beside the repository.

pub mod api;
pub mod clock;
pub mod config;
pub mod controller;
pub mod domain;
pub mod kubernetes;
pub mod leader;
pub mod login;
pub mod message;
pub mod metrics;
pub mod pam;
mod permits;
pub mod probes;
mod secret;
pub mod signals;
pub mod telemetry;
