//! One HTTP exchange: its deadline, its size limit, and what a failure on the way means.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{DATE, HeaderMap, HeaderValue, REFERER, RETRY_AFTER};
use reqwest::{RequestBuilder, Response};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::cause::cause;
use super::proxy::{self, ProxyFailed};
use super::resolver::{AddressRefused, CheckedResolver};
use super::tls;
use crate::pam::endpoint::{AddressPolicy, Endpoint, EndpointError};
use crate::pam::error::{Call, PamError, Unavailable};

/// The largest answer, apart from the list, which has limits of its own.
const LARGEST_ANSWER: usize = 1 << 20;
/// How long it may take until there is TLS with the PAM.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Below the 60 s after which gateways close idle connections: a request written to one that is just being closed
/// would be a write of unknown outcome.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
/// The longest `Retry-After` that is followed; after this time the PAM is asked again in any case.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(1);

/// Returns an HTTP client for one endpoint: https only, no redirects, no proxy but the endpoint's own, no cookies.
///
/// HTTP/1.1 only: with so few requests at a time, sharing a connection would gain nothing, and a connection that breaks
/// leaves one write unacknowledged instead of all.
pub(in crate::pam) fn client_for(endpoint: &Endpoint) -> Result<reqwest::Client, EndpointError> {
    let mut builder = plain_builder().default_headers(headers_of(endpoint)?);
    if let AddressPolicy::Checked { .. } = endpoint.allowed {
        builder = builder.dns_resolver(CheckedResolver(endpoint.allowed.clone()));
    }
    if let Some(proxy) = &endpoint.proxy {
        builder = proxy::through(builder, proxy, CONNECT_TIMEOUT)?;
    }
    let own = endpoint.client_certificate.as_ref();
    if let Some(bundle) = &endpoint.ca_bundle {
        let config = tls::config_for(bundle, own)?;
        return builder.tls_backend_preconfigured(config).build().map_err(|_| EndpointError::Setup);
    }
    tls::ensure_default_provider();
    if let Some(own) = own {
        builder = builder.identity(tls::identity(own)?);
    }
    builder.build().map_err(|_| EndpointError::NoSystemRoots)
}

/// Returns the settings that all clients have in common.
fn plain_builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .https_only(true)
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .connection_verbose(false)
        .user_agent(concat!("pam-operator/", env!("CARGO_PKG_VERSION")))
}

/// Returns the headers of every request.
fn headers_of(endpoint: &Endpoint) -> Result<HeaderMap, EndpointError> {
    let mut headers = HeaderMap::new();
    if let Some(referrer) = &endpoint.referrer {
        let plain = !referrer.is_empty() && referrer.bytes().all(|byte| byte.is_ascii_graphic());
        let value = HeaderValue::from_str(referrer).ok().filter(|_| plain).ok_or(EndpointError::Referrer)?;
        headers.insert(REFERER, value);
    }
    Ok(headers)
}

/// One complete HTTP answer.
pub(in crate::pam) struct HttpAnswer {
    pub(in crate::pam) status: u16,
    pub(in crate::pam) retry_after: Option<Duration>,
    /// The body; for the token endpoint it holds a token.
    pub(in crate::pam) body: Zeroizing<Vec<u8>>,
}

impl HttpAnswer {
    /// Returns true for a 2xx status.
    pub(in crate::pam) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Sends a request and reads the whole answer within `deadline`.
pub(in crate::pam) async fn exchange(
    call: Call,
    request: RequestBuilder,
    deadline: Duration,
) -> Result<HttpAnswer, PamError> {
    within(call, deadline, async {
        let response = send(call, request).await?;
        read(call, response).await
    })
    .await
}

/// Runs `work` for `deadline` at most.
pub(in crate::pam) async fn within<T>(
    call: Call,
    deadline: Duration,
    work: impl Future<Output = Result<T, PamError>>,
) -> Result<T, PamError> {
    timeout(deadline, work).await.unwrap_or_else(|_| Err(PamError::Unavailable { call, why: Unavailable::Timeout }))
}

/// Sends a request up to the answer's headers.
pub(in crate::pam) async fn send(call: Call, request: RequestBuilder) -> Result<Response, PamError> {
    let response = request.send().await.map_err(|error| failed(call, &error))?;
    if response.status().is_redirection() { Err(PamError::Redirected(call)) } else { Ok(response) }
}

/// Reads an answer up to the size limit.
pub(in crate::pam) async fn read(call: Call, mut response: Response) -> Result<HttpAnswer, PamError> {
    let status = response.status().as_u16();
    let retry_after = retry_after(response.headers());
    let mut body = Zeroizing::new(Vec::with_capacity(expected_size(&response)));
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(call, &error))? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(PamError::TooLarge(call));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(HttpAnswer { status, retry_after, body })
}

/// Returns a buffer size that the answer with a token never exceeds: a buffer that grew would leave copies of the token in
/// freed memory.
fn expected_size(response: &Response) -> usize {
    let declared = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    declared.clamp(16 << 10, LARGEST_ANSWER)
}

/// Returns what a failure of the HTTP client means. The client's own text is dropped, since it may quote the request.
pub(in crate::pam) fn failed(call: Call, error: &reqwest::Error) -> PamError {
    if let Some(AddressRefused(kind)) = cause(error) {
        return PamError::AddressNotAllowed(*kind);
    }
    if let Some(ProxyFailed(fault)) = cause(error) {
        return PamError::Unavailable { call, why: Unavailable::Proxy(*fault) };
    }
    let why = match (error.is_connect(), cause::<rustls::Error>(error)) {
        (true, Some(error)) => Unavailable::Tls(tls::fault_of(error)),
        (true, None) => Unavailable::Connect,
        (false, Some(error)) => tls::late_refusal(error).map_or(Unavailable::Reset, Unavailable::Tls),
        (false, None) if error.is_timeout() => Unavailable::Timeout,
        (false, None) => Unavailable::Reset,
    };
    PamError::Unavailable { call, why }
}

/// Reads `Retry-After`, in seconds or as a date. A date is compared with the answer's own date: our clock may differ.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let delay = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => until(text, headers)?,
    };
    Some(delay.min(LONGEST_RETRY_AFTER))
}

fn until(text: &str, headers: &HeaderMap) -> Option<Duration> {
    let parse = |text: &str| rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    let now = headers.get(DATE).and_then(|date| date.to_str().ok()).and_then(parse);
    let left = parse(text)?.duration_since(now.unwrap_or_else(Timestamp::now));
    Some(Duration::try_from(left).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(retry_after: &'static str) -> HeaderMap {
        let date = HeaderValue::from_static("Sun, 22 Nov 2026 10:00:00 GMT");
        HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(retry_after)), (DATE, date)])
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_has_a_limit() {
        assert_eq!(retry_after(&headers("7")), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&headers("Sun, 22 Nov 2026 10:01:00 GMT")), Some(Duration::from_mins(1)));
        assert_eq!(retry_after(&headers("Sun, 22 Nov 2026 09:00:00 GMT")), Some(Duration::ZERO));
        assert_eq!(retry_after(&headers("99999999")), Some(LONGEST_RETRY_AFTER));
        for text in ["-1", "soon", ""] {
            assert_eq!(retry_after(&headers(text)), None, "{text}");
        }
    }
}
