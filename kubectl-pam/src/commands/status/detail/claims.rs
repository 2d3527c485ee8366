//! What an object claims in the PAM: an account and a record of PAM Core, or an entry of MySafe.

use pam_operator::api::ConditionType;
use pam_operator::domain::Reason;
use serde::Serialize;

use crate::objects::{Kind, PamObject};

/// What is claimed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Claims {
    /// Username of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The Secret that has the username, where the spec does not name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username_secret: Option<String>,
    /// Hostname of the account's device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Address of the account's device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Name of the entry of MySafe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The PAM's id of the record, or MySafe's identifier of the entry; absent while there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Identifier of the record; absent where the spec names none and none was made yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// What another object of the cluster holds, so that nothing is written for this one: `Account`, `Identifier` or `Device`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_by_another: Option<&'static str>,
}

impl Claims {
    /// Returns what an object claims; `None` for a connection, which claims nothing.
    pub fn of(object: &PamObject) -> Option<Self> {
        let text = |pointer: &str| object.text(pointer).map(str::to_owned);
        let account = Self {
            username: text("/spec/username"),
            username_secret: text("/spec/usernameSecretRef/name"),
            held_by_another: held_by_another(object),
            ..Self::default()
        };
        match object.kind {
            Kind::PamCredential => Some(Self {
                hostname: text("/spec/hostname"),
                ip: text("/spec/ip"),
                id: text("/status/id"),
                identifier: text("/status/identifier").or_else(|| text("/spec/identifier")),
                ..account
            }),
            Kind::MySafePassword => Some(Self {
                entry: Some(text("/spec/name").unwrap_or_else(|| object.name())),
                id: text("/status/identifier"),
                ..account
            }),
            Kind::PamConnection | Kind::ClusterPamConnection => None,
        }
    }

    /// Returns the claims as lines.
    pub fn lines(&self) -> Vec<String> {
        let held = |what: &str| match self.held_by_another {
            Some(held) if held == what => ": another object of this cluster holds it",
            _ => "",
        };
        let device = format!("device   {}: another object of this cluster sets other values for it", self.device());
        let device = Some(device).filter(|_| self.held_by_another == Some("Device"));
        let account = format!("account  {}{}", self.account(), held("Account"));
        [account, format!("{}{}", self.record(), held("Identifier"))].into_iter().chain(device).collect()
    }

    fn account(&self) -> String {
        let from = |secret: &String| format!("(username in Secret {secret})");
        let username = self.username.clone().or_else(|| self.username_secret.as_ref().map(from)).unwrap_or_default();
        if self.entry.is_some() { username } else { format!("{username} at {}", self.device()) }
    }

    fn device(&self) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        format!("{} ({})", text(&self.hostname), text(&self.ip))
    }

    fn record(&self) -> String {
        let id = self.id.as_ref().map_or_else(|| "none yet".to_owned(), |id| format!("id {id}"));
        match (&self.entry, &self.identifier) {
            (Some(name), _) => format!("entry    {id}, name {name}"),
            (None, Some(identifier)) => format!("record   {id}, identifier {identifier}"),
            (None, None) => format!("record   {id}"),
        }
    }
}

/// Returns what the operator says another object holds.
fn held_by_another(object: &PamObject) -> Option<&'static str> {
    let ready = object.condition(ConditionType::Ready)?;
    match Reason::named(&ready.reason)? {
        Reason::AccountConflict => Some("Account"),
        Reason::IdentifierConflict => Some("Identifier"),
        Reason::DeviceConflict => Some("Device"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::api::DynamicObject;
    use serde_json::{Value, json};

    fn claims(kind: Kind, spec: &Value, status: &Value) -> Option<Claims> {
        let mut object = DynamicObject::new("db", &kind.resource()).within("shop");
        object.data = json!({"spec": spec, "status": status});
        Claims::of(&PamObject { kind, object })
    }

    fn credential(spec: &Value, status: &Value) -> Vec<String> {
        claims(Kind::PamCredential, spec, status).unwrap().lines()
    }

    #[test]
    fn a_credential_claims_an_account_and_a_record() {
        let spec = json!({"username": "svc", "hostname": "db01", "ip": "10.0.0.7"});
        let written = json!({"id": "17", "identifier": "shop_db"});
        assert_eq!(
            credential(&spec, &written),
            ["account  svc at db01 (10.0.0.7)", "record   id 17, identifier shop_db"]
        );
        assert_eq!(credential(&spec, &json!({}))[1], "record   none yet");
        let secret =
            json!({"usernameSecretRef": {"name": "login"}, "hostname": "db01", "ip": "10.0.0.7", "identifier": "own"});
        let lines = credential(&secret, &json!({}));
        assert_eq!(
            lines,
            ["account  (username in Secret login) at db01 (10.0.0.7)", "record   none yet, identifier own"]
        );
    }

    #[test]
    fn what_another_object_holds_is_said_beside_it() {
        let spec = json!({"username": "svc", "hostname": "db01", "ip": "10.0.0.7", "identifier": "own"});
        for (reason, line) in [
            ("AccountConflict", "account  svc at db01 (10.0.0.7): another object of this cluster holds it"),
            ("IdentifierConflict", "record   none yet, identifier own: another object of this cluster holds it"),
            ("DeviceConflict", "device   db01 (10.0.0.7): another object of this cluster sets other values for it"),
        ] {
            let status = json!({"conditions": [{"type": "Ready", "status": "False", "reason": reason, "message": "",
                "lastTransitionTime": "2026-01-01T00:00:00Z"}]});
            let lines = credential(&spec, &status);
            assert!(lines.iter().any(|said| said == line), "{lines:?}");
            assert_eq!(lines.iter().filter(|said| said.contains("another object")).count(), 1, "{lines:?}");
        }
    }

    #[test]
    fn an_object_of_my_safe_claims_an_entry_and_a_connection_nothing() {
        let spec = json!({"username": "hostmaster", "name": "Registrar"});
        let lines = claims(Kind::MySafePassword, &spec, &json!({"identifier": "9"})).unwrap().lines();
        assert_eq!(lines, ["account  hostmaster", "entry    id 9, name Registrar"]);
        let unnamed = claims(Kind::MySafePassword, &json!({}), &json!({})).unwrap();
        assert_eq!((unnamed.entry.as_deref(), unnamed.id), (Some("db"), None));
        assert_eq!(claims(Kind::PamConnection, &json!({}), &json!({})), None);
    }
}
