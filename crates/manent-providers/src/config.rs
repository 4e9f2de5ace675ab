//! What a provider needs to know about its endpoint.

use std::time::Duration;

use secrecy::SecretString;

/// Which wire format an endpoint speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderKind {
    /// Anthropic's Messages API.
    Anthropic,
    /// Chat Completions as OpenAI defined them: OpenAI, Ollama, vLLM, llama.cpp, OpenRouter and others.
    OpenAiCompatible,
}

/// One endpoint.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// How clients name it.
    pub id: String,
    /// Its wire format.
    pub kind: ProviderKind,
    /// Where it is, such as `https://api.anthropic.com` or `http://localhost:11434/v1`. With or without `/v1` where the
    /// address has no other path; only `http` and `https`.
    pub base_url: String,
    /// Whether a person chose the address: then nothing is connected to but what the [`AddressGuard`](crate::AddressGuard) permits.
    pub is_guarded: bool,
    /// Its key, where it wants one.
    pub api_key: Option<SecretString>,
    /// The models to offer, the default first. Empty: the endpoint is asked, see [`HttpProvider`](crate::HttpProvider).
    pub models: Vec<ModelEntry>,
    /// The model for short side jobs such as titles.
    pub title_model: Option<String>,
    /// Whether only listed models may be asked for.
    pub limit_to_listed: bool,
    /// Whether `<think>…</think>` at the beginning of an answer's text is what the model thought (Chat Completions only).
    pub think_tags: bool,
    /// Further headers of every request. Their values may be secret.
    pub headers: Vec<(String, SecretString)>,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// How often to try again.
    pub retries: Retries,
}

impl ProviderConfig {
    /// An endpoint with every default: no key, no listed models.
    pub fn new(id: impl Into<String>, kind: ProviderKind, base_url: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind,
            base_url: base_url.into(),
            is_guarded: false,
            api_key: None,
            models: Vec::new(),
            title_model: None,
            limit_to_listed: false,
            think_tags: false,
            headers: Vec::new(),
            timeouts: Timeouts::default(),
            retries: Retries::default(),
        }
    }
}

/// A model to offer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelEntry {
    /// The model's id as the provider knows it.
    pub model: String,
    /// For people; absent: the id.
    pub name: Option<String>,
    /// Takes pictures.
    pub vision: Option<bool>,
    /// Thinks before it answers.
    pub reasoning: Option<bool>,
    /// In tokens.
    pub context_window: Option<u64>,
    /// Nobody configured it: it is offered until the endpoint lists its models, and afterwards only when it is among them.
    pub is_assumed: bool,
}

/// How long each stage of a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the TCP and TLS connection.
    pub connect: Duration,
    /// From sending the request to the first byte of the answer's body. A local model may have to be loaded first.
    pub first_byte: Duration,
    /// Between two chunks of the answer.
    pub silence: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_mins(5),
            silence: Duration::from_mins(3),
        }
    }
}

/// How often a call is tried again before its first byte. After it, never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// Further tries after the first one.
    pub limit: u32,
    /// The upper bound of the first wait; it doubles with every try.
    pub base_delay: Duration,
    /// The upper bound of every wait that the provider did not ask for.
    pub max_delay: Duration,
    /// The longest `Retry-After` that is waited for; a longer one is reported at once.
    pub max_retry_after: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            limit: 2,
            base_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(8),
            max_retry_after: Duration::from_secs(10),
        }
    }
}
