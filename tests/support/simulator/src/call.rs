//! A request as the simulator sees it: what kind of call it is and what it carries.

use bytes::Bytes;
use hyper::Method;
use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::behaviour::Reach;
use crate::urlencoded;

/// The kinds of calls, for the journal and for aiming faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `POST {prefix}/oauth2/token`.
    Token,
    /// `POST {prefix}/pam/credential`: create or update.
    PostCredential,
    /// `GET {prefix}/pam/credential`: the list, without secrets.
    ListCredentials,
    /// `GET {prefix}/pam/credential/{id}`: hands out the secret and takes custody.
    GetCredential,
    /// `DELETE {prefix}/pam/credential/{id}`: disable.
    DeleteCredential,
    /// `PUT {prefix}/pam/credential/{id}`: enable.
    PutCredential,
    /// `DELETE {prefix}/pam/credential/custody/{id}`.
    ReleaseCustody,
    /// `POST {prefix}/pam/device`: create or update.
    PostDevice,
    /// `GET {prefix}/pam/device`: the list.
    ListDevices,
    /// `GET {prefix}/pam/device/{id}`: all fields; no secret, no custody.
    GetDevice,
    /// `DELETE {prefix}/pam/device/{id}`: disable.
    DeleteDevice,
    /// `PUT {prefix}/pam/device/{id}`: enable.
    PutDevice,
    /// `POST /api/mysafe/password`: create, and never update.
    PostSafePassword,
    /// `GET /api/mysafe/password`: the list, without secrets.
    ListSafePasswords,
    /// `GET /api/mysafe/password/{identifier}`: hands out the secrets.
    GetSafePassword,
    /// `PUT /api/mysafe/password/update/{identifier}`.
    PutSafePassword,
    /// `POST /api/mysafe/password/inactive/{identifier}`.
    DeactivateSafePassword,
    /// `POST /api/mysafe/password/active/{identifier}`.
    ActivateSafePassword,
    /// Anything else: wrong prefix, unknown resource, wrong method.
    Other,
}

impl Kind {
    /// Whether it is about MySafe.
    pub(crate) const fn is_of_safe(self) -> bool {
        matches!(
            self,
            Self::PostSafePassword
                | Self::ListSafePasswords
                | Self::GetSafePassword
                | Self::PutSafePassword
                | Self::DeactivateSafePassword
                | Self::ActivateSafePassword
        )
    }
}

/// Which paths lead anywhere.
#[derive(Clone, Debug)]
pub(crate) struct Routing {
    pub(crate) iso: Reach,
    pub(crate) api: Reach,
    /// The token endpoint's whole path, if it is not under the prefixes.
    pub(crate) token_path: Option<String>,
    /// Whether MySafe is under `/iso` too.
    pub(crate) safe_under_iso: bool,
}

/// Where a call goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Token,
    /// A token endpoint that knows access keys alone.
    AccessKeyToken,
    Upsert,
    List,
    /// One record by id or `username@hostname`; the kind says which of the three verbs.
    Item(Kind, String),
    Custody(String),
    /// Devices, or one of them by id; the kind says which verb.
    Device(Kind, Option<String>),
    /// Entries of MySafe, or one of them by identifier; the kind says which call.
    Safe(Kind, Option<String>),
    /// Under the prefix, but no resource of the application.
    UnknownResource,
    /// Nothing the gateway forwards.
    Unrouted,
}

