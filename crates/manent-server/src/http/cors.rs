//! Pages of other origins that the configuration names may use the API; to all others it stays closed.
//!
//! Invariant: an origin is allowed by its whole name or not at all, and nothing is allowed to everybody.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::trace::TRACE_ID;

/// How long a browser may remember what is allowed.
const REMEMBERED: Duration = Duration::from_mins(10);

/// The origins of other pages that may ask.
#[derive(Debug, Clone, Default)]
pub(crate) struct AllowedOrigins(Arc<[HeaderValue]>);

impl AllowedOrigins {
    /// These, as browsers write them. What cannot stand in a header names no origin and is left out.
    pub(crate) fn new(origins: &[String]) -> Self {
        let values = origins
            .iter()
            .filter_map(|origin| HeaderValue::from_str(origin).ok());
        Self(values.collect())
    }

    /// Whether a page of this origin may ask.
    pub(super) fn contain(&self, origin: &HeaderValue) -> bool {
        self.0.contains(origin)
    }

    /// Tells browsers so; absent where no origin is allowed.
    pub(crate) fn layer(&self) -> Option<CorsLayer> {
        if self.0.is_empty() {
            return None;
        }
        let asked = [
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("traceparent"),
        ];
        let told = [TRACE_ID, header::RETRY_AFTER];
        let methods = [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ];
        Some(
            CorsLayer::new()
                .allow_origin(AllowOrigin::list(self.0.iter().cloned()))
                .allow_credentials(true)
                .allow_methods(methods)
                .allow_headers(asked)
                .expose_headers(told)
                .max_age(REMEMBERED),
        )
    }
}
