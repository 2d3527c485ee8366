//! The way to a cluster that a kubeconfig describes, whatever proxy the environment names.

use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};

/// An address that stands for "no proxy".
const NO_PROXY: &str = "http://none.invalid/";

/// Returns the configuration that a kubeconfig makes. Its proxy is the one that the kubeconfig itself names, and no other.
///
/// kube takes `HTTPS_PROXY` where the kubeconfig names none: without kube's feature for proxies the client then cannot be made, and
/// with the feature the list in `NO_PROXY` is compared with the proxy's host and not with the cluster's.
pub async fn config_of(mut file: Kubeconfig, options: &KubeConfigOptions) -> Result<Config, KubeconfigError> {
    // Only where there is a variable to hide: kube refuses a list in `NO_PROXY` with an empty entry as soon as there is a proxy.
    if first_variable(["HTTPS_PROXY", "https_proxy"]).is_some() {
        for cluster in file.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
            let own = cluster.proxy_url.take().filter(|url| !url.is_empty());
            cluster.proxy_url = own.or_else(|| Some(NO_PROXY.to_owned()));
        }
    }
    let mut config = Config::from_custom_kubeconfig(file, options).await?;
    config.proxy_url = config.proxy_url.filter(|url| *url != NO_PROXY);
    // A login program is told of the cluster, too.
    if let Some(cluster) = config.auth_info.exec.as_mut().and_then(|exec| exec.cluster.as_mut()) {
        cluster.proxy_url = cluster.proxy_url.take().filter(|url| url != NO_PROXY);
    }
    Ok(config)
}

/// Returns the value of the first of these variables of the environment that is set and not empty.
#[must_use]
pub fn first_variable<const N: usize>(names: [&str; N]) -> Option<String> {
    names.into_iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}
