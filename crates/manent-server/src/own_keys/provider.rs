//! A provider that asks with the key of whoever asks.

use std::sync::Arc;

use async_trait::async_trait;
use manent_domain::completion::{
    CompletionStream, ModelDescription, ProviderError, ProviderRequest,
};
use manent_domain::ports::CompletionProvider;
use manent_providers::{
    HttpClients, HttpProvider, ProviderConfig, ProviderConfigError, RandomSource, http_provider,
};

use super::{OwnEndpoint, OwnKeys, unusable};

/// A provider that asks with the key of whoever asks, at the address that they gave where it wants one.
pub(crate) struct OwnKeyProvider {
    settings: ProviderConfig,
    endpoint: OwnEndpoint,
    keys: OwnKeys,
    clients: Arc<HttpClients>,
    random: RandomSource,
    /// What it offers; nothing is asked of this one.
    offered: Arc<dyn HttpProvider>,
}

impl OwnKeyProvider {
    /// As the settings say, but for the key, and for the address where people choose it. What the address then is does not matter.
    pub(crate) fn new(
        settings: ProviderConfig,
        keys: OwnKeys,
        endpoint: OwnEndpoint,
        clients: Arc<HttpClients>,
        random: RandomSource,
    ) -> Result<Self, ProviderConfigError> {
        let offered = http_provider(&settings, &clients, Arc::clone(&random))?;
        Ok(Self {
            settings,
            endpoint,
            keys,
            clients,
            random,
            offered,
        })
    }
}

#[async_trait]
impl CompletionProvider for OwnKeyProvider {
    fn id(&self) -> &str {
        &self.settings.id
    }

    fn models(&self) -> Vec<ModelDescription> {
        self.offered.models()
    }

    fn is_limited_to_listed_models(&self) -> bool {
        self.offered.is_limited_to_listed_models()
    }

    fn title_model(&self) -> Option<String> {
        self.offered.title_model()
    }

    async fn stream(&self, request: ProviderRequest) -> Result<CompletionStream, ProviderError> {
        let given = self.keys.open(request.owner, &self.endpoint).await?;
        let mut settings = self.settings.clone();
        settings.api_key = Some(given.api_key);
        if let Some(base_url) = given.base_url {
            settings.base_url = base_url;
            settings.is_guarded = true;
        }
        let provider = http_provider(&settings, &self.clients, Arc::clone(&self.random));
        let provider = provider.map_err(|error| match error {
            // What is allowed has changed since it was given.
            ProviderConfigError::NotPermitted => ProviderError::BaseUrlRefused,
            other => unusable(&other.to_string()),
        })?;
        provider.stream(request).await.map_err(|error| match error {
            // It is not the operator who has to do something about it.
            ProviderError::Auth => unusable("the provider did not accept it"),
            other => other,
        })
    }
}
