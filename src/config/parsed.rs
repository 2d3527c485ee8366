//! [`Config`]: every setting checked and parsed.

use std::{collections::BTreeSet, net::SocketAddr, num::NonZeroUsize, time::Duration};

use super::bounds::{LEASE_SECONDS, MAX_CLUSTER_NAME, MAX_CONCURRENCY};
use super::cli::Cli;
use super::error::ConfigError;
use super::log_filter::log_filter;
use super::names::{is_name, is_selector};
use crate::clock::Clock;
use crate::pam::AllowedHosts;

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
    /// Whether every object is served as with `spec.mode: Plan`, and nothing is written to a PAM.
    pub plan_only: bool,
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
            plan_only: cli.plan_only,
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
        text if is_selector(text) => Ok(Some(text.to_owned())),
        text => Err(ConfigError::InvalidSelector(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

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
                plan_only: false,
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
            let begins = crate::domain::generated_identifier(&name, "n", "a", |_| unreachable!("it needs no change"));
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

    #[test]
    fn plan_only_can_be_switched_by_word() {
        assert!(config(&["--plan-only"]).unwrap().plan_only);
        assert!(config(&["--plan-only=true"]).unwrap().plan_only);
        assert!(!config(&["--plan-only=false"]).unwrap().plan_only);
    }
}
