//! The handle over plain HTTP on loopback, for other processes.
//! The README lists its calls.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;

use anyhow::{Context, Result, ensure};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::authorization::Authorization;
use crate::behaviour::Behaviour;
use crate::config::{Device, ExpiresIn, Seed};
use crate::fault::Fault;
use crate::handle::Core;
use crate::journal::{Journal, Mark};
use crate::reading::is_public_key;
use crate::safe;
use crate::secret::Hidden;
use crate::server::Outage;
use crate::store::{RecordView, VaultEdit};
use crate::tls::{Certificate, fingerprint_of_pem};

/// The admin port and the thread that serves it.
pub(crate) struct Admin {
    pub(crate) address: SocketAddr,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Admin {
    /// Binds and starts to serve. Fails if the address is not loopback or is taken.
    ///
    /// It has a thread of its own, since its orders to the serving thread wait for that thread.
    pub(crate) fn start(listen: SocketAddr, core: Arc<Core>) -> Result<Self> {
        ensure!(listen.ip().is_loopback(), "{listen} is no loopback address; the admin port listens on nothing else");
        let listener = TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let serve = move || runtime.block_on(serve(listener, core, stopped));
        let thread = std::thread::Builder::new().name("pam-simulator-admin".to_owned()).spawn(serve)?;
        Ok(Self { address, running: Some((stop, thread)) })
    }

    /// Ends it.
    pub(crate) fn stop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            _ = stop.send(());
            _ = thread.join();
        }
    }
}

async fn serve(listener: TcpListener, core: Arc<Core>, stopped: oneshot::Receiver<()>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    tokio::select! {
        _ = axum::serve(listener, router(core)) => {}
        _ = stopped => {}
    }
}

type Sim = State<Arc<Core>>;

fn router(core: Arc<Core>) -> Router {
    Router::new()
        .route("/", get(about))
        .route("/journal", get(journal))
        .route("/journal/{seq}/body", get(body))
        .route("/records", get(records).post(seed))
        .route("/records/{id}", get(record).patch(edit).delete(remove_record))
        .route("/records/{id}/value", get(value))
        .route("/devices", get(devices).post(add_device))
        .route("/devices/{hostname}", delete(remove_device))
        .route("/faults", get(faults).post(inject).delete(clear_faults))
        .route("/authorizations", get(authorizations).post(authorize))
        .route("/authorizations/{client_id}", delete(remove_authorization).patch(change_authorization))
        .route("/backups", post(back_up))
        .route("/backups/{number}/restore", post(restore))
        .route("/client-certificates", post(client_certificate))
        .route("/tokens/revoke", post(revoke_tokens))
        .route("/tokens/expire", post(expire_tokens))
        .route("/expires-in", put(set_expires_in))
        .route("/behaviour", get(behaviour).put(set_behaviour))
        .route("/outage", put(set_outage))
        .route("/certificate", put(set_certificate))
        .route("/connections/drop", post(drop_connections))
        .merge(safe::router())
        .with_state(core)
}

