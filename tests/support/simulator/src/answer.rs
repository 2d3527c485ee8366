//! Answers of the application: the envelope with its quirks (API 1.7), and what goes wrong in it.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::behaviour::{Envelope, Messages};

/// The media type of JSON answers.
pub(crate) const JSON: &str = "application/json; charset=utf-8";

/// An answer before it is put on the wire. No `Debug`: one kind of it holds a secret.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) mime: String,
    pub(crate) body: Bytes,
}

impl Answer {
    /// A JSON answer.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::raw(status, JSON, body.to_string())
    }

    /// An answer of any media type.
    pub(crate) fn raw(status: u16, mime: &str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: Vec::new(), mime: mime.to_owned(), body: body.into() }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Lets `change` rewrite the body, if it is a JSON object; otherwise it stays as it is.
    pub(crate) fn edited(mut self, change: impl FnOnce(&mut Map<String, Value>)) -> Self {
        if let Ok(Value::Object(mut object)) = serde_json::from_slice(&self.body) {
            change(&mut object);
            self.body = Value::Object(object).to_string().into();
        }
        self
    }
}

/// How the answers to one kind of call are written.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    pub(crate) quirks: Envelope,
    pub(crate) messages: Messages,
    /// Which answers lack `code`, `error_code`, `cod_erro` and `detail`, whatever the quirks say.
    pub(crate) bare: Bare,
}

/// Which answers to a kind of call have five keys in their `response` and no `code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bare {
    /// None.
    Never,
    /// Errors.
    Errors,
    /// All.
    Always,
}

impl Style {
    const fn is_bare(self, failed: bool) -> bool {
        match self.bare {
            Bare::Never => false,
            Bare::Errors => failed,
            Bare::Always => true,
        }
    }

    /// The names under which the message is written.
    pub(crate) const fn message_keys(self) -> &'static [&'static str] {
        match self.messages {
            Messages::Both => &["message", "mensagem"],
            Messages::Capital => &["message", "Message"],
            Messages::MensagemOnly => &["mensagem"],
            Messages::CapitalOnly => &["Message"],
        }
    }
}

/// The `response` object of the envelope, with its Portuguese duplicates.
pub(crate) fn response(style: Style, status: u16, message: &str, failed: bool) -> Value {
    let mut response = json!({ "status": status, "error": failed, "erro": failed });
    for key in style.message_keys() {
        response[key] = message.into();
    }
    if !(style.is_bare(failed) || style.quirks.omit_error_code) {
        response["error_code"] = u8::from(failed).into();
        response["cod_erro"] = u8::from(failed).into();
        response["detail"] = "".into();
    }
    response
}

/// A whole envelope around `response`.
pub(crate) fn envelope(style: Style, status: u16, message: &str, failed: bool) -> Map<String, Value> {
    let mut whole = Map::new();
    if !(style.is_bare(failed) || style.quirks.omit_code) {
        whole.insert("code".to_owned(), status.into());
    }
    whole.insert("response".to_owned(), response(style, status, message, failed));
    whole
}

/// A record's id: a string of digits, or a number (API 2.7).
pub(crate) fn written_id(quirks: Envelope, id: u64) -> Value {
    if quirks.numeric_ids { json!(id) } else { json!(id.to_string()) }
}

/// A call that the application turned down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// The four-digit code, 0 for errors that only this simulator has, the status for server errors.
    pub(crate) code: u16,
    pub(crate) message: String,
    /// The record that it is about, for the journal.
    pub(crate) record: Option<u64>,
}

impl Refusal {
    /// A documented error with its four-digit code (API 2.8): HTTP 400.
    pub(crate) fn coded(code: u16) -> Self {
        Self::coded_as(code, text_of(code))
    }

    /// A documented error whose code means several things (API 1.7).
    pub(crate) fn coded_as(code: u16, text: &str) -> Self {
        Self { status: 400, code, message: format!("{code}: {text}"), record: None }
    }

    /// Notes the record that it is about.
    pub(crate) const fn about(mut self, record: u64) -> Self {
        self.record = Some(record);
        self
    }

    /// An error no real PAM has: it shows a client's mistake that a real one might swallow.
    pub(crate) fn simulator(message: impl AsRef<str>) -> Self {
        Self { status: 400, code: 0, message: format!("pam-simulator: {}", message.as_ref()), record: None }
    }

    /// HTTP 500 because of missing access to PAM Core: permanent (API 1.4).
    pub(crate) fn not_authorized() -> Self {
        Self::server("You are not authorized to access this resource.")
    }

    /// HTTP 500 for anything unexpected (API 1.6).
    pub(crate) fn unexpected() -> Self {
        Self::server("Unexpected error.")
    }

    /// HTTP 404 of the application: the prefix is right, the resource is not (API 1.6).
    pub(crate) fn unknown_resource() -> Self {
        Self { status: 404, code: 404, message: "Resource sub not found".to_owned(), record: None }
    }

    fn server(message: &str) -> Self {
        Self { status: 500, code: 500, message: message.to_owned(), record: None }
    }

    /// The answer that carries it, under the given status.
    pub(crate) fn answer_as(&self, style: Style, status: u16) -> Answer {
        let mut whole = envelope(style, status, &self.message, true);
        let exception = json!({ "code": self.code, "message": self.message, "detail": null });
        whole.insert("exception".to_owned(), exception);
        Answer::json(status, &Value::Object(whole))
    }

    /// The answer that carries it.
    pub(crate) fn answer(&self, style: Style) -> Answer {
        self.answer_as(style, self.status)
    }
}

/// The message behind a code, of those that PAM Core has (API 2.8).
fn text_of(code: u16) -> &'static str {
    match code {
        1003 => "Unexpected identifier type",
        1004 => "The device's hostname was not informed",
        1005 => "The device's IP was not informed",
        1007 => "Credential not found",
        1008 => "Credential inactive",
        1009 => "No access to credential",
        1010 => "The item is not a credential",
        1011 => "Device not found",
        1018 => "The credential is not in the user custody",
        1019 => "The device's site was not informed",
        1020 => "The device's model was not informed",
        1021 => "The device's vendor was not informed",
        1022 => "The device's type was not informed",
        1029 => "It is not possible to enter a domain that has not been previously registered",
        1039 => "Without PAM Configuration Access permission",
        1042 => "Invalid username",
        1043 => "Credential is already activated!",
        1044 => "Device is already activated",
        1046 => "Plugin not informed",
        1047 => "Template plugin not informed",
        1052 => "A credential with this username already exists on the device",
        1053 => "The identifier may contain only letters, numbers, \"_\" and \"-\"",
        _ => "Error",
    }
}
