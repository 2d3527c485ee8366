//! kubectl's own flags. kubectl passes on only those that follow the plugin's name, so that the plugin reads all of them itself.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};

use http::Uri;
use pam_operator::kubernetes::{config_of, first_variable};
use pam_operator::pam::NoProxy;
use url::{Host, Url};

use crate::exit::{Exit, Failure};
use crate::objects::checked;

/// Which cluster is spoken with, and as whom.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Options of kubectl")]
pub struct KubeArgs {
    /// The kubeconfig file [default: $KUBECONFIG, else ~/.kube/config]
    #[arg(long, global = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// The cluster of the kubeconfig
    #[arg(long, global = true, value_name = "NAME")]
    pub cluster: Option<String>,
    /// The user of the kubeconfig
    #[arg(long, global = true, value_name = "NAME")]
    pub user: Option<String>,
    /// The namespace [default: that of the context]
    #[arg(short = 'n', long, global = true, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// User to impersonate
    #[arg(long = "as", global = true, value_name = "USER")]
    pub as_user: Option<String>,
    /// Group to impersonate; may be given several times
    #[arg(long = "as-group", global = true, value_name = "GROUP")]
    pub as_group: Vec<String>,
    /// Uid to impersonate
    #[arg(long = "as-uid", global = true, value_name = "UID")]
    pub as_uid: Option<String>,
    /// How long one request to Kubernetes may take, such as 5s or 1m; 0 for the usual 30s
    #[arg(long, global = true, value_name = "TIME", default_value = "0", value_parser = timeout, hide_default_value = true)]
    pub request_timeout: Duration,
    /// How much is said on stderr of what is done: 6 shows each request, 9 everything; never a body
    #[arg(
        short = 'v',
        long = "v",
        global = true,
        value_name = "LEVEL",
        default_value_t = 0,
        hide_default_value = true
    )]
    pub verbosity: u8,
}

impl KubeArgs {
    /// Returns the configuration that the flags, the kubeconfig and, without one, the Pod's service account make.
    pub async fn config(&self) -> Result<Config, Failure> {
        let mut config = match self.file()? {
            Some(file) => self.config_of(file).await?,
            None => Config::incluster().map_err(|_| no_kubeconfig())?,
        };
        // kube's own retries can hold one call for minutes.
        config.default_retry = false;
        self.impersonate(&mut config);
        if let Some(namespace) = &self.namespace {
            checked(namespace).map_err(|error| Failure::new(Exit::Usage, format!("-n: {error}")))?;
            config.default_namespace.clone_from(namespace);
        }
        Ok(config)
    }

    fn file(&self) -> Result<Option<Kubeconfig>, Failure> {
        let read = match &self.kubeconfig {
            Some(path) => Kubeconfig::read_from(path),
            None => Kubeconfig::read(),
        };
        match read {
            Ok(file) => Ok(Some(file)),
            Err(KubeconfigError::FindPath) if self.is_only_default() => Ok(None),
            Err(KubeconfigError::ReadConfig(error, _))
                if self.is_only_default() && error.kind() == ErrorKind::NotFound =>
            {
                Ok(None)
            }
            Err(error) => Err(unusable(&error)),
        }
    }

    /// Tells whether nothing says which kubeconfig is meant, so that there may be none, as in a Pod.
    fn is_only_default(&self) -> bool {
        let named = [&self.context, &self.cluster, &self.user].into_iter().any(Option::is_some);
        self.kubeconfig.is_none() && !named && std::env::var_os("KUBECONFIG").is_none()
    }

    async fn config_of(&self, file: Kubeconfig) -> Result<Config, Failure> {
        let options =
            KubeConfigOptions { context: self.context.clone(), cluster: self.cluster.clone(), user: self.user.clone() };
        let mut config = config_of(file, &options).await.map_err(|error| unusable(&error))?;
        if config.proxy_url.is_none() {
            config.proxy_url = proxy_of_environment(&config.cluster_url)?;
        }
        Ok(config)
    }

    fn impersonate(&self, config: &mut Config) {
        let auth = &mut config.auth_info;
        if self.as_user.is_some() {
            auth.impersonate.clone_from(&self.as_user);
        }
        if !self.as_group.is_empty() {
            auth.impersonate_groups = Some(self.as_group.clone());
        }
        if self.as_uid.is_some() {
            auth.impersonate_uid.clone_from(&self.as_uid);
        }
    }
}

