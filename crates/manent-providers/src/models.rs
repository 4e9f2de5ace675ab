//! The models that a provider offers.

use std::sync::{PoisonError, RwLock};

use manent_domain::completion::{ModelDescription, ProviderError};
use serde::Deserialize;

use crate::config::{ModelEntry, ProviderConfig, ProviderKind};
use crate::wire::malformed;

/// More models than this are not offered.
const MAX_MODELS: usize = 1_000;
/// Longer ids are not offered.
const MAX_ID_BYTES: usize = 200;

/// The configured models, and after them those that the endpoint told.
#[derive(Debug)]
pub(crate) struct Models {
    provider: String,
    kind: ProviderKind,
    configured: Vec<ModelDescription>,
    /// Ids of configured models that are only assumed to exist.
    assumed: Vec<String>,
    fetched: RwLock<Vec<ModelDescription>>,
}

impl Models {
    /// As configured.
    pub(crate) fn new(config: &ProviderConfig) -> Self {
        Self {
            provider: config.id.clone(),
            kind: config.kind,
            configured: config
                .models
                .iter()
                .map(|entry| describe(&config.id, entry))
                .collect(),
            assumed: config
                .models
                .iter()
                .filter(|entry| entry.is_assumed)
                .map(|entry| entry.model.clone())
                .collect(),
            fetched: RwLock::default(),
        }
    }

    /// What to offer now.
    pub(crate) fn offered(&self) -> Vec<ModelDescription> {
        let fetched = self.fetched.read().unwrap_or_else(PoisonError::into_inner);
        let is_configured = |model: &str| self.configured.iter().any(|known| known.model == model);
        let mut offered = self.configured.clone();
        offered.retain(|model| !self.is_refuted(&model.model, &fetched));
        offered.extend(
            fetched
                .iter()
                .filter(|model| !is_configured(&model.model))
                .cloned(),
        );
        offered
    }

    /// Whether this model may be used: all but those that were assumed and that the endpoint does not list.
    pub(crate) fn may_be_used(&self, model: &str) -> bool {
        let fetched = self.fetched.read().unwrap_or_else(PoisonError::into_inner);
        !self.is_refuted(model, &fetched)
    }

    /// An alias such as `claude-x` counts as listed when a dated name such as `claude-x-20260101` is.
    fn is_refuted(&self, model: &str, fetched: &[ModelDescription]) -> bool {
        let is_listed = |known: &ModelDescription| {
            known
                .model
                .strip_prefix(model)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("-2"))
        };
        !fetched.is_empty()
            && self.assumed.iter().any(|assumed| assumed == model)
            && !fetched.iter().any(is_listed)
    }

    /// Whether the endpoint has to be asked.
    pub(crate) fn are_needed(&self) -> bool {
        self.offered().is_empty()
    }

    /// Takes the endpoint's list and says what was in it.
    ///
    /// # Errors
    /// A list that is none.
    pub(crate) fn take_list(&self, list: &[u8]) -> Result<Vec<ModelDescription>, ProviderError> {
        let list: WireList =
            serde_json::from_slice(list).map_err(|error| ProviderError::Protocol {
                detail: format!("the list of models: {}", malformed(&error)),
            })?;
        let mut entries = list.data.or(list.models).unwrap_or_default();
        entries.retain(|entry| is_offered(self.kind, &entry.id));
        if entries.iter().all(|entry| entry.created.is_some()) {
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.created));
        }
        entries.truncate(MAX_MODELS);
        let models: Vec<_> = entries
            .into_iter()
            .map(|entry| describe(&self.provider, &entry.into()))
            .collect();
        self.fetched
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&models);
        Ok(models)
    }
}

fn describe(provider: &str, entry: &ModelEntry) -> ModelDescription {
    ModelDescription {
        provider: provider.to_owned(),
        model: entry.model.clone(),
        name: entry.name.clone().unwrap_or_else(|| entry.model.clone()),
        vision: entry.vision,
        reasoning: entry.reasoning,
        context_window: entry.context_window,
    }
}

#[derive(Deserialize)]
struct WireList {
    data: Option<Vec<WireModel>>,
    models: Option<Vec<WireModel>>,
}