impl Route {
    fn of(method: &Method, path: &str, routing: &Routing) -> Self {
        if let Some(token_path) = &routing.token_path
            && method == Method::POST
            && path == token_path
        {
            return Self::Token;
        }
        let under = |prefix: &str| path.strip_prefix(prefix)?.strip_prefix('/');
        let (reach, rest) = match (under("/iso"), under("/api")) {
            (Some(rest), _) => (routing.iso, rest),
            (_, Some(rest)) => (routing.api, rest),
            _ => return Self::Unrouted,
        };
        let hides_safe = path.starts_with("/iso/") && !routing.safe_under_iso;
        match (Self::under_prefix(method, rest), reach) {
            (_, Reach::Nothing) => Self::Unrouted,
            (Self::Safe(..), _) if hides_safe => Self::UnknownResource,
            (route @ Self::Safe(..), Reach::MySafe) => route,
            (Self::Token, _) if routing.token_path.is_some() => Self::Unrouted,
            (Self::Token, Reach::MySafe) => Self::AccessKeyToken,
            (Self::Token, _) => Self::Token,
            (route, Reach::Everything) => route,
            (_, Reach::Token | Reach::MySafe) => Self::Unrouted,
        }
    }

    fn under_prefix(method: &Method, rest: &str) -> Self {
        let parts: Vec<&str> = rest.split('/').collect();
        match (method.as_str(), parts.as_slice()) {
            ("POST", ["oauth2", "token"]) => Self::Token,
            (_, ["oauth2", ..]) => Self::Unrouted,
            ("POST", ["pam", "credential"]) => Self::Upsert,
            ("GET", ["pam", "credential"]) => Self::List,
            ("DELETE", ["pam", "credential", "custody", key]) => Self::Custody(decoded(key)),
            ("GET", ["pam", "credential", key]) => Self::Item(Kind::GetCredential, decoded(key)),
            ("DELETE", ["pam", "credential", key]) => Self::Item(Kind::DeleteCredential, decoded(key)),
            ("PUT", ["pam", "credential", key]) => Self::Item(Kind::PutCredential, decoded(key)),
            (method, ["pam", "device", key @ ..]) => Self::of_devices(method, key),
            (method, ["mysafe", "password", key @ ..]) => Self::of_safe(method, key),
            _ => Self::UnknownResource,
        }
    }

    fn of_devices(method: &str, key: &[&str]) -> Self {
        let kind = match (method, key) {
            ("POST", []) => Kind::PostDevice,
            ("GET", []) => Kind::ListDevices,
            ("GET", [_]) => Kind::GetDevice,
            ("DELETE", [_]) => Kind::DeleteDevice,
            ("PUT", [_]) => Kind::PutDevice,
            _ => return Self::UnknownResource,
        };
        Self::Device(kind, key.first().map(|key| decoded(key)))
    }

    fn of_safe(method: &str, key: &[&str]) -> Self {
        let kind = match (method, key) {
            ("POST", []) => Kind::PostSafePassword,
            ("GET", []) => Kind::ListSafePasswords,
            ("GET", [_]) => Kind::GetSafePassword,
            ("PUT", ["update", _]) => Kind::PutSafePassword,
            ("POST", ["inactive", _]) => Kind::DeactivateSafePassword,
            ("POST", ["active", _]) => Kind::ActivateSafePassword,
            _ => return Self::UnknownResource,
        };
        Self::Safe(kind, key.last().map(|key| decoded(key)))
    }

    /// The kind of call this is.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Token | Self::AccessKeyToken => Kind::Token,
            Self::Upsert => Kind::PostCredential,
            Self::List => Kind::ListCredentials,
            Self::Item(kind, _) | Self::Device(kind, _) | Self::Safe(kind, _) => *kind,
            Self::Custody(_) => Kind::ReleaseCustody,
            Self::UnknownResource | Self::Unrouted => Kind::Other,
        }
    }
}

fn note_fields(value: &Value, path: &str, paths: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                note_fields(value, &path, paths);
                paths.push(path);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                note_fields(item, &format!("{path}[{index}]"), paths);
            }
        }
        _ => {}
    }
}

fn has_text(value: &Value, text: &str) -> bool {
    match value {
        Value::Object(object) => object.iter().any(|(key, value)| key.contains(text) || has_text(value, text)),
        Value::Array(items) => items.iter().any(|item| has_text(item, text)),
        Value::String(own) => own.contains(text),
        _ => false,
    }
}

fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

/// The connection that a request came over.
pub(crate) struct Origin {
    /// Its number, from 1.
    pub(crate) connection: u64,
    /// Fingerprint of the client certificate that it was made with.
    pub(crate) certificate: Option<String>,
}

