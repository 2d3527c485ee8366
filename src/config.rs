//! Flags and environment, checked once into [`Config`].
//!
//! [`Cli`] is what was typed, [`Config`] is valid by construction: no later code checks a setting again.
//! Every [`ConfigError`] names the flag and says what to write instead.

mod error;
mod names;

use std::{collections::BTreeSet, net::SocketAddr, num::NonZeroUsize, ops::RangeInclusive, time::Duration};

use clap::{ArgAction, Parser};
use tracing_subscriber::EnvFilter;

use crate::clock::Clock;
use crate::pam::AllowedHosts;
pub use error::ConfigError;
use names::is_name;

/// Longest cluster name: it begins every generated identifier, which has 64 characters in all.
const MAX_CLUSTER_NAME: usize = 20;
/// Bounds of `--lease-duration` in seconds: shorter ones flap on a slow API server, longer ones
/// leave a cluster without a leader for minutes after a crash.
const LEASE_SECONDS: RangeInclusive<u64> = 5..=300;
/// Upper bound of `--max-concurrent-reconciles`; each holds a connection to the API server (HTTP/1.1).
const MAX_CONCURRENCY: usize = 1024;

/// Keeps credentials in a senhasegura / Segura PAM equal to what this cluster says.
///
/// Connects with the Pod's service account; outside a cluster with KUBECONFIG.
#[derive(Parser, Clone, Debug)]
#[command(version, about)]
pub struct Cli {
    /// Namespace that the operator runs in: its lease, its digest key and the Secrets of `ClusterPamConnections` are there
    #[arg(long, env = "POD_NAMESPACE", default_value = "")]
    pub namespace: String,
    /// Name under which this replica holds the lease; unique among the replicas [default: host name and random digits]
    #[arg(long, env = "POD_NAME", default_value = "", hide_default_value = true)]
    pub pod_name: String,
    /// Namespaces whose `PamCredentials` are served, separated by commas; empty: all
    #[arg(long, env = "PAM_OPERATOR_WATCH_NAMESPACES", default_value = "", hide_default_value = true)]
    pub watch_namespaces: String,
    /// Label selector of the `ClusterPamConnections` and `PamConnections` that this operator serves; empty: all
    #[arg(long, env = "PAM_OPERATOR_CONNECTION_SELECTOR", default_value = "", hide_default_value = true)]
    pub connection_selector: String,
    /// Hosts that `PamConnections` of tenants may lead to, separated by commas: names, `*.example.com`, addresses, networks; empty: none
    #[arg(long, env = "PAM_OPERATOR_ALLOWED_HOSTS", default_value = "", hide_default_value = true)]
    pub allowed_hosts: String,
    /// Begins every generated identifier; set it before the first push [default: first 8 digits of kube-system's uid]
    #[arg(long, env = "PAM_OPERATOR_CLUSTER_NAME", default_value = "", hide_default_value = true)]
    pub cluster_name: String,
    /// Names this cluster had before, separated by commas: records made under one of them are gone on with
    #[arg(long, env = "PAM_OPERATOR_FORMER_CLUSTER_NAMES", default_value = "", hide_default_value = true)]
    pub former_cluster_names: String,
    /// Address and port of /livez, /readyz and /metrics
    #[arg(long, env = "PAM_OPERATOR_LISTEN_ADDRESS", default_value = "0.0.0.0:8080")]
    pub listen_address: String,
    /// Form of the log lines: json or text
    #[arg(long, env = "PAM_OPERATOR_LOG_FORMAT", default_value = "json")]
    pub log_format: String,
    /// What is logged: a level, or directives such as `info,pam_operator=debug`; libraries that could print secrets stay capped
    #[arg(long, env = "PAM_OPERATOR_LOG_FILTER", default_value = "info")]
    pub log_filter: String,
    /// How many objects are reconciled at the same time
    #[arg(long, env = "PAM_OPERATOR_MAX_CONCURRENT_RECONCILES", default_value_t = 32)]
    pub max_concurrent_reconciles: usize,
    /// Whether replicas elect a leader; false only where there is never a second one, a rollout included
    #[arg(long, env = "PAM_OPERATOR_LEADER_ELECTION", default_value_t = true, action = ArgAction::Set,
          num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub leader_election: bool,
    /// Seconds after which a silent leader is replaced
    #[arg(long, env = "PAM_OPERATOR_LEASE_DURATION_SECONDS", default_value_t = 15)]
    pub lease_duration: u64,
}

