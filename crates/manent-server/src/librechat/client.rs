//! The build of LibreChat's client, served from a directory as it is.
//!
//! Invariants:
//! - nothing outside of the directory is served, by no path and through no symbolic link;
//! - the page runs what is in the directory and nothing that is brought in from elsewhere: its policy allows its own files and exactly the inline
//!   scripts that its `index.html` has.

mod files;
mod policy;

use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use self::files::Found;
use crate::app::App;
use crate::native::ApiError;
use crate::page;

/// Where Manent's own page is beside the client.
pub(crate) const OWN_PAGE: &str = "/manent";

/// Manent's own page keeps itself on devices by a service worker at `/`, which would go on answering for the client that is there now: what it
/// finds at its address takes it away.
const OWN_WORKER: &str = "service-worker.js";

const END_OF_WORKER: &str = "self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) await caches.delete(name);
  await self.registration.unregister();
  for (const page of await self.clients.matchAll({ type: 'window' })) await page.navigate(page.url);
})()));
";

/// A page of the client's that has the path of an operation of the native surface.
const SHARED_PATHS: [&str; 1] = ["/search"];

const INDEX: &str = "index.html";

/// The page: kept nowhere, so that a new build is there at the next load.
const NOT_KEPT: &str = "no-cache, no-store, must-revalidate";

/// Asked for anew each time, and taken from the browser's own copy where it is still the same.
const ASKED_FOR: &str = "no-cache";

/// Files with a hash in their name never change.
const KEPT: &str = "public, max-age=31536000, immutable";

/// A build of the client.
#[derive(Debug, Clone)]
pub(crate) struct Client(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    directory: PathBuf,
    /// Where pictures of endpoints and specs come from.
    pictures: Vec<String>,
    /// Where the sandboxes for artifacts come from; empty: where the client looks by itself.
    sandboxes: Vec<String>,
}

impl Client {
    /// The build in this directory, with the addresses of pictures and sandboxes that the configuration names.
    pub(crate) fn new<'a>(
        directory: PathBuf,
        pictures: impl Iterator<Item = &'a str>,
        sandboxes: impl Iterator<Item = &'a str>,
    ) -> Self {
        Self(Arc::new(Parts {
            directory,
            pictures: policy::origins(pictures),
            sandboxes: policy::origins(sandboxes),
        }))
    }

    /// A file of the build, one of Manent's own page beside it (names with a hash do not meet), or the client's page for its own routes.
    async fn respond(&self, path: &str, headers: &HeaderMap) -> Response {
        let name = path.trim_start_matches('/');
        if name == OWN_WORKER {
            return end_of_worker();
        }
        if !name.is_empty() && name != INDEX {
            match files::find(&self.0.directory, name, headers).await {
                Ok(Some(found)) => return answer(name, found, headers),
                Ok(None) => match page::file(path, headers) {
                    Some(file) => return file,
                    None if is_asset(name) => return ApiError::not_found().into_response(),
                    None => {}
                },
                Err(error) => return unreadable(&error),
            }
        }
        match files::read(&self.0.directory, INDEX).await {
            Ok(Some(index)) => self.page(index),
            Ok(None) => ApiError::not_found().into_response(),
            Err(error) => unreadable(&error),
        }
    }

    fn page(&self, index: Vec<u8>) -> Response {
        let text = String::from_utf8_lossy(&index);
        let policy = policy::for_page(&text, &self.0.pictures, &self.0.sandboxes);
        let Ok(policy) = HeaderValue::try_from(policy) else {
            return ApiError::internal("a policy that is no header").into_response();
        };
        let headers = [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/html; charset=utf-8"),
            ),
            (header::CACHE_CONTROL, HeaderValue::from_static(NOT_KEPT)),
            (header::CONTENT_SECURITY_POLICY, policy),
            OPENER,
        ];
        (headers, index).into_response()
    }
}

fn end_of_worker() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, NOT_KEPT),
        (header::CONTENT_SECURITY_POLICY, policy::FOR_FILES),
    ];
    (headers, END_OF_WORKER).into_response()
}

