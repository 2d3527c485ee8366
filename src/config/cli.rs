//! The flags of the operator, each with the environment variable that sets it, too.

use clap::{ArgAction, Parser};

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
    /// Serves every object as with `spec.mode: Plan`, and writes nothing to a PAM: for a drill on a restored copy of a cluster
    #[arg(long, env = "PAM_OPERATOR_PLAN_ONLY", default_value_t = false, action = ArgAction::Set,
          num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub plan_only: bool,
    /// Seconds after which a silent leader is replaced
    #[arg(long, env = "PAM_OPERATOR_LEASE_DURATION_SECONDS", default_value_t = 15)]
    pub lease_duration: u64,
}