#[derive(Deserialize)]
struct WireModel {
    #[serde(alias = "model")]
    id: String,
    display_name: Option<String>,
    name: Option<String>,
    created: Option<i64>,
    #[serde(alias = "max_model_len", alias = "max_input_tokens")]
    context_length: Option<u64>,
    architecture: Option<WireArchitecture>,
    supported_parameters: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct WireArchitecture {
    input_modalities: Option<Vec<String>>,
}

impl From<WireModel> for ModelEntry {
    fn from(wire: WireModel) -> Self {
        let has = |words: Option<Vec<String>>, word: &str| {
            words.map(|words| words.iter().any(|known| known == word))
        };
        let name = wire
            .display_name
            .or(wire.name)
            .filter(|name| !name.is_empty() && name.len() <= MAX_ID_BYTES);
        Self {
            model: wire.id,
            name,
            vision: wire
                .architecture
                .and_then(|architecture| has(architecture.input_modalities, "image")),
            reasoning: has(wire.supported_parameters, "reasoning"),
            context_window: wire.context_length,
            is_assumed: false,
        }
    }
}

/// Whether a model of this name can hold a conversation, as far as names tell.
fn is_offered(kind: ProviderKind, id: &str) -> bool {
    const OTHER_PURPOSES: [&str; 14] = [
        "embed",
        "rerank",
        "whisper",
        "transcribe",
        "tts",
        "dall-e",
        "moderation",
        "gpt-image",
        "chatgpt-image",
        "gpt-audio",
        "realtime",
        "sora",
        "davinci",
        "babbage",
    ];
    if id.is_empty() || id.len() > MAX_ID_BYTES || id.chars().any(char::is_control) {
        return false;
    }
    kind == ProviderKind::Anthropic || !OTHER_PURPOSES.iter().any(|word| id.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn models(kind: ProviderKind) -> Models {
        Models::new(&ProviderConfig::new("here", kind, "http://localhost"))
    }

    #[test]
    fn offers_the_newest_first_and_only_what_converses() {
        let models = models(ProviderKind::OpenAiCompatible);
        assert!(models.are_needed());
        let list = br#"{"object":"list","data":[
            {"id":"gpt-old","object":"model","created":1,"owned_by":"x"},
            {"id":"text-embedding-3","created":9},
            {"id":"a/new","name":"New","created":2,"context_length":1000,"architecture":{"input_modalities":["text","image"]},
             "supported_parameters":["reasoning"]}]}"#;
        let expected = vec![
            ModelDescription {
                provider: "here".to_owned(),
                model: "a/new".to_owned(),
                name: "New".to_owned(),
                vision: Some(true),
                reasoning: Some(true),
                context_window: Some(1000),
            },
            ModelDescription {
                provider: "here".to_owned(),
                model: "gpt-old".to_owned(),
                name: "gpt-old".to_owned(),
                vision: None,
                reasoning: None,
                context_window: None,
            },
        ];
        assert_eq!(models.take_list(list).unwrap(), expected);
        assert_eq!(models.offered(), expected);
        assert!(!models.are_needed());
    }

    #[test]
    fn keeps_the_order_of_a_list_without_unix_times() {
        let models = models(ProviderKind::Anthropic);
        let list = br#"{"data":[
            {"type":"model","id":"claude-b","display_name":"Claude B","created_at":"2026-02-01T00:00:00Z"},
            {"type":"model","id":"claude-a","display_name":"Claude A","created_at":"2026-01-01T00:00:00Z"}],"has_more":false}"#;
        let names: Vec<_> = models
            .take_list(list)
            .unwrap()
            .into_iter()
            .map(|model| (model.model, model.name))
            .collect();
        assert_eq!(
            names,
            [
                ("claude-b".to_owned(), "Claude B".to_owned()),
                ("claude-a".to_owned(), "Claude A".to_owned())
            ]
        );
    }

    #[test]
    fn rejects_what_is_no_list_and_keeps_the_old_one() {
        let models = models(ProviderKind::OpenAiCompatible);
        models.take_list(br#"{"data":[{"id":"a"}]}"#).unwrap();
        for list in [
            &b"<html>"[..],
            br#"{"data":[{"id":7}]}"#,
            br#"{"data":"x"}"#,
        ] {
            assert!(matches!(
                models.take_list(list),
                Err(ProviderError::Protocol { .. })
            ));
        }
        assert_eq!(models.offered().len(), 1);
    }

    #[test]
    fn offers_what_is_configured_before_what_was_fetched() {
        let mut config = ProviderConfig::new("here", ProviderKind::Anthropic, "http://localhost");
        config.models = vec![ModelEntry {
            model: "mine".to_owned(),
            ..ModelEntry::default()
        }];
        config.models[0].vision = Some(true);
        let models = Models::new(&config);
        assert!(!models.are_needed());
        models
            .take_list(br#"{"data":[{"id":"theirs"},{"id":"mine"}]}"#)
            .unwrap();
        let offered: Vec<_> = models
            .offered()
            .into_iter()
            .map(|model| (model.model, model.vision))
            .collect();
        assert_eq!(
            offered,
            [("mine".to_owned(), Some(true)), ("theirs".to_owned(), None)]
        );
    }

    #[test]
    fn drops_assumed_models_that_the_endpoint_does_not_list() {
        let mut config = ProviderConfig::new("here", ProviderKind::Anthropic, "http://localhost");
        let assumed = |model: &str| ModelEntry {
            model: model.to_owned(),
            is_assumed: true,
            ..ModelEntry::default()
        };
        config.models = vec![assumed("gone"), assumed("alias"), assumed("exact")];
        let models = Models::new(&config);
        let offered = || {
            let offered = models.offered().into_iter();
            offered.map(|model| model.model).collect::<Vec<_>>()
        };
        assert_eq!(offered(), ["gone", "alias", "exact"]);
        assert!(models.may_be_used("gone"));
        models
            .take_list(br#"{"data":[{"id":"alias-20260101"},{"id":"exact"}]}"#)
            .unwrap();
        assert_eq!(offered(), ["alias", "exact", "alias-20260101"]);
        assert!(!models.may_be_used("gone"));
        assert!(models.may_be_used("anything that was asked for"));
    }
}
