//! What an answer cost, as the client's gauge reads it.
//!
//! Source: LibreChat da0491d5, `packages/data-provider/src/types/runs.ts` (`TokenUsageEvent`, `ContextUsageEvent`).

use manent_types::Usage;
use serde_json::{Value, json};

/// The figures of a prompt that no provider tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContextFigures {
    /// The model's context window in tokens; absent: not known, and nothing is told of the context.
    pub window: Option<u64>,
    /// About how many tokens the system prompt takes.
    pub instructions: u64,
    /// How many messages went to the model.
    pub messages: u64,
}

/// The data of `on_token_usage`: absent while nothing is known. `cost` is in US dollars, told where it is to be shown.
pub fn token_usage(
    answer: &str,
    provider: Option<&str>,
    model: Option<&str>,
    usage: &Usage,
    cost: Option<f64>,
) -> Option<Value> {
    if usage.is_empty() {
        return None;
    }
    let input = usage.input_tokens.unwrap_or(0);
    let output = usage.output_tokens.unwrap_or(0);
    let mut data = json!({
        "input_tokens": input,
        "output_tokens": output,
        "total_tokens": input.saturating_add(output),
        "input_token_details": {
            "cache_read": usage.cache_read_tokens.unwrap_or(0),
            "cache_creation": usage.cache_write_tokens.unwrap_or(0),
        },
        "runId": answer,
        "seq": 1,
    });
    let told = [
        ("provider", provider.map(Value::from)),
        ("model", model.map(Value::from)),
        ("cost", cost.map(Value::from)),
    ];
    if let Some(object) = data.as_object_mut() {
        for (name, value) in told {
            if let Some(value) = value {
                object.insert(name.to_owned(), value);
            }
        }
    }
    Some(data)
}

/// The data of `on_context_usage`: absent when the window or the prompt's tokens are not known.
pub fn context_usage(answer: &str, usage: &Usage, figures: ContextFigures) -> Option<Value> {
    let window = figures.window?;
    let input = usage
        .input_tokens?
        .saturating_add(usage.cache_read_tokens.unwrap_or(0))
        .saturating_add(usage.cache_write_tokens.unwrap_or(0));
    let instructions = figures.instructions.min(input);
    let available = window.saturating_sub(instructions);
    Some(json!({
        "runId": answer,
        "breakdown": {
            "maxContextTokens": window,
            "instructionTokens": instructions,
            "systemMessageTokens": instructions,
            "dynamicInstructionTokens": 0,
            "toolSchemaTokens": 0,
            "summaryTokens": 0,
            "toolCount": 0,
            "messageCount": figures.messages,
            "messageTokens": input - instructions,
            "availableForMessages": available,
        },
        "contextBudget": window,
        "effectiveInstructionTokens": instructions,
        "prePruneContextTokens": input,
        "remainingContextTokens": window.saturating_sub(input),
        "calibrationRatio": 1,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_nothing_of_what_is_not_known() {
        let nothing = Usage::default();
        assert_eq!(token_usage("r", None, None, &nothing, None), None);
        assert_eq!(
            context_usage("r", &nothing, ContextFigures::default()),
            None
        );
    }

    #[test]
    fn the_prompts_tokens_are_divided() {
        let usage = Usage {
            input_tokens: Some(100),
            output_tokens: Some(7),
            ..Usage::default()
        };
        let figures = ContextFigures {
            window: Some(1_000),
            instructions: 30,
            messages: 3,
        };
        let data = context_usage("r", &usage, figures).unwrap();
        assert_eq!(data["breakdown"]["messageTokens"], 70);
        assert_eq!(data["remainingContextTokens"], 900);
        let tokens = token_usage("r", Some("p"), Some("m"), &usage, Some(0.5)).unwrap();
        assert_eq!(
            tokens,
            serde_json::json!({
                "input_tokens": 100, "output_tokens": 7, "total_tokens": 107,
                "input_token_details": {"cache_read": 0, "cache_creation": 0},
                "runId": "r", "seq": 1, "provider": "p", "model": "m", "cost": 0.5,
            })
        );
    }
}
