//! The body of a Messages request.
//!
//! What the API would refuse for its form alone is put right here: system messages move to the top, neighbours of one role
//! become one message, results of tools come first, empty texts and reasoning without a signature are left out.

use manent_domain::completion::{PromptMessage, ProviderRequest};
use manent_types::{ModelSettings, Part, ReasoningEffort, Role};
use serde::Serialize;

use super::model::ModelTraits;
use crate::image::{ImageSource, image_source};

/// The body.
#[derive(Serialize)]
pub(crate) struct WireRequest<'request> {
    model: &'request str,
    max_tokens: u32,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    messages: Vec<WireMessage<'request>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<&'request str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<WireThinking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<WireOutputConfig>,
}

#[derive(Serialize)]
struct WireMessage<'request> {
    role: &'static str,
    content: Vec<WireBlock<'request>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum WireBlock<'request> {
    Text {
        text: &'request str,
    },
    Thinking {
        thinking: &'request str,
        signature: &'request str,
    },
    Image {
        source: WireImage<'request>,
    },
    ToolUse {
        id: &'request str,
        name: &'request str,
        input: &'request serde_json::Value,
    },
    ToolResult {
        tool_use_id: &'request str,
        content: &'request str,
        #[serde(skip_serializing_if = "is_false")]
        is_error: bool,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum WireImage<'request> {
    Base64 {
        media_type: &'request str,
        data: &'request str,
    },
    Url {
        url: &'request str,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum WireThinking {
    Enabled { budget_tokens: u32 },
    Adaptive { display: &'static str },
    Disabled,
}

impl WireThinking {
    /// Without a display, these models keep their reasoning to themselves.
    const ADAPTIVE: Self = Self::Adaptive {
        display: "summarized",
    };
}

#[derive(Serialize)]
struct WireOutputConfig {
    effort: &'static str,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// What happens to signed reasoning of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PastReasoning {
    /// It is sent back.
    Kept,
    /// It stays here.
    LeftOut,
}

/// Whether there is signed reasoning in the conversation.
pub(crate) fn has_signed_reasoning(request: &ProviderRequest) -> bool {
    request
        .messages
        .iter()
        .flat_map(|message| &message.content)
        .any(|part| {
            matches!(
                part,
                Part::Reasoning {
                    signature: Some(_),
                    ..
                }
            )
        })
}

/// The body for a request, or `None` when nothing in it can be sent.
pub(crate) fn wire_request(
    request: &ProviderRequest,
    past_reasoning: PastReasoning,
) -> Option<WireRequest<'_>> {
    let settings = &request.settings;
    let traits = ModelTraits::of(&request.model);
    let messages = messages(&request.messages, past_reasoning);
    if messages.is_empty() {
        return None;
    }
    let (thinking, output_config) = thinking(settings, traits);
    let asked = settings.max_tokens;
    let max_tokens = match thinking {
        // The limit counts the thinking as well, and has to lie above its budget.
        Some(WireThinking::Enabled { budget_tokens }) => {
            let limit = asked.unwrap_or_else(|| traits.default_max_tokens());
            if limit > budget_tokens {
                limit
            } else {
                budget_tokens.saturating_add(limit)
            }
        }
        _ => asked.unwrap_or_else(|| traits.default_max_tokens()),
    };
    let takes_sampling = thinking.is_none() && traits.takes_sampling();
    let temperature = settings
        .temperature
        .filter(|_| takes_sampling)
        // The scale ends at 1 here and at 2 elsewhere.
        .map(|value| value.min(1.0));
    let top_p = settings
        .top_p
        .filter(|_| takes_sampling && (temperature.is_none() || traits.takes_both_samplings()));
    Some(WireRequest {
        model: &request.model,
        max_tokens,
        stream: true,
        system: system(settings, &request.messages),
        messages,
        temperature,
        top_p,
        stop_sequences: settings
            .stop
            .iter()
            .map(String::as_str)
            .filter(|text| !text.trim().is_empty())
            .collect(),
        thinking,
        output_config,
    })
}

fn thinking(
    settings: &ModelSettings,
    traits: ModelTraits,
) -> (Option<WireThinking>, Option<WireOutputConfig>) {
    if !traits.thinks_adaptively() {
        let enabled = settings.thinking.map(|thinking| WireThinking::Enabled {
            budget_tokens: thinking.budget_tokens,
        });
        return (enabled, None);
    }
    let effort = match (settings.reasoning_effort, settings.thinking) {
        (Some(ReasoningEffort::Minimal | ReasoningEffort::Low), _) => "low",
        (Some(ReasoningEffort::Medium), _) => "medium",
        (Some(ReasoningEffort::High), _) => "high",
        // There is no exact counterpart to a budget; its size says how hard is meant.
        (None, Some(thinking)) => match thinking.budget_tokens {
            ..4_096 => "low",
            4_096..16_384 => "medium",
            16_384.. => "high",
        },
        (None, None) => return (unasked_thinking(settings, traits), None),
    };
    (
        Some(WireThinking::ADAPTIVE),
        Some(WireOutputConfig { effort }),
    )
}

/// What to say of thinking to a model that thinks by itself.
fn unasked_thinking(settings: &ModelSettings, traits: ModelTraits) -> Option<WireThinking> {
    if !traits.thinks_by_itself() {
        return None;
    }
    // Thinking counts against the limit: below this, a title for one, it would leave nothing for the answer.
    let is_short = settings.max_tokens.is_some_and(|limit| limit < 2_048);
    if is_short && traits.can_leave_thinking() {
        return Some(WireThinking::Disabled);
    }
    Some(WireThinking::ADAPTIVE)
}

fn system(settings: &ModelSettings, messages: &[PromptMessage]) -> Option<String> {
    let in_messages = messages
        .iter()
        .filter(|message| message.role == Role::System)
        .map(|message| manent_types::text_of(&message.content));
    let texts: Vec<String> = settings
        .system
        .iter()
        .cloned()
        .chain(in_messages)
        .filter(|text| !text.trim().is_empty())
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

fn messages(prompt: &[PromptMessage], past_reasoning: PastReasoning) -> Vec<WireMessage<'_>> {
    let mut messages: Vec<WireMessage<'_>> = Vec::with_capacity(prompt.len());
    for message in prompt {
        let role = match message.role {
            Role::System => continue,
            Role::Assistant => "assistant",
            Role::User | Role::Tool => "user",
        };
        let content = message
            .content
            .iter()
            .filter_map(|part| block(part, message.role == Role::Assistant))
            .filter(|block| {
                past_reasoning == PastReasoning::Kept
                    || !matches!(block, WireBlock::Thinking { .. })
            });
        match messages.last_mut() {
            Some(last) if last.role == role => last.content.extend(content),
            _ => {
                let content: Vec<_> = content.collect();
                if !content.is_empty() {
                    messages.push(WireMessage { role, content });
                }
            }
        }
    }
    for message in &mut messages {
        // A stable sort: results first, the rest as it was.
        message
            .content
            .sort_by_key(|block| !matches!(block, WireBlock::ToolResult { .. }));
    }
    trim_unfinished(&mut messages);
    messages
}

/// An answer that the model shall continue must not end in white space.
fn trim_unfinished(messages: &mut Vec<WireMessage<'_>>) {
    let Some(last) = messages.last_mut() else {
        return;
    };
    if last.role == "assistant"
        && let Some(WireBlock::Text { text }) = last.content.last_mut()
    {
        *text = text.trim_end();
    }
}

fn block(part: &Part, is_assistant: bool) -> Option<WireBlock<'_>> {
    match part {
        Part::Text { text } => (!text.trim().is_empty()).then_some(WireBlock::Text { text }),
        Part::Reasoning {
            text,
            signature: Some(signature),
            ..
        } if is_assistant => Some(WireBlock::Thinking {
            thinking: text,
            signature,
        }),
        Part::Image { .. } if !is_assistant => Some(WireBlock::Image {
            source: match image_source(part)? {
                ImageSource::Data { media_type, data } => WireImage::Base64 { media_type, data },
                ImageSource::Url(url) => WireImage::Url { url },
            },
        }),
        Part::ToolCall {
            id,
            name,
            arguments,
        } if is_assistant => Some(WireBlock::ToolUse {
            id,
            name,
            input: arguments,
        }),
        Part::ToolResult {
            tool_call_id,
            content,
            is_error,
        } if !is_assistant => Some(WireBlock::ToolResult {
            tool_use_id: tool_call_id,
            content,
            is_error: is_error.unwrap_or(false),
        }),
        Part::Reasoning { .. }
        | Part::Image { .. }
        | Part::ToolCall { .. }
        | Part::ToolResult { .. }
        | Part::Error { .. } => None,
    }
}
