//! LibreChat's endpoints as providers.

use manent_librechat::config::{Endpoint, EndpointKind, Given, LibreChat, TokenRates};
use secrecy::ExposeSecret;

use super::files::Files;
use crate::config::{Config, Mode};
use crate::origin::Origin;
use crate::problem::Problem;
use crate::raw::{Raw, RawValue};
use crate::setting::USER_PROVIDED;

/// A provider for an endpoint, before its values have types.
#[derive(Debug, Clone)]
pub(crate) struct ProviderDraft {
    /// The endpoint, as LibreChat's client calls it.
    pub(crate) endpoint: String,
    /// The provider's id.
    pub(crate) id: String,
    pub(crate) origin: Origin,
    pub(crate) values: Vec<(String, Raw)>,
}

/// One for each endpoint that can be asked.
pub(super) fn drafts(
    librechat: &LibreChat,
    config: &Config,
    files: &Files,
    problems: &mut Vec<Problem>,
) -> Vec<ProviderDraft> {
    let mut drafts: Vec<ProviderDraft> = Vec::new();
    for endpoint in &librechat.endpoints {
        let origin = files.at(endpoint.line());
        if endpoint.api_key.is_theirs() && config.mode == Mode::Local {
            let message = format!(
                "the endpoint {} is left out: its key is \"user_provided\", but in the mode local nobody has keys of their own",
                endpoint.name
            );
            problems.push(Problem::warning(origin, message));
            continue;
        }
        let goes_anywhere = matches!(endpoint.base_url, Some(Given::Theirs));
        if goes_anywhere && !endpoint.headers.is_empty() {
            let message = format!(
                "the headers of the endpoint {} are not sent: its address is \"user_provided\", so they would go wherever people like",
                endpoint.name
            );
            problems.push(Problem::warning(origin.clone(), message));
        }
        let id = id_of(endpoint, |id| drafts.iter().any(|other| other.id == id));
        let values = Values {
            origin: &origin,
            values: Vec::new(),
        }
        .of(&id, endpoint);
        drafts.push(ProviderDraft {
            endpoint: endpoint.name.clone(),
            id,
            origin,
            values,
        });
    }
    drafts
}

/// The endpoint's name as an id of a provider: in lower case, with dashes for what an id does not have.
fn id_of(endpoint: &Endpoint, is_taken: impl Fn(&str) -> bool) -> String {
    let mut id = String::new();
    for sign in endpoint.name.chars() {
        if sign.is_ascii_alphanumeric() || sign == '.' || sign == '_' {
            id.push(sign.to_ascii_lowercase());
        } else if !id.is_empty() && !id.ends_with('-') {
            id.push('-');
        }
    }
    id.truncate(56);
    let id = id.trim_matches(['-', '.']);
    let id = if id.is_empty() { "endpoint" } else { id };
    let numbered = (2..).map(|number| format!("{id}-{number}"));
    std::iter::once(id.to_owned())
        .chain(numbered)
        .find(|id| !is_taken(id))
        .unwrap_or_default()
}

struct Values<'a> {
    origin: &'a Origin,
    values: Vec<(String, Raw)>,
}

