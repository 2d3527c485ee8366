//! MySafe: access keys, entries, the list, sharing (API 5; pages of 3.32, 3.33 and 4.0).

mod calls;
mod keys;
mod list;
mod lost;
mod sharing;

use pam_simulator::{Authorization, Behaviour, Config, ProductVersion, SafeRules};
use serde_json::{Value, json};

use crate::common::{Pam, Reply, reply};

pub const SECRET: &str = "access-key-secret";

/// A PAM, and the token of an access key.
pub struct Safe {
    pub pam: Pam,
    pub token: String,
}

impl Safe {
    pub async fn of(version: ProductVersion) -> Self {
        Self::with(version, SafeRules::default()).await
    }

    pub async fn start() -> Self {
        Self::of(ProductVersion::default()).await
    }

    pub async fn with(version: ProductVersion, my_safe: SafeRules) -> Self {
        let config = Config { behaviour: Behaviour { my_safe, ..Behaviour::default() }, ..Config::of(version) };
        let config = config
            .authorization(Authorization::access_key("key", SECRET, "svc"))
            .authorization(Authorization::access_key("other", SECRET, "stranger"));
        let pam = Pam::with(config).await;
        let token = token(&pam, "key").await;
        Self { pam, token }
    }

    pub async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let path = format!("/api/mysafe/password{path}");
        self.pam.call_as(&self.token, method, &path, body).await.unwrap()
    }

    pub async fn post(&self, body: &Value) -> Reply {
        self.call("POST", "", Some(body)).await
    }

    /// Makes an entry; answers its identifier.
    pub async fn make(&self, body: &Value) -> String {
        let made = self.post(body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()["password_entity"]["identifier"].as_str().unwrap().to_owned()
    }

    pub async fn put(&self, identifier: &str, body: &Value) -> Reply {
        self.call("PUT", &format!("/update/{identifier}"), Some(body)).await
    }

    pub async fn rows(&self, query: &str) -> Vec<Value> {
        let list = self.call("GET", query, None).await;
        assert_eq!(list.status, 200, "{}", list.text);
        list.json()["password_on_list"].as_array().unwrap().clone()
    }

    /// The identifiers that the list shows.
    pub async fn listed(&self, query: &str) -> Vec<String> {
        self.rows(query).await.iter().map(|row| row["identifier"].as_str().unwrap().to_owned()).collect()
    }
}

pub async fn ask_token(pam: &Pam, path: &str, client: &str) -> Reply {
    let form = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", SECRET)];
    reply(pam.http.post(pam.url(path)).form(&form)).await.unwrap()
}

pub async fn token(pam: &Pam, client: &str) -> String {
    let reply = ask_token(pam, "/api/oauth2/token", client).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()["access_token"].as_str().unwrap().to_owned()
}

/// The body of the pages' samples.
pub fn sample() -> Value {
    json!({
        "name": "senseg account", "username": "npass", "password": "8jhfy@3789", "url": "www.senhasegura.com",
        "secret_key": "JBSWY3DPEHPK3PXP", "notes": "Access details", "tags": "tag1, tag2",
        "users_allowed": [{ "username": "pduarte" }], "groups_allowed": [{ "name": "Test group", "can_edit": false }],
    })
}

/// The least that a POST must have.
pub fn least(name: &str) -> Value {
    json!({ "name": name, "username": "npass", "password": "8jhfy@3789" })
}

pub fn is_old(version: ProductVersion) -> bool {
    version < ProductVersion::V3_33
}
