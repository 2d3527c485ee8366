//! A plain HTTPS client for the tests. It knows nothing of the simulator but its url and its CA.

use std::time::Duration;

use pam_simulator::{Config, ProductVersion, Simulator};
use serde_json::{Value, json};

/// The identifier, host and address that most tests use.
pub const HOST: &str = "db01";
pub const IP: &str = "10.0.0.7";

/// A simulator, a client that trusts it, and a token.
pub struct Pam {
    pub sim: Simulator,
    pub http: reqwest::Client,
    pub token: String,
    /// `/api`, or `/iso` up to 3.32.
    pub prefix: &'static str,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// The application's code.
    pub fn code(&self) -> u64 {
        self.json()["exception"]["code"].as_u64().unwrap()
    }

    pub fn message(&self) -> String {
        self.json()["response"]["message"].as_str().unwrap_or_default().to_owned()
    }

    pub fn id(&self) -> String {
        self.json()["credential"]["id"].as_str().unwrap().to_owned()
    }

    pub fn identifier(&self) -> Value {
        self.json()["credential"]["identifier"].clone()
    }

    pub fn created(&self) -> bool {
        assert_eq!(self.status, 201, "{}", self.text);
        match self.message().as_str() {
            "Credential successfully registered!" => true,
            "Credential updated successfully!" => false,
            other => panic!("{other}"),
        }
    }
}

/// A client that trusts this CA; a fresh connection pool.
pub fn client(ca_pem: &str) -> reqwest::Client {
    client_with(reqwest::Certificate::from_pem(ca_pem.as_bytes()).unwrap())
}

/// The same with a client certificate.
pub fn client_showing(ca_pem: &str, certificate: &str, key: &str) -> reqwest::Client {
    let identity = reqwest::Identity::from_pem(format!("{certificate}{key}").as_bytes()).unwrap();
    let ca = reqwest::Certificate::from_pem(ca_pem.as_bytes()).unwrap();
    builder(ca).identity(identity).build().unwrap()
}

fn client_with(ca: reqwest::Certificate) -> reqwest::Client {
    builder(ca).build().unwrap()
}

fn builder(ca: reqwest::Certificate) -> reqwest::ClientBuilder {
    _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .tls_certs_only([ca])
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .timeout(Duration::from_secs(10))
        .no_proxy()
}

impl Pam {
    /// The default configuration with one device, and a token.
    pub async fn start() -> Self {
        Self::with(Config::default().device(HOST, IP)).await
    }

    pub async fn with(config: Config) -> Self {
        let sim = Simulator::start(config).await.unwrap();
        let http = client(&sim.ca_pem());
        let token = log_in(&sim, &http).await;
        let prefix = prefix(sim.version());
        Self { sim, http, token, prefix }
    }

    /// This version with one device, and a token.
    pub async fn of(version: ProductVersion) -> Self {
        Self::with(Config::of(version).device(HOST, IP)).await
    }

    /// Lets the client's pool notice that its connections were reset.
    pub async fn settle(&self) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sim.url())
    }

    /// Sends a request with the token.
    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> reqwest::Result<Reply> {
        self.call_as(&self.token, method, path, body).await
    }

    pub async fn call_as(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> reqwest::Result<Reply> {
        let mut request = self.http.request(method.parse().unwrap(), self.url(path)).bearer_auth(token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        reply(request).await
    }

    /// Posts a credential.
    pub async fn try_post(&self, body: &Value) -> reqwest::Result<Reply> {
        self.call("POST", &format!("{}/pam/credential", self.prefix), Some(body)).await
    }

    pub async fn post(&self, body: &Value) -> Reply {
        self.try_post(body).await.unwrap()
    }

    pub async fn list(&self) -> Reply {
        self.call("GET", &format!("{}/pam/credential", self.prefix), None).await.unwrap()
    }

    /// A call about one record.
    pub async fn item(&self, method: &str, key: &str) -> Reply {
        self.call(method, &format!("{}/pam/credential/{key}", self.prefix), None).await.unwrap()
    }

    /// The list's rows.
    pub async fn rows(&self) -> Vec<Value> {
        self.list().await.json()["credentials"].as_array().unwrap().clone()
    }
}

/// Sends a request and reads the answer to its end.
pub async fn reply(request: reqwest::RequestBuilder) -> reqwest::Result<Reply> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = String::from_utf8_lossy(&response.bytes().await?).into_owned();
    Ok(Reply { status, headers, text })
}

/// Where this version has its resources.
pub fn prefix(version: ProductVersion) -> &'static str {
    if version < ProductVersion::V3_33 { "/iso" } else { "/api" }
}

/// Where this version has its token endpoint.
pub fn token_url(sim: &Simulator) -> String {
    format!("{}{}/oauth2/token", sim.url(), prefix(sim.version()))
}

/// Asks for a token with these form fields.
pub async fn token_call(sim: &Simulator, http: &reqwest::Client, fields: &[(&str, &str)]) -> Reply {
    reply(http.post(token_url(sim)).form(fields)).await.unwrap()
}

/// Logs in as the first client.
pub async fn log_in(sim: &Simulator, http: &reqwest::Client) -> String {
    let (id, secret) = (sim.client_id(), sim.client_secret());
    log_in_as(sim, http, &id, &secret).await
}

pub async fn log_in_as(sim: &Simulator, http: &reqwest::Client, id: &str, secret: &str) -> String {
    let fields = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    let reply = token_call(sim, http, &fields).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()["access_token"].as_str().unwrap().to_owned()
}

/// A POST's body for this account on the usual device.
pub fn body(username: &str) -> Value {
    json!({ "username": username, "hostname": HOST, "ip": IP })
}

/// The same with an identifier and a value.
pub fn full(identifier: &str, username: &str, content: &str) -> Value {
    let mut body = body(username);
    body["identifier"] = identifier.into();
    body["content"] = content.into();
    body
}
