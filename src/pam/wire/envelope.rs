//! The envelope of every answer (API 1.7).

use super::lenient::{if_object, lenient_bool, lenient_i64, lenient_string};
use super::speaker::{Speaker, is_of_gateway, may_be_of_gateway};

/// An answer of the PAM's resources. Every part may be missing, and unknown parts are skipped.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::pam) struct Envelope {
    #[serde(deserialize_with = "if_object")]
    response: Option<Status>,
    #[serde(deserialize_with = "if_object")]
    exception: Option<Exception>,
    /// The tenant that answered.
    #[serde(deserialize_with = "lenient_string")]
    pub(in crate::pam) tenant: Option<String>,
    /// The entry of MySafe that the answer is about.
    #[serde(deserialize_with = "if_object")]
    pub(in crate::pam) password_entity: Option<Entry>,
    /// The record that the answer is about.
    #[serde(deserialize_with = "if_object")]
    pub(in crate::pam) credential: Option<Record>,
    /// True if the body is no envelope but the gateway's.
    #[serde(skip)]
    of_gateway: bool,
    /// True if the body may be that of a gateway that words its refusals in its own way.
    #[serde(skip)]
    maybe_of_gateway: bool,
}

/// The `response` part.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::pam) struct Status {
    #[serde(deserialize_with = "lenient_string")]
    message: Option<String>,
    #[serde(deserialize_with = "lenient_string")]
    mensagem: Option<String>,
    #[serde(rename = "Message", deserialize_with = "lenient_string")]
    capital_message: Option<String>,
    #[serde(deserialize_with = "lenient_bool")]
    error: Option<bool>,
    #[serde(deserialize_with = "lenient_bool")]
    erro: Option<bool>,
}

/// The `exception` part.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::pam) struct Exception {
    #[serde(deserialize_with = "lenient_i64")]
    code: Option<i64>,
    #[serde(deserialize_with = "lenient_string")]
    message: Option<String>,
}

/// An entry of MySafe as an answer names it.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::pam) struct Entry {
    #[serde(deserialize_with = "lenient_string")]
    pub(in crate::pam) identifier: Option<String>,
}

/// A record as an answer names it.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(in crate::pam) struct Record {
    #[serde(deserialize_with = "lenient_string")]
    pub(in crate::pam) id: Option<String>,
    #[serde(deserialize_with = "lenient_string")]
    pub(in crate::pam) identifier: Option<String>,
    /// The identifier's older name (API 2.9).
    #[serde(deserialize_with = "lenient_string")]
    pub(in crate::pam) tag: Option<String>,
}

impl Envelope {
    /// Returns the envelope in a body; an envelope without any part if the body is not one.
    pub(in crate::pam) fn of(body: &[u8]) -> Self {
        let envelope: Self = serde_json::from_slice(body).unwrap_or_default();
        let of_gateway = !envelope.is_of_application() && is_of_gateway(body);
        Self { of_gateway, maybe_of_gateway: may_be_of_gateway(body), ..envelope }
    }

    /// Returns an envelope of parts that were decoded one by one.
    pub(in crate::pam) fn of_parts(response: Option<Status>, exception: Option<Exception>) -> Self {
        Self { response, exception, ..Self::default() }
    }

    /// Returns true if the application answered; else the gateway did, or something that is not the PAM.
    pub(in crate::pam) fn is_present(&self) -> bool {
        self.response.is_some()
    }

    /// Returns who answered.
    pub(super) fn speaker(&self) -> Speaker {
        match self.of_gateway {
            _ if self.is_of_application() => Speaker::Application,
            true => Speaker::Gateway,
            false => Speaker::Stranger,
        }
    }

    /// Returns true if the answer may be the gateway's refusal of the token, whoever else may have sent it.
    pub(super) fn may_refuse_token(&self) -> bool {
        self.maybe_of_gateway
    }

    fn is_of_application(&self) -> bool {
        self.response.is_some() || self.exception.is_some()
    }

    /// Returns true if the answer says that the call failed, whatever its HTTP status says.
    pub(in crate::pam) fn says_error(&self) -> bool {
        self.response.as_ref().is_some_and(|status| status.error.or(status.erro) == Some(true))
    }

    /// Returns the message; empty if there is none.
    pub(in crate::pam) fn message(&self) -> &str {
        self.messages().next().unwrap_or_default()
    }

    /// Returns the message of each key that may hold one and is not blank (API 1.7).
    fn messages(&self) -> impl Iterator<Item = &str> {
        let keys = self.response.iter().flat_map(|s| [&s.message, &s.mensagem, &s.capital_message]);
        keys.flatten().map(String::as_str).filter(|text| !text.trim().is_empty())
    }

    /// Returns the four-digit code: the exception's, else the one at the start of a message (API 1.7).
    pub(in crate::pam) fn code(&self) -> Option<u16> {
        let four_digits = |code: i64| u16::try_from(code).ok().filter(|code| (1000..10_000).contains(code));
        let exception = self.exception.as_ref();
        let stated = exception.and_then(|exception| exception.code).and_then(four_digits);
        let quoted = exception.and_then(|exception| exception.message.as_deref());
        let leading = |text: &str| text.get(..4)?.parse().ok().and_then(four_digits);
        stated.or_else(|| self.messages().chain(quoted).find_map(leading))
    }
}
