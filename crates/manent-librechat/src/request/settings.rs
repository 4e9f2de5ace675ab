//! From LibreChat's parameters to settings of a model call.

use manent_types::{ModelSettings, ReasoningEffort, Thinking};

use super::parameters::{PROMPT_PREFIX, Parameters};

/// The most texts that end an answer.
const MOST_STOPS: usize = 8;

/// How much a model thinks where only that it thinks is said, in tokens.
const THINKING_TOKENS: u32 = 2_000;

/// What the provider of an endpoint takes beside what all take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Abilities {
    /// A budget for thinking, as Anthropic has it.
    pub thinking_budget: bool,
    /// How hard to think, as `OpenAI` has it.
    pub reasoning_effort: bool,
}

/// Settings of a call to this provider and model. Both families of names are read; what the provider does not take is left out, and so is what
/// lies outside of its range, since the client's sliders allow more than every model does.
pub fn settings(
    parameters: &Parameters,
    provider: Option<&str>,
    model: Option<&str>,
    abilities: Abilities,
) -> ModelSettings {
    let within = |value: Option<f64>, most: f64| value.filter(|value| (0.0..=most).contains(value));
    let max_tokens = parameters.count(&["max_tokens", "maxOutputTokens"]);
    let max_tokens = max_tokens.and_then(|tokens| u32::try_from(tokens).ok());
    let system = parameters.text(PROMPT_PREFIX);
    let mut stop = parameters.texts("stop");
    stop.retain(|text| !text.is_empty() && text.len() <= 200);
    stop.truncate(MOST_STOPS);
    ModelSettings {
        provider: provider.map(ToOwned::to_owned),
        model: model.map(ToOwned::to_owned),
        system: system
            .filter(|text| !text.trim().is_empty())
            .map(ToOwned::to_owned),
        temperature: within(parameters.number(&["temperature"]), 2.0),
        top_p: within(parameters.number(&["top_p", "topP"]), 1.0),
        max_tokens: max_tokens.filter(|tokens| (1..=1_000_000).contains(tokens)),
        stop,
        thinking: thinking(parameters).filter(|_| abilities.thinking_budget),
        reasoning_effort: effort(parameters).filter(|_| abilities.reasoning_effort),
    }
}

fn thinking(parameters: &Parameters) -> Option<Thinking> {
    if parameters.truth("thinking") != Some(true) {
        return None;
    }
    let budget = parameters.count(&["thinkingBudget"]);
    let budget = budget.and_then(|tokens| u32::try_from(tokens).ok());
    Some(Thinking {
        budget_tokens: budget.unwrap_or(THINKING_TOKENS).max(1024),
    })
}

fn effort(parameters: &Parameters) -> Option<ReasoningEffort> {
    match parameters.text("reasoning_effort")? {
        "minimal" => Some(ReasoningEffort::Minimal),
        "low" => Some(ReasoningEffort::Low),
        "medium" => Some(ReasoningEffort::Medium),
        "high" | "xhigh" => Some(ReasoningEffort::High),
        _ => None,
    }
}
