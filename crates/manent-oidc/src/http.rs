//! Requests to the provider: each with an end, each answer with a largest size, none redirected.

use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::Client;
use reqwest::redirect::Policy;
use url::{Host, Url};

/// The largest answer in bytes.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// A request failed. It never says what was sent.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum HttpError {
    /// No client could be made.
    #[error("no HTTP client could be made: {0}")]
    Client(String),
    /// The address must not be asked.
    #[error("{0} is neither encrypted nor on this machine")]
    NotEncrypted(String),
    /// Not reached, or no answer in time.
    #[error("{0}")]
    Failed(String),
    /// The answer is too large.
    #[error("the answer has more than {LARGEST_ANSWER} bytes")]
    TooLarge,
}

/// Asks the provider.
#[derive(Debug)]
pub(crate) struct Http {
    timeout: Duration,
    local: OnceLock<Result<Client, HttpError>>,
    remote: OnceLock<Result<Client, HttpError>>,
    /// Answers instead of the network.
    #[cfg(feature = "fuzzing")]
    pub(crate) script: Option<crate::fuzzing::Script>,
}

impl Http {
    pub(crate) const fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            local: OnceLock::new(),
            remote: OnceLock::new(),
            #[cfg(feature = "fuzzing")]
            script: None,
        }
    }

    /// This machine's own addresses are never reached through a proxy, and need no certificates.
    fn client(&self, url: &Url) -> Result<Client, HttpError> {
        let is_local = is_local(url);
        if url.scheme() != "https" && !is_local {
            let origin = url.origin().ascii_serialization();
            return Err(HttpError::NotEncrypted(origin));
        }
        let needs_no_certificates = is_local && url.scheme() == "http";
        let cell = if needs_no_certificates {
            &self.local
        } else {
            &self.remote
        };
        cell.get_or_init(|| build(self.timeout, needs_no_certificates))
            .clone()
    }

    /// Asks, and reads the whole answer.
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let url = request.uri().to_string();
        let url = Url::parse(&url).map_err(|_| HttpError::Failed("no address".to_owned()))?;
        #[cfg(feature = "fuzzing")]
        if let Some(script) = &self.script {
            return Ok(script.answer(&request, &url));
        }
        let client = self.client(&url)?;
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        let mut answer = client.execute(request).await.map_err(failed)?;
        if answer.status().is_server_error() {
            let detail = format!("it answers with {}", answer.status());
            return Err(HttpError::Failed(detail));
        }
        let mut response = http::Response::builder()
            .status(answer.status())
            .body(Vec::new())
            .map_err(|error| HttpError::Failed(error.to_string()))?;
        *response.headers_mut() = answer.headers().clone();
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            if response.body().len() + piece.len() > LARGEST_ANSWER {
                return Err(HttpError::TooLarge);
            }
            response.body_mut().extend_from_slice(&piece);
        }
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.ask(request))
    }
}

fn build(timeout: Duration, is_local: bool) -> Result<Client, HttpError> {
    // Whoever came first has installed one already; any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("manent/", env!("CARGO_PKG_VERSION")))
        .tls_backend_rustls()
        .connect_timeout(timeout)
        .timeout(timeout)
        .redirect(Policy::none())
        .referer(false);
    if is_local {
        builder = builder.tls_certs_only([]).no_proxy();
    }
    builder
        .build()
        .map_err(|error| HttpError::Client(causes(&error)))
}

/// Without the address, which may have a query.
fn failed(error: reqwest::Error) -> HttpError {
    HttpError::Failed(causes(&error.without_url()))
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_asked_in_the_clear_but_on_this_machine() {
        let http = Http::new(Duration::from_secs(1));
        let is_asked = |url: &str| http.client(&Url::parse(url).unwrap()).is_ok();
        for good in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost"] {
            assert!(is_asked(good), "{good}");
        }
        for bad in [
            "http://login.example.org",
            "http://127.0.0.1.example.org",
            "ftp://login.example.org",
        ] {
            assert!(!is_asked(bad), "{bad}");
        }
    }
}
