//! Endpoints: whom the client can ask, under LibreChat's names.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::environment::Environment;
use super::expand::{ExpandError, expand};
use super::finding::Verdict;
use super::section::Section;

/// Stands in the place of what each person gives.
pub(super) const USER_PROVIDED: &str = "user_provided";

/// The names of endpoints that LibreChat has itself.
const BUILT_IN: [&str; 8] = [
    "openAI",
    "azureOpenAI",
    "google",
    "anthropic",
    "assistants",
    "azureAssistants",
    "agents",
    "bedrock",
];

/// Which of LibreChat's kinds an endpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointKind {
    /// `openAI`.
    OpenAi,
    /// `anthropic`.
    Anthropic,
    /// One of the file; it speaks `OpenAI`'s protocol.
    Custom,
    /// One of the file that speaks Anthropic's protocol.
    CustomAnthropic,
}

impl EndpointKind {
    /// Whether the client is told that it is a custom one.
    pub const fn is_custom(self) -> bool {
        matches!(self, Self::Custom | Self::CustomAnthropic)
    }
}

/// A value that the operator or each person gives.
#[derive(Debug, Clone)]
pub enum Given<T> {
    /// By the operator.
    Here(T),
    /// By each person.
    Theirs,
}

impl<T> Given<T> {
    /// Whether each person gives it.
    pub const fn is_theirs(&self) -> bool {
        matches!(self, Self::Theirs)
    }
}

/// What a model costs, in US dollars per million tokens, and how much it takes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TokenRates {
    /// For the prompt.
    pub prompt: Option<f64>,
    /// For the answer.
    pub completion: Option<f64>,
    /// The window in tokens.
    pub context: Option<u64>,
    /// For what is read from the provider's cache.
    pub cache_read: Option<f64>,
    /// For what is written to it.
    pub cache_write: Option<f64>,
}

/// A model of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointModel {
    /// As the provider knows it.
    pub id: String,
}

/// One endpoint.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// As the client calls it.
    pub name: String,
    /// Its kind.
    pub kind: EndpointKind,
    /// The key.
    pub api_key: Given<SecretString>,
    /// The start of its addresses; absent: the maker's own.
    pub base_url: Option<Given<String>>,
    /// The models to offer; empty: whatever the provider lists.
    pub models: Vec<EndpointModel>,
    /// Whether the provider is asked for its models too.
    pub fetch_models: bool,
    /// The model that makes titles; absent: none does.
    pub title_model: Option<String>,
    /// Sent with every request.
    pub headers: Vec<(String, SecretString)>,
    /// What its models cost and take.
    pub token_rates: BTreeMap<String, TokenRates>,
    /// Parameters of requests that it does not get.
    pub drop_parameters: Vec<String>,
    /// Who answers, as the client shows it.
    pub label: Option<String>,
    /// Its picture.
    pub icon_url: Option<String>,
    /// What the client makes its panel of parameters from.
    pub custom_parameters: Option<Map<String, Value>>,
    /// Where it stands in the file; absent when it comes from variables.
    pub(super) line: Option<usize>,
}

impl Endpoint {
    /// One of which nothing but this is known.
    pub fn new(name: &str, kind: EndpointKind, api_key: Given<SecretString>) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            api_key,
            base_url: None,
            models: Vec::new(),
            fetch_models: false,
            title_model: None,
            headers: Vec::new(),
            token_rates: BTreeMap::new(),
            drop_parameters: Vec::new(),
            label: None,
            icon_url: None,
            custom_parameters: None,
            line: None,
        }
    }

    /// Where it stands in the file, counted from 1; absent when it comes from variables.
    pub const fn line(&self) -> Option<usize> {
        self.line
    }

    /// The family whose names its parameters have in requests.
    pub fn parameter_family(&self) -> &str {
        let chosen = self.custom_parameters.as_ref();
        chosen
            .and_then(|parameters| parameters.get("defaultParamsEndpoint"))
            .and_then(Value::as_str)
            .unwrap_or(match self.kind {
                EndpointKind::OpenAi => "openAI",
                EndpointKind::Anthropic | EndpointKind::CustomAnthropic => "anthropic",
                EndpointKind::Custom => "custom",
            })
    }
}

