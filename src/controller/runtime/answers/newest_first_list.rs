//! First lists that a watch sends (`sendInitialEvents`, KEP-3157), of the newest state.
//!
//! kube asks for such a list at resource version 0, which is any state: a stale cache of an API server may answer with
//! statuses from before our last write. Without a version the API server sends what is stored when the request comes.

use http::{Request, Uri};
use kube::client::Body;
use url::form_urlencoded;

/// Returns a request that asks for the newest state, where it asks for a first list of any state; any other as it is.
pub(super) fn of_newest(request: Request<Body>) -> Request<Body> {
    let Some(uri) = newest(request.uri()) else { return request };
    let (mut parts, body) = request.into_parts();
    parts.uri = uri;
    Request::from_parts(parts, body)
}

fn newest(uri: &Uri) -> Option<Uri> {
    let asked: Vec<_> = form_urlencoded::parse(uri.query()?.as_bytes()).collect();
    let asks = |name: &str, value: &str| asked.iter().any(|(n, v)| n == name && v == value);
    if !asks("sendInitialEvents", "true") || !asks("resourceVersion", "0") {
        return None;
    }
    let kept = asked.iter().filter(|(name, _)| name != "resourceVersion");
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
    let path_and_query = format!("{}?{query}", uri.path()).parse().ok()?;
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_list_of_any_state_becomes_one_of_the_newest_and_nothing_else_changes() {
        for (asked, sent) in [
            (
                "https://k/api/v1/secrets?watch=true&fieldSelector=a%3Db&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=0",
                "https://k/api/v1/secrets?watch=true&fieldSelector=a%3Db&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
            ),
            ("/api?sendInitialEvents=true&resourceVersion=7", "/api?sendInitialEvents=true&resourceVersion=7"),
            ("/api?watch=true&resourceVersion=0", "/api?watch=true&resourceVersion=0"),
            ("/api/v1/secrets", "/api/v1/secrets"),
        ] {
            let request = Request::get(asked).body(Body::empty()).unwrap();
            assert_eq!(of_newest(request).uri().to_string(), sent);
        }
    }
}