/// A page that opened this one, or was opened by it, has no hold on it.
const OPENER: (HeaderName, HeaderValue) = (
    HeaderName::from_static("cross-origin-opener-policy"),
    HeaderValue::from_static("same-origin"),
);

fn unreadable(error: &std::io::Error) -> Response {
    ApiError::internal(format!("a file of the client cannot be read: {error}")).into_response()
}

/// Whether a name can only be a file's: what is not there is missing then, and no page of the client's.
fn is_asset(name: &str) -> bool {
    name.starts_with("assets/") || name.starts_with("fonts/")
}

fn caching(name: &str) -> &'static str {
    if name.starts_with("assets/") && has_hash(name) {
        KEPT
    } else {
        ASKED_FOR
    }
}

/// Whether a file's name is of the form `name.HASH.ending`, as builds write it.
fn has_hash(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    let mut parts = file.rsplit('.');
    let hash = (parts.next(), parts.next(), parts.next());
    let (Some(_), Some(hash), Some(_)) = hash else {
        return false;
    };
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    hash.len() >= 8 && hash.bytes().all(is_part)
}

fn answer(name: &str, found: Found, headers: &HeaderMap) -> Response {
    let type_of = mime_guess::from_path(name).first_or_octet_stream();
    let mut answer = HeaderMap::new();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::try_from(value) {
            answer.insert(name, value);
        }
    };
    set(header::CACHE_CONTROL, caching(name));
    set(header::ETAG, &found.tag);
    set(header::VARY, "accept-encoding");
    // The client plays a sound in a frame of its own; nothing else of it is shown in one.
    if type_of.type_() == mime_guess::mime::AUDIO {
        set(header::CONTENT_SECURITY_POLICY, policy::FOR_SOUNDS);
        set(header::X_FRAME_OPTIONS, "SAMEORIGIN");
    } else {
        set(header::CONTENT_SECURITY_POLICY, policy::FOR_FILES);
    }
    let is_known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == found.tag.as_bytes());
    if is_known {
        return (StatusCode::NOT_MODIFIED, answer).into_response();
    }
    set(header::CONTENT_TYPE, &with_charset(type_of.as_ref()));
    if let Some(encoding) = found.encoding {
        set(header::CONTENT_ENCODING, encoding);
    }
    (answer, Body::from(found.bytes)).into_response()
}

fn with_charset(type_of: &str) -> String {
    if type_of.starts_with("text/") || type_of.ends_with("javascript") {
        format!("{type_of}; charset=utf-8")
    } else {
        type_of.to_owned()
    }
}

/// Answers every path that is no endpoint: Manent's own page under its own path, the client everywhere else.
pub(crate) async fn serve(State(app): State<App>, request: Request) -> Response {
    let client = app
        .librechat
        .as_ref()
        .and_then(|surface| surface.client.clone());
    let (parts, _) = request.into_parts();
    let path = parts.uri.path();
    let is_own = path
        .strip_prefix(OWN_PAGE)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let Some(client) = client.filter(|_| !is_own) else {
        return page::serve(State(app), parts.method, parts.uri, parts.headers).await;
    };
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return ApiError::not_found().into_response();
    }
    client.respond(path, &parts.headers).await
}

/// Before everything else: a page of the client's, where a browser goes to an address that an operation has too.
pub(crate) async fn pages_first(
    State(client): State<Client>,
    request: Request,
    next: Next,
) -> Response {
    let is_page = request.method() == Method::GET
        && SHARED_PATHS.contains(&request.uri().path())
        && request
            .headers()
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"));
    if is_page {
        return client.respond("/", request.headers()).await;
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_are_kept() {
        assert_eq!(caching("assets/index.Bx_3-fQ2.js"), KEPT);
        for name in [
            "assets/openai.svg",
            "assets/silence.mp3",
            "assets/favicon-32x32.png",
            "sw.js",
            "workbox-1234abcd.js",
            "manifest.webmanifest",
            "x/index.Bx_3-fQ2.js",
        ] {
            assert_eq!(caching(name), ASKED_FOR, "{name}");
        }
    }
}
