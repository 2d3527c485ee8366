//! What the PAM answers to the reading of a credential (API 4.1).

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::de::{Deserializer, Error, Visitor};

use crate::domain::{RecordId, RecordIdentifier, is_time};
use crate::pam::error::{Call, PamError};
use crate::pam::transport::HttpAnswer;
use crate::pam::wire::{Envelope, Failure, failure_of, if_object, lenient_string, unreadable};

/// A credential as the PAM hands it out. `Debug` shows the id alone.
pub struct HandedOut {
    /// The record's id, which is the one that was asked for.
    pub id: RecordId,
    /// The identifier; `None` if the record has none.
    pub identifier: Option<RecordIdentifier>,
    /// The account.
    pub username: String,
    /// The device's host name.
    pub hostname: String,
    /// The device's management address.
    pub ip: String,
    /// When the value expires, as the PAM writes it; `None` if it does not, or the text cannot be a time.
    pub expires: Option<String>,
    password: Option<SecretString>,
    content: Option<SecretString>,
}

impl HandedOut {
    /// Returns the value that `open` makes of the text of the answer; `None` if the record has no value. The PAM writes the
    /// value under two names: what is left out counts for nothing, and two that differ are no value. An authorization with
    /// encryption gets a ciphertext under each, and two ciphertexts of one value differ.
    pub fn value<E: From<PamError>>(
        &self,
        open: impl Fn(&SecretString) -> Result<SecretString, E>,
    ) -> Result<Option<SecretString>, E> {
        let mut opened = [&self.password, &self.content].into_iter().flatten().map(open);
        let Some(first) = opened.next().transpose()? else { return Ok(None) };
        match opened.next().transpose()? {
            Some(second) if second.expose_secret() != first.expose_secret() => {
                Err(malformed("holds two different values").into())
            }
            _ => Ok(Some(first)),
        }
    }
}

impl fmt::Debug for HandedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandedOut").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Reads the answer to the reading of the record with this id.
pub(super) fn handed_out(answer: &HttpAnswer, id: &RecordId) -> Result<HandedOut, Failure> {
    let call = Call::ReadCredential;
    let envelope = Envelope::of(&answer.body);
    if !answer.is_success() || envelope.says_error() {
        return Err(failure_of(call, answer.status, answer.retry_after, &envelope));
    }
    if !envelope.is_present() {
        return Err(unreadable(call, answer, "is not the PAM's").into());
    }
    // The text of the decoder's error may quote the value.
    let body: Body = serde_json::from_slice(&answer.body).map_err(|_| malformed("is no credential"))?;
    let credential = body.credential.ok_or_else(|| malformed("is no credential"))?;
    let named = credential.id.as_deref().and_then(RecordId::parse);
    if named.is_none_or(|named| named.number() != id.number()) {
        return Err(malformed("is about another record").into());
    }
    Ok(credential.with_id(id))
}

fn malformed(what: &'static str) -> PamError {
    PamError::Malformed { call: Call::ReadCredential, what }
}

/// The answer, as far as it is the credential.
#[derive(serde::Deserialize)]
struct Body {
    #[serde(default, deserialize_with = "if_object")]
    credential: Option<Credential>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Credential {
    #[serde(deserialize_with = "lenient_string")]
    id: Option<String>,
    #[serde(deserialize_with = "lenient_string")]
    identifier: Option<String>,
    /// The identifier's older name (API 2.9).
    #[serde(deserialize_with = "lenient_string")]
    tag: Option<String>,
    #[serde(deserialize_with = "lenient_string")]
    username: Option<String>,
    #[serde(deserialize_with = "lenient_string")]
    hostname: Option<String>,
    #[serde(deserialize_with = "lenient_string")]
    ip: Option<String>,
    #[serde(deserialize_with = "lenient_string")]
    expiration_time: Option<String>,
    #[serde(deserialize_with = "lenient_string")]
    expiration: Option<String>,
    #[serde(deserialize_with = "secret")]
    password: Option<SecretString>,
    #[serde(deserialize_with = "secret")]
    content: Option<SecretString>,
}

impl Credential {
    fn with_id(self, id: &RecordId) -> HandedOut {
        let identifier = self.identifier.filter(|text| !text.is_empty()).or(self.tag).filter(|text| !text.is_empty());
        HandedOut {
            id: id.clone(),
            identifier: identifier.map(|text| RecordIdentifier::of(&text)),
            username: self.username.unwrap_or_default(),
            hostname: self.hostname.unwrap_or_default(),
            ip: self.ip.unwrap_or_default(),
            expires: self.expiration_time.or(self.expiration).filter(|text| is_time(text)),
            password: self.password,
            content: self.content,
        }
    }
}

/// Reads a secret text; null and an empty text are none. Anything else is an error: a number has lost zeros on its way.
fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    deserializer.deserialize_any(Secret)
}

