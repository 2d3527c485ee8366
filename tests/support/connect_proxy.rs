//! A proxy on a loopback address that speaks `CONNECT`, and counts.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// What a proxy does with those that ask it for a connection.
#[derive(Clone)]
#[allow(dead_code, reason = "each tier uses some of these")]
pub enum Answer {
    /// Connects them to this address, whatever they asked for.
    Relay(String),
    /// Connects those to this address that show these Basic credentials, and refuses the others.
    RelayFor { address: String, login: &'static str },
    /// Says this, and closes the connection.
    Say(&'static str),
    /// Says nothing, and holds the connection.
    Hold,
    /// Says headers without an end.
    Flood,
}

/// A proxy on a loopback address.
pub struct ProxyServer {
    pub url: String,
    /// What each client asked for, up to the empty line.
    asked: Arc<Mutex<Vec<String>>>,
}

impl ProxyServer {
    pub async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::default();
        let sink = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer.clone(), Arc::clone(&sink)));
            }
        });
        Self { url, asked }
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, answer: Answer, asked: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    asked.lock().unwrap().push(head.clone());
    match answer {
        Answer::Relay(address) => relay(stream, address).await,
        Answer::RelayFor { address, login } if head.contains(&format!("Basic {login}\r\n")) => {
            relay(stream, address).await;
        }
        Answer::RelayFor { .. } => _ = stream.write_all(b"HTTP/1.1 407 CANARY\r\n\r\nCANARY").await,
        Answer::Say(text) => _ = stream.write_all(text.as_bytes()).await,
        Answer::Hold => _ = stream.read_u8().await,
        Answer::Flood => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
            while stream.write_all(b"X-CANARY: CANARY\r\n").await.is_ok() {}
        }
    }
}

async fn relay(mut stream: TcpStream, address: String) {
    let Ok(mut pam) = TcpStream::connect(address).await else { return };
    let established = b"HTTP/1.1 200 Connection established\r\nX-Proxy: CANARY\r\n\r\n";
    if stream.write_all(established).await.is_ok() {
        let _ = copy_bidirectional(&mut stream, &mut pam).await;
    }
}
