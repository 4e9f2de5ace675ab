//! A plain HTTP/1.1 client that shows what came over the socket and how the connection ended.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use manent_scripted::{Rules, ScriptedServer, ServeArgs, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A whole response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The head as it came, in small letters.
    pub(crate) head: String,
    pub(crate) body: String,
    /// Whether the body came to the end that its framing promises.
    pub(crate) is_whole: bool,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// A server with these rules.
pub(crate) async fn server(toml: &str) -> ScriptedServer {
    let rules = Rules::parse("it.toml", toml).unwrap_or_else(|error| panic!("{error}"));
    start(ServeArgs::new(Arc::new(rules))).await
}

pub(crate) async fn start(arguments: ServeArgs) -> ScriptedServer {
    serve(arguments, std::future::pending()).await.unwrap()
}

/// Sends a request and leaves the connection open.
pub(crate) async fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[&str],
    body: &str,
) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    let length = body.len();
    request.push_str("content-type: application/json\r\n");
    request.push_str(&["content-length: ", &length.to_string(), "\r\n\r\n", body].concat());
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// Sends a request and reads until the server closes. `None`: it closed without a response.
pub(crate) async fn call(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[&str],
    body: &str,
) -> Option<Reply> {
    let mut stream = send(address, method, path, headers, body).await;
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{error}"),
    }
    if bytes.is_empty() {
        return None;
    }
    Some(parse(&bytes))
}

fn parse(bytes: &[u8]) -> Reply {
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8(bytes[..end].to_vec())
        .unwrap()
        .to_lowercase()
        .replace("\r\n", "\n");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let rest = &bytes[end + 4..];
    let (body, is_whole) = if head.contains("transfer-encoding: chunked") {
        unchunk(rest)
    } else {
        (rest.to_vec(), true)
    };
    Reply {
        status,
        head,
        body: String::from_utf8(body).unwrap(),
        is_whole,
    }
}

fn unchunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(line) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&rest[..line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        rest = &rest[line + 2..];
        if size == 0 {
            return (body, true);
        }
        let available = size.min(rest.len());
        body.extend_from_slice(&rest[..available]);
        if available < size {
            return (body, false);
        }
        rest = &rest[(size + 2).min(rest.len())..];
    }
    (body, false)
}
