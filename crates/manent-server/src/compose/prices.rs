//! Prices, as the configuration has them.

use std::collections::HashMap;

use manent_config::{Config, PriceConfig, ProviderConfig, ProviderKind};
use manent_domain::ports::PriceList;
use manent_domain::price::ModelPrice;

/// The prices of the configuration.
pub(super) struct ConfiguredPrices(HashMap<String, Tariff>);

/// The prices of a provider's models.
struct Tariff {
    by_model: HashMap<String, ModelPrice>,
    /// Of every other model.
    otherwise: Option<ModelPrice>,
}

impl ConfiguredPrices {
    pub(super) fn of(config: &Config) -> Self {
        let tariffs = config.providers.iter().map(|provider| {
            let by_model = provider.models.iter().filter_map(|model| {
                price(provider, &provider.price_of(&model.model))
                    .map(|price| (model.model.clone(), price))
            });
            let tariff = Tariff {
                by_model: by_model.collect(),
                otherwise: price(provider, &provider.price),
            };
            (provider.id.clone(), tariff)
        });
        Self(tariffs.collect())
    }
}

impl PriceList for ConfiguredPrices {
    fn price(&self, provider: &str, model: &str) -> Option<ModelPrice> {
        // The only provider that is not configured is the demonstration.
        let Some(tariff) = self.0.get(provider) else {
            return Some(ModelPrice::FREE);
        };
        tariff.by_model.get(model).copied().or(tariff.otherwise)
    }
}

fn price(provider: &ProviderConfig, said: &PriceConfig) -> Option<ModelPrice> {
    let (Some(input), Some(output)) = (said.input, said.output) else {
        return provider.is_free_without_price().then_some(ModelPrice::FREE);
    };
    Some(ModelPrice {
        input,
        output,
        cache_read: said.cache_read.unwrap_or(input),
        cache_write: said.cache_write.unwrap_or(input),
        counts_cache_apart: provider.kind == ProviderKind::Anthropic,
    })
}
