//! What of the configuration this surface needs, put together once at the start.

use std::collections::BTreeMap;
use std::sync::Arc;

use manent_config::{Config, PriceConfig, ProviderConfig};
use manent_librechat::config::{Endpoint, LibreChat, TokenRates};
use serde_json::{Map, Value, json};

use super::client::Client;

/// LibreChat's view of this server.
#[derive(Debug)]
pub(crate) struct Surface {
    /// What LibreChat's configuration says about what the client sees.
    pub(crate) settings: Arc<LibreChat>,
    /// Whom the client can ask, in the order of its menu.
    pub(crate) endpoints: Vec<BoundEndpoint>,
    /// The build of the client that is served; absent: somebody else serves one.
    pub(crate) client: Option<Client>,
    /// Under which address people reach the server; absent: the one that they used.
    pub(crate) public_url: Option<String>,
}

/// An endpoint of the client's, and the provider that answers for it.
#[derive(Debug)]
pub(crate) struct BoundEndpoint {
    /// As the client calls it.
    pub(crate) name: String,
    /// The provider's id.
    pub(crate) provider: String,
    /// Whether people give their own key.
    pub(crate) user_gives_key: bool,
    /// Whether people give the address too.
    pub(crate) user_gives_url: bool,
    /// What LibreChat's configuration says about it; absent: it is one of the server's own.
    pub(crate) endpoint: Option<Endpoint>,
    /// What its models cost, in US dollars per million tokens, by model; under the empty name what the others cost.
    prices: BTreeMap<String, TokenRates>,
}

impl Surface {
    /// Puts it together.
    pub(crate) fn new(config: &Config) -> Self {
        let settings = Arc::clone(&config.librechat.client);
        let bind = |binding: &manent_config::EndpointBinding| {
            let provider = config
                .providers
                .iter()
                .find(|provider| provider.id == binding.provider);
            let own = provider.map(|provider| provider.own).unwrap_or_default();
            let endpoint = settings
                .endpoints
                .iter()
                .find(|endpoint| endpoint.name == binding.endpoint);
            BoundEndpoint {
                name: binding.endpoint.clone(),
                provider: binding.provider.clone(),
                user_gives_key: own.key,
                user_gives_url: own.base_url,
                endpoint: endpoint.cloned(),
                prices: provider.map(prices).unwrap_or_default(),
            }
        };
        Self {
            endpoints: config.librechat.endpoints.iter().map(bind).collect(),
            client: config.librechat.ui.clone().map(|directory| {
                let pictures = settings.endpoints.iter();
                let pictures = pictures.filter_map(|endpoint| endpoint.icon_url.as_deref());
                let specs = settings.model_specs.list.iter();
                let specs = specs.filter_map(|spec| spec.icon_url.as_deref());
                let variables = &settings.variables;
                let sandboxes = [&variables.bundler_url, &variables.static_bundler_url];
                let sandboxes = sandboxes.into_iter().filter_map(|url| url.as_deref());
                Client::new(directory, pictures.chain(specs), sandboxes)
            }),
            public_url: config.public_url.clone(),
            settings,
        }
    }

    /// The endpoint of this name: exactly so, else in other letters.
    pub(crate) fn endpoint(&self, name: &str) -> Option<&BoundEndpoint> {
        let mut endpoints = self.endpoints.iter();
        endpoints
            .find(|endpoint| endpoint.name == name)
            .or_else(|| {
                let mut endpoints = self.endpoints.iter();
                endpoints.find(|endpoint| endpoint.name.eq_ignore_ascii_case(name))
            })
    }

    /// The endpoint for which this provider answers.
    pub(crate) fn endpoint_of(&self, provider: &str) -> Option<&BoundEndpoint> {
        self.endpoints
            .iter()
            .find(|endpoint| endpoint.provider == provider)
    }
}

impl BoundEndpoint {
    /// Whether the client is told that it is a custom one: all are but the two that it knows by name.
    pub(crate) fn is_custom(&self) -> bool {
        !matches!(self.name.as_str(), "openAI" | "anthropic")
    }

    /// As `GET /api/endpoints` tells it, at this place of the menu.
    pub(super) fn public(&self, order: usize) -> Value {
        let mut public = json!({"userProvide": self.user_gives_key, "order": order});
        if self.user_gives_url {
            public["userProvideURL"] = true.into();
        }
        if self.is_custom() {
            public["type"] = "custom".into();
        }
        if let Some(endpoint) = &self.endpoint {
            let mut add = |key: &str, value: Option<Value>| {
                if let Some(value) = value {
                    public[key] = value;
                }
            };
            add("modelDisplayLabel", endpoint.label.clone().map(Value::from));
            add("iconURL", endpoint.icon_url.clone().map(Value::from));
            let parameters = endpoint.custom_parameters.clone();
            add("customParams", parameters.map(Value::Object));
        }
        public
    }

    /// What a model takes and costs, as the client's gauge reads it; the context is that of the provider where the configuration says none.
    pub(super) fn rates(&self, model: &str, context: Option<u64>) -> Map<String, Value> {
        let configured = self.endpoint.as_ref();
        let said = configured.and_then(|endpoint| endpoint.token_rates.get(model).copied());
        let rates = said
            .or_else(|| self.prices.get(model).copied())
            .or_else(|| self.prices.get("").copied())
            .unwrap_or_default();
        let mut public = Map::new();
        let mut add = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                public.insert(key.to_owned(), value);
            }
        };
        add("context", rates.context.or(context).map(Value::from));
        add("prompt", rates.prompt.map(Value::from));
        add("completion", rates.completion.map(Value::from));
        add("cacheRead", rates.cache_read.map(Value::from));
        add("cacheWrite", rates.cache_write.map(Value::from));
        public
    }
}

/// What the models of a provider cost, where somebody said so.
fn prices(provider: &ProviderConfig) -> BTreeMap<String, TokenRates> {
    let models = provider.models.iter();
    let models = models.map(|model| (model.model.clone(), model.price));
    let all = std::iter::once((String::new(), provider.price));
    models
        .chain(all)
        .filter(|(_, price)| price.is_known())
        .map(|(model, price)| (model, in_dollars(price)))
        .collect()
}

fn in_dollars(price: PriceConfig) -> TokenRates {
    #[expect(
        clippy::cast_precision_loss,
        reason = "prices have far fewer digits than a float holds"
    )]
    let dollars = |amount: Option<u64>| amount.map(|amount| amount as f64 / 1_000_000.0);
    TokenRates {
        prompt: dollars(price.input),
        completion: dollars(price.output),
        context: None,
        cache_read: dollars(price.cache_read),
        cache_write: dollars(price.cache_write),
    }
}
