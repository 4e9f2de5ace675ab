//! The body of a Chat Completions request.

use manent_domain::completion::{PromptMessage, ProviderRequest};
use manent_types::{Part, ReasoningEffort, Role};
use serde::Serialize;

use crate::image::{ImageSource, image_source};

/// Where servers differ in what they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// The limit is called `max_completion_tokens`.
    pub(crate) has_new_limit_name: bool,
    /// `stream_options` is taken, by which usage is asked for.
    pub(crate) takes_stream_options: bool,
}

/// The body.
#[derive(Serialize)]
pub(crate) struct WireRequest<'request> {
    model: &'request str,
    messages: Vec<WireMessage<'request>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<WireStreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'request [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<ReasoningEffort>,
}

#[derive(Serialize)]
struct WireStreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
enum WireMessage<'request> {
    System {
        content: String,
    },
    User {
        content: WireContent<'request>,
    },
    Assistant {
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<WireToolCall<'request>>,
    },
    Tool {
        tool_call_id: &'request str,
        content: &'request str,
    },
}

/// A string where that is enough: not every server takes parts.
#[derive(Serialize)]
#[serde(untagged)]
enum WireContent<'request> {
    Text(String),
    Parts(Vec<WirePart<'request>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum WirePart<'request> {
    Text { text: &'request str },
    ImageUrl { image_url: WireImageUrl },
}

#[derive(Serialize)]
struct WireImageUrl {
    url: String,
}

#[derive(Serialize)]
struct WireToolCall<'request> {
    id: &'request str,
    r#type: &'static str,
    function: WireFunction<'request>,
}

#[derive(Serialize)]
struct WireFunction<'request> {
    name: &'request str,
    arguments: String,
}

/// The body for a request, or `None` when nothing in it can be sent.
pub(crate) fn wire_request(request: &ProviderRequest, dialect: Dialect) -> Option<WireRequest<'_>> {
    let settings = &request.settings;
    let mut messages = Vec::with_capacity(request.messages.len() + 1);
    for message in &request.messages {
        push_messages(message, &mut messages);
    }
    if messages.is_empty() {
        return None;
    }
    if let Some(system) = &settings.system
        && !system.trim().is_empty()
    {
        let system = WireMessage::System {
            content: system.clone(),
        };
        messages.insert(0, system);
    }
    let (max_tokens, max_completion_tokens) = if dialect.has_new_limit_name {
        (None, settings.max_tokens)
    } else {
        (settings.max_tokens, None)
    };
    Some(WireRequest {
        model: &request.model,
        messages,
        stream: true,
        stream_options: dialect.takes_stream_options.then_some(WireStreamOptions {
            include_usage: true,
        }),
        max_tokens,
        max_completion_tokens,
        temperature: settings.temperature,
        top_p: settings.top_p,
        stop: &settings.stop,
        reasoning_effort: settings.reasoning_effort,
    })
}

fn push_messages<'request>(
    message: &'request PromptMessage,
    messages: &mut Vec<WireMessage<'request>>,
) {
    let text = text_of(&message.content);
    match message.role {
        Role::System => {
            if !text.trim().is_empty() {
                messages.push(WireMessage::System { content: text });
            }
        }
        Role::Assistant => {
            let tool_calls: Vec<_> = message.content.iter().filter_map(tool_call).collect();
            let content = (!text.is_empty()).then_some(text);
            if content.is_some() || !tool_calls.is_empty() {
                messages.push(WireMessage::Assistant {
                    content,
                    tool_calls,
                });
            }
        }
        Role::User | Role::Tool => {
            // Results first: each is a message of its own right after the calls.
            for part in &message.content {
                if let Part::ToolResult {
                    tool_call_id,
                    content,
                    ..
                } = part
                {
                    messages.push(WireMessage::Tool {
                        tool_call_id,
                        content,
                    });
                }
            }
            if let Some(content) = user_content(&message.content, text) {
                messages.push(WireMessage::User { content });
            }
        }
    }
}

/// The words of a message, blank parts left out.
fn text_of(parts: &[Part]) -> String {
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text { text } if !text.trim().is_empty() => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

fn user_content(parts: &[Part], text: String) -> Option<WireContent<'_>> {
    if !parts.iter().any(|part| image_source(part).is_some()) {
        return (!text.trim().is_empty()).then_some(WireContent::Text(text));
    }
    let parts = parts.iter().filter_map(|part| match part {
        Part::Text { text } if !text.trim().is_empty() => Some(WirePart::Text { text }),
        Part::Image { .. } => Some(WirePart::ImageUrl {
            image_url: WireImageUrl {
                url: match image_source(part)? {
                    ImageSource::Data { media_type, data } => {
                        format!("data:{media_type};base64,{data}")
                    }
                    ImageSource::Url(url) => url.to_owned(),
                },
            },
        }),
        _ => None,
    });
    Some(WireContent::Parts(parts.collect()))
}

fn tool_call(part: &Part) -> Option<WireToolCall<'_>> {
    let Part::ToolCall {
        id,
        name,
        arguments,
    } = part
    else {
        return None;
    };
    Some(WireToolCall {
        id,
        r#type: "function",
        function: WireFunction {
            name,
            arguments: arguments.to_string(),
        },
    })
}
