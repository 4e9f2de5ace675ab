//! Whom the client can ask, and what it calls them.

use std::sync::Arc;
use std::time::Duration;

use manent_domain::DomainError;
use manent_domain::services::CompletionService;
use manent_librechat::errors;
use manent_librechat::request::{
    Abilities, ChatStart, MODEL_LABEL, PROMPT_PREFIX, Parameters, settings,
};
use manent_librechat::wire::sender;
use manent_types::{ModelSettings, Usage};
use serde_json::Value;

use super::refusal::ChatRefusal;
use crate::librechat::Surface;
use crate::librechat::surface::BoundEndpoint;

/// How long a temporary conversation is kept where nobody says it, in hours.
const TEMPORARY_HOURS: f64 = 720.0;

/// What a request comes to.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    /// Who is asked, as the client calls it.
    pub(super) endpoint: String,
    /// The provider's id.
    pub(super) provider: String,
    /// The model.
    pub(super) model: String,
    /// What the client finds in the conversation again: without what a model spec keeps to itself.
    pub(super) parameters: Parameters,
    /// The settings that belong to them.
    pub(super) own_settings: ModelSettings,
    /// How the answer is made.
    pub(super) settings: ModelSettings,
    /// The model spec that was applied.
    pub(super) spec: Option<String>,
    /// The picture of whoever answers.
    pub(super) icon_url: Option<String>,
    /// The name of whoever answers.
    pub(super) sender: String,
}

/// Whom the client can ask.
#[derive(Clone)]
pub(crate) struct Catalog {
    surface: Arc<Surface>,
    completions: CompletionService,
}

impl Catalog {
    /// The endpoints of the surface, which providers answer for.
    pub(crate) const fn new(surface: Arc<Surface>, completions: CompletionService) -> Self {
        Self {
            surface,
            completions,
        }
    }

    /// What a request comes to: its endpoint, model and spec.
    pub(super) fn resolve(&self, start: &ChatStart) -> Result<Chosen, ChatRefusal> {
        let endpoint = self.surface.endpoint(&start.endpoint);
        let endpoint = endpoint.ok_or_else(|| not_loaded(&start.endpoint))?;
        let specs = &self.surface.settings.model_specs;
        let asked = start.parameters.as_map();
        let preset = specs
            .resolve(
                &endpoint.name,
                start.model.as_deref(),
                start.spec.as_deref(),
                asked,
            )
            .map_err(|refusal| ChatRefusal::bad(refusal.to_string()))?;
        let model = preset.model.filter(|model| !model.is_empty());
        let model = model.ok_or_else(|| ChatRefusal::Bad(errors::missing_model(&endpoint.name)))?;
        self.check_model(endpoint, &model)?;
        let whole = Parameters::read(&preset.parameters)?;
        let mut shown = preset.parameters;
        // What a spec tells the model people need not read.
        match asked.get(PROMPT_PREFIX) {
            Some(own) if !specs.enforce => {
                shown.insert(PROMPT_PREFIX.to_owned(), own.clone());
            }
            _ => {
                shown.remove(PROMPT_PREFIX);
            }
        }
        let shown = Parameters::read(&shown)?;
        let of = |parameters: &Parameters| {
            settings(
                parameters,
                Some(&endpoint.provider),
                Some(&model),
                abilities(endpoint),
            )
        };
        let display = endpoint.endpoint.as_ref();
        let display = display.and_then(|endpoint| endpoint.label.as_deref());
        let label = shown.text(MODEL_LABEL).filter(|label| !label.is_empty());
        Ok(Chosen {
            endpoint: endpoint.name.clone(),
            provider: endpoint.provider.clone(),
            own_settings: of(&shown),
            settings: of(&whole),
            spec: preset.spec,
            icon_url: preset.icon_url,
            sender: sender(&endpoint.name, &model, label, display),
            parameters: shown,
            model,
        })
    }

