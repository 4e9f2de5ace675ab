//! What every answer says to a browser about itself.
//!
//! Invariant: an answer that is no page runs nothing, is shown in no frame, and is kept by no cache, whatever its status. What brings a content
//! security policy of its own (the embedded page) says for itself how long it may be kept.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// What is no page needs nothing, wherever it is shown.
const FOR_DATA: &str =
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The page that describes the API, a foreign one: its scripts are files, its styles are not only.
const FOR_DESCRIPTION: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Where that page and its files are.
const DESCRIPTION: &str = "/docs";

/// For a year only over TLS.
const TLS_ONLY: &str = "max-age=31536000";

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Whether people reach the server over TLS, so that browsers shall try nothing else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OverTls(pub(crate) bool);

/// Adds what is the same for every answer.
pub(crate) async fn protect(State(tls): State<OverTls>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_description = path
        .strip_prefix(DESCRIPTION)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let mut response = next.run(request).await;
    add(response.headers_mut(), is_description, tls);
    response
}

fn add(headers: &mut HeaderMap, is_description: bool, OverTls(is_over_tls): OverTls) {
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        let (policy, caching) = if is_description {
            (FOR_DESCRIPTION, "no-cache")
        } else {
            (FOR_DATA, "no-store")
        };
        set(headers, header::CONTENT_SECURITY_POLICY, policy);
        set(headers, header::CACHE_CONTROL, caching);
    }
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::REFERRER_POLICY, "no-referrer");
    if !headers.contains_key(header::X_FRAME_OPTIONS) {
        set(headers, header::X_FRAME_OPTIONS, "DENY");
    }
    set(headers, RESOURCE_POLICY, "same-origin");
    if is_over_tls {
        set(headers, header::STRICT_TRANSPORT_SECURITY, TLS_ONLY);
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(to: &[(HeaderName, &'static str)], is_description: bool, tls: bool) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in to {
            set(&mut headers, name.clone(), value);
        }
        add(&mut headers, is_description, OverTls(tls));
        let mut told: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        told.sort();
        told
    }

    #[test]
    fn data_runs_nothing_and_is_kept_by_nobody() {
        let stream = [(header::CACHE_CONTROL, "no-cache")];
        let expected = [
            "cache-control: no-store",
            "content-security-policy: default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
            "cross-origin-resource-policy: same-origin",
            "referrer-policy: no-referrer",
            "x-content-type-options: nosniff",
            "x-frame-options: DENY",
        ];
        assert_eq!(added(&stream, false, false), expected);
    }

    #[test]
    fn a_page_speaks_for_itself() {
        let page = [
            (header::CONTENT_SECURITY_POLICY, "default-src 'self'"),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        ];
        let told = added(&page, false, true);
        for expected in [
            "cache-control: public, max-age=31536000, immutable",
            "content-security-policy: default-src 'self'",
            "strict-transport-security: max-age=31536000",
            "x-frame-options: DENY",
        ] {
            assert!(told.contains(&expected.to_owned()), "{expected}: {told:?}");
        }
    }

    #[test]
    fn no_policy_allows_a_script_inside_a_page() {
        let told = added(&[], true, false).join("\n");
        assert!(told.contains("script-src 'self';"), "{told}");
        assert!(told.contains("cache-control: no-cache"), "{told}");
    }
}
