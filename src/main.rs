//! The operator's process: settings, logs, probes, leadership, and the controllers under it.

use anyhow::Context as _;
use clap::Parser as _;
use kube::config::{KubeConfigOptions, Kubeconfig};
use pam_operator::config::{Cli, Config};
use pam_operator::kubernetes::config_of;
use pam_operator::leader::Leadership;
use pam_operator::metrics::Metrics;
use pam_operator::probes::{Check, Readiness, Server};
use pam_operator::signals::{stop_on_signal, stopped};
use pam_operator::{controller, telemetry};
use tokio::sync::watch;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // Before anything speaks TLS: two providers in one process, and none chosen, is a panic.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = Config::try_from(Cli::parse())?;
    telemetry::init(config.log_format, &config.log_filter)?;
    let (metrics, registry) = Metrics::new();
    metrics.set_plan_only(config.plan_only);
    if config.plan_only {
        tracing::warn!(
            "--plan-only is set: every PamCredential is served as with spec.mode: Plan, and nothing is written to a PAM"
        );
    }
    let readiness = Readiness::default();
    // Before the probes answer: else they would say "ready" while nothing is known to wait for.
    let ready = readiness.register("watches");
    let server = Server::bind(config.listen_address, readiness.clone(), registry).await?;
    let stop = stop_on_signal()?;
    let probes = tokio::spawn(server.serve(stopped(stop.clone())));
    let outcome = serve(&config, &readiness, ready, metrics, stop).await;
    probes.abort();
    outcome
}

async fn serve(
    config: &Config,
    readiness: &Readiness,
    ready: Check,
    metrics: Metrics,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let client = client().await?;
    let leadership = if config.leader_election {
        Leadership::elected(client.clone(), &config.namespace, &config.pod_name, config.lease_duration)
            .shown_in(metrics.clone())
    } else {
        Leadership::unopposed()
    };
    let Some(lead) = leadership.acquire(|| readiness.set_standby(true), stopped(stop.clone())).await else {
        return Ok(());
    };
    readiness.set_standby(false);
    metrics.set_leader(true);
    let lost = lead.lost();
    let run = controller::run(client, config, metrics.clone(), ready, lead.handle(), stopped(stop));
    let result = tokio::select! {
        biased;
        // Another replica may write from now on, so that work in flight here is dropped and not finished.
        () = lost => Err(anyhow::anyhow!("the lease was lost: another replica leads now")),
        result = run => result.map_err(anyhow::Error::from),
    };
    metrics.set_leader(false);
    lead.release().await;
    result
}

/// Returns the configuration of the kubeconfig, or else of the Pod's service account. The variables `HTTPS_PROXY` and `NO_PROXY`
/// change neither.
async fn config() -> anyhow::Result<kube::Config> {
    let of_kubeconfig = match Kubeconfig::read() {
        Ok(file) => config_of(file, &KubeConfigOptions::default()).await,
        Err(error) => Err(error),
    };
    let found = of_kubeconfig.or_else(|kubeconfig| {
        kube::Config::incluster()
            .map_err(|in_cluster| anyhow::anyhow!("in a cluster: {in_cluster}; kubeconfig: {kubeconfig}"))
    });
    let mut config = found?;
    config.apply_debug_overrides();
    Ok(config)
}

async fn client() -> anyhow::Result<kube::Client> {
    let mut config = config().await.context("no way to the Kubernetes API: neither in a cluster nor KUBECONFIG")?;
    // Refused in our own words: kube's name the proxy's address, which may hold a password.
    anyhow::ensure!(
        config.proxy_url.is_none(),
        "the kubeconfig names a proxy (proxy-url), and the operator goes to the Kubernetes API without one: give it a kubeconfig \
         without proxy-url"
    );
    // kube's own retries can hold one call for minutes; each pass bounds its calls and is repeated as a whole.
    config.default_retry = false;
    kube::Client::try_from(config).context("the way to the Kubernetes API cannot be used")
}
