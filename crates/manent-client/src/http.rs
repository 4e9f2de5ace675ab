//! Requests to the server: the address, the caller's headers, the trace, and answers that are read as what they are.
//!
//! Invariants: headers are asked for when a request is sent and never kept; what is read of an answer is bounded.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use manent_engine::{Millis, TraceContext};
use manent_protocol::Problem;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::environment;
use crate::error::{ApiError, OpenError};

/// The largest answer that is read, in bytes: a page of 200 messages of the largest size fits.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Asked for headers at each request.
pub(crate) type HeaderSource =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = HeaderMap> + Send>> + Send + Sync>;

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// For a connection.
    pub(crate) connect: Duration,
    /// For a whole answer.
    pub(crate) request: Duration,
    /// For the beginning of a stream: the model may think for long before it says anything.
    pub(crate) stream_start: Duration,
    /// For the next bytes of a stream; the server says something every 10 s.
    pub(crate) stream_silence: Duration,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct WholeAnswer {
    pub(crate) status: u16,
    pub(crate) retry_after_ms: Option<Millis>,
    pub(crate) body: Vec<u8>,
}

/// The server, as the services reach it.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client,
    base: Url,
    headers: Option<HeaderSource>,
    patience: Patience,
}

impl Api {
    pub(crate) fn new(
        base: Url,
        headers: Option<HeaderSource>,
        patience: Patience,
    ) -> Result<Self, OpenError> {
        // A second call finds the provider installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .connect_timeout(patience.connect)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("manent-client/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| OpenError::Http(reason_of(&error)))?;
        Ok(Self {
            client,
            base,
            headers,
            patience,
        })
    }

    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }

    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T, ApiError> {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query)
            .finish();
        let path = if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{query}")
        };
        let request = self.request(Method::GET, &path, None).await?;
        read(&self.whole(request).await?)
    }

    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, ApiError> {
        let mut request = self.request(method, path, None).await?;
        if let Some(body) = body {
            request = request.json(body);
        }
        read(&self.whole(request).await?)
    }

    /// Sends JSON and reads whatever is answered.
    pub(crate) async fn post(
        &self,
        path: &str,
        body: &Value,
        trace: Option<&TraceContext>,
    ) -> Result<WholeAnswer, ApiError> {
        let request = self.request(Method::POST, path, trace).await?;
        self.whole(request.json(body)).await
    }

    /// Sends JSON in a trace and reads what is answered.
    pub(crate) async fn post_for<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
        trace: Option<&TraceContext>,
    ) -> Result<T, ApiError> {
        read(&self.post(path, body, trace).await?)
    }

    /// Opens a stream of events; absent when the server says that nothing more comes (204).
    pub(crate) async fn open_stream(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        trace: Option<&TraceContext>,
    ) -> Result<Option<Response>, ApiError> {
        let mut request = self.request(method, path, trace).await?;
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = tokio::time::timeout(self.patience.stream_start, request.send())
            .await
            .map_err(|_| too_late())?
            .map_err(|error| unreachable(&error))?;
        let status = response.status().as_u16();
        let kind = response.headers().get(CONTENT_TYPE);
        let is_stream = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        match status {
            200 if is_stream => Ok(Some(response)),
            204 => Ok(None),
            200 => Err(ApiError::Nonsense {
                status,
                reason: "it is no stream of events".to_owned(),
                retry_after_ms: None,
            }),
            _ => {
                let answer = tokio::time::timeout(self.patience.request, whole_answer(response))
                    .await
                    .map_err(|_| too_late())??;
                Err(refusal(&answer))
            }
        }
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        trace: Option<&TraceContext>,
    ) -> Result<RequestBuilder, ApiError> {
        let url = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        let mut request = self.client.request(method, url);
        if let Some(headers) = &self.headers {
            let headers = tokio::time::timeout(self.patience.request, headers())
                .await
                .map_err(|_| too_late())?;
            request = request.headers(headers);
        }
        let own = if trace.is_none() {
            environment::new_trace()
        } else {
            None
        };
        if let Some(trace) = trace.or(own.as_ref()) {
            request = request.header("traceparent", trace.as_str());
        }
        Ok(request)
    }

    async fn whole(&self, request: RequestBuilder) -> Result<WholeAnswer, ApiError> {
        let answer = async {
            let response = request.send().await.map_err(|error| unreachable(&error))?;
            whole_answer(response).await
        };
        tokio::time::timeout(self.patience.request, answer)
            .await
            .map_err(|_| too_late())?
    }
}

