//! One trace per request: continued from `traceparent`, told in `x-trace-id` and in every error.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, header, header::HeaderName};
use axum::middleware::Next;
use axum::response::Response;
use manent_domain::ports::IdSource;
use metrics::{counter, histogram};
use tracing::Instrument;

use crate::native::ApiError;

/// The header that tells a client the trace of its request.
pub(super) const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");

/// The trace that a request belongs to: 32 lower-case hexadecimal digits, never all zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TraceId(Arc<str>);

impl TraceId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The trace id of a W3C `traceparent` header, where it is a valid one.
    /// Source: W3C Trace Context, section 3.2.
    pub(crate) fn from_traceparent(text: &str) -> Option<Self> {
        let mut fields = text.split('-');
        let (version, trace, parent, flags) = (
            fields.next()?,
            fields.next()?,
            fields.next()?,
            fields.next()?,
        );
        let is_hex = |text: &str, length: usize| {
            text.len() == length
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
        };
        let is_valid = is_hex(version, 2)
            && version != "ff"
            && (version != "00" || fields.next().is_none())
            && is_hex(trace, 32)
            && is_hex(parent, 16)
            && is_hex(flags, 2)
            && trace.bytes().any(|byte| byte != b'0')
            && parent.bytes().any(|byte| byte != b'0');
        is_valid.then(|| Self(trace.into()))
    }

    fn of_request(headers: &HeaderMap) -> Option<Self> {
        Self::from_traceparent(headers.get("traceparent")?.to_str().ok()?)
    }

    fn new(ids: &dyn IdSource) -> Self {
        Self(ids.next().as_simple().to_string().into())
    }
}

/// What is read of a head, for fuzzing.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzzed(headers: &HeaderMap) {
    if let Some(TraceId(trace)) = TraceId::of_request(headers) {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        assert!(trace.len() == 32 && trace.bytes().all(is_hex), "{trace:?}");
    }
}

/// Opens the request's span, counts it, and tells the client its trace.
pub(crate) async fn trace(
    State(ids): State<Arc<dyn IdSource>>,
    mut request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let trace_id =
        TraceId::of_request(request.headers()).unwrap_or_else(|| TraceId::new(ids.as_ref()));
    let method = request.method().clone();
    let route: Arc<str> = match request.extensions().get::<MatchedPath>() {
        Some(path) => path.as_str().into(),
        None => "unmatched".into(),
    };
    request.extensions_mut().insert(trace_id.clone());
    // Of the highest level, so that errors carry the trace whatever else the log leaves out.
    let span = tracing::error_span!(
        "request",
        trace.id = trace_id.as_str(),
        http.method = method.as_str(),
        http.route = &*route,
    );
    async move {
        let mut response = next.run(request).await;
        if let Some(error) = response.extensions_mut().remove::<ApiError>() {
            let said = std::mem::take(response.headers_mut());
            response = error.render(&trace_id);
            keep(said, response.headers_mut());
        }
        let status = response.status();
        let elapsed = begun.elapsed();
        if let Ok(value) = HeaderValue::from_str(trace_id.as_str()) {
            response.headers_mut().insert(TRACE_ID, value);
        }
        let method = known_method(method.as_str());
        counter!(
            "manent_http_requests_total",
            "method" => method, "route" => route.to_string(), "status" => status.as_str().to_owned()
        )
        .increment(1);
        histogram!("manent_http_response_seconds", "method" => method, "route" => route.to_string())
            .record(elapsed.as_secs_f64());
        tracing::debug!(
            http.status = status.as_u16(),
            duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
            "request answered"
        );
        response
    }
    .instrument(span)
    .await
}

/// Keeps what layers have added to an error before it had a body: the methods that are allowed, and which origins may read it.
fn keep(said: HeaderMap, headers: &mut HeaderMap) {
    let of_the_body = [header::CONTENT_TYPE, header::CONTENT_LENGTH];
    let mut last = None;
    for (name, value) in said {
        last = name.or(last);
        if let Some(name) = last.clone().filter(|name| !of_the_body.contains(name)) {
            headers.append(name, value);
        }
    }
}

/// Methods as a metric's label: a bounded set, whatever clients send.
fn known_method(method: &str) -> &'static str {
    match method {
        "GET" => "GET",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        "PUT" => "PUT",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace_of(text: &str) -> Option<TraceId> {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", HeaderValue::from_str(text).unwrap());
        TraceId::of_request(&headers)
    }

    #[test]
    fn continues_a_valid_traceparent_only() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let good = format!("00-{trace}-00f067aa0ba902b7-01");
        assert_eq!(trace_of(&good), Some(TraceId(trace.into())));
        for bad in [
            "",
            "00-4bf92f35-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
        ] {
            assert_eq!(trace_of(bad), None, "{bad}");
        }
    }
}