/// The settings of one run, valid by construction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Namespace of the operator itself.
    pub namespace: String,
    /// Identity of this replica in the lease.
    pub pod_name: String,
    /// Where `PamCredential`s are served.
    pub watch: WatchScope,
    /// Label selector of the `ClusterPamConnection`s that are served; `None`: all.
    pub connection_selector: Option<String>,
    /// Where tenants' connections may lead.
    pub allowed_hosts: AllowedHosts,
    /// First part of generated identifiers; `None`: made from the uid of `kube-system`.
    pub cluster_name: Option<String>,
    /// First parts of the identifiers that were generated before; each once, in the order given.
    pub former_cluster_names: Vec<String>,
    /// Where probes and metrics are served.
    pub listen_address: SocketAddr,
    /// Form of the log lines.
    pub log_format: LogFormat,
    /// Directives of the log filter, known to parse; telemetry's caps come on top.
    pub log_filter: String,
    /// Passes that run at the same time, over all kinds.
    pub max_concurrent_reconciles: NonZeroUsize,
    /// Whether a lease decides which replica works.
    pub leader_election: bool,
    /// How long a silent leader keeps the lease.
    pub lease_duration: Duration,
    /// Where the time of day comes from.
    pub clock: Clock,
}

/// Which namespaces' `PamCredential`s (and Secrets) are watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchScope {
    /// Every namespace, with one watch per kind.
    All,
    /// These namespaces only, with a watch per kind and namespace; never empty.
    Namespaces(BTreeSet<String>),
}

/// Form of the log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

impl TryFrom<Cli> for Config {
    type Error = ConfigError;

    /// Checks every flag; the first one that cannot be used is the error.
    fn try_from(cli: Cli) -> Result<Self, ConfigError> {
        Ok(Self {
            namespace: own_namespace(cli.namespace.trim())?,
            pod_name: identity(cli.pod_name.trim())?,
            watch: watch_scope(&cli.watch_namespaces)?,
            connection_selector: selector(cli.connection_selector.trim())?,
            allowed_hosts: allowed_hosts(&cli.allowed_hosts)?,
            cluster_name: own_cluster_name(cli.cluster_name.trim())?,
            former_cluster_names: former_cluster_names(&cli.former_cluster_names)?,
            listen_address: listen_address(cli.listen_address.trim())?,
            log_format: log_format(cli.log_format.trim())?,
            log_filter: log_filter(cli.log_filter.trim())?,
            max_concurrent_reconciles: concurrency(cli.max_concurrent_reconciles)?,
            leader_election: cli.leader_election,
            lease_duration: lease_duration(cli.lease_duration)?,
            clock: Clock::default(),
        })
    }
}

fn own_namespace(value: &str) -> Result<String, ConfigError> {
    if value.is_empty() {
        return Err(ConfigError::NamespaceMissing);
    }
    namespace(value, "--namespace", "POD_NAMESPACE")
}

fn watch_scope(list: &str) -> Result<WatchScope, ConfigError> {
    let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
    let names: BTreeSet<String> = names
        .map(|name| namespace(name, "--watch-namespaces", "PAM_OPERATOR_WATCH_NAMESPACES"))
        .collect::<Result<_, _>>()?;
    Ok(if names.is_empty() { WatchScope::All } else { WatchScope::Namespaces(names) })
}

/// A DNS label, as namespaces are named.
fn namespace(value: &str, flag: &'static str, variable: &'static str) -> Result<String, ConfigError> {
    if is_name(value, "-", 63) {
        return Ok(value.to_owned());
    }
    Err(ConfigError::InvalidName { flag, variable, value: value.to_owned(), also: "", longest: 63 })
}

/// The Pod's name, or the host's with random digits: two replicas must never share one.
fn identity(value: &str) -> Result<String, ConfigError> {
    if value.is_empty() {
        return Ok(format!("{}-{:08x}", host_name(), rand::random::<u32>()));
    }
    if is_name(value, "-.", 253) {
        return Ok(value.to_owned());
    }
    let (flag, variable) = ("--pod-name", "POD_NAME");
    Err(ConfigError::InvalidName { flag, variable, value: value.to_owned(), also: " and '.'", longest: 253 })
}

fn host_name() -> String {
    let file = || std::fs::read_to_string("/etc/hostname").ok();
    let name = std::env::var("HOSTNAME").ok().or_else(file).unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "pam-operator".to_owned() } else { name.to_owned() }
}

fn own_cluster_name(value: &str) -> Result<Option<String>, ConfigError> {
    match value {
        "" => Ok(None),
        name => cluster_name(name, "--cluster-name", "PAM_OPERATOR_CLUSTER_NAME").map(Some),
    }
}