struct Secret;

impl Visitor<'_> for Secret {
    type Value = Option<SecretString>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok((!text.is_empty()).then(|| SecretString::from(text)))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use zeroize::Zeroizing;

    fn read(credential: &Value) -> Result<HandedOut, PamError> {
        let body = json!({"response": {"status": 200, "message": "Credential 7"}, "credential": credential});
        let body = Zeroizing::new(body.to_string().into_bytes());
        let answer = HttpAnswer { status: 200, retry_after: None, body };
        handed_out(&answer, &7.into()).map_err(|failure| failure.error)
    }

    fn value(credential: &Value) -> Result<Option<String>, PamError> {
        let value = read(credential)?.value::<PamError>(|text| Ok(text.clone()))?;
        Ok(value.map(|value| value.expose_secret().to_owned()))
    }

    #[test]
    fn a_value_stands_under_both_names_or_under_one_of_them() {
        let of = |password: Value, content: Value| value(&json!({"id": "7", "password": password, "content": content}));
        assert_eq!(of(json!("x"), json!("x")), Ok(Some("x".into())));
        assert_eq!(of(json!("x"), Value::Null), Ok(Some("x".into())));
        assert_eq!(of(json!(""), json!(" x\n")), Ok(Some(" x\n".into())));
        assert_eq!(of(Value::Null, json!("")), Ok(None));
        assert_eq!(value(&json!({"id": 7, "content": "x"})), Ok(Some("x".into())));
        assert_eq!(value(&json!({"id": "7"})), Ok(None));
    }

    #[test]
    fn what_is_not_surely_the_value_of_that_record_is_none() {
        let what = |credential: &Value| match value(credential) {
            Err(PamError::Malformed { what, .. }) => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(what(&json!({"id": "7", "password": "x", "content": "y"})), "holds two different values");
        assert_eq!(what(&json!({"id": "8", "password": "x"})), "is about another record");
        assert_eq!(what(&json!({"password": "x"})), "is about another record");
        for number in [json!(7), json!(1.5), json!(true), json!(["x"]), json!({"x": "y"})] {
            assert_eq!(what(&json!({"id": "7", "password": number})), "is no credential");
        }
        assert_eq!(what(&json!("x")), "is no credential");
    }

    #[test]
    fn the_rest_is_read_as_leniently_as_the_list() {
        let row = json!({"id": "007", "identifier": "", "tag": "k8s-a", "username": 5, "hostname": null, "ip": "10.0.0.7",
            "expiration": "2031-01-01T00:00:00", "expiration_time": null, "password": "CANARY", "surprise": [{}]});
        let shown = read(&row).unwrap();
        assert_eq!((shown.identifier.as_deref(), &*shown.username, &*shown.hostname), (Some("k8s-a"), "5", ""));
        assert_eq!(
            (&*shown.id, shown.ip.as_str(), shown.expires.as_deref()),
            ("7", "10.0.0.7", Some("2031-01-01T00:00:00"))
        );
        assert!(!format!("{shown:?}").contains("CANARY"));
    }

    #[test]
    fn only_the_pam_itself_hands_out_values() {
        for body in ["", "<html>", "[]", "{}", r#"{"credential":{"id":"7","password":"x"}}"#] {
            let answer = HttpAnswer { status: 200, retry_after: None, body: Zeroizing::new(body.into()) };
            let error = handed_out(&answer, &7.into()).unwrap_err().error;
            assert!(!matches!(error, PamError::ReadRefused { .. }), "{body}: {error:?}");
        }
    }
}
