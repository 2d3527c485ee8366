//! `pam-simulator`: the simulator as a process, steered over its admin port.

use std::io::{Write, stdout};
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use pam_simulator::{Authorization, Config, Device, Hidden, ProductVersion, Simulator};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// A senhasegura / Segura PAM as its documentation describes it, for demos and tests.
#[derive(Parser)]
#[command(version, about)]
struct Flags {
    /// Where the PAM listens (HTTPS, loopback only; port 0 picks a free one)
    #[arg(long, default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Where the admin port listens (plain HTTP, loopback only); none if left out
    #[arg(long)]
    admin_listen: Option<SocketAddr>,
    /// The product version to behave as
    #[arg(long, default_value_t)]
    product_version: ProductVersion,
    /// The OAuth client that may read and write
    #[arg(long, default_value = "operator")]
    client_id: String,
    /// Its secret; never printed
    #[arg(long, env = "PAM_SIMULATOR_CLIENT_SECRET", hide_env_values = true)]
    client_secret: Hidden,
    /// The tenant that answers name
    #[arg(long, default_value = "acme")]
    tenant: String,
    /// A device that credentials can be registered on; repeatable
    #[arg(long = "device", value_name = "HOSTNAME=IP", value_parser = device)]
    devices: Vec<Device>,
    /// Where to write the CA's certificate, PEM
    #[arg(long, value_name = "FILE")]
    ca_out: Option<PathBuf>,
    /// What to log to stderr (tracing filter); never bodies or tokens
    #[arg(long, env = "PAM_SIMULATOR_LOG", default_value = "info")]
    log: String,
}

fn device(text: &str) -> Result<Device, String> {
    let (hostname, ip) = text.split_once('=').ok_or("expected HOSTNAME=IP")?;
    Ok(Device::new(hostname, ip))
}

fn main() -> Result<()> {
    let flags = Flags::parse();
    let filter = EnvFilter::try_new(&flags.log).context("--log")?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(flags))
}

async fn run(flags: Flags) -> Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    let sim = Simulator::start(config(&flags)).await?;
    if let Some(file) = &flags.ca_out {
        std::fs::write(file, sim.ca_pem()).with_context(|| format!("cannot write {}", file.display()))?;
    }
    stdout().write_all(greeting(&flags, &sim).as_bytes())?;
    stdout().flush()?;
    tokio::select! {
        _ = terminated.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    sim.stop();
    Ok(())
}

fn config(flags: &Flags) -> Config {
    Config {
        listen: flags.listen,
        admin_listen: flags.admin_listen,
        version: flags.product_version,
        tenant: flags.tenant.clone(),
        authorizations: vec![Authorization::new(&flags.client_id, flags.client_secret.clone())],
        devices: flags.devices.clone(),
        ..Config::default()
    }
}

/// What is served, a line each, so that people and scripts can read it.
fn greeting(flags: &Flags, sim: &Simulator) -> String {
    let none = || "none".to_owned();
    let devices: Vec<String> =
        flags.devices.iter().map(|device| format!("{}={}", device.hostname, device.ip)).collect();
    let ca = flags.ca_out.as_ref().map_or_else(none, |file| file.display().to_string());
    format!(
        "product version: {}\nurl: {}\nca file: {ca}\nadmin url: {}\ntenant: {}\nclient id: {}\ndevices: {}\nready\n",
        flags.product_version,
        sim.url(),
        sim.admin_url().unwrap_or_else(none),
        flags.tenant,
        flags.client_id,
        devices.join(", "),
    )
}
