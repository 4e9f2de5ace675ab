//! One provider of answers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// One provider of answers.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// Its name in requests and in `/models`; unique.
    pub id: String,
    /// Its protocol.
    pub kind: ProviderKind,
    /// The start of its addresses without a slash at the end, for example `https://api.anthropic.com` or
    /// `https://api.openai.com/v1`. Empty for `scripted`, and where people give their own.
    pub base_url: String,
    /// Its key.
    pub api_key: Option<SecretString>,
    /// What of this each person provides.
    pub own: OwnAccess,
    /// The models to offer, the default first. May be empty when [`Self::fetch_models`] is set; empty for `scripted`, whose
    /// rules say what there is.
    pub models: Vec<ModelConfig>,
    /// Whether to ask the provider for its models and to offer those too.
    pub fetch_models: bool,
    /// The model for short side jobs such as titles.
    pub title_model: Option<String>,
    /// Whether only the models in [`Self::models`] may be asked for.
    pub limit_to_listed: bool,
    /// Whether `<think>…</think>` at the beginning of an answer is what the model thought.
    pub think_tags: bool,
    /// Headers to send with every request.
    pub headers: BTreeMap<String, SecretString>,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the first byte of the answer may take.
    pub first_byte_timeout: Duration,
    /// How long the answer may pause.
    pub silence_timeout: Duration,
    /// How often a request is tried again before its first byte.
    pub retries: u32,
    /// What its models cost that have no price of their own.
    pub price: PriceConfig,
    /// The rules file of a scripted provider; absent: the built-in demonstration.
    pub rules: Option<PathBuf>,
}

impl ProviderConfig {
    pub(crate) fn blank(id: String) -> Self {
        Self {
            id,
            kind: ProviderKind::Scripted,
            base_url: String::new(),
            api_key: None,
            own: OwnAccess::default(),
            models: Vec::new(),
            fetch_models: false,
            title_model: None,
            limit_to_listed: false,
            think_tags: false,
            headers: BTreeMap::new(),
            connect_timeout: Duration::ZERO,
            first_byte_timeout: Duration::ZERO,
            silence_timeout: Duration::ZERO,
            retries: 0,
            price: PriceConfig::default(),
            rules: None,
        }
    }
}

impl ProviderConfig {
    /// What a model of it costs: its own price, else the provider's.
    pub fn price_of(&self, model: &str) -> PriceConfig {
        let listed = self.models.iter().find(|known| known.model == model);
        let own = listed
            .map(|known| known.price)
            .filter(PriceConfig::is_known);
        own.unwrap_or(self.price)
    }

    /// Whether answers without a price cost whoever runs the server nothing: people pay with their own key, or nobody is asked.
    pub const fn is_free_without_price(&self) -> bool {
        self.own.key || matches!(self.kind, ProviderKind::Scripted)
    }
}

/// What a model costs, in micro-dollars (millionths of a US dollar) per million tokens. Absent: nobody said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PriceConfig {
    /// For the prompt.
    pub input: Option<u64>,
    /// For the answer.
    pub output: Option<u64>,
    /// For what the provider reads from its cache; absent: as the prompt.
    pub cache_read: Option<u64>,
    /// For what the provider writes to its cache; absent: as the prompt.
    pub cache_write: Option<u64>,
}

impl PriceConfig {
    /// Whether something is said, but not what prompt and answer cost.
    pub(crate) const fn is_incomplete(&self) -> bool {
        let is_whole = self.input.is_some() && self.output.is_some();
        let is_empty = self.input.is_none()
            && self.output.is_none()
            && self.cache_read.is_none()
            && self.cache_write.is_none();
        !is_whole && !is_empty
    }

    /// Whether prompt and answer have a price.
    pub const fn is_known(&self) -> bool {
        self.input.is_some() && self.output.is_some()
    }
}

/// What each person provides for a provider: the literal `user_provided` in the place of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OwnAccess {
    /// The key: there is none of the operator's, and who has given none cannot ask.
    pub key: bool,
    /// The address too; then also [`Self::key`].
    pub base_url: bool,
}

/// The protocol of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderKind {
    /// Anthropic's Messages.
    Anthropic,
    /// `OpenAI`'s Chat Completions and everything that speaks them.
    OpenAi,
    /// Answers from a rules file.
    Scripted,
}

impl ProviderKind {
    /// As it stands in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAi => "openai",
            Self::Scripted => "scripted",
        }
    }

    /// Where the protocol's own maker serves it.
    pub const fn default_base_url(self) -> &'static str {
        match self {
            Self::Anthropic => "https://api.anthropic.com",
            Self::OpenAi => "https://api.openai.com/v1",
            Self::Scripted => "",
        }
    }
}

/// A model to offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelConfig {
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
    /// What it costs; where nobody said, what the provider's models cost.
    pub price: PriceConfig,
    /// A default of ours that nobody configured: it is dropped when the provider lists its models without it.
    pub is_assumed: bool,
}

impl ModelConfig {
    /// A model of which only the id is known.
    pub fn named(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            name: None,
            vision: None,
            reasoning: None,
            context_window: None,
            price: PriceConfig::default(),
            is_assumed: false,
        }
    }
}
