//! The API server: that it answers, its version and its clock.

use http::Request;
use http::header::DATE;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use kube::client::Body;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::commands::doctor::facts::Known;
use crate::exit::Failure;

/// What one answer of the API server shows.
pub struct Server {
    /// The version of Kubernetes.
    pub version: Known<String>,
    /// How many seconds its clock is before ours.
    pub clock: Known<i64>,
}

/// Asks the API server for its version, which it tells nearly everybody.
pub async fn look(cluster: &Cluster) -> Result<Server, Failure> {
    let answer = cluster.call("reach the API server", async {
        let request = Request::get("/version").body(Body::empty()).map_err(kube::Error::HttpError)?;
        let answer = cluster.client.send(request).await?;
        let now = Timestamp::now();
        let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok()).map(str::to_owned);
        let body = answer.into_body().collect_bytes().await?;
        Ok((date.as_deref().and_then(|date| ahead(date, now)), body))
    });
    let (clock, body) = answer.await?;
    let version =
        serde_json::from_slice::<Value>(&body).ok().and_then(|body| Some(body["gitVersion"].as_str()?.to_owned()));
    Ok(Server {
        version: version
            .map_or_else(|| Known::Unknown("the API server did not tell its version".to_owned()), Known::Is),
        clock: clock.map_or_else(|| Known::Unknown("the API server did not tell its time".to_owned()), Known::Is),
    })
}

/// Returns how many seconds a header `Date` is before this machine's clock.
pub fn ahead(date: &str, now: Timestamp) -> Option<i64> {
    let told = rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(told.duration_since(now).as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_compared_with_our_clock() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        assert_eq!(ahead("Sun, 22 Nov 2026 10:05:00 GMT", now), Some(300));
        assert_eq!(ahead("Sun, 22 Nov 2026 09:59:00 GMT", now), Some(-60));
        assert_eq!(ahead("yesterday", now), None);
    }
}
