//! `default_provider` and `default_model`: they move to the front, so that nobody else has to know of them.

use crate::config::{Config, ModelConfig, ProviderKind};
use crate::origin::Origin;
use crate::problem::Problem;
use crate::suggestion::did_you_mean;

/// Puts the default provider first, and its default model first.
pub(crate) fn put_defaults_first(
    config: &mut Config,
    provider_origin: Option<Origin>,
    model_origin: Option<Origin>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let (Some(id), Some(origin)) = (&config.default_provider, provider_origin) {
        match config.providers.iter().position(|known| known.id == *id) {
            Some(position) => config.providers[..=position].rotate_right(1),
            None if config.providers.is_empty() => problems.push(Problem::mistake(
                origin,
                format!("`default_provider` is {id:?}, but no provider is configured"),
            )),
            None => {
                let mut ids: Vec<&str> = Vec::new();
                for known in &config.providers {
                    // A doubled id is a mistake of its own.
                    if !known.id.is_empty() && !ids.contains(&known.id.as_str()) {
                        ids.push(&known.id);
                    }
                }
                let hint = did_you_mean(id, ids.iter().copied());
                problems.push(Problem::mistake(
                    origin,
                    format!(
                        "`default_provider` is {id:?}, which no provider is called (there is: {}){hint}",
                        ids.join(", ")
                    ),
                ));
            }
        }
    }
    if let (Some(model), Some(origin)) = (config.default_model.clone(), model_origin)
        && problems.is_empty()
    {
        problems.extend(put_model_first(config, &model, origin));
    }
    problems
}

fn put_model_first(config: &mut Config, model: &str, origin: Origin) -> Option<Problem> {
    let lists = |models: &[ModelConfig]| models.iter().any(|known| known.model == model);
    if config.default_provider.is_none()
        && let Some(position) = config
            .providers
            .iter()
            .position(|known| lists(&known.models))
    {
        config.providers[..=position].rotate_right(1);
    }
    let Some(provider) = config.providers.first_mut() else {
        return Some(Problem::warning(
            origin,
            format!("`default_model` is {model:?}, but no provider is configured"),
        ));
    };
    if provider.kind == ProviderKind::Scripted {
        return Some(Problem::warning(
            origin,
            format!(
                "`default_model` changes nothing for the scripted provider {}, whose rules list its models",
                provider.id
            ),
        ));
    }
    match provider
        .models
        .iter()
        .position(|known| known.model == model)
    {
        Some(position) => provider.models[..=position].rotate_right(1),
        None if provider.limit_to_listed => {
            return Some(Problem::mistake(
                origin,
                format!(
                    "`default_model` is {model:?}, which `providers.{}.models` does not list while `limit_to_listed` is true",
                    provider.id
                ),
            ));
        }
        None => provider.models.insert(0, ModelConfig::named(model)),
    }
    None
}
