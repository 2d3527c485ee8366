//! Loopback addresses, plain HTTP on them, and clients of the API server.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context, Result};
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};

/// Makes ring the process' TLS provider; does nothing when there is one already.
///
/// Every client made by this crate has done it; call it before making one of your own.
pub fn ensure_crypto_provider() {
    // An error means that somebody was faster, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Ports that no system gives out by itself: what is free now is not taken by anybody's outgoing connection before it is used.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A loopback address that nothing listens on now, and that this process is given once.
pub fn free_address() -> Result<SocketAddr> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let (count, first) = (u32::from(PORTS.end - PORTS.start), std::process::id().wrapping_mul(997));
    for _ in 0..count {
        let offset = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % count;
        let address = SocketAddr::from(([127, 0, 0, 1], PORTS.start + u16::try_from(offset)?));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    anyhow::bail!("no loopback port could be had")
}

/// Different free loopback ports: they are held open together while choosing.
pub(crate) fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut listeners = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("no loopback port could be had")?;
        *port = listener.local_addr()?.port();
        listeners.push(listener);
    }
    Ok(ports)
}

/// A client for the kubeconfig at `path`. It never retries by itself: a test that counts calls must see each one.
pub(crate) async fn client_for(path: &Path) -> Result<Client> {
    ensure_crypto_provider();
    let kubeconfig = Kubeconfig::read_from(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    config.default_retry = false;
    // The API server is on loopback, which no proxy of the environment reaches.
    config.proxy_url = None;
    Ok(Client::try_from(config)?)
}

/// Status and body of a plain GET; `url` is on loopback.
pub(crate) async fn get(url: &str) -> Result<(u16, String)> {
    ensure_crypto_provider();
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
    let response = client.get(url).send().await?;
    let status = response.status().as_u16();
    Ok((status, response.text().await?))
}
