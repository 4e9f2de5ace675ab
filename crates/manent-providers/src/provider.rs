//! What all providers over HTTP have in common.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use manent_domain::completion::{ModelDescription, ProviderError};
use manent_domain::ports::CompletionProvider;
use serde::Serialize;

use crate::anthropic::AnthropicProvider;
use crate::config::{ProviderConfig, ProviderKind};
use crate::error::ProviderConfigError;
use crate::http::{HttpClients, RandomSource};
use crate::openai::OpenAiCompatibleProvider;

/// A provider over HTTP. An `Arc<dyn HttpProvider>` is an `Arc<dyn CompletionProvider>` by coercion.
#[async_trait]
pub trait HttpProvider: CompletionProvider {
    /// Whether no models are configured and none were fetched, so that [`Self::fetch_models`] should be called.
    fn needs_models(&self) -> bool;

    /// Asks the endpoint for its models, one bounded call without repetition. From then on they are offered, after those
    /// that are configured.
    ///
    /// # Errors
    /// As with a generation before its first byte.
    async fn fetch_models(&self) -> Result<Vec<ModelDescription>, ProviderError>;
}

/// The provider that the configuration describes. `random` spreads the waits between tries.
///
/// # Errors
/// An address, key or header that cannot be used.
pub fn http_provider(
    config: &ProviderConfig,
    clients: &HttpClients,
    random: RandomSource,
) -> Result<Arc<dyn HttpProvider>, ProviderConfigError> {
    Ok(match config.kind {
        ProviderKind::Anthropic => Arc::new(AnthropicProvider::new(config, clients, random)?),
        ProviderKind::OpenAiCompatible => {
            Arc::new(OpenAiCompatibleProvider::new(config, clients, random)?)
        }
    })
}

/// A request's body.
pub(crate) fn json_body(request: &impl Serialize) -> Result<Bytes, ProviderError> {
    serde_json::to_vec(request)
        .map(Bytes::from)
        .map_err(|_| ProviderError::BadRequest {
            detail: "the prompt cannot be written as JSON".to_owned(),
        })
}

/// A prompt that is empty once everything is left out that a model cannot read.
pub(crate) fn nothing_to_send() -> ProviderError {
    ProviderError::BadRequest {
        detail: "the prompt has nothing that the model can read".to_owned(),
    }
}
