//! What both kinds of connection have: where a PAM is and how to log in to it.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compatibility::Compatibility;
use super::refs::{DATA_KEY, OBJECT_NAME};
use super::status::SourceSecret;

/// An https URL without user information, query and fragment; a path is kept.
const HTTPS_URL: &str = r"^https://[^\s/?#@\\]+(/[^\s?#\\]*)?$";
/// A plain path: segments of letters, digits, `-`, `_`, `.` and `~`.
const API_PATH: &str = r"^(/|(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+/?)$";
/// What fits into a header line.
const HEADER_TEXT: &str = r"^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$";
/// A duration as Kubernetes writes it, in hours, minutes and seconds.
const DURATION: &str = r"^([0-9]{1,6}(h|m|s)){1,3}$";
/// `major.minor` with an optional patch number, as the PAM shows it.
const PRODUCT_VERSION: &str = r"^[0-9]{1,2}\.[0-9]{1,3}(\.[0-9]{1,3})?$";

/// A PAM, and how the operator logs in to it: the part of a spec that both kinds of connection have.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionSpec {
    /// Address of the PAM: `https://`, a host, and where needed a port and a path, such as `https://pam.example.com`.
    #[schemars(length(min = 9, max = 2048), regex(pattern = HTTPS_URL))]
    pub url: String,
    /// Version of the PAM as its own pages show it, such as `4.2`, `3.33.1` or `3.32`. It decides how the PAM is
    /// spoken to: paths, names and shapes at once. Versions from 3.30 on are supported.
    #[schemars(length(min = 3, max = 16), regex(pattern = PRODUCT_VERSION))]
    #[x_kube(validation = Rule::new("self.matches('^(3[.]3[0-3]|4[.][0-9]+)([.][0-9]+)?$')").message("productVersion must be 3.30 to 3.33 or 4.x, as the PAM shows it"))]
    pub product_version: String,
    /// First part of the API's paths, where it is not what `productVersion` implies (`/iso` up to 3.32, `/api` later).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = API_PATH))]
    pub api_prefix: Option<String>,
    /// Path of the token endpoint, where it is not `{apiPrefix}/oauth2/token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 255), regex(pattern = API_PATH))]
    pub token_path: Option<String>,
    /// How the PAM's API differs from what `productVersion` implies. Seldom needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compatibility: Option<Compatibility>,
    /// The `Referer` header of every call, for an authorization that is restricted to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024), regex(pattern = HEADER_TEXT))]
    pub referrer: Option<String>,
    /// How the operator logs in.
    pub auth: Auth,
    /// Which certificates are trusted. Absent: those that the operator's image trusts. There is no way to
    /// skip the check: give a self-signed appliance's certificate as the CA bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// The most that is asked of the PAM at once and per second. Counted over all connections to one PAM; those of a
    /// namespace's own `PamConnection` count for that namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// How the operator looks after what the PAM holds: one list of all records that the login sees, in each interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<InventorySettings>,
    /// How many records may be disabled at one go. When more objects with `deletionPolicy: Disable` are deleted, the rest
    /// wait until somebody confirms it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disable_brake: Option<DisableBrake>,
}

/// How the operator logs in to the PAM.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Auth {
    /// OAuth 2.0 client credentials of an A2A authorization with read and write permission on PAM Core.
    pub oauth2: Oauth2,
}

/// OAuth 2.0 client credentials.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Oauth2 {
    /// The Secret that holds the client id and the client secret: for a ClusterPamConnection in the operator's own
    /// namespace, for a PamConnection in its own.
    pub client_secret_ref: ClientSecretRef,
    /// The tenant to log in to: its subdomain. Needed where `url` names the PAM by its IP address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = HEADER_TEXT))]
    pub tenant: Option<String>,
    /// How client id and client secret are sent: `Form`, in the request's form, or `Basic`, as HTTP Basic credentials, which
    /// some old versions ask for.
    #[serde(default)]
    pub token_request: TokenRequest,
}

/// How client id and client secret are sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum TokenRequest {
    /// In the form.
    #[default]
    Form,
    /// As HTTP Basic credentials, as old versions ask for.
    Basic,
}