/// 204 if it was there, 404 if not.
const fn done(found: bool) -> StatusCode {
    if found { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

async fn about(State(core): Sim) -> Json<Value> {
    let devices = core.state().store.devices.all();
    let clients: Vec<String> = core.state().authorizations.keys().cloned().collect();
    Json(json!({
        "url": core.url(),
        "product_version": core.config.version.to_string(),
        "tenant": core.config.tenant,
        "client_ids": clients,
        "devices": devices,
        "ca_pem": core.server.ca_pem,
    }))
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    since: u64,
}

async fn journal(State(core): Sim, Query(Since { since }): Query<Since>) -> Json<Journal> {
    Json(core.state().log.since(Mark(since)))
}

async fn body(State(core): Sim, Path(seq): Path<u64>) -> Result<Vec<u8>, StatusCode> {
    core.state().log.body(seq).map(|body| body.to_vec()).ok_or(StatusCode::NOT_FOUND)
}

async fn records(State(core): Sim) -> Json<Vec<RecordView>> {
    Json(core.records())
}

async fn record(State(core): Sim, Path(id): Path<String>) -> Result<Json<RecordView>, StatusCode> {
    core.record(&id).map(Json).ok_or(StatusCode::NOT_FOUND)
}

async fn value(State(core): Sim, Path(id): Path<String>) -> Result<String, StatusCode> {
    core.writes_of(&id).pop().map(|write| write.value.reveal().to_owned()).ok_or(StatusCode::NOT_FOUND)
}

async fn seed(State(core): Sim, Json(seed): Json<Seed>) -> Json<Value> {
    Json(json!({ "id": core.state().seed(&seed).to_string() }))
}

async fn edit(State(core): Sim, Path(id): Path<String>, Json(edit): Json<VaultEdit>) -> StatusCode {
    done(core.edit(&id, edit))
}

async fn remove_record(State(core): Sim, Path(id): Path<String>) -> StatusCode {
    done(core.remove_record(&id))
}

async fn devices(State(core): Sim) -> Json<Vec<Device>> {
    Json(core.state().store.devices.all())
}

async fn add_device(State(core): Sim, Json(device): Json<Device>) -> StatusCode {
    core.put_device(&device);
    done(true)
}

async fn remove_device(State(core): Sim, Path(hostname): Path<String>) -> StatusCode {
    done(core.remove_device(&hostname) > 0)
}

async fn faults(State(core): Sim) -> Json<Value> {
    let state = core.state();
    let waiting = state.faults.waiting().iter();
    Json(waiting.map(|(id, fault)| json!({ "id": id, "fault": fault })).collect())
}

async fn inject(State(core): Sim, Json(fault): Json<Fault>) -> Json<Value> {
    Json(json!({ "id": core.state().faults.inject(fault) }))
}

async fn clear_faults(State(core): Sim) -> StatusCode {
    core.state().faults.clear();
    done(true)
}

async fn authorizations(State(core): Sim) -> Json<Value> {
    let state = core.state();
    let clients = state.authorizations.values();
    let shown = clients.map(|client| {
        let mut shown = json!({
            "client_id": client.client_id,
            "tenant": state.tenant_of(client),
            "read_only": client.read_only,
            "pam_core": client.pam_core,
            "certificate": client.certificate,
            "referrer": client.referrer,
        });
        if client.encryption_key.is_some() {
            shown["encrypted"] = true.into();
        }
        if let Some(key) = &client.access_key {
            shown["user"] = key.user.as_str().into();
        }
        shown
    });
    Json(shown.collect())
}

async fn authorize(State(core): Sim, Json(client): Json<Authorization>) -> StatusCode {
    core.state().authorizations.insert(client.client_id.clone(), client);
    done(true)
}

async fn remove_authorization(State(core): Sim, Path(client_id): Path<String>) -> StatusCode {
    done(core.state().authorizations.remove(&client_id).is_some())
}

/// What to change about a client; what is left out stays, and an empty restriction is none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    client_secret: Option<Hidden>,
    read_only: Option<bool>,
    pam_core: Option<bool>,
    certificate: Option<String>,
    referrer: Option<String>,
    encryption_key: Option<String>,
}

async fn change_authorization(
    State(core): Sim,
    Path(client_id): Path<String>,
    Json(change): Json<Change>,
) -> StatusCode {
    let mut state = core.state();
    let Some(client) = state.authorizations.get_mut(&client_id) else {
        return done(false);
    };
    client.client_secret = change.client_secret.unwrap_or_else(|| client.client_secret.clone());
    client.read_only = change.read_only.unwrap_or(client.read_only);
    client.pam_core = change.pam_core.unwrap_or(client.pam_core);
    let key = change.encryption_key;
    if key.as_deref().is_some_and(|key| !key.is_empty() && !is_public_key(key)) {
        return StatusCode::BAD_REQUEST;
    }
    for (restriction, change) in [
        (&mut client.certificate, change.certificate),
        (&mut client.referrer, change.referrer),
        (&mut client.encryption_key, key),
    ] {
        *restriction = change.or_else(|| restriction.take()).filter(|text| !text.is_empty());
    }
    done(true)
}

async fn back_up(State(core): Sim) -> Json<Value> {
    let backup = core.backup();
    let mut backups = core.backups.lock().unwrap_or_else(PoisonError::into_inner);
    backups.push(backup);
    Json(json!({ "number": backups.len() }))
}

async fn restore(State(core): Sim, Path(number): Path<usize>) -> StatusCode {
    let backups = core.backups.lock().unwrap_or_else(PoisonError::into_inner);
    let backup = number.checked_sub(1).and_then(|index| backups.get(index));
    done(backup.map(|backup| core.restore(backup)).is_some())
}

async fn client_certificate(State(core): Sim) -> Result<Json<Value>, StatusCode> {
    let failed = |_| StatusCode::INTERNAL_SERVER_ERROR;
    let (certificate, key) = core.server.authority.client_certificate().map_err(failed)?;
    let fingerprint = fingerprint_of_pem(&certificate).map_err(failed)?;
    Ok(Json(json!({ "certificate": certificate, "key": key, "fingerprint": fingerprint })))
}

async fn revoke_tokens(State(core): Sim) -> StatusCode {
    core.state().tokens.revoke_all();
    done(true)
}

async fn expire_tokens(State(core): Sim) -> StatusCode {
    core.state().tokens.expire_all();
    done(true)
}

async fn set_expires_in(State(core): Sim, Json(expires_in): Json<ExpiresIn>) -> StatusCode {
    core.state().expires_in = expires_in;
    done(true)
}

async fn behaviour(State(core): Sim) -> Json<Behaviour> {
    Json(core.state().behaviour.clone())
}

async fn set_behaviour(State(core): Sim, Json(behaviour): Json<Behaviour>) -> StatusCode {
    core.state().behaviour = behaviour;
    done(true)
}

async fn set_outage(State(core): Sim, Json(outage): Json<Outage>) -> StatusCode {
    core.server.outage(outage);
    done(true)
}

async fn set_certificate(State(core): Sim, Json(certificate): Json<Certificate>) -> StatusCode {
    match core.server.present(certificate) {
        Ok(()) => done(true),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn drop_connections(State(core): Sim) -> StatusCode {
    core.server.cut();
    done(true)
}
