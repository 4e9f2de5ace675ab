//! A provider that says what the test tells it to say, when the test tells it.

use axum::Json;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt;
use futures_util::stream;
use manent_testkit::TestServer;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// One call that the server made. Dropping it ends its answer.
#[derive(Debug)]
pub(crate) struct Call {
    /// What was asked, in the format of Chat Completions.
    pub(crate) body: Value,
    /// With which key (`Authorization`).
    pub(crate) authorization: String,
    pieces: mpsc::UnboundedSender<Bytes>,
}

impl Call {
    fn send(&self, data: &str) -> anyhow::Result<()> {
        Ok(self.pieces.send(Bytes::from(format!("data: {data}\n\n")))?)
    }

    /// Answers with this piece of text, now.
    pub(crate) fn say(&self, text: &str) -> anyhow::Result<()> {
        let choice = json!({"index": 0, "delta": {"content": text}, "finish_reason": null});
        self.send(
            &json!({"id": "c", "object": "chat.completion.chunk", "choices": [choice]}).to_string(),
        )
    }

    /// Tells what was used.
    pub(crate) fn count(&self, usage: &Value) -> anyhow::Result<()> {
        self.send(
            &json!({"id": "c", "object": "chat.completion.chunk", "choices": [], "usage": usage})
                .to_string(),
        )
    }

    /// Ends the answer as it should end.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        let choice = json!({"index": 0, "delta": {}, "finish_reason": "stop"});
        self.send(
            &json!({"id": "c", "object": "chat.completion.chunk", "choices": [choice]}).to_string(),
        )?;
        self.send("[DONE]")
    }

    /// Whether the server has gone away.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.pieces.is_closed()
    }

    /// Waits until the server has gone away.
    pub(crate) async fn cancelled(&self) {
        self.pieces.closed().await;
    }
}

/// The calls, in the order in which they came.
#[derive(Debug)]
pub(crate) struct Upstream {
    /// For `base_url`.
    pub(crate) base_url: String,
    calls: mpsc::UnboundedReceiver<Call>,
}

impl Upstream {
    /// Listens on a free port.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base_url = format!("http://{}/v1", listener.local_addr()?);
        let (sender, calls) = mpsc::unbounded_channel();
        let router = Router::new()
            .route("/v1/chat/completions", post(answer))
            .with_state(sender);
        // Nothing here may wait for a full packet. Should it fail, the tests of time tell.
        let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { base_url, calls })
    }

    /// An upstream and a server that asks it, with more configuration before and after the provider's own.
    pub(crate) async fn with_server(
        configuration: &str,
        provider: &str,
    ) -> anyhow::Result<(Self, TestServer)> {
        Self::with_models(configuration, &format!("models = [\"m\"]\n{provider}")).await
    }

    /// The same, with the list of models among what is the provider's.
    pub(crate) async fn with_models(
        configuration: &str,
        provider: &str,
    ) -> anyhow::Result<(Self, TestServer)> {
        let upstream = Self::start().await?;
        let server = upstream.server(configuration, provider).await?;
        Ok((upstream, server))
    }

    /// Another server that asks it.
    pub(crate) async fn another_server(
        &self,
        configuration: &str,
        provider: &str,
    ) -> anyhow::Result<TestServer> {
        let provider = format!("models = [\"m\"]\n{provider}");
        self.server(configuration, &provider).await
    }

    async fn server(&self, configuration: &str, provider: &str) -> anyhow::Result<TestServer> {
        let base_url = &self.base_url;
        TestServer::start_with(&format!(
            "{configuration}\n[[providers]]\nid = \"gated\"\nkind = \"openai\"\nbase_url = \"{base_url}\"\napi_key = \"secret-key\"\n\
             retries = 0\n{provider}\n"
        ))
        .await
    }

    /// The next call.
    pub(crate) async fn call(&mut self) -> anyhow::Result<Call> {
        let call = self.calls.recv().await;
        call.ok_or_else(|| anyhow::anyhow!("the upstream has ended"))
    }

    /// A call that came already and nobody has taken.
    pub(crate) fn waiting_call(&mut self) -> Option<Call> {
        self.calls.try_recv().ok()
    }

    /// Whether a call waits that nobody has taken.
    pub(crate) fn has_call(&self) -> bool {
        !self.calls.is_empty()
    }
}

async fn answer(
    State(calls): State<mpsc::UnboundedSender<Call>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let (pieces, receiver) = mpsc::unbounded_channel::<Bytes>();
    let authorization = headers.get(header::AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok());
    let authorization = authorization.unwrap_or_default().to_owned();
    // Nobody listens any more: the answer ends at once.
    let _ = calls.send(Call {
        body,
        authorization,
        pieces,
    });
    let stream = stream::unfold(receiver, |mut receiver| async move {
        let piece = receiver.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(piece), receiver))
    });
    let kind = [(header::CONTENT_TYPE, "text/event-stream")];
    (kind, Body::from_stream(stream)).into_response()
}
