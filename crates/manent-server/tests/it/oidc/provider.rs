//! The provider and what stands in front of it.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use manent_testkit::TestServer;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::tampering::{Signer, Tampering};

/// Where the provider's package is.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testing/oidc-provider");

pub(crate) const CLIENT_ID: &str = "manent";
pub(crate) const CLIENT_SECRET: &str = "a secret of the tests: 0123456789";
pub(crate) const AUDIENCE: &str = "https://chat.example.org";

/// What stands in front of the provider does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Front {
    /// Passes everything on.
    Open,
    /// Answers 502.
    Fails,
    /// Answers never.
    Hangs,
}

/// Shared with what stands in front.
struct Shared {
    port: AtomicU16,
    front: Mutex<(Front, Option<&'static str>)>,
    tampering: Mutex<Option<Tampering>>,
    asked: Mutex<HashMap<String, usize>>,
    signer: Signer,
    http: reqwest::Client,
}

/// The provider.
pub(crate) struct Idp {
    /// Its name for itself: the address of what stands in front of it.
    pub(crate) issuer: String,
    shared: Arc<Shared>,
    /// Ends with its standard input.
    _process: Child,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Idp {
    /// A provider with these options of `provider.js`.
    pub(crate) async fn start(options: Value) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let issuer = format!("http://{}", listener.local_addr()?);
        let (process, port) = launch(&issuer, options).await?;
        let shared = Arc::new(Shared {
            port: AtomicU16::new(port),
            front: Mutex::new((Front::Open, None)),
            tampering: Mutex::new(None),
            asked: Mutex::new(HashMap::new()),
            signer: Signer::new()?,
            http: client()?,
        });
        let router = Router::new()
            .fallback(pass_on)
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self {
            issuer,
            shared,
            _process: process,
        })
    }

    /// The usual one.
    pub(crate) async fn usual() -> anyhow::Result<Self> {
        Self::start(json!({})).await
    }

    /// A server that signs people in here, with more configuration for `[oidc]` and what follows it.
    pub(crate) async fn server(&self, more: &str) -> anyhow::Result<TestServer> {
        TestServer::start_with(&self.configuration(more)).await
    }

    pub(crate) fn configuration(&self, more: &str) -> String {
        format!(
            "mode = \"oidc\"\n[oidc]\nissuer = \"{}\"\nclient_id = \"{CLIENT_ID}\"\nclient_secret = \"{CLIENT_SECRET}\"\n{more}",
            self.issuer
        )
    }

    /// Who signs in next.
    pub(crate) async fn person(&self, claims: Value) -> anyhow::Result<()> {
        let request = self.shared.http.put(self.direct("/test/person"));
        request.json(&claims).send().await?.error_for_status()?;
        Ok(())
    }

    /// New keys in place of the old ones.
    pub(crate) async fn rotate(&self) -> anyhow::Result<()> {
        let request = self.shared.http.post(self.direct("/test/rotate"));
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// What stands in front does from now on; for this path alone, or for all.
    pub(crate) fn front(&self, front: Front, path: Option<&'static str>) {
        *lock(&self.shared.front) = (front, path);
    }

    /// Changes ID tokens from now on.
    pub(crate) fn tamper(&self, tampering: Tampering) {
        *lock(&self.shared.tampering) = Some(tampering);
    }

    /// How often a path was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        lock(&self.shared.asked).get(path).copied().unwrap_or(0)
    }

    /// Who signs what is changed; the key is among those of the provider.
    pub(crate) fn signer(&self) -> &Signer {
        &self.shared.signer
    }

    fn direct(&self, path: &str) -> String {
        let port = self.shared.port.load(Ordering::SeqCst);
        format!("http://127.0.0.1:{port}{path}")
    }
}

/// A client that follows nothing by itself.
pub(crate) fn client() -> anyhow::Result<reqwest::Client> {
    // Whoever came first has installed one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?)
}

async fn launch(issuer: &str, mut options: Value) -> anyhow::Result<(Child, u16)> {
    options["issuer"] = json!(issuer);
    options["clientId"] = json!(CLIENT_ID);
    options["clientSecret"] = json!(CLIENT_SECRET);
    let mut process = Command::new("node")
        .arg("provider.js")
        .arg(options.to_string())
        .current_dir(FOLDER)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("the tests of OpenID Connect need Node.js")?;
    let output = process.stdout.take().context("no output")?;
    let mut lines = BufReader::new(output).lines();
    let line = timeout(Duration::from_mins(1), lines.next_line()).await??;
    let line = line.context("the provider did not start: `npm ci` in testing/oidc-provider installs it (cargo xtask test does)")?;
    let said: Value = serde_json::from_str(&line)?;
    let port = said["port"].as_u64().context("no port")?;
    Ok((process, u16::try_from(port)?))
}

async fn pass_on(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    *lock(&shared.asked).entry(path.clone()).or_default() += 1;
    let (front, only) = *lock(&shared.front);
    if only.is_none_or(|only| only == path) {
        match front {
            Front::Open => {}
            Front::Fails => return StatusCode::BAD_GATEWAY.into_response(),
            Front::Hangs => return std::future::pending().await,
        }
    }
    match forwarded(&shared, request).await {
        Ok((status, headers, bytes)) => {
            let bytes = changed(&shared, &path, bytes);
            let mut response = (status, Body::from(bytes)).into_response();
            *response.headers_mut() = headers;
            response.headers_mut().remove(header::CONTENT_LENGTH);
            response.headers_mut().remove(header::TRANSFER_ENCODING);
            response
        }
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

async fn forwarded(
    shared: &Shared,
    request: Request,
) -> anyhow::Result<(StatusCode, axum::http::HeaderMap, Bytes)> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1_000_000).await?;
    let port = shared.port.load(Ordering::SeqCst);
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let answer = shared
        .http
        .request(parts.method, format!("http://127.0.0.1:{port}{path}"))
        .headers(parts.headers)
        .body(body)
        .send()
        .await?;
    Ok((
        answer.status(),
        answer.headers().clone(),
        answer.bytes().await?,
    ))
}

/// Adds the key of the tests to the provider's, and changes ID tokens where a test says so.
fn changed(shared: &Shared, path: &str, bytes: Bytes) -> Bytes {
    let Ok(mut value) = serde_json::from_slice::<Value>(&bytes) else {
        return bytes;
    };
    match path {
        "/jwks" => {
            if let Some(keys) = value["keys"].as_array_mut() {
                keys.push(shared.signer.public_key());
            }
        }
        "/token" => {
            let tampering = lock(&shared.tampering);
            let (Some(tampering), Some(token)) = (tampering.as_ref(), value["id_token"].as_str())
            else {
                return bytes;
            };
            value["id_token"] = json!(shared.signer.change(token, tampering));
        }
        _ => return bytes,
    }
    Bytes::from(value.to_string())
}