/// One request, read to its end. No `Debug`: it holds secrets.
pub(crate) struct Call {
    pub(crate) connection: u64,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) route: Route,
    pub(crate) content_type: String,
    pub(crate) authorization: Option<String>,
    pub(crate) referrer: Option<String>,
    /// Fingerprint of the client certificate that the connection was made with.
    pub(crate) certificate: Option<String>,
    pub(crate) body: Bytes,
    /// The body as JSON, where it is JSON, or a form for a resource.
    pub(crate) json: Option<Value>,
}

impl Call {
    pub(crate) fn new(origin: Origin, head: &Parts, body: Bytes, routing: &Routing) -> Self {
        let Parts { method, uri, headers, .. } = head;
        let header = |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let route = Route::of(method, uri.path(), routing);
        let mut call = Self {
            connection: origin.connection,
            method: method.to_string(),
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
            route,
            content_type: header("content-type").unwrap_or_default(),
            authorization: header("authorization"),
            referrer: header("referer"),
            certificate: origin.certificate,
            json: serde_json::from_slice(&body).ok(),
            body,
        };
        if call.json.is_none() && call.is_form() && call.route.kind() != Kind::Token {
            call.json = Some(urlencoded::as_json(&call.body));
        }
        call
    }

    /// How the `Authorization` header begins; never what comes after.
    pub(crate) fn scheme(&self) -> Option<&'static str> {
        let scheme = self.authorization.as_deref()?.trim().split(' ').next().unwrap_or_default();
        let known = ["bearer", "basic"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known));
        Some(known.unwrap_or("other"))
    }

    /// Names of the body's outermost keys, JSON or form; never values.
    pub(crate) fn keys(&self) -> Vec<String> {
        match &self.json {
            Some(Value::Object(object)) => object.keys().cloned().collect(),
            None if self.is_form() => self.form().map(|(key, _)| key).collect(),
            _ => Vec::new(),
        }
    }

    /// Paths of everything in a JSON body, such as `session_settings.macros[0].remote_app`; never values.
    pub(crate) fn fields(&self) -> Vec<String> {
        let mut paths = Vec::new();
        if let Some(body) = &self.json {
            note_fields(body, "", &mut paths);
        }
        paths
    }

    /// The form's pairs, decoded.
    pub(crate) fn form(&self) -> impl Iterator<Item = (String, String)> + '_ {
        form_urlencoded::parse(&self.body).into_owned()
    }

    /// Whether the body is declared to be a form.
    pub(crate) fn is_form(&self) -> bool {
        self.is_type("application/x-www-form-urlencoded")
    }

    /// Whether the body is declared to be of this media type; parameters are ignored.
    pub(crate) fn is_type(&self, media: &str) -> bool {
        let declared = self.content_type.split(';').next().unwrap_or_default().trim();
        declared.eq_ignore_ascii_case(media)
    }

    /// Whether the body has this text somewhere, as it came or in one of its decoded texts.
    pub(crate) fn carries(&self, text: &str) -> bool {
        let raw = String::from_utf8_lossy(&self.body).contains(text);
        let in_form = || self.is_form() && self.form().any(|(key, value)| key.contains(text) || value.contains(text));
        raw || self.json.as_ref().is_some_and(|json| has_text(json, text)) || in_form()
    }

    /// The identifier (of a device: the host name; of an entry: the name) that a POST names, or what a path names.
    pub(crate) fn target(&self) -> Option<&str> {
        match &self.route {
            Route::Item(_, key) | Route::Custody(key) | Route::Device(_, Some(key)) | Route::Safe(_, Some(key)) => {
                Some(key)
            }
            Route::Device(..) => self.json.as_ref()?.get("hostname")?.as_str(),
            Route::Safe(..) => self.json.as_ref()?.get("name")?.as_str(),
            _ => self.json.as_ref()?.get("identifier")?.as_str(),
        }
    }
}
