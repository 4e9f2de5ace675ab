//! The page, embedded in the binary.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::app::App;
use crate::librechat::client::OWN_PAGE;
use crate::native::ApiError;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct PageFiles;

/// Only from here and nothing inline; pictures also from memory, and the client's engine as WebAssembly. Nobody may frame the page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; \
     connect-src 'self'; manifest-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// What the page has no use for, so that nothing in it can ask for it.
const PERMISSIONS_POLICY: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), \
     midi=(), payment=(), screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()";

/// What each file of the page is sent with, beside what every answer has.
const HARDENING: [(HeaderName, &str); 3] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (
        HeaderName::from_static("permissions-policy"),
        PERMISSIONS_POLICY,
    ),
    // A page that opened this one, or was opened by it, has no hold on it.
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// Answers every path that is no endpoint: a file of the page, the page itself for its own routes, or 404.
#[expect(clippy::unused_async, reason = "a handler is asynchronous")]
pub(crate) async fn serve(
    State(app): State<App>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return ApiError::not_found().into_response();
    }
    let (base, path) = match uri.path().strip_prefix(OWN_PAGE) {
        Some(path) if app.serves_client() => (OWN_PAGE, path),
        _ => ("", uri.path()),
    };
    let path = path.trim_start_matches('/');
    let wants_page = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if let Some(file) = PageFiles::get(path).filter(|_| !path.is_empty()) {
        return respond(path, file, "", &headers);
    }
    let is_route = path.is_empty() || (wants_page && !path.starts_with("assets/"));
    match PageFiles::get("index.html") {
        Some(index) if is_route => {
            let has_sign_in = app.accounts.is_some();
            let kind = match (has_sign_in, base.is_empty()) {
                (false, true) => "",
                (true, true) => "-sign-in",
                (false, false) => "-based",
                (true, false) => "-based-sign-in",
            };
            respond("index.html", adapted(index, base, has_sign_in), kind, &headers)
        }
        None if is_route => (
            StatusCode::NOT_FOUND,
            "This binary was built without its page: build web/ first, then the server (cargo xtask run does both).\n",
        )
            .into_response(),
        _ => ApiError::not_found().into_response(),
    }
}

/// A file of the page, by its path; the page itself is none.
pub(crate) fn file(path: &str, headers: &HeaderMap) -> Option<Response> {
    let path = path.trim_start_matches('/');
    let is_page = path.is_empty() || path == "index.html";
    let file = PageFiles::get(path).filter(|_| !is_page)?;
    Some(respond(path, file, "", headers))
}

/// The page as it is where people sign in, and where it stands under another path than `/`: it finds its files and its own places there.
fn adapted(mut index: EmbeddedFile, base: &str, has_sign_in: bool) -> EmbeddedFile {
    if base.is_empty() && !has_sign_in {
        return index;
    }
    let mut page = String::from_utf8_lossy(&index.data).into_owned();
    if !base.is_empty() {
        page = page.replace("href=\"/", &format!("href=\"{base}/"));
        page = page.replace("src=\"/", &format!("src=\"{base}/"));
        page = page.replacen("<html ", &format!("<html data-base=\"{base}\" "), 1);
    }
    if has_sign_in {
        page = page.replacen("<html ", "<html data-sign-in ", 1);
    }
    index.data = Cow::Owned(page.into_bytes());
    index
}

/// `kind` tells apart what is made of one file.
fn respond(path: &str, file: EmbeddedFile, kind: &str, headers: &HeaderMap) -> Response {
    let hash = file.metadata.sha256_hash();
    let tag: String = hash
        .iter()
        .take(12)
        .fold(String::from("\""), |mut tag, byte| {
            use std::fmt::Write;
            // Writing to a String cannot fail.
            let _ = write!(tag, "{byte:02x}");
            tag
        })
        + kind
        + "\"";
    // Files under assets/ carry a hash in their name and never change.
    let caching = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let common = [
        (header::CACHE_CONTROL, caching.to_owned()),
        (header::ETAG, tag.clone()),
    ];
    if headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes())
    {
        return (StatusCode::NOT_MODIFIED, HARDENING, common).into_response();
    }
    let content_type = [(header::CONTENT_TYPE, file.metadata.mimetype().to_owned())];
    (
        HARDENING,
        common,
        content_type,
        Body::from(file.data.into_owned()),
    )
        .into_response()
}
