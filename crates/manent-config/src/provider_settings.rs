//! The table of a provider's settings, and that of a model's.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::config::{ModelConfig, PriceConfig, ProviderConfig, ProviderKind};
use crate::setting::{Kind, Presence, Setting, USER_PROVIDED};
use crate::settings::is_name;

/// Kinds that a provider's setting means something for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    Any,
    Http,
    Scripted,
}

const fn setting<T>(
    key: &'static str,
    presence: Presence,
    kind: Kind<T>,
    doc: &'static str,
) -> Setting<T> {
    Setting {
        key,
        doc,
        presence,
        kind,
        short_variable: None,
        flag: None,
    }
}

/// Every setting inside `[[providers]]`, in the order of the sample.
pub(crate) static PROVIDER_SETTINGS: &[Setting<ProviderConfig>] = &[
    setting(
        "id",
        Presence::Required("anthropic"),
        Kind::Text {
            expects: "1 to 64 letters, digits, dots, dashes and underscores",
            accepts: is_provider_id,
            set: |provider, value| provider.id = value,
        },
        "The provider's name in requests; unique.",
    ),
    setting(
        "kind",
        Presence::Required("anthropic"),
        Kind::Choice(&[
            ("anthropic", |provider| {
                provider.kind = ProviderKind::Anthropic;
            }),
            ("openai", |provider| provider.kind = ProviderKind::OpenAi),
            ("scripted", |provider| {
                provider.kind = ProviderKind::Scripted;
            }),
        ]),
        "The protocol: anthropic (Messages), openai (Chat Completions: OpenAI, Ollama, vLLM, llama.cpp, OpenRouter …) or scripted (answers from a rules file).",
    ),
    setting(
        "base_url",
        Presence::Optional("https://api.anthropic.com"),
        Kind::UrlOrTheirs {
            set: |provider, value| {
                provider.base_url = value;
                provider.own.base_url = false;
            },
            leave: |provider| {
                provider.base_url.clear();
                provider.own.base_url = true;
            },
        },
        "The start of its addresses, or user_provided: each person gives one beside their key, and it may lead to public addresses only (see `accounts.user_url_networks`). Without it: that of the protocol's maker (https://api.anthropic.com, https://api.openai.com/v1).",
    ),
    setting(
        "api_key",
        Presence::Optional("…"),
        Kind::Secret(set_key),
        "Its key, or user_provided: each person gives their own. Better kept out of this file, by one of the next two.",
    ),
    setting(
        "api_key_env",
        Presence::Optional("ANTHROPIC_API_KEY"),
        Kind::SecretVariable(set_key),
        "The environment variable that holds the key.",
    ),
    setting(
        "api_key_file",
        Presence::Optional("/run/secrets/anthropic"),
        Kind::SecretFile(set_key),
        "The file that holds the key and nothing else.",
    ),
    setting(
        "models",
        Presence::Optional(
            "[\"claude-sonnet-5-5\", { model = \"claude-opus-5-5\", name = \"Claude Opus 5.5\", vision = true, reasoning = true, context_window = 1000000 }]",
        ),
        Kind::Models(|provider, value| provider.models = value),
        "The models to offer, the default first. Without it: a current list for the two makers' own services, and what the provider itself lists.",
    ),
    setting(
        "fetch_models",
        Presence::Optional("true"),
        Kind::Switch(|provider, value| provider.fetch_models = value),
        "Whether to ask the provider for its models and offer those too. Without it: yes if `models` is absent.",
    ),
    setting(
        "title_model",
        Presence::Optional("claude-haiku-5-5"),
        Kind::Text {
            expects: "the name of a model",
            accepts: is_name,
            set: |provider, value| provider.title_model = Some(value),
        },
        "A small, fast model that makes titles. Without it: a cut of the first message stays the title.",
    ),
    setting(
        "limit_to_listed",
        Presence::Default("false"),
        Kind::Switch(|provider, value| provider.limit_to_listed = value),
        "Whether only the models in `models` may be asked for.",
    ),
    setting(
        "think_tags",
        Presence::Default("false"),
        Kind::Switch(|provider, value| provider.think_tags = value),
        "Whether <think>…</think> at the beginning of an answer is what the model thought, as local servers send it. For the protocol openai.",
    ),
    setting(
        "headers",
        Presence::Optional("{ \"x-team\" = \"garden\" }"),
        Kind::Headers(|provider, value| provider.headers = value),
        "Headers to send with every request.",
    ),
    setting(
        "connect_timeout",
        Presence::Default("10s"),
        Kind::Duration {
            least: Duration::from_millis(10),
            most: Duration::from_mins(5),
            set: |provider, value| provider.connect_timeout = value,
        },
        "How long connecting may take.",
    ),
    setting(
        "first_byte_timeout",
        Presence::Default("120s"),
        Kind::Duration {
            least: Duration::from_millis(10),
            most: Duration::from_hours(1),
            set: |provider, value| provider.first_byte_timeout = value,
        },
        "How long the first byte of an answer may take.",
    ),
    setting(
        "silence_timeout",
        Presence::Default("60s"),
        Kind::Duration {
            least: Duration::from_millis(10),
            most: Duration::from_hours(1),
            set: |provider, value| provider.silence_timeout = value,
        },
        "How long an answer may pause.",
    ),
    setting(
        "retries",
        Presence::Default("2"),
        Kind::Whole {
            least: 0,
            most: 10,
            unit: "retries",
            set: |provider, value| provider.retries = u32::try_from(value).unwrap_or(u32::MAX),
        },
        "How often a request is tried again before its first byte.",
    ),
    setting(
        "input_price",
        Presence::Optional("3.00"),
        dollars_per_million(|provider, value| provider.price.input = Some(value)),
        "US dollars per million tokens of the prompt, for budgets in money (`limits.budget_cost`) and for showing what was spent; for all models that have no price of their own in `models`.",
    ),
    setting(
        "output_price",
        Presence::Optional("15.00"),
        dollars_per_million(|provider, value| provider.price.output = Some(value)),
        "The same for the answer, reasoning included.",
    ),
    setting(
        "cache_read_price",
        Presence::Optional("0.30"),
        dollars_per_million(|provider, value| provider.price.cache_read = Some(value)),
        "The same for what the provider reads from its cache. Without it: as the prompt.",
    ),
    setting(
        "cache_write_price",
        Presence::Optional("3.75"),
        dollars_per_million(|provider, value| provider.price.cache_write = Some(value)),
        "The same for what the provider writes to its cache. Without it: as the prompt.",
    ),
    setting(
        "rules",
        Presence::Optional("rules.toml"),
        Kind::Path(|provider, value| provider.rules = Some(value)),
        "The rules file of a scripted provider. Without it: the built-in demonstration.",
    ),
];