impl Values<'_> {
    fn raw(&self, value: RawValue) -> Raw {
        Raw {
            value,
            origin: self.origin.clone(),
        }
    }

    fn add(&mut self, key: &str, value: RawValue) {
        let raw = self.raw(value);
        self.values.push((key.to_owned(), raw));
    }

    fn text(&mut self, key: &str, value: &str) {
        self.add(key, RawValue::Text(value.to_owned()));
    }

    fn of(mut self, id: &str, endpoint: &Endpoint) -> Vec<(String, Raw)> {
        let is_anthropic = matches!(
            endpoint.kind,
            EndpointKind::Anthropic | EndpointKind::CustomAnthropic
        );
        self.text("id", id);
        self.text("kind", if is_anthropic { "anthropic" } else { "openai" });
        match &endpoint.base_url {
            Some(Given::Here(url)) => self.text("base_url", bare(url, is_anthropic)),
            Some(Given::Theirs) => self.text("base_url", USER_PROVIDED),
            None => {}
        }
        match &endpoint.api_key {
            Given::Here(key) => self.text("api_key", key.expose_secret()),
            Given::Theirs => self.text("api_key", USER_PROVIDED),
        }
        if !endpoint.models.is_empty() {
            let models = endpoint.models.iter();
            let models = models
                .map(|model| self.model(&model.id, endpoint.token_rates.get(&model.id)))
                .collect();
            self.add("models", RawValue::List(models));
        }
        if endpoint.kind.is_custom() {
            // With a key of each person there is none to ask with.
            let fetches = endpoint.fetch_models && !endpoint.api_key.is_theirs();
            self.add("fetch_models", RawValue::Switch(fetches));
        }
        if endpoint.kind == EndpointKind::Custom {
            self.add("think_tags", RawValue::Switch(true));
        }
        if let Some(model) = &endpoint.title_model {
            self.text("title_model", model);
        }
        let goes_anywhere = matches!(endpoint.base_url, Some(Given::Theirs));
        if !endpoint.headers.is_empty() && !goes_anywhere {
            let headers = endpoint.headers.iter();
            let headers = headers
                .map(|(name, value)| {
                    let value = RawValue::Text(value.expose_secret().to_owned());
                    (name.clone(), self.raw(value))
                })
                .collect();
            self.add("headers", RawValue::Table(headers));
        }
        self.values
    }

    fn model(&self, id: &str, rates: Option<&TokenRates>) -> Raw {
        let Some(rates) = rates else {
            return self.raw(RawValue::Text(id.to_owned()));
        };
        let text = |value: &str| RawValue::Text(value.to_owned());
        let mut entries = vec![("model".to_owned(), self.raw(text(id)))];
        let mut add = |key: &str, value: RawValue| entries.push((key.to_owned(), self.raw(value)));
        if let Some(tokens) = rates.context.and_then(|tokens| i64::try_from(tokens).ok()) {
            add("context_window", RawValue::Whole(tokens));
        }
        // A price is one only with both sides.
        if let (Some(prompt), Some(completion)) = (rates.prompt, rates.completion) {
            add("input_price", RawValue::Decimal(dollars(prompt)));
            add("output_price", RawValue::Decimal(dollars(completion)));
            for (key, rate) in [
                ("cache_read_price", rates.cache_read),
                ("cache_write_price", rates.cache_write),
            ] {
                if let Some(rate) = rate {
                    add(key, RawValue::Decimal(dollars(rate)));
                }
            }
        }
        self.raw(RawValue::Table(entries))
    }
}

fn dollars(amount: f64) -> String {
    format!("{amount:.6}")
}

/// The start of the addresses: LibreChat also takes that of the operation itself, and of Anthropic's the version.
fn bare(url: &str, is_anthropic: bool) -> &str {
    let url = url.strip_suffix("/chat/completions").unwrap_or(url);
    if is_anthropic {
        let url = url.strip_suffix("/messages").unwrap_or(url);
        url.strip_suffix("/v1").unwrap_or(url)
    } else {
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_ids() {
        let id = |name: &str, taken: &[&str]| {
            let key = Given::Theirs;
            let endpoint = Endpoint::new(name, EndpointKind::Custom, key);
            id_of(&endpoint, |id| taken.contains(&id))
        };
        assert_eq!(id("Mock Provider A", &[]), "mock-provider-a");
        assert_eq!(id("openAI", &[]), "openai");
        assert_eq!(id("Münze & Co.", &[]), "m-nze-co");
        assert_eq!(id("日本", &[]), "endpoint");
        assert_eq!(id("日本", &["endpoint", "endpoint-2"]), "endpoint-3");
    }

    #[test]
    fn addresses_of_operations_are_cut() {
        assert_eq!(bare("https://a/v1/chat/completions", false), "https://a/v1");
        assert_eq!(bare("https://a/v1", false), "https://a/v1");
        assert_eq!(bare("https://a/v1/messages", true), "https://a");
    }
}
