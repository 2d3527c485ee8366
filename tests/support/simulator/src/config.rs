//! What a simulator is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::authorization::Authorization;
use crate::behaviour::Behaviour;
use crate::clock::Clock;
use crate::secret::Hidden;
use crate::tls::Certificate;
use crate::version::ProductVersion;

/// The tenant and client that [`Config::default`] comes with.
pub(crate) const DEFAULT_TENANT: &str = "acme";
const DEFAULT_CLIENT: &str = "operator";
const DEFAULT_SECRET: &str = "simulated-client-secret";

/// Everything a simulator needs to start; `Default` serves 4.2 on a free loopback port.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the PAM listens; port 0 picks a free one. Loopback only.
    pub listen: SocketAddr,
    /// Where the admin port listens; absent: no admin port. Loopback only.
    pub admin_listen: Option<SocketAddr>,
    /// The product version to behave as.
    pub version: ProductVersion,
    /// The tenant of devices and seeds that name none.
    pub tenant: String,
    /// Who may log in; the first one is what [`crate::Simulator::client_id`] answers.
    pub authorizations: Vec<Authorization>,
    /// Devices that exist from the start.
    pub devices: Vec<Device>,
    /// Records that exist from the start.
    pub seeds: Vec<Seed>,
    /// What `expires_in` says in a token answer.
    pub expires_in: ExpiresIn,
    /// How long tokens really live; absent: what `expires_in` says, or an hour where that is no sane number.
    pub token_lifetime: Option<Duration>,
    /// The knobs for what the documentation leaves open.
    pub behaviour: Behaviour,
    /// The certificate to present.
    pub certificate: Certificate,
    /// Where the time of day comes from.
    pub clock: Clock,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: loopback(),
            admin_listen: None,
            version: ProductVersion::default(),
            tenant: DEFAULT_TENANT.to_owned(),
            authorizations: vec![Authorization::new(DEFAULT_CLIENT, DEFAULT_SECRET)],
            devices: Vec::new(),
            seeds: Vec::new(),
            expires_in: ExpiresIn::default(),
            token_lifetime: None,
            behaviour: Behaviour::default(),
            certificate: Certificate::default(),
            clock: Clock::default(),
        }
    }
}

impl Config {
    /// The default configuration of this product version.
    #[must_use]
    pub fn of(version: ProductVersion) -> Self {
        Self { version, ..Self::default() }
    }

    /// Adds a device of the default tenant.
    #[must_use]
    pub fn device(mut self, hostname: &str, ip: &str) -> Self {
        self.devices.push(Device::new(hostname, ip));
        self
    }

    /// Adds a client beside those already there.
    #[must_use]
    pub fn authorization(mut self, authorization: Authorization) -> Self {
        self.authorizations.push(authorization);
        self
    }

    /// Replaces all clients by this one.
    #[must_use]
    pub fn only_client(mut self, client_id: &str, client_secret: impl Into<Hidden>) -> Self {
        self.authorizations = vec![Authorization::new(client_id, client_secret)];
        self
    }

    /// Adds a record.
    #[must_use]
    pub fn seed(mut self, seed: Seed) -> Self {
        self.seeds.push(seed);
        self
    }

    /// Opens the admin port on a free loopback port.
    #[must_use]
    pub fn admin(mut self) -> Self {
        self.admin_listen = Some(loopback());
        self
    }
}

fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

/// A device that credentials can be registered on. It must exist before them (API 2, code 1011).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Its host name; compared ignoring case.
    pub hostname: String,
    /// Its management address: any text (API 2.1).
    pub ip: String,
    /// Its tenant; absent: the default tenant.
    #[serde(default)]
    pub tenant: Option<String>,
    /// Its type, vendor, model, site, tags and connectivities, under the names that a POST gives them.
    #[serde(default)]
    pub fields: Map<String, Value>,
    /// Whether it is disabled.
    #[serde(default)]
    pub disabled: bool,
}

impl Device {
    /// A device of the default tenant.
    #[must_use]
    pub fn new(hostname: &str, ip: &str) -> Self {
        let fields = [("type", "Server"), ("vendor", "Canonical"), ("model", "Ubuntu"), ("connectivities", "SSH")]
            .map(|(name, value)| (name.to_owned(), Value::from(value)));
        let fields = Map::from_iter(fields);
        Self { hostname: hostname.to_owned(), ip: ip.to_owned(), tenant: None, fields, disabled: false }
    }
}

impl Device {
    /// One of its fields, blank where it has none.
    pub(crate) fn field(&self, key: &str) -> &str {
        self.fields.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// Its connectivities: protocols, with or without a port.
    pub(crate) fn connectivities(&self) -> Vec<&str> {
        let items = self.field("connectivities").split(',').map(str::trim);
        items.filter(|item| !item.is_empty()).collect()
    }
}

/// A record that is in the vault without anyone having posted it. Its device is made if it is missing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    /// The account's name.
    pub username: String,
    /// The device's host name.
    pub hostname: String,
    /// The device's address.
    pub ip: String,
    /// Its identifier; absent: none, as records of 3.32 or made by hand.
    #[serde(default)]
    pub identifier: Option<String>,
    /// Its secret value.
    #[serde(default)]
    pub value: Option<Hidden>,
    /// Its type; `SSH Key` makes a row that is listed but is not a credential (API 4.2).
    #[serde(default)]
    pub credential_type: Option<String>,
    /// Whether the vault rotates it.
    #[serde(default)]
    pub automatic_change: bool,
    /// Whether it is disabled.
    #[serde(default)]
    pub disabled: bool,
    /// Who sees it; absent: every client of the tenant that exists when it is seeded.
    #[serde(default)]
    pub visible_to: Option<Vec<String>>,
    /// Its tenant; absent: the default tenant.
    #[serde(default)]
    pub tenant: Option<String>,
}

impl Seed {
    /// An active record without identifier that every client sees.
    #[must_use]
    pub fn new(username: &str, hostname: &str, ip: &str) -> Self {
        Self {
            username: username.to_owned(),
            hostname: hostname.to_owned(),
            ip: ip.to_owned(),
            identifier: None,
            value: None,
            credential_type: None,
            automatic_change: false,
            disabled: false,
            visible_to: None,
            tenant: None,
        }
    }

    /// Gives it an identifier.
    #[must_use]
    pub fn identifier(mut self, identifier: &str) -> Self {
        self.identifier = Some(identifier.to_owned());
        self
    }

    /// Gives it a value.
    #[must_use]
    pub fn value(mut self, value: impl Into<Hidden>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Lets the vault rotate it.
    #[must_use]
    pub fn automatic_change(mut self) -> Self {
        self.automatic_change = true;
        self
    }

    /// Makes it an SSH key's row.
    #[must_use]
    pub fn ssh_key(mut self) -> Self {
        self.credential_type = Some(crate::store::SSH_KEY.to_owned());
        self
    }

    /// Disables it.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.disabled = true;
        self
    }

    /// Shows it to these clients only; with none, it is outside everybody's authorization.
    #[must_use]
    pub fn visible_to(mut self, clients: &[&str]) -> Self {
        self.visible_to = Some(clients.iter().map(|&client| client.to_owned()).collect());
        self
    }
}

/// What a token answer says in `expires_in`, odd values included (faults.md, `OAuth2`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiresIn {
    /// A number of seconds; may be 0, negative or huge.
    Seconds(i64),
    /// Any text, as a JSON string.
    Text(String),
    /// The key is left out.
    Missing,
}

impl Default for ExpiresIn {
    fn default() -> Self {
        Self::Seconds(3600)
    }
}
