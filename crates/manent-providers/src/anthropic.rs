//! Anthropic's Messages API.

mod events;
mod model;
mod request;

use std::sync::Arc;

use async_trait::async_trait;
use manent_domain::completion::{
    CompletionStream, ModelDescription, ProviderError, ProviderRequest,
};
use manent_domain::ports::CompletionProvider;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

#[cfg(feature = "fuzzing")]
pub(crate) use self::events::MessagesTranslator as Translator;
use self::events::MessagesTranslator;
use self::request::{PastReasoning, has_signed_reasoning, wire_request};
use crate::answer::AnswerStream;
use crate::config::ProviderConfig;
use crate::error::ProviderConfigError;
use crate::http::{Endpoint, HttpClients, OpenAnswer, RandomSource, Redaction};
use crate::models::Models;
use crate::provider::{HttpProvider, json_body, nothing_to_send};

/// The version of the API that is spoken.
const API_VERSION: &str = "2023-06-01";

/// A provider that speaks Anthropic's Messages API.
pub struct AnthropicProvider {
    endpoint: Endpoint,
    redaction: Arc<Redaction>,
    models: Models,
    title_model: Option<String>,
    is_limited_to_listed: bool,
}

impl AnthropicProvider {
    /// The provider that the configuration describes. `random` spreads the waits between tries.
    ///
    /// # Errors
    /// An address, key or header that cannot be used.
    pub fn new(
        config: &ProviderConfig,
        clients: &HttpClients,
        random: RandomSource,
    ) -> Result<Self, ProviderConfigError> {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static("anthropic-version"),
            HeaderValue::from_static(API_VERSION),
        );
        let endpoint = Endpoint::new(config, clients, random, headers, |key| {
            (HeaderName::from_static("x-api-key"), key.clone())
        })?;
        Ok(Self {
            redaction: Arc::new(endpoint.redaction.clone()),
            endpoint,
            models: Models::new(config),
            title_model: config.title_model.clone(),
            is_limited_to_listed: config.limit_to_listed,
        })
    }

    async fn ask(
        &self,
        request: &ProviderRequest,
        past_reasoning: PastReasoning,
    ) -> Result<OpenAnswer, ProviderError> {
        let wire = wire_request(request, past_reasoning).ok_or_else(nothing_to_send)?;
        self.endpoint.open(json_body(&wire)?).await
    }
}

#[async_trait]
impl CompletionProvider for AnthropicProvider {
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
        let answer = match self.ask(&request, PastReasoning::Kept).await {
            // Another account or another maker signed it: the conversation shall go on without it.
            Err(ProviderError::BadRequest { detail })
                if detail.contains("signature") && has_signed_reasoning(&request) =>
            {
                self.ask(&request, PastReasoning::LeftOut).await?
            }
            other => other?,
        };
        let translator = MessagesTranslator::new(Arc::clone(&self.redaction));
        let silence = self.endpoint.timeouts.silence;
        Ok(Box::pin(AnswerStream::new(answer, translator, silence)))
    }
}

#[async_trait]
impl HttpProvider for AnthropicProvider {
    fn needs_models(&self) -> bool {
        self.models.are_needed()
    }

    async fn fetch_models(&self) -> Result<Vec<ModelDescription>, ProviderError> {
        self.models.take_list(&self.endpoint.list().await?)
    }
}
