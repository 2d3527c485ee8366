//! Turns a failure of the PAM into the reason and the words that users read.

use std::time::Duration;

use serde_json::Value;

use crate::api::PamCredentialSpec;
use crate::domain::Reason;
use crate::pam::{Call, EntryRefusal, PamError, RetryAdvice, Unavailable};

/// Returns the reason that a failed call gives a credential or a connection.
#[must_use]
pub const fn reason(error: &PamError) -> Reason {
    match error {
        PamError::DeviceNotFound => Reason::DeviceNotFound,
        PamError::AddressNotAllowed(_) => Reason::ConnectionNotAllowed,
        PamError::PermissionDenied { .. }
        | PamError::EntryRefused { why: EntryRefusal::NoAccess | EntryRefusal::NotAuthorized, .. } => {
            Reason::PamPermissionDenied
        }
        PamError::OtherProduct(_) => Reason::ConnectionNotReady,
        PamError::AuthenticationFailed(_) => Reason::PamAuthenticationFailed,
        PamError::RateLimited { .. } | PamError::ListThrottled { .. } => Reason::RateLimited,
        PamError::NotFound { .. }
        | PamError::Rejected { .. }
        | PamError::EntryRefused { .. }
        | PamError::ReadRefused { .. }
        | PamError::InvalidId
        | PamError::Misrouted(_)
        | PamError::Intercepted { .. }
        | PamError::Redirected(_) => Reason::PamRejected,
        PamError::Unavailable { .. } | PamError::Malformed { .. } | PamError::TooLarge(_) | PamError::ListNotKept => {
            Reason::PamUnavailable
        }
    }
}

/// Returns what a failed push tells the user: what the PAM says, and the fields of the spec that the error is about.
pub(crate) fn words(error: &PamError, spec: &PamCredentialSpec) -> String {
    let (fields, always) = fields(error);
    let spec = serde_json::to_value(spec).unwrap_or_default();
    let set: Vec<&str> = fields.iter().copied().filter(|field| is_set(&spec, field)).collect();
    let named = if set.is_empty() && always { fields } else { &set };
    let named: Vec<String> = named.iter().map(|field| format!("spec.{field}")).collect();
    if named.is_empty() {
        error.summary()
    } else {
        format!("{}. In this object: {}", error.summary(), named.join(", "))
    }
}

fn is_set(spec: &Value, field: &str) -> bool {
    spec.pointer(&format!("/{}", field.replace('.', "/"))).is_some_and(|value| !value.is_null())
}

/// Returns fields that the message names even where the spec sets none of them.
const fn always(fields: &'static [&'static str]) -> (&'static [&'static str], bool) {
    (fields, true)
}

/// Returns the fields of the spec that an error may be about, and whether the message names them even where the spec sets none
/// of them. The PAM's code tells at most one field, by the API's name.
fn fields(error: &PamError) -> (&'static [&'static str], bool) {
    match (error, error.field()) {
        (PamError::DeviceNotFound, _) => always(&["hostname", "ip"]),
        // The PAM also looks for the other credentials that the spec names, and does not say which one is missing.
        (PamError::NotFound { .. }, _) => (&OTHER_CREDENTIALS, false),
        // The PAM answers an unknown owner like a fault of the server (API 2.4).
        (PamError::Unavailable { call: Call::UpsertCredential, why: Unavailable::Server }, _) => {
            (&["additionalSettings.userCredentialOwner"], false)
        }
        (_, Some("identifier")) => always(&["identifier"]),
        (_, Some("hostname")) => always(&["hostname"]),
        (_, Some("ip")) => always(&["ip"]),
        (_, Some("username")) => always(&["username", "usernameSecretRef"]),
        (_, Some("site")) => always(&["device.site"]),
        (_, Some("model")) => always(&["device.model"]),
        (_, Some("vendor")) => always(&["device.vendor"]),
        (_, Some("type")) => always(&["device.type"]),
        (_, Some("device_domain")) => always(&["device.domains", "domain"]),
        (_, Some("jit_settings.credential_*_plugin")) => (&PLUGINS, false),
        (_, Some("jit_settings.credential_*_template")) => (&TEMPLATES, false),
        _ => (&[], false),
    }
}

const OTHER_CREDENTIALS: [&str; 6] = [
    "parentPassword",
    "executionSettings.parentCredential",
    "executionSettings.authenticationCredential",
    "executionSettings.reconciliation.credential",
    "sessionSettings.authenticationCredential",
    "jitSettings.authenticationCredential",
];
const PLUGINS: [&str; 6] = [
    "jitSettings.credentialCreationPlugin",
    "jitSettings.credentialDeletionPlugin",
    "jitSettings.credentialEnablePlugin",
    "jitSettings.credentialDisablePlugin",
    "executionSettings.changePlugin",
    "executionSettings.reconciliation.plugin",
];
const TEMPLATES: [&str; 6] = [
    "jitSettings.credentialCreationTemplate",
    "jitSettings.credentialDeletionTemplate",
    "jitSettings.credentialEnableTemplate",
    "jitSettings.credentialDisableTemplate",
    "executionSettings.changeTemplate",
    "executionSettings.reconciliation.template",
];

/// Returns how long the PAM, or the client on behalf of the PAM, asked the operator to wait.
pub(crate) fn asked(error: &PamError) -> Option<Duration> {
    match error.retry() {
        RetryAdvice::After(after) => Some(after),
        RetryAdvice::Permanent | RetryAdvice::Backoff | RetryAdvice::Bounded => None,
    }
}

