//! Keeps other web sites away: a page elsewhere must not read or write here, neither by a plain cross-origin request nor by pointing its own
//! name at this address (DNS rebinding). The server answers under its loopback names, and under the public one if it has one; pages of other
//! origins are let in where the configuration names them.
//!
//! A proxy may ask under a name of loopback for pages of the public address. The page's origin, which a browser sets and no page can, still
//! tells that it is the server's own; the name alone never lets a foreign page in.

use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::cors::AllowedOrigins;
use super::headers::OverTls;
use crate::native::ApiError;

/// Whether the server may be asked under this `host[:port]`: loopback names and addresses only, and nothing before or after them.
fn is_loopback(host_and_port: &str) -> bool {
    let Some(host) = host_of(host_and_port) else {
        return false;
    };
    host.eq_ignore_ascii_case("localhost")
        || host == "[::1]"
        || host
            .parse::<Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The host of `host[:port]`, an IPv6 address with its brackets; absent when there is more than that.
fn host_of(host_and_port: &str) -> Option<&str> {
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    match host_and_port.rsplit_once(':') {
        Some((host, port)) if is_port(port) => Some(host),
        Some(_) if !host_and_port.ends_with(']') => None,
        _ => Some(host_and_port),
    }
}

/// The names under which the server may be asked, beside those of loopback.
#[derive(Debug, Clone, Default)]
pub(crate) struct PublicName(Option<PublicUrl>);

#[derive(Debug, Clone)]
struct PublicUrl {
    is_over_tls: bool,
    authority: Arc<str>,
}

impl PublicName {
    /// The `host[:port]` of this address.
    pub(crate) fn of_url(url: Option<&str>) -> Self {
        let parts = url.and_then(|url| url.parse::<Uri>().ok()).and_then(|url| {
            Some(PublicUrl {
                is_over_tls: url.scheme_str() == Some("https"),
                authority: url.authority()?.as_str().into(),
            })
        });
        Self(parts)
    }

    /// Whether people reach the server over TLS.
    pub(crate) fn over_tls(&self) -> OverTls {
        OverTls(self.0.as_ref().is_some_and(|url| url.is_over_tls))
    }

    /// Whether the server may be asked under this `host[:port]`.
    fn allows(&self, host_and_port: &str) -> bool {
        is_loopback(host_and_port) || self.is_public(host_and_port).is_some()
    }

    /// The public address, when this is its `host[:port]`.
    fn is_public(&self, host_and_port: &str) -> Option<&PublicUrl> {
        let url = self.0.as_ref()?;
        url.authority
            .eq_ignore_ascii_case(host_and_port)
            .then_some(url)
    }

    /// Whether this is the origin of the public address: its scheme, its name and its port.
    fn is_public_origin(&self, origin: &Uri) -> bool {
        let scheme = |url: &PublicUrl| if url.is_over_tls { "https" } else { "http" };
        let authority = origin.authority().map(axum::http::uri::Authority::as_str);
        let public = authority.and_then(|authority| self.is_public(authority));
        public.is_some_and(|url| origin.scheme_str() == Some(scheme(url)))
    }

    /// Whether a page of this origin is the server's own, asked under `host`, which is one of its names. Over TLS the name alone does not
    /// tell: whoever stands between can answer for the same name without it.
    fn is_own(&self, origin: &HeaderValue, host: &str) -> bool {
        let Some(origin) = origin
            .to_str()
            .ok()
            .and_then(|origin| origin.parse::<Uri>().ok())
        else {
            return false;
        };
        if self.is_public_origin(&origin) {
            return true;
        }
        let is_same = origin
            .authority()
            .is_some_and(|authority| authority.as_str().eq_ignore_ascii_case(host));
        let needs_tls = self.is_public(host).is_some_and(|url| url.is_over_tls);
        is_same && (!needs_tls || origin.scheme_str() == Some("https"))
    }
}

/// Refuses requests under a foreign name, and requests that a page of another origin makes.
pub(crate) async fn guard(
    State((name, origins)): State<(PublicName, AllowedOrigins)>,
    request: Request,
    next: Next,
) -> Response {
    // Of two, a proxy may have looked at the one and this server at the other.
    for name in [header::HOST, header::AUTHORIZATION] {
        if request.headers().get_all(&name).iter().nth(1).is_some() {
            return ApiError::repeated_header(&name).into_response();
        }
    }
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|value| value.to_str().ok())
        .or_else(|| {
            request
                .uri()
                .authority()
                .map(axum::http::uri::Authority::as_str)
        })
        .unwrap_or_default()
        .to_owned();
    if !name.allows(&host) {
        return ApiError::host_not_allowed().into_response();
    }
    let is_own = |origin: &HeaderValue| name.is_own(origin, &host) || origins.contain(origin);
    if is_foreign(request.method(), request.headers(), is_own) {
        return ApiError::origin_not_allowed().into_response();
    }
    next.run(request).await
}

