//! Who answered, as the shape of the body tells (design.md 6). The status tells nothing: a firewall and the gateway both
//! say 403.

use serde::de::IgnoredAny;

/// Names who answered a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::pam) enum Speaker {
    /// The PAM's application, with its envelope (API 1.7).
    Application,
    /// The PAM's gateway, which answers for the application and checks the token (API 1.6).
    Gateway,
    /// Something before the PAM, such as a firewall or a proxy. What it refuses says nothing of the token.
    #[default]
    Stranger,
}

/// Everything that the gateway says in JSON: a message; what is wrong with a claim of the token; or why the token is
/// refused, as RFC 6750 names it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct GatewayAnswer {
    message: Option<String>,
    #[serde(rename = "request_id")]
    _request_id: Option<String>,
    exp: Option<String>,
    nbf: Option<String>,
    error: Option<String>,
    #[serde(rename = "error_description")]
    _error_description: Option<String>,
    #[serde(rename = "hint")]
    _hint: Option<String>,
}

/// Returns true if a body that is no envelope is the gateway's.
pub(super) fn is_of_gateway(body: &[u8]) -> bool {
    let Ok(answer) = serde_json::from_slice::<GatewayAnswer>(body) else {
        return false;
    };
    [answer.message, answer.exp, answer.nbf, answer.error].iter().any(Option::is_some)
}

/// Returns true if a body may be a gateway's that words its refusals in its own way: the body is empty, or a JSON object. A
/// firewall words them as a page or a text, or in JSON, too.
pub(super) fn may_be_of_gateway(body: &[u8]) -> bool {
    body.trim_ascii().is_empty() || serde_json::from_slice::<IgnoredObject>(body).is_ok()
}

/// A JSON object whose content does not matter.
struct IgnoredObject;

impl<'de> serde::Deserialize<'de> for IgnoredObject {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> serde::de::Visitor<'de> for ObjectVisitor {
    type Value = IgnoredObject;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<IgnoredObject, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(IgnoredObject)
    }
}

/// Returns true if a body is a page for people: HTML or XML. A part of a body that has its beginning suffices.
pub(in crate::pam) fn is_page(body: &[u8]) -> bool {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start().starts_with(b"<")
}

/// Returns true if a body holds something else than JSON.
pub(in crate::pam) fn is_other_than_json(body: &[u8]) -> bool {
    !body.trim_ascii().is_empty() && serde_json::from_slice::<IgnoredAny>(body).is_err()
}

#[cfg(test)]
mod tests {
    use super::super::Envelope;
    use super::*;

    fn speaker(body: &str) -> Speaker {
        Envelope::of(body.as_bytes()).speaker()
    }

    #[test]
    fn the_shape_alone_tells_who_speaks() {
        let application = [r#"{"response":{}}"#, r#"{"response":{"error":true},"x":1}"#, r#"{"exception":{"code":1}}"#];
        for body in application {
            assert_eq!(speaker(body), Speaker::Application, "{body}");
        }
        let gateway = [
            r#"{"message":"Unauthorized"}"#,
            r#"{"message":"x","request_id":"y"}"#,
            r#"{"exp":"token expired"}"#,
            r#"{"error":"access_denied","error_description":"x","hint":"y","message":"z"}"#,
        ];
        for body in gateway {
            assert_eq!(speaker(body), Speaker::Gateway, "{body}");
        }
        let strangers = [
            "",
            "null",
            "{}",
            "[]",
            "Forbidden",
            "<html>",
            r#"{"request_id":"y"}"#,
            r#"{"message":"x","supportId":"y"}"#,
            r#"{"error":{"message":"x"}}"#,
            r#"{"response":"x"}"#,
        ];
        for body in strangers {
            assert_eq!(speaker(body), Speaker::Stranger, "{body}");
        }
    }

    #[test]
    fn an_empty_body_and_any_object_may_be_a_gateways() {
        for body in ["", " \r\n", "{}", r#"{"message":"x","supportId":"y"}"#, r#"{"error":{"message":"x"}}"#] {
            assert!(may_be_of_gateway(body.as_bytes()), "{body}");
        }
        for body in ["null", "[]", "\"x\"", "Forbidden", "<html>", r#"{"message":"x""#, "{} {}"] {
            assert!(!may_be_of_gateway(body.as_bytes()), "{body}");
        }
    }

    #[test]
    fn a_page_begins_like_one_and_an_empty_body_is_neither_page_nor_json() {
        for body in [&b"<html>"[..], b" \r\n<?xml ?>", b"\xef\xbb\xbf<!DOCTYPE html>"] {
            assert!(is_page(body) && is_other_than_json(body));
        }
        for body in [&b""[..], b" ", b"{}", b"\"<html>\""] {
            assert!(!is_page(body) && !is_other_than_json(body));
        }
        assert!(!is_page(b"Forbidden") && is_other_than_json(b"Forbidden"));
    }
}
