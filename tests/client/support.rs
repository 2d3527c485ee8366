//! A simulated PAM and a client for it, and the log lines of the whole process.

use std::io;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use pam_operator::pam::{
    CredentialRequest, Deadlines, Endpoint, Limits, ListedCredential, OAuth2, Origins, PamClient, PamError,
    ProductVersion,
};
use pam_simulator::{Config, Kind, Seed, Simulator};
use secrecy::SecretString;
use tracing_subscriber::fmt::MakeWriter;

/// Every value of every test contains this word; `secrecy` looks for it in everything that was logged.
pub const CANARY: &str = "CANARY";

pub const VALUE: &str = "CANARY-value \"\\\n\u{e9}";

pub const CLIENT_SECRET: &str = "CANARY-client-secret";

/// A PAM with one device, and what is needed to talk to it.
pub struct Pam {
    pub sim: Simulator,
    pub origins: Origins,
}

impl Pam {
    pub async fn start() -> Self {
        Self::start_with(Config::default()).await
    }

    pub async fn start_with(config: Config) -> Self {
        capture_logs();
        let config = config.only_client("operator", CLIENT_SECRET).device("db01", "10.0.0.7");
        Self { sim: Simulator::start(config).await.unwrap(), origins: Origins::new() }
    }

    pub fn endpoint(&self) -> Endpoint {
        let oauth2 = OAuth2 { client_id: "operator".into(), client_secret: CLIENT_SECRET.into() };
        let version = ProductVersion::parse("4.2").unwrap();
        Endpoint {
            ca_bundle: Some(self.sim.ca_pem().into_bytes()),
            limits: Limits { requests_per_second: 0, ..Limits::default() },
            ..Endpoint::new(self.sim.url().parse().unwrap(), version, oauth2)
        }
    }

    pub fn client(&self) -> PamClient {
        self.client_of(self.endpoint())
    }

    pub fn client_of(&self, endpoint: Endpoint) -> PamClient {
        PamClient::new(endpoint, &self.origins, Deadlines::default()).unwrap()
    }

    pub fn count(&self, kind: Kind) -> usize {
        self.sim.journal().count(kind)
    }
}

/// For what never answers. Everything else has the usual deadlines, whatever the machine is busy with.
pub fn short() -> Deadlines {
    let deadline = Duration::from_secs(3);
    Deadlines { write: deadline, read: deadline, list: deadline }
}

pub fn request(identifier: &str) -> CredentialRequest {
    CredentialRequest {
        identifier: identifier.into(),
        username: format!("{CANARY}-{identifier}"),
        hostname: "db01".into(),
        ip: "10.0.0.7".into(),
        content: Some(SecretString::from(VALUE)),
        ..CredentialRequest::default()
    }
}

pub async fn list(client: &PamClient) -> Result<Vec<ListedCredential>, PamError> {
    let mut records = Vec::new();
    let count = client.list_credentials(&mut |record| records.push(record)).await?;
    assert_eq!(count, records.len());
    Ok(records)
}

/// What of an error matters to a caller. No error may hold anything of what was sent or answered.
pub fn judge<T>(result: Result<T, PamError>) -> (&'static str, bool) {
    match result {
        Ok(_) => ("ok", false),
        Err(error) => {
            let shown = format!("{error} {error:?} {}", error.summary());
            assert!(!shown.contains(CANARY) && !shown.contains("127.0.0.1"), "{shown}");
            (error.kind(), error.outcome_unknown())
        }
    }
}

pub fn seed(number: usize) -> Seed {
    Seed::new(&format!("{CANARY}-user{number}"), "db01", "10.0.0.7")
        .identifier(&format!("seed{number}"))
        .visible_to(&["operator"])
}

/// Everything that was logged in this process at the most talkative level, by any crate.
#[derive(Clone, Default)]
pub struct Logs(pub Arc<Mutex<Vec<u8>>>);

impl io::Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logs {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

pub fn capture_logs() -> &'static Logs {
    static LOGS: OnceLock<Logs> = OnceLock::new();
    LOGS.get_or_init(|| {
        let logs = Logs::default();
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(logs.clone());
        subscriber.with_ansi(false).init();
        logs
    })
}
