//! Generations. Pure: this service has no repository.

use std::sync::Arc;

use manent_types::{ModelSettings, Part, UserId};

use crate::completion::{CompletionRequest, CompletionStream, ModelDescription, ProviderRequest};
use crate::error::DomainError;
use crate::limits::Limits;
use crate::ports::CompletionProvider;

/// A generation that has begun.
pub struct StartedCompletion {
    /// The provider that answers.
    pub provider: String,
    /// The model that answers.
    pub model: String,
    /// The events.
    pub stream: CompletionStream,
}

/// Sends prompts to providers and hands their events on.
#[derive(Clone)]
pub struct CompletionService {
    providers: Arc<[Arc<dyn CompletionProvider>]>,
    limits: Limits,
}

impl CompletionService {
    /// A service over these providers; the first one is the default.
    pub fn new(providers: Vec<Arc<dyn CompletionProvider>>, limits: Limits) -> Self {
        Self {
            providers: providers.into(),
            limits,
        }
    }

    /// What is configured; the first model is the default one.
    pub fn models(&self) -> Vec<ModelDescription> {
        self.providers
            .iter()
            .flat_map(|provider| provider.models())
            .collect()
    }

    /// Starts a generation in somebody's name.
    ///
    /// # Errors
    /// An invalid prompt or setting, an unknown provider or model, or a provider that fails before its first byte.
    pub async fn start(
        &self,
        owner: UserId,
        request: CompletionRequest,
    ) -> Result<StartedCompletion, DomainError> {
        self.validate(&request)?;
        let (provider, model) = self.resolve(&request.settings)?;
        let stream = provider
            .stream(ProviderRequest {
                owner,
                messages: request.messages,
                model: model.clone(),
                settings: request.settings,
            })
            .await?;
        Ok(StartedCompletion {
            provider: provider.id().to_owned(),
            model,
            stream,
        })
    }

    /// Whether a generation could be started, without asking a provider.
    ///
    /// # Errors
    /// An invalid prompt or setting, an unknown provider or model.
    pub fn check(&self, request: &CompletionRequest) -> Result<(), DomainError> {
        self.validate(request)?;
        self.resolve(&request.settings).map(|_| ())
    }

    /// The ids of the provider and of the model that would answer, without asking a provider.
    ///
    /// # Errors
    /// An unknown provider or model.
    pub fn resolved(&self, settings: &ModelSettings) -> Result<(String, String), DomainError> {
        let (provider, model) = self.resolve(settings)?;
        Ok((provider.id().to_owned(), model))
    }

    /// The model for short side jobs: the title model of the given provider, or of the default one.
    pub fn title_model(&self) -> Option<(String, String)> {
        self.providers.iter().find_map(|provider| {
            provider
                .title_model()
                .map(|model| (provider.id().to_owned(), model))
        })
    }

    fn resolve(
        &self,
        settings: &ModelSettings,
    ) -> Result<(&Arc<dyn CompletionProvider>, String), DomainError> {
        let provider = match (&settings.provider, &settings.model) {
            (Some(id), _) => self
                .providers
                .iter()
                .find(|provider| provider.id() == id)
                .ok_or(DomainError::UnknownProvider)?,
            (None, Some(model)) => self
                .providers
                .iter()
                .find(|provider| provider.models().iter().any(|known| known.model == *model))
                .or_else(|| {
                    self.providers
                        .iter()
                        .find(|provider| !provider.is_limited_to_listed_models())
                })
                .ok_or(DomainError::UnknownModel)?,
            (None, None) => self.providers.first().ok_or(DomainError::UnknownProvider)?,
        };
        let listed = provider.models();
        let model = match &settings.model {
            Some(model) => {
                let is_listed = listed.iter().any(|known| known.model == *model);
                if provider.is_limited_to_listed_models() && !is_listed {
                    return Err(DomainError::UnknownModel);
                }
                model.clone()
            }
            None => {
                listed
                    .into_iter()
                    .next()
                    .ok_or(DomainError::UnknownModel)?
                    .model
            }
        };
        Ok((provider, model))
    }

    fn validate(&self, request: &CompletionRequest) -> Result<(), DomainError> {
        validate_settings(&request.settings, &self.limits)?;
        if request.messages.is_empty() {
            return Err(invalid("messages", "must not be empty"));
        }
        if request.messages.len() > self.limits.prompt_messages {
            return Err(invalid("messages", "has too many messages"));
        }
        for message in &request.messages {
            if message.content.is_empty() {
                return Err(invalid("messages.content", "must not be empty"));
            }
            for part in &message.content {
                if let Part::Image {
                    media_type,
                    data,
                    url,
                } = part
                {
                    let has_data = data.is_some() && media_type.is_some();
                    if has_data == url.is_some() {
                        return Err(invalid(
                            "messages.content",
                            "an image has either data with mediaType, or url",
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

fn invalid(field: &'static str, reason: &str) -> DomainError {
    DomainError::Invalid {
        field,
        reason: reason.to_owned(),
    }
}

/// Holds settings to their ranges.
pub(super) fn validate_settings(
    settings: &ModelSettings,
    limits: &Limits,
) -> Result<(), DomainError> {
    let is_name = |name: &Option<String>| {
        name.as_ref().is_none_or(|name| {
            !name.is_empty() && name.len() <= 200 && !name.chars().any(char::is_control)
        })
    };
    if !is_name(&settings.provider) {
        return Err(invalid(
            "config.provider",
            "has 1 to 200 visible characters",
        ));
    }
    if !is_name(&settings.model) {
        return Err(invalid("config.model", "has 1 to 200 visible characters"));
    }
    if settings
        .system
        .as_ref()
        .is_some_and(|system| system.len() > limits.system_bytes)
    {
        return Err(invalid(
            "config.system",
            "is larger than this server accepts",
        ));
    }
    if settings
        .temperature
        .is_some_and(|value| !(0.0..=2.0).contains(&value))
    {
        return Err(invalid("config.temperature", "lies between 0 and 2"));
    }
    if settings
        .top_p
        .is_some_and(|value| !(0.0..=1.0).contains(&value))
    {
        return Err(invalid("config.topP", "lies between 0 and 1"));
    }
    if settings
        .max_tokens
        .is_some_and(|value| !(1..=1_000_000).contains(&value))
    {
        return Err(invalid("config.maxTokens", "lies between 1 and 1,000,000"));
    }
    if settings.stop.len() > 8
        || settings
            .stop
            .iter()
            .any(|text| text.is_empty() || text.len() > 200)
    {
        return Err(invalid(
            "config.stop",
            "has at most 8 texts of 1 to 200 bytes",
        ));
    }
    if settings
        .thinking
        .is_some_and(|thinking| thinking.budget_tokens < 1024)
    {
        return Err(invalid("config.thinking.budgetTokens", "is at least 1024"));
    }
    Ok(())
}
