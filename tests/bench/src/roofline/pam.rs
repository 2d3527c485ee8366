//! The calls to the PAM.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{cluster::Object, http, variable};

/// A PAM, logged in to.
pub struct Pam {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Pam {
    /// Gets the one token.
    pub async fn login(at_once: usize) -> Result<Self> {
        let ca = std::fs::read(variable("BENCH_PAM_CA_FILE")?)?;
        let http = http(reqwest::Certificate::from_pem_bundle(&ca)?, at_once)?;
        let url = variable("BENCH_PAM_URL")?;
        let form = [
            ("grant_type", "client_credentials".to_owned()),
            ("client_id", variable("BENCH_PAM_CLIENT_ID")?),
            ("client_secret", variable("BENCH_PAM_CLIENT_SECRET")?),
        ];
        let answer = http.post(format!("{url}/api/oauth2/token")).form(&form).send().await?.error_for_status()?;
        let answer: Value = serde_json::from_slice(&answer.bytes().await?)?;
        let token = answer["access_token"].as_str().context("the PAM gave no token")?.to_owned();
        Ok(Self { http, url: format!("{url}/api/pam/credential"), token })
    }

    /// Creates a record; returns its id.
    pub async fn post(&self, object: &Object, value: &str) -> Result<String> {
        let body = json!({
            "identifier": format!("bench_{}_{}", object.namespace, object.name),
            "username": object.username, "hostname": object.hostname, "ip": object.ip, "content": value,
        });
        let request = self.http.post(&self.url).bearer_auth(&self.token).header("content-type", "application/json");
        let answer = request.body(serde_json::to_vec(&body)?).send().await?;
        let status = answer.status();
        let answer: Value = serde_json::from_slice(&answer.bytes().await?)?;
        ensure!(status.is_success(), "the PAM says {status}");
        Ok(answer["credential"]["id"].as_str().context("the PAM told no id")?.to_owned())
    }
}