/// A Secret with a client id and a client secret.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientSecretRef {
    /// Name of the Secret: for a ClusterPamConnection in the operator's own namespace, for a PamConnection in its own.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
    /// Key in the Secret's data that holds the client id.
    #[serde(default = "client_id_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = DATA_KEY))]
    pub client_id_key: String,
    /// Key in the Secret's data that holds the client secret.
    #[serde(default = "client_secret_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = DATA_KEY))]
    pub client_secret_key: String,
}

/// Which certificates are trusted.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!(has(self.caBundle) && has(self.caBundleRef))").message("give caBundle or caBundleRef, not both"))]
pub struct Tls {
    /// The CA certificates to trust, and no others: PEM, base64-encoded once more as in other Kubernetes kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1_398_104), extend("format" = "byte"))]
    pub ca_bundle: Option<String>,
    /// The ConfigMap or Secret to read the CA certificates (PEM) from, instead of `caBundle`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_bundle_ref: Option<CaBundleRef>,
    /// The operator's own certificate and key, a Secret of type `kubernetes.io/tls`: for an authorization that is bound to the
    /// certificate's fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_secret_ref: Option<ClientCertificateSecretRef>,
}

/// A Secret of type `kubernetes.io/tls`: `tls.crt` and `tls.key`.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientCertificateSecretRef {
    /// Name of the Secret: for a ClusterPamConnection in the operator's own namespace, for a PamConnection in its own.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
}

/// A ConfigMap or Secret that holds CA certificates.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CaBundleRef {
    /// What holds the certificates: a `ConfigMap` or a `Secret`.
    #[serde(default)]
    pub kind: CaBundleKind,
    /// Name of the ConfigMap or Secret: for a ClusterPamConnection in the operator's own namespace, for a PamConnection
    /// in its own.
    #[schemars(length(min = 1, max = 253), regex(pattern = OBJECT_NAME))]
    pub name: String,
    /// Key in the ConfigMap's or Secret's data that holds the certificates.
    #[serde(default = "ca_key")]
    #[schemars(length(min = 1, max = 253), regex(pattern = DATA_KEY))]
    pub key: String,
}

/// What kind of object holds CA certificates.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum CaBundleKind {
    /// A ConfigMap, as trust-manager and others make them.
    #[default]
    ConfigMap,
    /// A Secret.
    Secret,
}

/// How hard the PAM may be worked.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// The most requests that may be under way at the same time.
    #[serde(default = "max_concurrent_requests")]
    #[schemars(range(min = 1, max = 64))]
    pub max_concurrent_requests: u32,
    /// The most requests per second, on average; 0 means no limit.
    #[serde(default = "requests_per_second")]
    #[schemars(range(min = 0, max = 1000))]
    pub requests_per_second: u32,
    /// How many requests may follow each other at once before `requestsPerSecond` counts.
    #[serde(default = "burst")]
    #[schemars(range(min = 1, max = 1000))]
    pub burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_concurrent_requests: max_concurrent_requests(),
            requests_per_second: requests_per_second(),
            burst: burst(),
        }
    }
}

/// The list of the PAM's records.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InventorySettings {
    /// False where the login may not list, or must not. Then nothing that the list shows is guarded: a record that was there
    /// before is told only from the answer to the first write, changes made by others are not noticed, and
    /// `deletionPolicy: Disable` is blocked.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// How often the list is asked for while nothing else asks for it, such as `1h` or `30m`: from `10s` to `168h`.
    #[serde(default = "interval")]
    #[schemars(length(min = 2, max = 16), regex(pattern = DURATION))]
    #[x_kube(validation = Rule::new("duration(self) >= duration('10s') && duration(self) <= duration('168h')").message("inventory.interval must be from 10s to 168h"))]
    pub interval: String,
}

impl Default for InventorySettings {
    fn default() -> Self {
        Self { enabled: yes(), interval: interval() }
    }
}

