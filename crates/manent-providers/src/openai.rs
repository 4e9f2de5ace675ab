//! Chat Completions as OpenAI defined them and many servers speak them.

mod delta;
mod events;
mod request;
mod think_tags;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use manent_domain::completion::{
    CompletionStream, ModelDescription, ProviderError, ProviderRequest,
};
use manent_domain::ports::CompletionProvider;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use secrecy::ExposeSecret;

#[cfg(feature = "fuzzing")]
pub(crate) use self::events::ChatTranslator as Translator;
use self::events::ChatTranslator;
use self::request::{Dialect, wire_request};
use crate::answer::AnswerStream;
use crate::config::ProviderConfig;
use crate::error::ProviderConfigError;
use crate::http::{Endpoint, HttpClients, RandomSource, Redaction};
use crate::models::Models;
use crate::provider::{HttpProvider, json_body, nothing_to_send};

/// A provider that speaks Chat Completions.
pub struct OpenAiCompatibleProvider {
    endpoint: Endpoint,
    redaction: Arc<Redaction>,
    models: Models,
    title_model: Option<String>,
    is_limited_to_listed: bool,
    has_think_tags: bool,
    /// Learned from refusals, for as long as the process lives.
    has_new_limit_name: AtomicBool,
    /// Learned from refusals, for as long as the process lives.
    takes_stream_options: AtomicBool,
}

impl OpenAiCompatibleProvider {
    /// The provider that the configuration describes. `random` spreads the waits between tries.
    ///
    /// # Errors
    /// An address, key or header that cannot be used.
    pub fn new(
        config: &ProviderConfig,
        clients: &HttpClients,
        random: RandomSource,
    ) -> Result<Self, ProviderConfigError> {
        let endpoint = Endpoint::new(config, clients, random, HeaderMap::new(), |key| {
            let bearer = format!("Bearer {}", key.expose_secret());
            (AUTHORIZATION, bearer.into())
        })?;
        let is_openai = endpoint.addresses.generate.host_str() == Some("api.openai.com");
        Ok(Self {
            redaction: Arc::new(endpoint.redaction.clone()),
            endpoint,
            models: Models::new(config),
            title_model: config.title_model.clone(),
            is_limited_to_listed: config.limit_to_listed,
            has_think_tags: config.think_tags,
            has_new_limit_name: AtomicBool::new(is_openai),
            takes_stream_options: AtomicBool::new(true),
        })
    }

    fn dialect(&self) -> Dialect {
        Dialect {
            has_new_limit_name: self.has_new_limit_name.load(Ordering::Relaxed),
            takes_stream_options: self.takes_stream_options.load(Ordering::Relaxed),
        }
    }

    /// Another way to ask, when the refusal is about a field that this server does not know.
    fn learn(&self, dialect: Dialect, error: &ProviderError) -> Option<Dialect> {
        let ProviderError::BadRequest { detail } = error else {
            return None;
        };
        if dialect.takes_stream_options && detail.contains("stream_options") {
            self.takes_stream_options.store(false, Ordering::Relaxed);
            return Some(Dialect {
                takes_stream_options: false,
                ..dialect
            });
        }
        if !dialect.has_new_limit_name && detail.contains("max_completion_tokens") {
            self.has_new_limit_name.store(true, Ordering::Relaxed);
            return Some(Dialect {
                has_new_limit_name: true,
                ..dialect
            });
        }
        None
    }
}

#[async_trait]
impl CompletionProvider for OpenAiCompatibleProvider {
    fn id(&self) -> &str {
        &self.endpoint.id
    }

    fn models(&self) -> Vec<ModelDescription> {
        self.models.offered()
    }

    fn is_limited_to_listed_models(&self) -> bool {
        self.is_limited_to_listed
    }

    fn title_model(&self) -> Option<String> {
        let model = self.title_model.as_ref()?;
        self.models.may_be_used(model).then(|| model.clone())
    }

    async fn stream(&self, request: ProviderRequest) -> Result<CompletionStream, ProviderError> {
        let mut dialect = self.dialect();
        let answer = loop {
            let wire = wire_request(&request, dialect).ok_or_else(nothing_to_send)?;
            match self.endpoint.open(json_body(&wire)?).await {
                Ok(answer) => break answer,
                Err(error) => match self.learn(dialect, &error) {
                    Some(learned) => dialect = learned,
                    None => return Err(error),
                },
            }
        };
        let redaction = Arc::clone(&self.redaction);
        let translator = if self.has_think_tags {
            ChatTranslator::with_think_tags(redaction)
        } else {
            ChatTranslator::new(redaction)
        };
        let silence = self.endpoint.timeouts.silence;
        Ok(Box::pin(AnswerStream::new(answer, translator, silence)))
    }
}

#[async_trait]
impl HttpProvider for OpenAiCompatibleProvider {
    fn needs_models(&self) -> bool {
        self.models.are_needed()
    }

    async fn fetch_models(&self) -> Result<Vec<ModelDescription>, ProviderError> {
        self.models.take_list(&self.endpoint.list().await?)
    }
}