fn set_key(provider: &mut ProviderConfig, value: SecretString) {
    provider.own.key = value.expose_secret() == USER_PROVIDED;
    provider.api_key = (!provider.own.key).then_some(value);
}

/// Every setting of one entry of `models` that is a table.
pub(crate) static MODEL_SETTINGS: &[Setting<ModelConfig>] = &[
    setting(
        "model",
        Presence::Required("claude-opus-5-5"),
        Kind::Text {
            expects: "the name of a model",
            accepts: is_name,
            set: |model, value| model.model = value,
        },
        "The model's id as the provider knows it.",
    ),
    setting(
        "name",
        Presence::Optional("Claude Opus 5.5"),
        Kind::Text {
            expects: "1 to 200 visible characters",
            accepts: is_name,
            set: |model, value| model.name = Some(value),
        },
        "For people.",
    ),
    setting(
        "vision",
        Presence::Optional("true"),
        Kind::Switch(|model, value| model.vision = Some(value)),
        "Whether it takes pictures.",
    ),
    setting(
        "reasoning",
        Presence::Optional("true"),
        Kind::Switch(|model, value| model.reasoning = Some(value)),
        "Whether it thinks before it answers.",
    ),
    setting(
        "context_window",
        Presence::Optional("1000000"),
        Kind::Whole {
            least: 1,
            most: 1_000_000_000,
            unit: "tokens",
            set: |model, value| model.context_window = Some(value),
        },
        "How much it takes.",
    ),
    setting(
        "input_price",
        Presence::Optional("3.00"),
        dollars_per_million(|model, value| model.price.input = Some(value)),
        "US dollars per million tokens of the prompt.",
    ),
    setting(
        "output_price",
        Presence::Optional("15.00"),
        dollars_per_million(|model, value| model.price.output = Some(value)),
        "US dollars per million tokens of the answer, reasoning included.",
    ),
    setting(
        "cache_read_price",
        Presence::Optional("0.30"),
        dollars_per_million(|model, value| model.price.cache_read = Some(value)),
        "US dollars per million tokens read from the provider's cache. Without it: as the prompt.",
    ),
    setting(
        "cache_write_price",
        Presence::Optional("3.75"),
        dollars_per_million(|model, value| model.price.cache_write = Some(value)),
        "US dollars per million tokens written to the provider's cache. Without it: as the prompt.",
    ),
];

