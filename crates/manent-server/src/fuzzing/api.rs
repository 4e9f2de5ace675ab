//! The whole server without its sockets: a request goes in, an answer comes out.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use manent_config::Config;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tower::ServiceExt;

use crate::access::Peer;
use crate::compose::Composition;
use crate::router;

/// No answer takes longer, unless it is a stream.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a stream is listened to.
const LISTENING: Duration = Duration::from_millis(15);

/// A server that is asked without a network.
pub struct Api {
    runtime: Runtime,
    router: Router,
    _composition: Composition,
}

/// What it answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; of a stream its beginning.
    pub body: Vec<u8>,
}

impl Api {
    /// A server with this configuration.
    ///
    /// # Errors
    /// When it cannot be put together.
    pub fn new(config: &Config) -> Result<Self, Box<dyn std::error::Error>> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let composition = runtime.block_on(Composition::new(config))?;
        let router = router::router(composition.app.clone());
        Ok(Self {
            runtime,
            router,
            _composition: composition,
        })
    }

    /// Asks it, from this machine.
    pub fn ask(&self, mut request: Request<Vec<u8>>) -> Answer {
        let local = std::net::Ipv4Addr::LOCALHOST.into();
        request.extensions_mut().insert(Peer(local));
        let surface = Surface::of(request.uri().path());
        let router = self.router.clone();
        self.runtime.block_on(async move {
            let answer = router.oneshot(request.map(Body::from));
            let Ok(answer) = timeout(PATIENCE, answer).await else {
                panic!("no answer for {PATIENCE:?}");
            };
            let answer = match answer {
                Ok(answer) => answer,
                Err(never) => match never {},
            };
            let (parts, body) = answer.into_parts();
            let is_stream = parts
                .headers
                .get(header::CONTENT_TYPE)
                .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
            let patience = if is_stream { LISTENING } else { PATIENCE };
            let answer = Answer {
                status: parts.status,
                headers: parts.headers,
                body: listen(body, patience).await,
            };
            answer.assert_is_sound(surface);
            answer
        })
    }
}

/// Whose words an error has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Surface {
    Native,
    LibreChat,
}

impl Surface {
    fn of(path: &str) -> Self {
        if path.starts_with("/api/") {
            Self::LibreChat
        } else {
            Self::Native
        }
    }
}

async fn listen(mut body: Body, patience: Duration) -> Vec<u8> {
    let mut heard = Vec::new();
    let all = async {
        while let Some(frame) = body.frame().await {
            match frame.map(|frame| frame.into_data().unwrap_or_else(|_| Bytes::new())) {
                Ok(data) => heard.extend_from_slice(&data),
                Err(error) => panic!("an answer broke off: {error}"),
            }
        }
    };
    let _ = timeout(patience, all).await;
    heard
}

impl Answer {
    /// What holds for every answer.
    fn assert_is_sound(&self, surface: Surface) {
        let is_fault = self.status == StatusCode::INTERNAL_SERVER_ERROR;
        assert!(!is_fault, "the server failed: {}", self.text());
        for name in [
            "x-content-type-options",
            "content-security-policy",
            "x-trace-id",
        ] {
            assert!(self.headers.contains_key(name), "{name} is missing");
        }
        if !self.status.is_client_error() && !self.status.is_server_error() {
            return;
        }
        let kind = self.headers.get(header::CONTENT_TYPE);
        let is_problem = kind.is_some_and(|kind| kind == "application/problem+json");
        if surface == Surface::LibreChat && !is_problem {
            self.assert_is_refusal();
            return;
        }
        // Without its page a server says so in a sentence; a readiness that is none is no problem.
        if !is_problem {
            let is_known = self.body.starts_with(b"This binary was built without")
                || self.status == StatusCode::SERVICE_UNAVAILABLE;
            assert!(is_known, "an error that is no problem: {}", self.text());
            return;
        }
        let problem: Option<serde_json::Value> = serde_json::from_slice(&self.body).ok();
        let is_whole = problem.is_some_and(|problem| {
            problem["status"] == self.status.as_u16()
                && problem["code"].is_string()
                && problem["traceId"].is_string()
        });
        assert!(is_whole, "a problem that is none: {}", self.text());
    }

    /// A short text, or an object with a message.
    fn assert_is_refusal(&self) {
        let kind = self.headers.get(header::CONTENT_TYPE);
        let is_refusal = if kind.is_some_and(|kind| kind == "application/json") {
            let refusal: Option<serde_json::Value> = serde_json::from_slice(&self.body).ok();
            refusal.is_some_and(|refusal| refusal["message"].is_string())
        } else {
            !self.body.is_empty() && self.body.len() <= 200 && self.body.is_ascii()
        };
        assert!(is_refusal, "a refusal that is none: {}", self.text());
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