impl InventorySettings {
    /// The interval; an hour where it cannot be read, which the schema does not let happen.
    #[must_use]
    pub fn interval(&self) -> Duration {
        seconds(&self.interval).unwrap_or(Duration::from_hours(1))
    }
}

/// How many records may be disabled at one go.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DisableBrake {
    /// The most records that are disabled within one `window` without a confirmation; 0 means that each is to be confirmed.
    #[serde(default = "brake_count")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub count: u32,
    /// The time over which they are counted, such as `10m`: from `1s` to `168h`.
    #[serde(default = "brake_window")]
    #[schemars(length(min = 2, max = 16), regex(pattern = DURATION))]
    #[x_kube(validation = Rule::new("duration(self) >= duration('1s') && duration(self) <= duration('168h')").message("disableBrake.window must be from 1s to 168h"))]
    pub window: String,
}

impl Default for DisableBrake {
    fn default() -> Self {
        Self { count: brake_count(), window: brake_window() }
    }
}

impl DisableBrake {
    /// The window; ten minutes where it cannot be read, which the schema does not let happen.
    #[must_use]
    pub fn window(&self) -> Duration {
        seconds(&self.window).unwrap_or(Duration::from_mins(10))
    }
}

fn seconds(text: &str) -> Option<Duration> {
    let parsed: jiff::SignedDuration = text.parse().ok()?;
    Duration::try_from(parsed).ok()
}

/// What is known of the PAM.
#[derive(Clone, Debug, Default, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PamConnectionStatus {
    /// The `metadata.generation` that this status speaks of; -1 while nobody has looked at the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The name under which this cluster's generated identifiers begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_name: Option<String>,
    /// The Secret and the CA bundle that the last login was tried with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub source: Vec<SourceSecret>,
    /// Keyed digest of what the last login was tried with, so that a login that was refused is not tried
    /// again, and one that worked is not proved again, after a restart.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digests: BTreeMap<String, String>,
    /// How many credentials refer to this connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<i64>,
    /// What the last list showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<InventoryStatus>,
    /// While the brake is on: how many credentials that are being deleted wait for their records to be disabled. It is
    /// the number that the annotation `pam-operator.io/confirm-disable` confirms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_disables: Option<i64>,
    /// The disables that count for `spec.disableBrake`, noted before they are sent, so that a restart forgets none of
    /// them. Those that are older than its window stay here until the next one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "atomic"))]
    pub recent_disables: Vec<RecentDisables>,
    /// The value of the annotation `pam-operator.io/confirm-disable` that was last looked at (its beginning), or that
    /// was there when the brake came on. It does not count again until the annotation was removed or changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub last_handled_confirm_disable: Option<String>,
    /// `Ready`, with `Reconciling` or `Stalled` beside it while it is not. Present only while true: `InventoryIncomplete`
    /// while the list cannot be trusted, `VaultRestored` while it shows records older than they were, `DisablesHeld` while
    /// the brake holds disables back.
    #[serde(default)]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

/// What the last list showed.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryStatus {
    /// How many records it held.
    pub records: i64,
    /// False while it cannot be trusted: then nothing is created, corrected or disabled.
    pub complete: bool,
    /// How many of the records that this cluster knows it lacked, or showed moved, where those were too many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<i64>,
    /// How many records this cluster knew then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<i64>,
    /// How many records it showed older than they were, as after a restore from a backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub older: Option<i64>,
}

/// Disables of about the same time.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecentDisables {
    /// When the last of them was sent.
    pub time: Time,
    /// How many there were.
    pub count: i64,
}

const fn yes() -> bool {
    true
}

fn interval() -> String {
    "1h".to_owned()
}

const fn brake_count() -> u32 {
    20
}

fn brake_window() -> String {
    "10m".to_owned()
}

fn client_id_key() -> String {
    "clientId".to_owned()
}

fn client_secret_key() -> String {
    "clientSecret".to_owned()
}

fn ca_key() -> String {
    "ca.crt".to_owned()
}

const fn max_concurrent_requests() -> u32 {
    4
}

const fn requests_per_second() -> u32 {
    10
}

const fn burst() -> u32 {
    20
}
