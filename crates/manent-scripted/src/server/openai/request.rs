//! Reading requests.

use manent_types::Role;
use serde::Deserialize;

use crate::rules::{Failure, FailureKind};
use crate::script::ScriptRequestBuilder;
use crate::server::encode::WireRequest;

#[derive(Deserialize)]
struct Request {
    model: String,
    messages: Vec<Message>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    max_tokens: Option<u64>,
    #[serde(default)]
    max_completion_tokens: Option<u64>,
    #[serde(default)]
    n: Option<u64>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

#[derive(Deserialize)]
struct Message {
    role: MessageRole,
    #[serde(default)]
    content: Option<Content>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum MessageRole {
    System,
    Developer,
    User,
    Assistant,
    Tool,
    Function,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<ContentPart>),
}

#[derive(Deserialize)]
struct ContentPart {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: Option<String>,
}

impl Content {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Parts(parts) => parts
                .iter()
                .filter(|part| part.kind == "text")
                .filter_map(|part| part.text.as_deref())
                .collect::<Vec<_>>()
                .join("\n"),
        }
    }

    fn has_image(&self) -> bool {
        matches!(self, Self::Parts(parts) if parts.iter().any(|part| part.kind == "image_url"))
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
        return Err(refused(
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
        ));
    }
    if request.n.is_some_and(|choices| choices != 1) {
        return Err(refused("The script gives one choice; leave out 'n'."));
    }
    let mut builder = ScriptRequestBuilder::new(&request.model);
    builder.max_tokens(request.max_completion_tokens.or(request.max_tokens));
    for message in &request.messages {
        let role = match message.role {
            MessageRole::System | MessageRole::Developer => Role::System,
            MessageRole::User => Role::User,
            MessageRole::Assistant => Role::Assistant,
            MessageRole::Tool | MessageRole::Function => Role::Tool,
        };
        let content = message.content.as_ref();
        builder.message(
            role,
            content.map(Content::text).unwrap_or_default(),
            content.is_some_and(Content::has_image),
        );
    }
    Ok(WireRequest {
        script: builder.build(),
        streams: request.stream.unwrap_or(false),
        includes_usage: request
            .stream_options
            .and_then(|options| options.include_usage)
            .unwrap_or(false),
    })
}
