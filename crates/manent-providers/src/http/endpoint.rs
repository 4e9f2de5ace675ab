//! One provider's endpoint: sends calls to it, and tries again where that is allowed.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use manent_domain::completion::ProviderError;
use reqwest::Client;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{sleep, timeout};

use super::clients::HttpClients;
use super::failure::{Failure, from_status, from_stream, from_transport};
use super::redaction::Redaction;
use super::retry::{RandomSource, delay_before, retry_after};
use crate::base_url::{Addresses, addresses};
use crate::config::{ProviderConfig, Retries, Timeouts};
use crate::error::ProviderConfigError;

/// How much of an error's explanation is read.
const MAX_ERROR_BYTES: usize = 64 * 1024;
/// How long it is read.
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(5);
/// How much of a list is read.
const MAX_LIST_BYTES: usize = 8 * 1024 * 1024;
/// Headers that belong to the HTTP client.
const RESERVED_HEADERS: [&str; 7] = [
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "accept",
    "accept-encoding",
];

/// The rest of an answer's body.
pub(crate) type Body = Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>;

/// An answer whose first bytes are here.
pub(crate) struct OpenAnswer {
    pub(crate) first: Bytes,
    pub(crate) rest: Body,
}

/// One provider's endpoint.
pub(crate) struct Endpoint {
    pub(crate) id: String,
    pub(crate) addresses: Addresses,
    pub(crate) timeouts: Timeouts,
    pub(crate) redaction: Redaction,
    client: Client,
    headers: HeaderMap,
    retries: Retries,
    random: RandomSource,
}

