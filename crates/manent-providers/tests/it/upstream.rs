//! The provider's end of the connection.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use manent_domain::completion::{
    CompletionEvent, CompletionStream, FinishReason, PromptMessage, ProviderError, ProviderRequest,
};
use manent_providers::{HttpClients, HttpProvider, ProviderConfig, ProviderKind, http_provider};
use manent_types::{ModelSettings, Part, Role};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const KINDS: [ProviderKind; 2] =
    [ProviderKind::Anthropic, ProviderKind::OpenAiCompatible];
pub(crate) const STREAM_HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
/// Longer than anything here takes; only a test that fails waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Fails instead of hanging.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("in time")
}

/// A provider that does what the test says.
pub(crate) struct Upstream {
    listener: TcpListener,
}

impl Upstream {
    pub(crate) async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.listener.local_addr().unwrap())
    }

    /// A configuration for this address. Waits between tries are as short as they can be.
    pub(crate) fn config(&self, kind: ProviderKind) -> ProviderConfig {
        ProviderConfig::new("here", kind, self.url())
    }

    pub(crate) fn provider(&self, kind: ProviderKind) -> Arc<dyn HttpProvider> {
        provider(&self.config(kind))
    }

    pub(crate) async fn accept(&self) -> Connection {
        let (stream, _) = within(self.listener.accept()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Connection {
            stream,
            read: Vec::new(),
        }
    }

    /// Accepts a connection and reads its first request.
    pub(crate) async fn request(&self) -> (Connection, Request) {
        let mut connection = self.accept().await;
        let request = connection.request().await;
        (connection, request)
    }

    /// Whether somebody waits to be accepted.
    pub(crate) fn is_being_called(&self) -> bool {
        self.listener.accept().now_or_never().is_some()
    }
}

pub(crate) fn provider(config: &ProviderConfig) -> Arc<dyn HttpProvider> {
    http_provider(config, &HttpClients::new(), Arc::new(|| 0)).unwrap()
}

/// A request as it came.
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: serde_json::Value,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// A connection of a provider's client.
pub(crate) struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    /// The next request on this connection.
    pub(crate) async fn request(&mut self) -> Request {
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            self.read_more().await;
        };
        let head = String::from_utf8(self.read.drain(..end).collect()).unwrap();
        let mut request = Request {
            head,
            body: serde_json::Value::Null,
        };
        let length: usize = request
            .header("content-length")
            .map_or(0, |length| length.parse().unwrap());
        while self.read.len() < length {
            self.read_more().await;
        }
        let body: Vec<u8> = self.read.drain(..length).collect();
        if !body.is_empty() {
            request.body = serde_json::from_slice(&body).unwrap();
        }
        request
    }

    async fn read_more(&mut self) {
        let count = within(self.stream.read_buf(&mut self.read)).await.unwrap();
        assert!(count > 0, "the client went away");
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        within(self.stream.write_all(bytes.as_ref())).await.unwrap();
    }

    /// Sends as much as the client wants.
    pub(crate) async fn send_while_wanted(&mut self, bytes: &[u8]) {
        // Whether it was taken is what the caller asserts elsewhere.
        let _ = within(self.stream.write_all(bytes)).await;
    }

    /// One chunk of a chunked body.
    pub(crate) async fn chunk(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
        framed.extend_from_slice(bytes);
        framed.extend_from_slice(b"\r\n");
        self.send(framed).await;
    }

    /// The end of a chunked body.
    pub(crate) async fn end(&mut self) {
        self.send("0\r\n\r\n").await;
    }

    pub(crate) async fn respond(&mut self, status: &str, headers: &str, body: &str) {
        let length = body.len();
        self.send(format!(
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        ))
        .await;
    }

    /// Waits until the client has closed the connection.
    pub(crate) async fn closed(mut self) {
        let mut rest = Vec::new();
        // A reset is as good as an orderly end.
        let _ = within(self.stream.read_to_end(&mut rest)).await;
        assert_eq!(rest, b"");
    }
}

/// What each format says for the same things.
pub(crate) fn text_event(kind: ProviderKind, text: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    match kind {
        ProviderKind::Anthropic => format!(
            "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\
             \"delta\":{{\"type\":\"text_delta\",\"text\":{text}}}}}\n\n"
        ),
        ProviderKind::OpenAiCompatible => format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{text}}},\"finish_reason\":null}}]}}\n\n"
        ),
    }
}

pub(crate) fn reason_event(kind: ProviderKind) -> &'static str {
    match kind {
        ProviderKind::Anthropic => {
            "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n"
        }
        ProviderKind::OpenAiCompatible => {
            "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
        }
    }
}

pub(crate) fn end_event(kind: ProviderKind) -> &'static str {
    match kind {
        ProviderKind::Anthropic => "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        ProviderKind::OpenAiCompatible => "data: [DONE]\n\n",
    }
}

pub(crate) fn error_event(kind: ProviderKind, name: &str, message: &str) -> String {
    let error = format!("{{\"type\":\"{name}\",\"message\":\"{message}\"}}");
    match kind {
        ProviderKind::Anthropic => {
            format!("event: error\ndata: {{\"type\":\"error\",\"error\":{error}}}\n\n")
        }
        ProviderKind::OpenAiCompatible => format!("data: {{\"error\":{error}}}\n\n"),
    }
}

/// A short prompt.
pub(crate) fn prompt() -> ProviderRequest {
    ProviderRequest {
        owner: "0199c0de-0000-7000-8000-000000000001".parse().unwrap(),
        messages: vec![PromptMessage {
            role: Role::User,
            content: vec![Part::Text {
                text: "Hello".to_owned(),
            }],
        }],
        model: "model-x".to_owned(),
        settings: ModelSettings::default(),
    }
}

/// The error of a call that must not succeed.
pub(crate) fn refused(result: Result<CompletionStream, ProviderError>) -> ProviderError {
    match result {
        Ok(_) => panic!("the call succeeded"),
        Err(error) => error,
    }
}

pub(crate) async fn next(
    stream: &mut CompletionStream,
) -> Option<Result<CompletionEvent, ProviderError>> {
    within(stream.next()).await
}

/// Everything to the end.
pub(crate) async fn rest(
    mut stream: CompletionStream,
) -> Vec<Result<CompletionEvent, ProviderError>> {
    let mut events = Vec::new();
    while let Some(event) = next(&mut stream).await {
        events.push(event);
    }
    events
}

/// What the end becomes.
pub(crate) const DONE: Result<CompletionEvent, ProviderError> =
    Ok(CompletionEvent::Done(FinishReason::Stop));

/// What a text becomes.
#[expect(clippy::unnecessary_wraps, reason = "it is compared with results")]
pub(crate) fn text(text: &str) -> Result<CompletionEvent, ProviderError> {
    Ok(CompletionEvent::Text(text.to_owned()))
}