/// Whether a browser says that another origin's page makes the request.
fn is_foreign(method: &Method, headers: &HeaderMap, is_own: impl Fn(&HeaderValue) -> bool) -> bool {
    if let Some(origin) = headers.get(header::ORIGIN) {
        return !is_own(origin);
    }
    // A link from elsewhere may lead here; a form may not.
    let is_link = method.is_safe()
        && headers
            .get("sec-fetch-mode")
            .is_some_and(|mode| mode == "navigate");
    headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin" && site != "none" && !is_link)
}

/// What is decided about a head, for fuzzing: whoever is let in under a name and from an origin is one of ours.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzzed(headers: &HeaderMap) {
    let name = PublicName::of_url(Some("https://chat.example.org"));
    let host = headers.get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !name.allows(host) {
        return;
    }
    let bare = host_of(host).unwrap_or(host).to_ascii_lowercase();
    let is_ours = matches!(bare.as_str(), "localhost" | "[::1]" | "chat.example.org")
        || bare.starts_with("127.");
    assert!(is_ours, "{host:?}");
    if let Some(origin) = headers.get(header::ORIGIN)
        && !is_foreign(&Method::POST, headers, |origin| name.is_own(origin, host))
    {
        let origin = origin.to_str().unwrap_or_default().to_ascii_lowercase();
        let host = host.to_ascii_lowercase();
        assert!(
            origin.contains(&format!("://{host}")) || origin == "https://chat.example.org",
            "{origin:?} {host:?}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_loopback_names() {
        for good in [
            "localhost:3080",
            "LocalHost",
            "127.0.0.1",
            "127.0.0.5:1",
            "[::1]:3080",
            "[::1]",
        ] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in [
            "",
            "evil.example",
            "127.0.0.1.evil.example:3080",
            "192.168.1.4",
            "[::2]",
            "[::1]evil.example",
            "localhost:x@evil.example",
            "localhost:x@evil.example:3080",
            "localhost@evil.example",
            "localhost:",
            "::1",
        ] {
            assert!(!is_loopback(bad), "{bad}");
        }
    }

    #[test]
    fn answers_under_its_public_name_too() {
        let name = PublicName::of_url(Some("https://Chat.example.org:8443"));
        for good in [
            "chat.example.org:8443",
            "CHAT.example.org:8443",
            "127.0.0.1:3080",
        ] {
            assert!(name.allows(good), "{good}");
        }
        for bad in [
            "chat.example.org",
            "chat.example.org:1",
            "example.org:8443",
            "",
        ] {
            assert!(!name.allows(bad), "{bad}");
        }
        assert!(!PublicName::of_url(None).allows("chat.example.org"));
    }

    #[test]
    fn over_tls_a_page_without_it_is_foreign() {
        let name = PublicName::of_url(Some("https://chat.example.org"));
        let is_own = |origin, host| name.is_own(&HeaderValue::from_static(origin), host);
        assert!(is_own("https://chat.example.org", "chat.example.org"));
        assert!(!is_own("http://chat.example.org", "chat.example.org"));
        assert!(!is_own("https://chat.example.org:8443", "chat.example.org"));
        assert!(is_own("http://localhost:3080", "localhost:3080"));
        let plain = PublicName::of_url(Some("http://chat.example.org"));
        let origin = HeaderValue::from_static("http://chat.example.org");
        assert!(plain.is_own(&origin, "chat.example.org"));
    }

    #[test]
    fn a_page_of_the_public_address_is_own_under_each_name_of_the_server_and_no_other_is() {
        let name = PublicName::of_url(Some("https://chat.example.org"));
        let is_own = |origin, host| name.is_own(&HeaderValue::from_static(origin), host);
        for host in ["127.0.0.1:4500", "localhost", "chat.example.org"] {
            assert!(is_own("https://chat.example.org", host), "{host}");
            for foreign in [
                "http://chat.example.org",
                "https://chat.example.org:8443",
                "https://evil.chat.example.org",
                "https://chat.example.org.evil.example",
                "https://evil.example",
                "chat.example.org",
                "null",
            ] {
                assert!(!is_own(foreign, host), "{foreign} under {host}");
            }
        }
        assert!(!is_own("http://localhost", "127.0.0.1:4500"));
    }

    fn is_foreign_here(method: &Method, headers: &HeaderMap) -> bool {
        let name = PublicName::default();
        is_foreign(method, headers, |origin| {
            name.is_own(origin, "localhost:3080")
        })
    }

    #[test]
    fn tells_foreign_origins() {
        let with = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(value));
            is_foreign_here(&Method::GET, &headers)
        };
        assert!(!is_foreign_here(&Method::GET, &HeaderMap::new()));
        assert!(!with("origin", "http://localhost:3080"));
        assert!(with("origin", "http://localhost:3081"));
        assert!(with("origin", "null"));
        assert!(with("sec-fetch-site", "cross-site"));
        assert!(!with("sec-fetch-site", "same-origin"));
    }

    #[test]
    fn lets_links_from_elsewhere_in_and_forms_not() {
        let mut headers = HeaderMap::new();
        headers.insert("sec-fetch-site", HeaderValue::from_static("cross-site"));
        headers.insert("sec-fetch-mode", HeaderValue::from_static("navigate"));
        assert!(!is_foreign_here(&Method::GET, &headers));
        assert!(is_foreign_here(&Method::POST, &headers));
    }
}