    fn check_model(&self, endpoint: &BoundEndpoint, model: &str) -> Result<(), ChatRefusal> {
        let illegal = || ChatRefusal::Bad(errors::illegal_model(&endpoint.name, model));
        let known = self.completions.models();
        let mut offered = known
            .iter()
            .filter(|known| known.provider == endpoint.provider)
            .peekable();
        // An endpoint of which nothing is known yet may have any model.
        let is_known = offered.peek().is_some();
        if is_known && !offered.any(|known| known.model == model) {
            return Err(illegal());
        }
        let wanted = ModelSettings {
            provider: Some(endpoint.provider.clone()),
            model: Some(model.to_owned()),
            ..ModelSettings::default()
        };
        match self.completions.resolved(&wanted) {
            Ok(_) => Ok(()),
            Err(DomainError::UnknownModel) => Err(illegal()),
            Err(_) => Err(not_loaded(&endpoint.name)),
        }
    }

    /// What the client calls this provider.
    pub(super) fn endpoint_of(&self, provider: &str) -> Option<&str> {
        let endpoint = self.surface.endpoint_of(provider)?;
        Some(&endpoint.name)
    }

    /// `custom`, for all endpoints but those that the client knows by name.
    pub(super) fn kind_of(&self, endpoint: &str) -> Option<&'static str> {
        let endpoint = self.surface.endpoint(endpoint)?;
        endpoint.is_custom().then_some("custom")
    }

    /// Whether conversations with this endpoint get titles.
    pub(super) fn has_titles(&self, endpoint: Option<&str>) -> bool {
        let endpoint = endpoint.and_then(|name| self.surface.endpoint(name));
        let configured = endpoint.and_then(|endpoint| endpoint.endpoint.as_ref());
        self.surface.settings.variables.has_titles
            && configured
                .is_none_or(|endpoint| endpoint.title_model.is_some() || !endpoint.kind.is_custom())
    }

    /// How many tokens the model takes, the answer included.
    pub(super) fn window(&self, provider: &str, model: &str) -> Option<u64> {
        let known = self.completions.models();
        let mut known = known
            .iter()
            .filter(|known| known.provider == provider && known.model == model);
        let window = known.next().and_then(|model| model.context_window);
        let rates = self.surface.endpoint_of(provider)?.rates(model, window);
        rates.get("context").and_then(Value::as_u64)
    }

    /// What this cost in US dollars, where it is known and to be shown.
    pub(super) fn cost(&self, provider: &str, model: &str, usage: &Usage) -> Option<f64> {
        let settings = &self.surface.settings;
        if settings.interface.public(false, false)["contextCost"] != true {
            return None;
        }
        let rates = self.surface.endpoint_of(provider)?.rates(model, None);
        let rate = |name: &str| rates.get(name).and_then(Value::as_f64);
        let (prompt, completion) = (rate("prompt")?, rate("completion")?);
        #[expect(
            clippy::cast_precision_loss,
            reason = "tokens have far fewer digits than a float holds"
        )]
        let part = |tokens: Option<u64>, rate: f64| tokens.unwrap_or(0) as f64 * rate / 1e6;
        Some(
            part(usage.input_tokens, prompt)
                + part(usage.output_tokens, completion)
                + part(usage.cache_read_tokens, rate("cacheRead").unwrap_or(prompt))
                + part(
                    usage.cache_write_tokens,
                    rate("cacheWrite").unwrap_or(prompt),
                ),
        )
    }

    /// How long a temporary conversation is kept.
    pub(super) fn temporary_retention(&self) -> Duration {
        let hours = self.surface.settings.interface.temporary_hours;
        Duration::from_secs_f64(hours.unwrap_or(TEMPORARY_HOURS) * 3600.0)
    }
}

fn not_loaded(endpoint: &str) -> ChatRefusal {
    ChatRefusal::Bad(errors::no_models(endpoint))
}

fn abilities(endpoint: &BoundEndpoint) -> Abilities {
    use manent_librechat::config::EndpointKind;
    let kind = endpoint.endpoint.as_ref().map(|endpoint| endpoint.kind);
    let is_anthropic = match kind {
        Some(kind) => matches!(
            kind,
            EndpointKind::Anthropic | EndpointKind::CustomAnthropic
        ),
        None => endpoint.name == "anthropic",
    };
    Abilities {
        thinking_budget: is_anthropic,
        reasoning_effort: !is_anthropic,
    }
}