/// Returns whether a call that failed so is repeated soon, but a few times only.
pub(crate) fn is_bounded(error: &PamError) -> bool {
    error.retry() == RetryAdvice::Bounded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pam::field_of;
    use crate::pam::{AddressKind, AuthFailure, ProxyFault, TlsFault, Unavailable};
    use serde_json::json;

    /// kind, reason: what the manual says of each kind of error.
    const TABLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/reasons.tsv"));

    fn errors() -> Vec<PamError> {
        let (call, after) = (Call::UpsertCredential, Duration::ZERO);
        let mut all = vec![
            PamError::NotFound { code: None },
            PamError::DeviceNotFound,
            PamError::Rejected { code: None },
            PamError::PermissionDenied { code: None },
            PamError::AuthenticationFailed(AuthFailure::LoginRefused),
            PamError::AuthenticationFailed(AuthFailure::TokenRejected),
            PamError::AddressNotAllowed(AddressKind::Loopback),
            PamError::OtherProduct(call),
            PamError::InvalidId,
            PamError::Misrouted(call),
            PamError::Intercepted { call, status: 403 },
            PamError::Redirected(call),
            PamError::RateLimited { after: None },
            PamError::ListThrottled { after },
            PamError::Malformed { call, what: "" },
            PamError::TooLarge(call),
            PamError::ListNotKept,
        ];
        let whys = [
            Unavailable::Tls(TlsFault::UnknownAuthority),
            Unavailable::Proxy(ProxyFault::Refused),
            Unavailable::Connect,
            Unavailable::Timeout,
            Unavailable::Reset,
            Unavailable::Gateway { status: 502, after: None },
            Unavailable::Intercepted { status: 403 },
            Unavailable::Server,
            Unavailable::CircuitOpen { retry_after: after },
        ];
        all.extend(whys.map(|why| PamError::Unavailable { call, why }));
        all
    }

    #[test]
    fn the_table_of_the_manual_has_the_reason_of_every_kind_of_error() {
        let rows: Vec<&str> = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1).collect();
        let made: Vec<String> = errors().iter().map(|e| format!("{}\t{}", e.kind(), reason(e).as_str())).collect();
        for row in &rows {
            assert!(made.iter().any(|made| made == row), "{row}");
        }
        assert_eq!(made.len(), rows.len(), "{made:?}");
    }

    #[test]
    fn what_my_safe_refuses_has_the_reasons_of_what_pam_core_refuses() {
        let refused = |why| reason(&PamError::EntryRefused { why, code: None });
        for why in [EntryRefusal::NoAccess, EntryRefusal::NotAuthorized] {
            assert_eq!(refused(why), Reason::PamPermissionDenied, "{why:?}");
        }
        for why in [EntryRefusal::Incomplete, EntryRefusal::NotFound, EntryRefusal::Inactive, EntryRefusal::Other] {
            assert_eq!(refused(why), Reason::PamRejected, "{why:?}");
        }
        // Its codes are about no field of a credential.
        let missing = PamError::EntryRefused { why: EntryRefusal::NotFound, code: Some(1005) };
        assert_eq!(fields(&missing), (&[][..], false));
    }

    fn spec(change: &Value) -> PamCredentialSpec {
        let mut spec = json!({"username": "svc", "hostname": "db01", "ip": "10.0.0.7"});
        spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value(spec).unwrap()
    }

    fn named(error: &PamError, change: &Value) -> String {
        let words = words(error, &spec(change));
        words.split_once("In this object: ").map(|(_, named)| named.to_owned()).unwrap_or_default()
    }

    #[test]
    fn of_the_fields_that_may_be_meant_those_are_named_that_are_set() {
        let domain = PamError::Rejected { code: Some(1029) };
        assert_eq!(named(&domain, &json!({"domain": "corp"})), "spec.domain");
        assert_eq!(named(&domain, &json!({"device": {"domains": ["corp"]}})), "spec.device.domains");
        assert_eq!(named(&domain, &json!({})), "spec.device.domains, spec.domain");
        let change = json!({"useOwnCredentialToConnect": true, "changePlugin": "p", "changeTemplate": "t"});
        let change = json!({"executionSettings": change});
        assert_eq!(named(&PamError::Rejected { code: Some(1046) }, &change), "spec.executionSettings.changePlugin");
        assert_eq!(
            named(&PamError::NotFound { code: Some(1007) }, &json!({"parentPassword": 7})),
            "spec.parentPassword"
        );
        assert_eq!(named(&PamError::NotFound { code: Some(1007) }, &json!({})), "");
    }

    #[test]
    fn every_field_that_a_code_is_about_has_its_name_in_the_spec() {
        for code in (1000..1100).filter(|code| field_of(*code).is_some()) {
            let error = if code == 1011 { PamError::DeviceNotFound } else { PamError::Rejected { code: Some(code) } };
            assert_ne!(fields(&error).0, [""; 0], "{code}");
        }
    }

    #[test]
    fn every_name_is_one_that_the_schema_has() {
        let crd = serde_json::to_value(<crate::api::PamCredential as kube::CustomResourceExt>::crd()).unwrap();
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
        let errors = (1000..1100).map(|code| PamError::Rejected { code: Some(code) });
        let others = [PamError::DeviceNotFound, PamError::NotFound { code: None }];
        for field in errors.chain(others).flat_map(|error| fields(&error).0) {
            let found = field.split('.').fold(schema, |schema, name| &schema["properties"][name]);
            assert!(found.is_object(), "{field}");
        }
    }
}
