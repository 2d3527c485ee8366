//! The way through a connection's proxy, and what a failure on that way means.

use std::error::Error;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::ClientBuilder;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret as _;
use tower::timeout::TimeoutLayer;
use tower::util::MapErrLayer;
use zeroize::Zeroizing;

use super::cause::cause;
use crate::pam::endpoint::{EndpointError, Proxy, ProxyLogin};
use crate::pam::error::ProxyFault;

type BoxError = Box<dyn Error + Send + Sync>;

/// The error of a connection that the proxy did not bring about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no connection through the proxy")]
pub(super) struct ProxyFailed(pub(super) ProxyFault);

/// Returns a builder whose client connects through a proxy. The HTTP client reads at most 8 KiB of the proxy's answer, and drops
/// its text; the timeout is of everything up to the end of the handshake with the PAM.
pub(super) fn through(
    builder: ClientBuilder,
    proxy: &Proxy,
    timeout: Duration,
) -> Result<ClientBuilder, EndpointError> {
    let mut way = reqwest::Proxy::https(proxy.url.clone()).map_err(|_| EndpointError::ProxyUrl)?;
    if let Some(login) = &proxy.login {
        way = way.custom_http_auth(basic(login)?);
    }
    let builder = builder.proxy(way).connector_layer(TimeoutLayer::new(timeout));
    // The HTTP client's own timeout is around both layers, and would leave the failure without a name.
    Ok(builder.connector_layer(MapErrLayer::new(named)).connect_timeout(2 * timeout))
}

fn basic(login: &ProxyLogin) -> Result<HeaderValue, EndpointError> {
    let plain = Zeroizing::new(format!("{}:{}", login.username, login.password.expose_secret()));
    let header = Zeroizing::new(format!("Basic {}", *Zeroizing::new(STANDARD.encode(plain.as_bytes()))));
    let mut header = HeaderValue::from_str(&header).map_err(|_| EndpointError::Setup)?;
    header.set_sensitive(true);
    Ok(header)
}

/// Returns the same error with a name, unless the PAM's own certificate is at fault.
fn named(error: BoxError) -> BoxError {
    if cause::<rustls::Error>(&*error).is_some() { error } else { Box::new(ProxyFailed(fault_of(&*error))) }
}

/// Returns what went wrong. The HTTP client's type of such errors cannot be named: its words are the only mark. If the words
/// change, the message for users says less.
fn fault_of(error: &(dyn Error + 'static)) -> ProxyFault {
    match error.to_string().as_str() {
        "tunnel error: failed to create underlying connection" => ProxyFault::Unreachable,
        "tunnel error: proxy authorization required" => ProxyFault::LoginRefused,
        "tunnel error: unsuccessful" | "tunnel error: proxy response headers too long" => ProxyFault::Refused,
        _ => ProxyFault::Interrupted,
    }
}
