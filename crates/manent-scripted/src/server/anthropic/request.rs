//! Reading requests.

use manent_types::Role;
use serde::Deserialize;

use crate::rules::{Failure, FailureKind};
use crate::script::ScriptRequestBuilder;
use crate::server::encode::WireRequest;

#[derive(Deserialize)]
struct Request {
    model: String,
    max_tokens: u64,
    messages: Vec<Message>,
    #[serde(default)]
    system: Option<Content>,
    #[serde(default)]
    stream: bool,
}

#[derive(Deserialize)]
struct Message {
    role: MessageRole,
    content: Content,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum MessageRole {
    User,
    Assistant,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Blocks(Vec<ContentBlock>),
}

#[derive(Deserialize)]
struct ContentBlock {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: Option<String>,
}

impl Content {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Blocks(blocks) => blocks
                .iter()
                .filter(|block| block.kind == "text")
                .filter_map(|block| block.text.as_deref())
                .collect::<Vec<_>>()
                .join("\n"),
        }
    }

    fn has(&self, kind: &str) -> bool {
        matches!(self, Self::Blocks(blocks) if blocks.iter().any(|block| block.kind == kind))
    }
}

fn refused(message: impl Into<String>) -> Failure {
    Failure {
        kind: FailureKind::BadRequest,
        status: None,
        message: message.into(),
        retry_after_ms: None,
    }
}

/// Reads what rules look at, and refuses what the API refuses.
pub(in crate::server) fn read(body: &[u8]) -> Result<WireRequest, Failure> {
    let request: Request =
        serde_json::from_slice(body).map_err(|error| refused(error.to_string()))?;
    if request.messages.is_empty() {
        return Err(refused("messages: at least one message is required"));
    }
    let mut builder = ScriptRequestBuilder::new(&request.model);
    if let Some(system) = &request.system {
        builder.system(&system.text());
    }
    builder.max_tokens(Some(request.max_tokens));
    for message in &request.messages {
        let role = match message.role {
            // The results of tools come in a user's message, which is no turn of the person's.
            MessageRole::User
                if message.content.has("tool_result") && !message.content.has("text") =>
            {
                Role::Tool
            }
            MessageRole::User => Role::User,
            MessageRole::Assistant => Role::Assistant,
        };
        builder.message(role, message.content.text(), message.content.has("image"));
    }
    Ok(WireRequest {
        script: builder.build(),
        streams: request.stream,
        includes_usage: true,
    })
}
