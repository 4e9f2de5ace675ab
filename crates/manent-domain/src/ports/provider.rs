//! Providers of answers.

use async_trait::async_trait;

use crate::completion::{CompletionStream, ModelDescription, ProviderError, ProviderRequest};

/// One configured provider.
#[async_trait]
pub trait CompletionProvider: Send + Sync {
    /// The id that the configuration gave it.
    fn id(&self) -> &str;

    /// The models to offer, the default first. A provider also takes models that are not listed unless
    /// [`Self::is_limited_to_listed_models`] says otherwise.
    fn models(&self) -> Vec<ModelDescription>;

    /// Whether only listed models may be asked for.
    fn is_limited_to_listed_models(&self) -> bool {
        false
    }

    /// The model for short side jobs such as titles, where one is configured.
    fn title_model(&self) -> Option<String> {
        None
    }

    /// Starts a generation. Returns once the provider has accepted the request and the stream has begun.
    ///
    /// # Errors
    /// When the provider fails before its first byte.
    async fn stream(&self, request: ProviderRequest) -> Result<CompletionStream, ProviderError>;
}
