//! What answers cost.
//!
//! Money is counted in whole micro-dollars, millionths of a US dollar; a price is for a million tokens. Invariant: a cost is rounded up, so that
//! nothing that has a price is free.

use manent_types::Usage;

/// How many tokens a price is for.
const TOKENS_PER_PRICE: u128 = 1_000_000;

/// No single answer costs more, whatever a provider says that it counted.
const MOST: u64 = 1_000_000_000_000_000;

/// What a model takes, in micro-dollars per million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ModelPrice {
    /// For the prompt.
    pub input: u64,
    /// For the answer, reasoning included.
    pub output: u64,
    /// For what the provider reads from its cache.
    pub cache_read: u64,
    /// For what the provider writes to its cache.
    pub cache_write: u64,
    /// Whether the provider leaves what it read from its cache, or wrote there, out of the prompt's tokens.
    pub counts_cache_apart: bool,
}

impl ModelPrice {
    /// Of what costs nothing.
    pub const FREE: Self = Self {
        input: 0,
        output: 0,
        cache_read: 0,
        cache_write: 0,
        counts_cache_apart: false,
    };

    /// What these tokens cost, in micro-dollars; figures that are absent count as 0.
    pub fn cost(&self, usage: &Usage) -> u64 {
        let read = usage.cache_read_tokens.unwrap_or(0);
        let written = usage.cache_write_tokens.unwrap_or(0);
        let prompt = usage.input_tokens.unwrap_or(0);
        let fresh = if self.counts_cache_apart {
            prompt
        } else {
            prompt.saturating_sub(read).saturating_sub(written)
        };
        let parts = [
            (fresh, self.input),
            (read, self.cache_read),
            (written, self.cache_write),
            (usage.output_tokens.unwrap_or(0), self.output),
        ];
        let sum = parts
            .into_iter()
            .map(|(tokens, price)| u128::from(tokens).saturating_mul(u128::from(price)))
            .fold(0_u128, u128::saturating_add);
        let cost = sum.div_ceil(TOKENS_PER_PRICE);
        u64::try_from(cost).unwrap_or(u64::MAX).min(MOST)
    }

    /// What a prompt and an answer of these lengths cost at most, however much of the prompt the provider has in its cache.
    pub fn highest_cost(&self, prompt_tokens: u64, answer_tokens: u64) -> u64 {
        let highest = Self {
            input: self.input.max(self.cache_read).max(self.cache_write),
            ..*self
        };
        highest.cost(&Usage {
            input_tokens: Some(prompt_tokens),
            output_tokens: Some(answer_tokens),
            ..Usage::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three dollars in, fifteen out, 0.30 and 3.75 for the cache.
    const PRICE: ModelPrice = ModelPrice {
        input: 3_000_000,
        output: 15_000_000,
        cache_read: 300_000,
        cache_write: 3_750_000,
        counts_cache_apart: false,
    };

    fn usage(input: u64, output: u64, read: u64, write: u64) -> Usage {
        Usage {
            input_tokens: Some(input),
            output_tokens: Some(output),
            reasoning_tokens: Some(output),
            cache_read_tokens: Some(read),
            cache_write_tokens: Some(write),
        }
    }

    #[test]
    fn a_million_tokens_cost_their_price() {
        let million = 1_000_000;
        assert_eq!(PRICE.cost(&usage(million, 0, 0, 0)), 3_000_000);
        assert_eq!(PRICE.cost(&usage(0, million, 0, 0)), 15_000_000);
        assert_eq!(PRICE.cost(&Usage::default()), 0);
    }

    #[test]
    fn what_came_from_the_cache_is_part_of_the_prompt_or_beside_it_as_the_provider_counts() {
        let counted = usage(1_000, 0, 600, 300);
        // 100 fresh, 600 read, 300 written: 300 + 180 + 1125.
        assert_eq!(PRICE.cost(&counted), 1_605);
        let apart = ModelPrice {
            counts_cache_apart: true,
            ..PRICE
        };
        assert_eq!(apart.cost(&counted), 3_000 + 180 + 1_125);
    }

    #[test]
    fn a_cost_is_rounded_up_and_bounded() {
        let cheap = ModelPrice {
            input: 1,
            ..ModelPrice::FREE
        };
        assert_eq!(cheap.cost(&usage(1, 0, 0, 0)), 1);
        assert_eq!(ModelPrice::FREE.cost(&usage(9, 9, 9, 9)), 0);
        assert_eq!(PRICE.cost(&usage(u64::MAX, u64::MAX, 0, 0)), MOST);
    }

    #[test]
    fn no_answer_of_these_lengths_costs_more_than_the_highest_cost() {
        let highest = PRICE.highest_cost(1_000, 10);
        for (read, write) in [(0, 0), (1_000, 0), (0, 1_000), (400, 600)] {
            assert!(PRICE.cost(&usage(1_000, 10, read, write)) <= highest);
        }
        assert_eq!(highest, PRICE.cost(&usage(1_000, 10, 0, 1_000)));
    }
}