impl Endpoint {
    /// The endpoint that the configuration describes. `authenticate` makes the header that carries the key.
    pub(crate) fn new(
        config: &ProviderConfig,
        clients: &HttpClients,
        random: RandomSource,
        mut headers: HeaderMap,
        authenticate: impl FnOnce(&SecretString) -> (HeaderName, SecretString),
    ) -> Result<Self, ProviderConfigError> {
        let addresses = addresses(config.kind, &config.base_url)?;
        let client = clients.client_for(
            &addresses.generate,
            config.timeouts.connect,
            config.is_guarded,
        )?;
        if let Some(key) = &config.api_key {
            let is_plain = |byte: u8| byte.is_ascii_graphic();
            let text = key.expose_secret();
            if text.is_empty() || !text.bytes().all(is_plain) {
                return Err(ProviderConfigError::ApiKey);
            }
            let (name, value) = authenticate(key);
            let value = secret_value(&value).ok_or(ProviderConfigError::ApiKey)?;
            headers.insert(name, value);
        }
        for (name, value) in &config.headers {
            let reject = |reason| ProviderConfigError::Header {
                name: name.clone(),
                reason,
            };
            let header = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| reject("this is no header's name"))?;
            if RESERVED_HEADERS.contains(&header.as_str()) {
                return Err(reject("it is set by the HTTP client"));
            }
            let value = secret_value(value)
                .ok_or_else(|| reject("its value has characters that a header cannot have"))?;
            headers.insert(header, value);
        }
        let secrets = config
            .api_key
            .iter()
            .chain(config.headers.iter().map(|(_, value)| value))
            .cloned();
        Ok(Self {
            id: config.id.clone(),
            addresses,
            timeouts: config.timeouts,
            redaction: Redaction::new(secrets),
            client,
            headers,
            retries: config.retries,
            random,
        })
    }

    /// Asks for a generation and waits for the first bytes of its answer.
    ///
    /// # Errors
    /// What went wrong before the first byte, at the last try.
    pub(crate) async fn open(&self, body: Bytes) -> Result<OpenAnswer, ProviderError> {
        let mut attempt = 0;
        loop {
            let failure = match self.attempt(body.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            attempt += 1;
            let delay = delay_before(attempt, &self.retries, failure.retry_after, (self.random)());
            let Some(delay) = delay.filter(|_| failure.may_retry) else {
                return Err(failure.error);
            };
            tracing::debug!(
                provider = self.id,
                attempt,
                code = failure.error.code(),
                delay_ms = super::retry::milliseconds(delay),
                "trying the provider again"
            );
            sleep(delay).await;
        }
    }

    async fn attempt(&self, body: Bytes) -> Result<OpenAnswer, Failure> {
        let call = async {
            let response = self
                .client
                .post(self.addresses.generate.clone())
                .headers(self.headers.clone())
                .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .header(ACCEPT, HeaderValue::from_static("text/event-stream"))
                .body(body)
                .send()
                .await
                .map_err(|error| from_transport(&error))?;
            let status = response.status();
            let wait = retry_after(response.headers());
            let mut rest: Body = Box::pin(response.bytes_stream());
            if !status.is_success() {
                let body = read_some(Bytes::new(), &mut rest).await;
                return Err(from_status(status, wait, &body, &self.redaction));
            }
            let first = loop {
                match rest.next().await {
                    Some(Ok(first)) if first.is_empty() => {}
                    Some(Ok(first)) => break first,
                    Some(Err(_)) => return Err(Failure::passing(ProviderError::Unreachable)),
                    None => return Err(Failure::lasting(ProviderError::Truncated)),
                }
            };
            // Whatever the media type says: no stream of events begins like this.
            let error = match first.trim_ascii_start().first() {
                Some(b'{' | b'[') => self.document_error(&read_some(first, &mut rest).await),
                Some(b'<') => not_a_stream("a web page"),
                _ => return Ok(OpenAnswer { first, rest }),
            };
            Err(Failure::lasting(error))
        };
        // Not tried again: whoever asked has waited long enough.
        timeout(self.timeouts.first_byte, call)
            .await
            .unwrap_or(Err(Failure::lasting(ProviderError::Timeout {
                stage: "first byte",
            })))
    }

    /// What a JSON document in the place of a stream says.
    fn document_error(&self, document: &[u8]) -> ProviderError {
        let value = serde_json::from_slice::<serde_json::Value>(document).unwrap_or_default();
        match value.get("error") {
            Some(error) if !error.is_null() => from_stream(error, &self.redaction),
            _ => not_a_stream("a JSON document"),
        }
    }

    /// Reads a JSON list.
    ///
    /// # Errors
    /// As with a generation; it is not tried again.
    pub(crate) async fn list(&self) -> Result<Vec<u8>, ProviderError> {
        let call = async {
            let response = self
                .client
                .get(self.addresses.models.clone())
                .headers(self.headers.clone())
                .header(ACCEPT, HeaderValue::from_static("application/json"))
                .send()
                .await
                .map_err(|error| from_transport(&error).error)?;
            let status = response.status();
            if !status.is_success() {
                let wait = retry_after(response.headers());
                let mut rest: Body = Box::pin(response.bytes_stream());
                let body = read_some(Bytes::new(), &mut rest).await;
                return Err(from_status(status, wait, &body, &self.redaction).error);
            }
            let mut list = Vec::new();
            let mut chunks = Box::pin(response.bytes_stream());
            while let Some(chunk) = chunks.next().await {
                let chunk = chunk.map_err(|_| ProviderError::Truncated)?;
                if list.len() + chunk.len() > MAX_LIST_BYTES {
                    return Err(ProviderError::Protocol {
                        detail: "its list of models is larger than 8 MB".to_owned(),
                    });
                }
                list.extend_from_slice(&chunk);
            }
            Ok(list)
        };
        timeout(self.timeouts.first_byte, call)
            .await
            .unwrap_or(Err(ProviderError::Timeout {
                stage: "first byte",
            }))
    }
}

fn secret_value(secret: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(secret.expose_secret()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn not_a_stream(what: &str) -> ProviderError {
    ProviderError::Protocol {
        detail: format!(
            "it answered with {what} instead of a stream of events; check the base URL"
        ),
    }
}

/// The beginning of a body that explains something. What does not come in time is left out.
async fn read_some(first: Bytes, rest: &mut Body) -> Vec<u8> {
    let mut body = first.to_vec();
    let reading = async {
        while body.len() < MAX_ERROR_BYTES
            && let Some(Ok(chunk)) = rest.next().await
        {
            body.extend_from_slice(&chunk);
        }
    };
    // Too late means that there is no more of it.
    let _ = timeout(ERROR_BODY_TIMEOUT, reading).await;
    body.truncate(MAX_ERROR_BYTES);
    body
}