/// A price. No model takes as much.
const fn dollars_per_million<T>(set: fn(&mut T, u64)) -> Kind<T> {
    Kind::Dollars { most: 100_000, set }
}

/// The models that are offered where `models` is absent: the newest of each family of the two makers' own services,
/// the default first. What the provider lists itself comes beside them.
pub(crate) fn default_models(kind: ProviderKind) -> Vec<ModelConfig> {
    let known = |model: &str, name: &str, context_window| ModelConfig {
        model: model.to_owned(),
        name: Some(name.to_owned()),
        vision: Some(true),
        reasoning: Some(true),
        context_window,
        price: PriceConfig::default(),
        is_assumed: true,
    };
    match kind {
        ProviderKind::Anthropic => vec![
            known("claude-sonnet-5-5", "Claude Sonnet 5.5", Some(1_000_000)),
            known("claude-opus-5-5", "Claude Opus 5.5", Some(1_000_000)),
            known("claude-haiku-5-5", "Claude Haiku 5.5", Some(1_000_000)),
        ],
        ProviderKind::OpenAi => vec![
            known("gpt-5.6", "GPT-5.6", None),
            known("gpt-5.4-mini", "GPT-5.4 mini", None),
            known("gpt-5.4-nano", "GPT-5.4 nano", None),
        ],
        ProviderKind::Scripted => Vec::new(),
    }
}

/// The small model that makes titles where [`default_models`] are offered and nothing else is said.
pub(crate) fn default_title_model(kind: ProviderKind) -> Option<&'static str> {
    match kind {
        ProviderKind::Anthropic => Some("claude-haiku-5-5"),
        ProviderKind::OpenAi => Some("gpt-5.4-nano"),
        ProviderKind::Scripted => None,
    }
}

/// Whether a setting means anything for a kind. A scripted provider's models stand in its rules.
pub(crate) fn applies_to(key: &str, kind: ProviderKind) -> bool {
    let needed = match key {
        "base_url" | "api_key" | "api_key_env" | "api_key_file" | "models" | "fetch_models"
        | "title_model" | "limit_to_listed" | "think_tags" | "headers" | "connect_timeout"
        | "first_byte_timeout" | "retries" => For::Http,
        "rules" => For::Scripted,
        _ => For::Any,
    };
    match needed {
        For::Any => true,
        For::Http => kind != ProviderKind::Scripted,
        For::Scripted => kind == ProviderKind::Scripted,
    }
}

/// Ids stand in variables and in metrics, so they are plain.
pub(crate) fn is_provider_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.chars().all(|character| {
            character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_')
        })
}