/// What all endpoints share, or one of LibreChat's own has of its own.
#[derive(Debug, Clone, Default)]
pub(super) struct Common {
    pub(super) title_convo: Option<bool>,
    pub(super) title_model: Option<String>,
    pub(super) headers: Vec<(String, SecretString)>,
}

impl Common {
    /// The model for titles of an endpoint with these models, which the variables may have switched off.
    pub(super) fn title_model(&self, models: &[EndpointModel], has_titles: bool) -> Option<String> {
        if !has_titles || self.title_convo == Some(false) {
            return None;
        }
        let first = || models.first().map(|model| model.id.clone());
        match self.title_model.as_deref() {
            Some("current_model") => first(),
            Some(model) => Some(model.to_owned()),
            None if self.title_convo == Some(true) => first(),
            None => None,
        }
    }
}

/// Nothing is done with these, and nobody misses it.
const HARMLESS: [(&str, &str); 9] = [
    ("streamRate", "answers are passed on as they come"),
    ("titleMethod", "titles are made in one way"),
    ("titleTiming", "a title is made beside the first answer"),
    ("titleMessageRole", "titles are made in one way"),
    ("titleEndpoint", "an endpoint's own model makes its titles"),
    ("userIdQuery", "models are the same for everybody"),
    ("summarize", "the client does not offer it any more"),
    ("summaryModel", "the client does not offer it any more"),
    ("forcePrompt", "every request is a list of messages"),
];

const NO_ACTIVITY: &str = "there are no tools whose work would need a label";

const COMMON_UNSUPPORTED: [(&str, &str); 8] = [
    ("titlePrompt", "titles are asked for in Manent's own words"),
    (
        "titlePromptTemplate",
        "titles are asked for in Manent's own words",
    ),
    ("activityLabel", NO_ACTIVITY),
    ("activityModel", NO_ACTIVITY),
    ("activityPhaseLabel", NO_ACTIVITY),
    ("activityPhaseModel", NO_ACTIVITY),
    ("activityLabels", NO_ACTIVITY),
    (
        "allowedAddresses",
        "whoever configures an address may use it",
    ),
];

/// Reads what every endpoint may have.
pub(super) fn read_common(section: &Section<'_>, environment: &Environment) -> Common {
    section.ignore(&HARMLESS);
    section.unsupported(&COMMON_UNSUPPORTED);
    Common {
        title_convo: section.switch("titleConvo"),
        title_model: section.text("titleModel"),
        headers: read_headers(section, environment),
    }
}

/// Headers; those about the person who asks cannot be filled in.
fn read_headers(section: &Section<'_>, environment: &Environment) -> Vec<(String, SecretString)> {
    let mut headers = Vec::new();
    for (name, value) in section.text_table("headers").unwrap_or_default() {
        if value.contains("{{") {
            let note = format!("{name} says who asks, which is not filled in: it is not sent");
            section.find("headers", Verdict::Unsupported, note);
            continue;
        }
        match expand(&value, environment) {
            Ok(value) => headers.push((name, SecretString::from(value))),
            Err(error) => section.find(
                "headers",
                Verdict::Unsupported,
                format!("{name} is not sent: {}", describe(&error)),
            ),
        }
    }
    headers
}

/// Why a value could not be expanded, to follow a colon.
pub(super) fn describe(error: &ExpandError) -> String {
    match error {
        ExpandError::Missing(name) => format!("the variable {name} is not set"),
        ExpandError::TooLong => "it comes to too much text".to_owned(),
    }
}