fn former_cluster_names(list: &str) -> Result<Vec<String>, ConfigError> {
    let mut names = Vec::new();
    for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let name = cluster_name(name, "--former-cluster-names", "PAM_OPERATOR_FORMER_CLUSTER_NAMES")?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

fn cluster_name(name: &str, flag: &'static str, variable: &'static str) -> Result<String, ConfigError> {
    let edge = |c: char| c.is_ascii_alphanumeric();
    let inner = |c: char| edge(c) || c == '-';
    let fits = name.len() <= MAX_CLUSTER_NAME && name.chars().all(inner);
    if fits && name.starts_with(edge) && name.ends_with(edge) {
        return Ok(name.to_owned());
    }
    Err(ConfigError::InvalidClusterName { flag, variable, value: name.to_owned() })
}

fn listen_address(value: &str) -> Result<SocketAddr, ConfigError> {
    value.parse().map_err(|_| ConfigError::InvalidListenAddress(value.to_owned()))
}

fn log_format(value: &str) -> Result<LogFormat, ConfigError> {
    match value {
        "json" => Ok(LogFormat::Json),
        "text" => Ok(LogFormat::Text),
        other => Err(ConfigError::InvalidLogFormat(other.to_owned())),
    }
}

fn log_filter(value: &str) -> Result<String, ConfigError> {
    match EnvFilter::builder().parse(value) {
        Ok(_) => Ok(value.to_owned()),
        Err(_) => Err(ConfigError::InvalidLogFilter(value.to_owned())),
    }
}

fn concurrency(value: usize) -> Result<NonZeroUsize, ConfigError> {
    // 0 would mean "without bound" to the controller.
    NonZeroUsize::new(value).filter(|n| n.get() <= MAX_CONCURRENCY).ok_or(ConfigError::InvalidConcurrency(value))
}

fn lease_duration(seconds: u64) -> Result<Duration, ConfigError> {
    if LEASE_SECONDS.contains(&seconds) {
        Ok(Duration::from_secs(seconds))
    } else {
        Err(ConfigError::InvalidLeaseDuration(seconds))
    }
}

fn allowed_hosts(list: &str) -> Result<AllowedHosts, ConfigError> {
    AllowedHosts::parse(list.split(',')).map_err(ConfigError::InvalidAllowedHost)
}

/// Checked here and not left to the API server, where a typing error would show as a watch that fails for ever.
fn selector(value: &str) -> Result<Option<String>, ConfigError> {
    match value {
        "" => Ok(None),
        text if names::is_selector(text) => Ok(Some(text.to_owned())),
        text => Err(ConfigError::InvalidSelector(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cli(args: &[&str]) -> Cli {
        let base = ["pam-operator", "--namespace=pam-system", "--pod-name=pam-operator-0"];
        Cli::try_parse_from(base.iter().chain(args)).unwrap()
    }

    fn config(args: &[&str]) -> Result<Config, ConfigError> {
        cli(args).try_into()
    }

    #[test]
    fn defaults_are_those_documented() {
        assert_eq!(
            config(&[]).unwrap(),
            Config {
                namespace: "pam-system".into(),
                pod_name: "pam-operator-0".into(),
                watch: WatchScope::All,
                connection_selector: None,
                allowed_hosts: AllowedHosts::default(),
                cluster_name: None,
                former_cluster_names: Vec::new(),
                listen_address: "0.0.0.0:8080".parse().unwrap(),
                log_format: LogFormat::Json,
                log_filter: "info".into(),
                max_concurrent_reconciles: NonZeroUsize::new(32).unwrap(),
                leader_election: true,
                lease_duration: Duration::from_secs(15),
                clock: Clock::default(),
            }
        );
    }

    #[test]
    fn every_error_names_its_flag_and_its_variable() {
        let long = "a".repeat(21);
        let cases = [
            ("--namespace", "POD_NAMESPACE", ""),
            ("--namespace", "POD_NAMESPACE", "Pam_System"),
            ("--pod-name", "POD_NAME", "two words"),
            ("--watch-namespaces", "PAM_OPERATOR_WATCH_NAMESPACES", "a,B"),
            ("--watch-namespaces", "PAM_OPERATOR_WATCH_NAMESPACES", "-a"),
            ("--connection-selector", "PAM_OPERATOR_CONNECTION_SELECTOR", "pam in prod"),
            ("--allowed-hosts", "PAM_OPERATOR_ALLOWED_HOSTS", "a.example.com,https://b"),
            ("--cluster-name", "PAM_OPERATOR_CLUSTER_NAME", "a_b"),
            ("--cluster-name", "PAM_OPERATOR_CLUSTER_NAME", "-a"),
            ("--cluster-name", "PAM_OPERATOR_CLUSTER_NAME", &long),
            ("--former-cluster-names", "PAM_OPERATOR_FORMER_CLUSTER_NAMES", "old,a_b"),
            ("--former-cluster-names", "PAM_OPERATOR_FORMER_CLUSTER_NAMES", &long),
            ("--listen-address", "PAM_OPERATOR_LISTEN_ADDRESS", ":8080"),
            ("--log-format", "PAM_OPERATOR_LOG_FORMAT", "xml"),
            ("--log-filter", "PAM_OPERATOR_LOG_FILTER", "pam_operator=loud"),
            ("--max-concurrent-reconciles", "PAM_OPERATOR_MAX_CONCURRENT_RECONCILES", "0"),
            ("--max-concurrent-reconciles", "PAM_OPERATOR_MAX_CONCURRENT_RECONCILES", "1025"),
            ("--lease-duration", "PAM_OPERATOR_LEASE_DURATION_SECONDS", "4"),
            ("--lease-duration", "PAM_OPERATOR_LEASE_DURATION_SECONDS", "301"),
        ];
        for (flag, variable, value) in cases {
            let mut given = cli(&[]);
            match flag {
                "--namespace" => given.namespace = value.into(),
                "--pod-name" => given.pod_name = value.into(),
                "--watch-namespaces" => given.watch_namespaces = value.into(),
                "--connection-selector" => given.connection_selector = value.into(),
                "--allowed-hosts" => given.allowed_hosts = value.into(),
                "--cluster-name" => given.cluster_name = value.into(),
                "--former-cluster-names" => given.former_cluster_names = value.into(),
                "--listen-address" => given.listen_address = value.into(),
                "--log-format" => given.log_format = value.into(),
                "--log-filter" => given.log_filter = value.into(),
                "--max-concurrent-reconciles" => given.max_concurrent_reconciles = value.parse().unwrap(),
                _ => given.lease_duration = value.parse().unwrap(),
            }
            let text = Config::try_from(given).unwrap_err().to_string();
            assert!(text.starts_with(flag) && text.contains(variable), "{text}");
            let remedy = ["use ", "write ", "give "].iter().any(|word| text.contains(word));
            assert!(remedy, "no remedy in: {text}");
        }
    }

    #[test]
    fn empty_watch_namespaces_mean_all_and_duplicates_collapse() {
        assert_eq!(config(&["--watch-namespaces= , "]).unwrap().watch, WatchScope::All);
        let scope = config(&["--watch-namespaces=b, a,b,"]).unwrap().watch;
        assert_eq!(scope, WatchScope::Namespaces(["a".into(), "b".into()].into()));
    }

    #[test]
    fn label_selectors_are_told_from_other_text() {
        let good =
            ["pam", "!pam", "pam=prod", "pam==prod", "a.io/pam!=test", "pam in (a,b)", "x, y notin (a), !z", "pam="];
        for text in good {
            assert_eq!(config(&["--connection-selector", text]).unwrap().connection_selector.as_deref(), Some(text));
        }
        for text in ["pam in (a", "pam in a)", "pam=a b", "=a", "!", "a,,b", "pam=(a)", "/a", "pam>1", "in (a)"] {
            assert_eq!(selector(text), Err(ConfigError::InvalidSelector(text.into())), "{text}");
        }
    }

    #[test]
    fn every_cluster_name_that_is_accepted_can_begin_an_identifier() {
        for length in 1..=MAX_CLUSTER_NAME {
            let name = "a".repeat(length);
            let begins = crate::domain::generated_identifier((&name, "n", "a"), |_| unreachable!("it needs no change"));
            assert_eq!(begins, format!("{name}_n_a"));
            assert_eq!(own_cluster_name(&name), Ok(Some(name)));
        }
    }

    #[test]
    fn former_cluster_names_keep_their_order_and_each_counts_once() {
        let former = |list: &str| config(&["--former-cluster-names", list]).unwrap().former_cluster_names;
        assert_eq!(former("old-1, Old2,,old-1 ,"), ["old-1", "Old2"]);
        assert_eq!(former(" , "), [""; 0]);
    }

    #[test]
    fn a_missing_pod_name_gives_each_replica_its_own() {
        let (one, two) = (identity("").unwrap(), identity("").unwrap());
        assert_ne!(one, two);
    }

    #[test]
    fn leader_election_can_be_switched_by_word() {
        assert!(config(&["--leader-election"]).unwrap().leader_election);
        assert!(!config(&["--leader-election=false"]).unwrap().leader_election);
    }
}
