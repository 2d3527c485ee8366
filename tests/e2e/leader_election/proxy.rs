//! A proxy in front of the API server that can stop relaying.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use local_cluster::Installation;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A relay in front of the API server that can go silent: connections stay open, and nothing comes through.
pub struct Proxy {
    pub client: Client,
    pub is_cut: Arc<AtomicBool>,
}

impl Proxy {
    pub async fn start(install: &Installation<'_>) -> Self {
        let kubeconfig = Kubeconfig::read_from(install.kubeconfig()).unwrap();
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        let server = config.cluster_url.authority().unwrap().as_str().parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        config.cluster_url = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
        config.default_retry = false;
        config.proxy_url = None;
        let is_cut = Arc::new(AtomicBool::new(false));
        tokio::spawn(relay_all(listener, server, is_cut.clone()));
        Self { client: Client::try_from(config).unwrap(), is_cut }
    }
}

async fn relay_all(listener: TcpListener, server: SocketAddr, is_cut: Arc<AtomicBool>) {
    while let Ok((near, _)) = listener.accept().await {
        let far = TcpStream::connect(server).await.unwrap();
        let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
        tokio::spawn(relay(near_in, far_out, is_cut.clone()));
        tokio::spawn(relay(far_in, near_out, is_cut.clone()));
    }
}

async fn relay(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    is_cut: Arc<AtomicBool>,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        if is_cut.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..length]).await?;
    }
}
