//! Who knows what models cost.

use crate::price::ModelPrice;

/// Prices of models. Asked for each answer and never waits; what changes them at run time changes what is behind it.
pub trait PriceList: Send + Sync {
    /// What a provider takes for a model; absent: nobody said.
    fn price(&self, provider: &str, model: &str) -> Option<ModelPrice>;
}