async fn whole_answer(mut response: Response) -> Result<WholeAnswer, ApiError> {
    let status = response.status().as_u16();
    let retry_after_ms = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok())
        .map(|seconds| seconds.saturating_mul(1_000));
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| unreachable(&error))?
    {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(ApiError::Nonsense {
                status,
                reason: "it is too large".to_owned(),
                retry_after_ms,
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(WholeAnswer {
        status,
        retry_after_ms,
        body,
    })
}

fn read<T: DeserializeOwned>(answer: &WholeAnswer) -> Result<T, ApiError> {
    if !(200..300).contains(&answer.status) {
        return Err(refusal(answer));
    }
    serde_json::from_slice(&answer.body).map_err(|error| ApiError::Nonsense {
        status: answer.status,
        reason: format!(
            "it cannot be read from line {}, column {}",
            error.line(),
            error.column()
        ),
        retry_after_ms: None,
    })
}

/// What an answer other than success says.
fn refusal(answer: &WholeAnswer) -> ApiError {
    let problem: Option<Problem> = serde_json::from_slice(&answer.body)
        .ok()
        .filter(|problem: &Problem| problem.status == answer.status);
    match (answer.status, problem) {
        (401, _) => ApiError::SignInNeeded,
        (_, Some(problem)) => ApiError::Refused {
            retry_after_ms: answer.retry_after_ms.max(problem.retry_after_ms),
            problem: Box::new(problem),
        },
        (status, None) => ApiError::Nonsense {
            status,
            reason: "it gives no reason".to_owned(),
            retry_after_ms: answer.retry_after_ms,
        },
    }
}

fn too_late() -> ApiError {
    ApiError::Unreachable {
        reason: "it took too long to answer".to_owned(),
    }
}

fn unreachable(error: &reqwest::Error) -> ApiError {
    ApiError::Unreachable {
        reason: reason_of(error),
    }
}

/// The innermost cause: the outer ones only say that a request failed, and repeat its address.
fn reason_of(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> WholeAnswer {
        WholeAnswer {
            status,
            retry_after_ms: None,
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn tells_a_refusal_from_nonsense() {
        let problem = r#"{"type":"about:blank","title":"T","status":503,"code":"store_busy","detail":"Later.","traceId":"t","retryAfterMs":700}"#;
        let refused = read::<Value>(&answer(503, problem)).unwrap_err();
        assert_eq!(refused.code(), Some("store_busy"));
        assert!(refused.is_transient());
        assert!(matches!(
            refused,
            ApiError::Refused {
                retry_after_ms: Some(700),
                ..
            }
        ));
        let page = read::<Value>(&answer(502, "<html>")).unwrap_err();
        assert!(page.is_transient() && page.code().is_none());
        let half = read::<Value>(&answer(200, r#"{"conversations":["#)).unwrap_err();
        assert!(matches!(half, ApiError::Nonsense { status: 200, .. }));
        assert_eq!(
            read::<Value>(&answer(401, "<html>")).unwrap_err(),
            ApiError::SignInNeeded
        );
    }

    #[test]
    fn reaches_this_machine_without_a_proxy() {
        for (url, expected) in [
            ("http://127.0.0.1:3080", true),
            ("http://localhost:1", true),
            ("http://[::1]:1", true),
            ("https://example.org", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
