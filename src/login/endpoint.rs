//! From the spec of a connection to what a client of the PAM is made from, without a call.

use url::Url;

use crate::api::{self, ConnectionSpec};
use crate::message::Problem;
use crate::pam::{
    AdditionalSettingsShape, BooleanForm, Compatibility, CriticalityCase, Endpoint, EndpointError, Limits, NoProxy,
    NotesPlacement, NumberForm, OAuth2, Product, ProductVersion, TokenRequest,
};

/// Returns the endpoint of a connection, without what is read from other objects but the login.
pub(super) fn endpoint(spec: &ConnectionSpec, oauth2: OAuth2) -> Result<Endpoint, Problem> {
    let url = Url::parse(&spec.url).map_err(|_| Problem::url_invalid())?;
    let version = ProductVersion::parse(&spec.product_version).map_err(|_| Problem::version_invalid())?;
    let limits = spec.limits.clone().unwrap_or_default();
    let limits = Limits {
        max_concurrent_requests: limits.max_concurrent_requests,
        requests_per_second: limits.requests_per_second,
        burst: limits.burst,
    };
    Ok(Endpoint {
        product: match spec.product {
            api::Product::PamCore => Product::PamCore,
            api::Product::MySafe => Product::MySafe,
        },
        limits,
        compatibility: compatibility(spec),
        tenant: spec.auth.oauth2.tenant.clone(),
        token_request: match spec.auth.oauth2.token_request {
            api::TokenRequest::Form => TokenRequest::Form,
            api::TokenRequest::Basic => TokenRequest::Basic,
        },
        referrer: spec.referrer.clone(),
        ..Endpoint::new(url, version, oauth2)
    })
}

/// Returns the address of the proxy that a connection's PAM is reached through; `None` if the connection has no proxy, or names
/// the PAM's host among those without one. A URL that cannot be read has no host that a list could name.
pub(super) fn proxy_url(spec: &ConnectionSpec) -> Result<Option<Url>, Problem> {
    let Some(proxy) = &spec.proxy else { return Ok(None) };
    let url = Url::parse(&proxy.url).map_err(|_| Problem::unusable_connection(&EndpointError::ProxyUrl))?;
    let without = NoProxy::parse(proxy.no_proxy.as_deref().unwrap_or_default());
    Ok(Url::parse(&spec.url).map_or(true, |pam| !without.covers(&pam)).then_some(url))
}

/// Returns whether a connection's PAM is reached through a proxy.
#[must_use]
pub fn has_proxy(spec: &ConnectionSpec) -> bool {
    proxy_url(spec).is_ok_and(|url| url.is_some())
}

fn compatibility(spec: &ConnectionSpec) -> Compatibility {
    let quirks = spec.compatibility.clone().unwrap_or_default();
    Compatibility {
        api_prefix: spec.api_prefix.clone(),
        token_path: spec.token_path.clone(),
        notes_placement: quirks.notes_placement.map(|placement| match placement {
            api::NotesPlacement::TopLevel => NotesPlacement::TopLevel,
            api::NotesPlacement::AdditionalSettings => NotesPlacement::AdditionalSettings,
        }),
        additional_settings_shape: quirks.additional_settings_shape.map(|shape| match shape {
            api::AdditionalSettingsShape::Object => AdditionalSettingsShape::Object,
            api::AdditionalSettingsShape::Array => AdditionalSettingsShape::Array,
        }),
        criticality_case: quirks.criticality_case.map(|case| match case {
            api::CriticalityCase::Capitalized => CriticalityCase::Capitalized,
            api::CriticalityCase::LowerCase => CriticalityCase::LowerCase,
        }),
        boolean_form: quirks.boolean_form.map(|form| match form {
            api::BooleanForm::Literal => BooleanForm::Literal,
            api::BooleanForm::Digit => BooleanForm::Digit,
        }),
        number_form: quirks.number_form.map(|form| match form {
            api::NumberForm::Number => NumberForm::Number,
            api::NumberForm::Text => NumberForm::Text,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec(proxy: &serde_json::Value) -> ConnectionSpec {
        let auth = json!({"oauth2": {"clientSecretRef": {"name": "login"}}});
        let url = "https://pam.example.com";
        serde_json::from_value(json!({"url": url, "productVersion": "4.2", "auth": auth, "proxy": proxy})).unwrap()
    }

    #[test]
    fn a_proxy_is_used_unless_the_host_is_listed_as_one_without() {
        let url = "http://proxy:3128";
        assert!(has_proxy(&spec(&json!({"url": url}))));
        assert!(has_proxy(&spec(&json!({"url": url, "noProxy": "other.example.com,10.0.0.0/8"}))));
        assert!(!has_proxy(&spec(&json!({"url": url, "noProxy": "10.0.0.0/8,.example.com"}))));
        assert!(!has_proxy(&spec(&json!(null))));
        let wrong = proxy_url(&spec(&json!({"url": "CANARY"}))).unwrap_err();
        assert!(wrong.message.contains("spec.proxy.url") && !wrong.message.contains("CANARY"), "{wrong:?}");
    }
}