/// Returns the proxy that the environment names for a cluster, as kubectl does.
fn proxy_of_environment(cluster: &Uri) -> Result<Option<Uri>, Failure> {
    let proxy = first_variable(["HTTPS_PROXY", "https_proxy"]);
    let without = first_variable(["NO_PROXY", "no_proxy"]).unwrap_or_default();
    let proxy = proxy.filter(|_| is_proxied(cluster, &without));
    let proxy = proxy.map(|proxy| if proxy.contains("://") { proxy } else { format!("http://{proxy}") });
    // The address may hold a password.
    let unusable =
        |_| Failure::new(Exit::Kubernetes, "the variable HTTPS_PROXY holds no address of a proxy: correct it");
    proxy.map(|proxy| proxy.parse().map_err(unusable)).transpose()
}

/// Tells whether a cluster is reached through the proxy of the environment: not this machine, and no host in the list.
fn is_proxied(cluster: &Uri, without: &str) -> bool {
    let Ok(url) = Url::parse(&cluster.to_string()) else { return false };
    let is_here = match url.host() {
        None => true,
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
    };
    url.scheme() == "https" && !is_here && !NoProxy::parse(without).covers(&url)
}

fn unusable(error: &KubeconfigError) -> Failure {
    let why = match error {
        // The parser quotes the lines around the mistake, and these may hold a token.
        KubeconfigError::Parse(_) => "it is not the YAML of a kubeconfig".to_owned(),
        // kube reads the list as soon as there is a proxy, and takes no empty entry.
        KubeconfigError::ParseNoProxy(_) => {
            "an entry of the variable NO_PROXY is empty or no host: correct it".to_owned()
        }
        error => error.to_string(),
    };
    Failure::new(Exit::Kubernetes, format!("the kubeconfig cannot be used: {why}"))
}

fn no_kubeconfig() -> Failure {
    Failure::new(
        Exit::Kubernetes,
        "there is no kubeconfig: set KUBECONFIG, give --kubeconfig, or put one into ~/.kube/config",
    )
}

/// Returns the time that a text says: seconds as in `5`, or a number with `s`, `m` or `h`.
pub fn timeout(text: &str) -> Result<Duration, String> {
    let (digits, factor) = match text.char_indices().last() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3600),
        _ => (text, 1),
    };
    let number: u64 = digits.parse().map_err(|_| "give a time such as 30s, 5m or 1h".to_owned())?;
    number.checked_mul(factor).map(Duration::from_secs).ok_or_else(|| "the time is too long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_reached_through_the_proxy_of_the_environment_as_by_kubectl() {
        let cases = [
            ("https://api.example.com:6443", "", true),
            ("https://api.example.com:6443", "other.net,", true),
            ("https://api.example.com:6443", "example.com", false),
            ("https://api.example.com:6443", "proxy.example.com", true),
            ("https://10.1.2.3:6443", "10.0.0.0/8,localhost", false),
            ("https://10.1.2.3:6443", "*", false),
            ("http://api.example.com", "", false),
            ("https://127.0.0.1:6443", "", false),
            ("https://[::1]:6443", "", false),
            ("https://localhost:6443", "", false),
        ];
        for (cluster, without, expected) in cases {
            assert_eq!(is_proxied(&cluster.parse().unwrap(), without), expected, "{cluster} {without}");
        }
    }

    #[test]
    fn a_time_is_seconds_or_has_its_unit() {
        for (text, seconds) in [("0", 0), ("5", 5), ("90s", 90), ("2m", 120), ("1h", 3600)] {
            assert_eq!(timeout(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "s", "-1", "1d", "1.5s", "99999999999999999999h", "9999999999999999999h"] {
            assert!(timeout(text).is_err(), "{text}");
        }
    }

    #[test]
    fn whom_to_impersonate_is_taken_from_the_flags_and_else_from_the_kubeconfig() {
        let mut config = Config::new("https://127.0.0.1:1".parse().unwrap());
        config.auth_info.impersonate = Some("file".to_owned());
        KubeArgs::default().impersonate(&mut config);
        assert_eq!(config.auth_info.impersonate.as_deref(), Some("file"));
        let args = KubeArgs {
            as_user: Some("flag".to_owned()),
            as_group: vec!["a".to_owned(), "b".to_owned()],
            as_uid: Some("7".to_owned()),
            ..KubeArgs::default()
        };
        args.impersonate(&mut config);
        assert_eq!(config.auth_info.impersonate.as_deref(), Some("flag"));
        assert_eq!(config.auth_info.impersonate_groups, Some(args.as_group.clone()));
        assert_eq!(config.auth_info.impersonate_uid.as_deref(), Some("7"));
    }
}