/// Reads an entry of `endpoints.custom`.
pub(super) fn read_custom(
    section: &Section<'_>,
    environment: &Environment,
    all: &Common,
    has_titles: bool,
) -> Option<Endpoint> {
    let mut common = read_common(section, environment);
    common.title_convo = all.title_convo.or(common.title_convo);
    common.title_model = all.title_model.clone().or(common.title_model);
    let name = section.text("name");
    let key = section.text("apiKey");
    let url = section.text("baseURL");
    let list = section.section("models");
    let (Some(name), Some(key), Some(url), Some(list)) = (name, key, url, list) else {
        section.complain("", "needs `name`, `apiKey`, `baseURL` and `models`");
        return None;
    };
    if BUILT_IN.contains(&name.as_str()) {
        section.complain(
            "name",
            "is the name of one of LibreChat's own endpoints; give it another",
        );
        return None;
    }
    let name = if name.eq_ignore_ascii_case("ollama") {
        name.to_lowercase()
    } else {
        name
    };
    let (key, url) = match (expand(&key, environment), expand(&url, environment)) {
        (Ok(key), Ok(url)) => (key, url),
        (Err(error), _) | (_, Err(error)) => {
            let note = format!("the endpoint {name} is left out: {}", describe(&error));
            section.find("name", Verdict::Unsupported, note);
            read_models(&list);
            return None;
        }
    };
    let kind = match section.text("provider").as_deref() {
        Some("anthropic") => EndpointKind::CustomAnthropic,
        None | Some("openAI" | "openai" | "custom") => EndpointKind::Custom,
        Some(other) => {
            let note =
                format!("the endpoint {name} is left out: {other} speaks a protocol of its own");
            section.find("provider", Verdict::Unsupported, note);
            return None;
        }
    };
    let api_key = if key == USER_PROVIDED {
        Given::Theirs
    } else {
        Given::Here(SecretString::from(key))
    };
    let mut endpoint = Endpoint::new(&name, kind, api_key);
    endpoint.base_url = Some(if url == USER_PROVIDED {
        Given::Theirs
    } else {
        Given::Here(url.trim_end_matches('/').to_owned())
    });
    if matches!(
        (&endpoint.api_key, &endpoint.base_url),
        (Given::Here(_), Some(Given::Theirs))
    ) {
        let note =
            "a key of the operator's goes to no address that people choose: they give the key too";
        section.find("apiKey", Verdict::Unsupported, note);
        endpoint.api_key = Given::Theirs;
    }
    (endpoint.models, endpoint.fetch_models) = read_models(&list);
    list.finish();
    endpoint.title_model = common.title_model(&endpoint.models, has_titles);
    endpoint.headers = all.headers.iter().chain(&common.headers).cloned().collect();
    endpoint.token_rates = read_rates(section);
    endpoint.drop_parameters = section.texts("dropParams").unwrap_or_default();
    endpoint.label = section.text("modelDisplayLabel");
    endpoint.icon_url = section.text("iconURL");
    endpoint.custom_parameters = section.json_table("customParams");
    endpoint.line = Some(section.line);
    read_rest(section);
    Some(endpoint)
}

fn read_rest(section: &Section<'_>) {
    section.unsupported(&[(
        "addParams",
        "requests have the parameters that Manent knows, and no more",
    )]);
    let is_direct = section.node("directEndpoint").is_some();
    if is_direct {
        section.find(
            "directEndpoint",
            Verdict::Unsupported,
            "`/chat/completions` is added to every address",
        );
    }
    section.ignore(&[("customOrder", "endpoints stand in the order of the file")]);
}

fn read_models(list: &Section<'_>) -> (Vec<EndpointModel>, bool) {
    let fetch = list.switch("fetch").unwrap_or(false);
    list.ignore(&[("userIdQuery", "models are the same for everybody")]);
    let mut models: Vec<EndpointModel> = Vec::new();
    let Some(node) = list.node("default") else {
        return (models, fetch);
    };
    let entries = node.to_json();
    let ids = entries.as_array().map(|entries| {
        entries
            .iter()
            .map(|entry| entry.as_str().or_else(|| entry.get("name")?.as_str()))
            .collect::<Option<Vec<&str>>>()
    });
    match ids.flatten() {
        Some(ids) => {
            for id in ids {
                if !models.iter().any(|model| model.id == id) {
                    models.push(EndpointModel { id: id.to_owned() });
                }
            }
            list.find("default", Verdict::Understood, "");
        }
        None => list.complain("default", "must be a list of models' names"),
    }
    (models, fetch)
}

fn read_rates(section: &Section<'_>) -> BTreeMap<String, TokenRates> {
    let Some(table) = section.section("tokenConfig") else {
        return BTreeMap::new();
    };
    let mut rates = BTreeMap::new();
    for model in table.keys() {
        let Some(entry) = table.section(model) else {
            continue;
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and a cast saturates"
        )]
        let context = entry.amount("context").map(|tokens| tokens as u64);
        let rate = TokenRates {
            prompt: entry.amount("prompt"),
            completion: entry.amount("completion"),
            context,
            cache_read: entry.amount("cacheRead"),
            cache_write: entry.amount("cacheWrite"),
        };
        entry.finish();
        rates.insert(model.to_owned(), rate);
    }
    rates
}
