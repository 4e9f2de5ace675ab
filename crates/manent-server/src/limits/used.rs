//! What a generation uses: an estimate before, a figure after.

use manent_accounts::limits::Amounts;
use manent_domain::completion::{CompletionEvent, CompletionRequest};
use manent_domain::price::ModelPrice;
use manent_types::{Part, Usage};

/// About how many bytes of text a token has, at the least.
const BYTES_PER_TOKEN: u64 = 3;

/// About how many tokens a picture has.
const PICTURE_TOKENS: u64 = 1_500;

/// How many tokens an answer may have where nobody said.
const USUAL_ANSWER: u64 = 4_096;

/// What the request may cost at most, as far as one can tell before.
pub(super) fn estimate(request: &CompletionRequest, price: ModelPrice) -> Amounts {
    let prompt = prompt_tokens(request);
    let answer = request.settings.max_tokens.map_or(USUAL_ANSWER, u64::from);
    Amounts {
        runs: 1,
        tokens: prompt.saturating_add(answer),
        cost: price.highest_cost(prompt, answer),
    }
}

/// About how many tokens the prompt has.
fn prompt_tokens(request: &CompletionRequest) -> u64 {
    let system = request.settings.system.as_deref().unwrap_or_default();
    let parts = request.messages.iter().flat_map(|message| &message.content);
    let said: u64 = parts.map(tokens_of).sum();
    said.saturating_add(tokens(system.len()))
}

fn tokens_of(part: &Part) -> u64 {
    match part {
        Part::Text { text } | Part::Reasoning { text, .. } => tokens(text.len()),
        Part::Image { .. } => PICTURE_TOKENS,
        Part::ToolCall { arguments, .. } => tokens(arguments.to_string().len()),
        Part::ToolResult { content, .. } => tokens(content.len()),
        Part::Error { detail, .. } => tokens(detail.len()),
    }
}

fn tokens(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(BYTES_PER_TOKEN)
}

/// What came of a generation until now.
#[derive(Debug, Clone, Default)]
pub(super) struct Used {
    usage: Usage,
    /// Of what came, for providers that do not tell.
    bytes: usize,
    /// What the prompt has, for providers that do not tell.
    prompt: u64,
}

impl Used {
    pub(super) fn new(request: &CompletionRequest) -> Self {
        Self {
            prompt: prompt_tokens(request),
            ..Self::default()
        }
    }

    pub(super) fn note(&mut self, event: &CompletionEvent) {
        match event {
            CompletionEvent::Text(text) | CompletionEvent::Reasoning(text) => {
                self.bytes += text.len();
            }
            CompletionEvent::ToolCall {
                arguments_delta: Some(text),
                ..
            } => self.bytes += text.len(),
            CompletionEvent::Usage(usage) => self.usage.merge(usage),
            _ => {}
        }
    }

    /// As the provider told it; else about what it must have been. What a provider read from its cache and wrote there counts as read.
    pub(super) fn amounts(&self, price: ModelPrice) -> Amounts {
        let usage = &self.usage;
        let cached = [usage.cache_read_tokens, usage.cache_write_tokens];
        let cached: u64 = cached.into_iter().flatten().sum();
        let read = usage.input_tokens.map_or(self.prompt, |read| read + cached);
        let written = usage.output_tokens.unwrap_or_else(|| tokens(self.bytes));
        let counted = Usage {
            input_tokens: Some(usage.input_tokens.unwrap_or(self.prompt)),
            output_tokens: Some(written),
            ..*usage
        };
        Amounts {
            runs: 1,
            tokens: read.saturating_add(written),
            cost: price.cost(&counted),
        }
    }
}

#[cfg(test)]
mod tests {
    use manent_domain::completion::PromptMessage;
    use manent_types::{ModelSettings, Role};

    use super::*;

    fn request(text: &str, max_tokens: Option<u32>) -> CompletionRequest {
        let content = vec![Part::Text {
            text: text.to_owned(),
        }];
        CompletionRequest {
            messages: vec![PromptMessage {
                role: Role::User,
                content,
            }],
            settings: ModelSettings {
                max_tokens,
                ..ModelSettings::default()
            },
        }
    }

    #[test]
    fn an_estimate_is_the_prompt_and_the_longest_answer() {
        let free = ModelPrice::FREE;
        assert_eq!(estimate(&request("123456", Some(10)), free).tokens, 12);
        assert_eq!(estimate(&request("", None), free).tokens, USUAL_ANSWER);
    }

    /// A micro-dollar for a token of the prompt, ten for one of the answer, a half and two for the cache.
    const PRICE: ModelPrice = ModelPrice {
        input: 1_000_000,
        output: 10_000_000,
        cache_read: 500_000,
        cache_write: 2_000_000,
        counts_cache_apart: true,
    };

    #[test]
    fn the_cost_is_that_of_the_tokens() {
        let prompt = request("123456", Some(10));
        // Two tokens at the price of writing them to the cache, and ten.
        assert_eq!(estimate(&prompt, PRICE).cost, 4 + 100);
        let mut used = Used::new(&prompt);
        used.note(&CompletionEvent::Text("123".to_owned()));
        assert_eq!(used.amounts(PRICE).cost, 2 + 10);
        used.note(&CompletionEvent::Usage(Usage {
            input_tokens: Some(20),
            cache_read_tokens: Some(6),
            output_tokens: Some(7),
            ..Usage::default()
        }));
        assert_eq!(used.amounts(PRICE).cost, 20 + 3 + 70);
        assert_eq!(used.amounts(ModelPrice::FREE).cost, 0);
    }

    #[test]
    fn what_the_provider_told_counts_before_what_was_guessed() {
        let mut used = Used::new(&request("123456", None));
        used.note(&CompletionEvent::Text("123".to_owned()));
        assert_eq!(used.amounts(ModelPrice::FREE).tokens, 3);
        used.note(&CompletionEvent::Usage(Usage {
            input_tokens: Some(20),
            cache_read_tokens: Some(5),
            ..Usage::default()
        }));
        assert_eq!(used.amounts(ModelPrice::FREE).tokens, 26);
        used.note(&CompletionEvent::Usage(Usage {
            output_tokens: Some(7),
            ..Usage::default()
        }));
        assert_eq!(used.amounts(ModelPrice::FREE).tokens, 32);
    }
}
