//! What is wrong with a setting.

use super::bounds::{LEASE_SECONDS, MAX_CLUSTER_NAME, MAX_CONCURRENCY};
use crate::pam::AllowedHostError;

/// A setting that cannot be used. The text names the flag, its variable and the remedy.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// `--namespace` is missing.
    #[error(
        "--namespace (POD_NAMESPACE) is not set: give the namespace that the operator runs in, in a Pod by a fieldRef to metadata.namespace"
    )]
    NamespaceMissing,
    /// A namespace or Pod name that Kubernetes would not accept.
    #[error(
        "{flag} ({variable}): {value:?} is not a name that Kubernetes accepts: use lower-case letters, digits and '-'{also}, beginning and ending with a letter or digit, at most {longest} characters"
    )]
    InvalidName {
        /// The flag.
        flag: &'static str,
        /// The environment variable.
        variable: &'static str,
        /// What was given.
        value: String,
        /// Further characters that are allowed.
        also: &'static str,
        /// Most characters.
        longest: usize,
    },
    /// `--connection-selector` is no label selector.
    #[error(
        "--connection-selector (PAM_OPERATOR_CONNECTION_SELECTOR): {0:?} is not a label selector: write for example `pam=prod`, `pam!=test`, `pam in (a,b)` or `!pam`, joined by commas"
    )]
    InvalidSelector(String),
    /// `--allowed-hosts` has an entry that is none.
    #[error("--allowed-hosts (PAM_OPERATOR_ALLOWED_HOSTS): {0}")]
    InvalidAllowedHost(AllowedHostError),
    /// A cluster name could not begin an identifier.
    #[error(
        "{flag} ({variable}): {value:?} cannot begin an identifier: use 1 to {MAX_CLUSTER_NAME} of A-Z a-z 0-9 '-', beginning and ending with a letter or digit ('_' separates the parts of an identifier)"
    )]
    InvalidClusterName {
        /// The flag.
        flag: &'static str,
        /// The environment variable.
        variable: &'static str,
        /// What was given.
        value: String,
    },
    /// `--listen-address` is no address and port.
    #[error(
        "--listen-address (PAM_OPERATOR_LISTEN_ADDRESS): {0:?} is not an IP address and port: write for example 0.0.0.0:8080, or [::]:8080 on an IPv6 cluster"
    )]
    InvalidListenAddress(String),
    /// `--log-format` is neither json nor text.
    #[error("--log-format (PAM_OPERATOR_LOG_FORMAT): {0:?} is unknown: use json or text")]
    InvalidLogFormat(String),
    /// `--log-filter` names a level that does not exist, or is no filter at all.
    #[error(
        "--log-filter (PAM_OPERATOR_LOG_FILTER): {0:?} is neither a level nor target=level: write a level (off, error, warn, info, debug, trace) or directives such as info,pam_operator=debug"
    )]
    InvalidLogFilter(String),
    /// `--max-concurrent-reconciles` is out of range.
    #[error(
        "--max-concurrent-reconciles (PAM_OPERATOR_MAX_CONCURRENT_RECONCILES): {0} is out of range: use 1 to {MAX_CONCURRENCY}"
    )]
    InvalidConcurrency(usize),
    /// `--lease-duration` is out of range.
    #[error("--lease-duration (PAM_OPERATOR_LEASE_DURATION_SECONDS): {0} is out of range: use {min} to {max} seconds", min = LEASE_SECONDS.start(), max = LEASE_SECONDS.end())]
    InvalidLeaseDuration(u64),
}
