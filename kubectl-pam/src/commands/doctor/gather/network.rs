//! The way to a PAM, step by step: its name, a connection, a handshake, and the time that it tells. No login is sent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::certificate::Looker;
use super::server::ahead;
use crate::commands::doctor::facts::{Known, Network};

/// How long one step may take.
const STEP: Duration = Duration::from_secs(5);
/// How many addresses are tried.
const TRIED: usize = 3;
/// How much of an answer is read: its header.
const HEADER: usize = 8192;

/// Goes the way to a PAM as far as it leads.
pub async fn look(url: &Url) -> Network {
    let (host, port) = (plain_host(url), url.port_or_known_default().unwrap_or(443));
    let mut network = unseen(&format!("{host}:{port}"), "the way does not lead so far");
    let found = timeout(STEP, lookup_host((host.as_str(), port))).await;
    let addresses: Vec<SocketAddr> = match found {
        Ok(Ok(found)) => found.collect(),
        Ok(Err(error)) => {
            network.addresses = Known::Is(Err(error.kind().to_string()));
            return network;
        }
        Err(_) => {
            network.addresses = Known::Is(Err("no answer in time".to_owned()));
            return network;
        }
    };
    network.addresses = Known::Is(Ok(addresses.len()));
    match connect(&addresses).await {
        Ok(stream) => {
            network.connected = Known::Is(Ok(()));
            handshake(&mut network, &host, stream).await;
        }
        Err(why) => network.connected = Known::Is(Err(why)),
    }
    network
}

/// Returns what is known of a way that was not gone.
pub fn unseen(host: &str, why: &str) -> Network {
    Network {
        host: host.to_owned(),
        addresses: Known::Unknown(why.to_owned()),
        connected: Known::Unknown(why.to_owned()),
        valid_until: Known::Unknown(why.to_owned()),
        clock: Known::Unknown(why.to_owned()),
    }
}

/// Returns the host without the brackets of an address.
fn plain_host(url: &Url) -> String {
    match url.host() {
        Some(Host::Ipv6(address)) => address.to_string(),
        Some(host) => host.to_string(),
        None => String::new(),
    }
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, String> {
    let mut why = "the name has no address".to_owned();
    for address in addresses.iter().take(TRIED) {
        match timeout(STEP, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => why = error.kind().to_string(),
            Err(_) => "no answer in time".clone_into(&mut why),
        }
    }
    Err(why)
}

/// Looks at the certificate, and asks for the time.
async fn handshake(network: &mut Network, host: &str, stream: TcpStream) {
    let looker = Looker::new();
    let asked = timeout(STEP, date(&looker, host, stream)).await.ok().flatten();
    network.valid_until = shown(looker.until(), "a certificate that can be read");
    network.clock = shown(asked, "what time it is there");
}

fn shown<T>(seen: Option<T>, what: &str) -> Known<T> {
    seen.map_or_else(|| Known::Unknown(format!("the PAM did not show {what}")), Known::Is)
}

/// Returns how many seconds the server's clock is before ours, as the header of an answer says.
async fn date(looker: &Arc<Looker>, host: &str, stream: TcpStream) -> Option<i64> {
    let connector = TlsConnector::from(Arc::new(looker.config().ok()?));
    let name = ServerName::try_from(host.to_owned()).ok()?;
    let mut stream = connector.connect(name, stream).await.ok()?;
    let question = format!("HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(question.as_bytes()).await.ok()?;
    let mut header = Vec::new();
    let mut part = [0_u8; 1024];
    while header.len() < HEADER {
        match stream.read(&mut part).await {
            Ok(read) if read > 0 => header.extend_from_slice(&part[..read]),
            _ => break,
        }
        if let Some(ahead) = told(&header, Timestamp::now()) {
            return Some(ahead);
        }
    }
    None
}

/// Returns what a header says of the time, once its line is complete.
fn told(header: &[u8], now: Timestamp) -> Option<i64> {
    let text = String::from_utf8_lossy(header);
    let lines = text.split_inclusive("\r\n").filter(|line| line.ends_with("\r\n"));
    let mut dates = lines.filter_map(|line| line.split_once(':')).filter(|(name, _)| name.eq_ignore_ascii_case("date"));
    ahead(dates.next()?.1.trim(), now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_read_once_its_line_is_complete() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let whole = b"HTTP/1.1 404 Not Found\r\ndate: Sun, 22 Nov 2026 10:05:00 GMT\r\n\r\n";
        assert_eq!(told(whole, now), Some(300));
        assert_eq!(told(&whole[..40], now), None);
        assert_eq!(told(b"\x15\x03\x01", now), None);
    }

    #[test]
    fn an_address_is_asked_without_its_brackets() {
        assert_eq!(plain_host(&"https://[::1]:8443".parse().unwrap()), "::1");
        assert_eq!(plain_host(&"https://pam.example.com".parse().unwrap()), "pam.example.com");
    }

    /// A server whose certificate nobody trusts, and which tells a time; returns its port.
    async fn server(says: &'static str) -> u16 {
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(2030, 1, 2);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key);
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config.unwrap()));
        let listener = tokio::net::TcpListener::bind("localhost:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(stream).await.unwrap();
            let mut asked = [0_u8; 1024];
            let read = stream.read(&mut asked).await.unwrap();
            assert!(
                asked[..read].starts_with(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n"),
                "no login, and no other path"
            );
            stream.write_all(says.as_bytes()).await.unwrap();
            let _ = stream.shutdown().await;
        });
        port
    }

    #[tokio::test]
    async fn the_way_is_gone_step_by_step_as_far_as_it_leads() {
        let port = server("HTTP/1.1 404 Not Found\r\nDate: Sun, 22 Nov 2020 10:05:00 GMT\r\n\r\n").await;
        let network = look(&format!("https://localhost:{port}").parse().unwrap()).await;
        assert!(matches!(network.addresses, Known::Is(Ok(1..))), "{network:?}");
        assert!(matches!(network.connected, Known::Is(Ok(()))), "{network:?}");
        let until = network.valid_until.found().unwrap().to_string();
        assert!(until.starts_with("2030-01-02"), "{until}");
        assert!(*network.clock.found().unwrap() < -86_400, "{network:?}");

        let silent = server("no answer").await;
        let network = look(&format!("https://localhost:{silent}").parse().unwrap()).await;
        assert!(network.valid_until.found().is_some() && network.clock.found().is_none(), "{network:?}");

        let network = look(&"https://127.0.0.1:1".parse().unwrap()).await;
        assert!(matches!(&network.connected, Known::Is(Err(why)) if why == "connection refused"), "{network:?}");
    }
}
