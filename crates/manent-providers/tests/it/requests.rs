//! What the provider gets to read.

use manent_domain::completion::{PromptMessage, ProviderError, ProviderRequest};
use manent_providers::ProviderKind::{self, Anthropic, OpenAiCompatible};
use manent_types::{ModelSettings, Part, ReasoningEffort, Role, Thinking};
use serde_json::{Value, json};

use crate::upstream::{
    KINDS, Request, STREAM_HEAD, Upstream, end_event, prompt, provider, refused, within,
};

fn text(text: &str) -> Part {
    Part::Text {
        text: text.to_owned(),
    }
}

fn message(role: Role, content: impl Into<Vec<Part>>) -> PromptMessage {
    PromptMessage {
        role,
        content: content.into(),
    }
}

/// What arrives when this is asked.
async fn sent(kind: ProviderKind, request: ProviderRequest) -> Request {
    let upstream = Upstream::bind().await;
    let mut config = upstream.config(kind);
    config.api_key = Some("sk-0123456789".into());
    config.headers = vec![("x-team".to_owned(), "garden".into())];
    let provider = provider(&config);
    let answering = async {
        let (mut connection, request) = upstream.request().await;
        connection.send(STREAM_HEAD).await;
        connection.chunk(end_event(kind)).await;
        request
    };
    let (stream, request) =
        within(async { tokio::join!(provider.stream(request), answering) }).await;
    assert!(stream.is_ok());
    request
}

async fn body(kind: ProviderKind, request: ProviderRequest) -> Value {
    sent(kind, request).await.body
}

fn with(model: &str, settings: ModelSettings) -> ProviderRequest {
    ProviderRequest {
        owner: "0199c0de-0000-7000-8000-000000000001".parse().unwrap(),
        model: model.to_owned(),
        settings,
        ..prompt()
    }
}

/// A conversation with everything in it.
fn long_prompt() -> ProviderRequest {
    ProviderRequest {
        owner: "0199c0de-0000-7000-8000-000000000001".parse().unwrap(),
        messages: vec![
            message(Role::System, [text("Be brief.")]),
            message(
                Role::User,
                [
                    text("What is this?"),
                    Part::Image {
                        media_type: Some("image/png".to_owned()),
                        data: Some("aGk=".to_owned()),
                        url: None,
                    },
                    Part::Image {
                        media_type: None,
                        data: None,
                        url: Some("https://host.example/a.jpg".to_owned()),
                    },
                    Part::Image {
                        media_type: None,
                        data: None,
                        url: Some("data:image/gif;base64,R0k=".to_owned()),
                    },
                ],
            ),
            message(
                Role::Assistant,
                [
                    Part::Reasoning {
                        text: "I look.".to_owned(),
                        duration_ms: Some(5),
                        signature: Some("sig".to_owned()),
                    },
                    Part::Reasoning {
                        text: "Unsigned.".to_owned(),
                        duration_ms: None,
                        signature: None,
                    },
                    text("Let me ask."),
                    Part::ToolCall {
                        id: "call_1".to_owned(),
                        name: "look".to_owned(),
                        arguments: json!({"at":"it"}),
                    },
                    Part::Error {
                        code: "x".to_owned(),
                        detail: "y".to_owned(),
                    },
                ],
            ),
            message(
                Role::Tool,
                [Part::ToolResult {
                    tool_call_id: "call_1".to_owned(),
                    content: "a carrot".to_owned(),
                    is_error: Some(true),
                }],
            ),
            message(Role::User, [text("So?"), text("  ")]),
        ],
        model: "model-x".to_owned(),
        settings: ModelSettings {
            system: Some("You garden.".to_owned()),
            temperature: Some(1.5),
            top_p: Some(0.5),
            max_tokens: Some(100),
            stop: vec!["END".to_owned()],
            ..ModelSettings::default()
        },
    }
}

#[tokio::test]
async fn sends_a_whole_conversation_to_anthropic() {
    let request = sent(Anthropic, long_prompt()).await;
    assert_eq!(
        request.head.lines().next(),
        Some("POST /v1/messages HTTP/1.1")
    );
    for (name, value) in [
        ("x-api-key", "sk-0123456789"),
        ("anthropic-version", "2023-06-01"),
        ("content-type", "application/json"),
        ("accept", "text/event-stream"),
        ("x-team", "garden"),
    ] {
        assert_eq!(request.header(name), Some(value));
    }
    assert_eq!(
        request.body,
        json!({
            "model": "model-x", "max_tokens": 100, "stream": true,
            "system": "You garden.\n\nBe brief.",
            "temperature": 1.0, "top_p": 0.5, "stop_sequences": ["END"],
            "messages": [
                {"role": "user", "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
                    {"type": "image", "source": {"type": "url", "url": "https://host.example/a.jpg"}},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": "R0k="}},
                ]},
                {"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "I look.", "signature": "sig"},
                    {"type": "text", "text": "Let me ask."},
                    {"type": "tool_use", "id": "call_1", "name": "look", "input": {"at": "it"}},
                ]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "call_1", "content": "a carrot", "is_error": true},
                    {"type": "text", "text": "So?"},
                ]},
            ],
        })
    );
}

#[tokio::test]
async fn sends_a_whole_conversation_to_an_openai_compatible_server() {
    let request = sent(OpenAiCompatible, long_prompt()).await;
    assert_eq!(
        request.head.lines().next(),
        Some("POST /v1/chat/completions HTTP/1.1")
    );
    for (name, value) in [
        ("authorization", "Bearer sk-0123456789"),
        ("content-type", "application/json"),
        ("x-team", "garden"),
    ] {
        assert_eq!(request.header(name), Some(value));
    }
    assert_eq!(
        request.body,
        json!({
            "model": "model-x", "stream": true, "stream_options": {"include_usage": true},
            "temperature": 1.5, "top_p": 0.5, "max_tokens": 100, "stop": ["END"],
            "messages": [
                {"role": "system", "content": "You garden."},
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
                    {"type": "image_url", "image_url": {"url": "https://host.example/a.jpg"}},
                    {"type": "image_url", "image_url": {"url": "data:image/gif;base64,R0k="}},
                ]},
                {"role": "assistant", "content": "Let me ask.", "tool_calls": [
                    {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{\"at\":\"it\"}"}},
                ]},
                {"role": "tool", "tool_call_id": "call_1", "content": "a carrot"},
                {"role": "user", "content": "So?"},
            ],
        })
    );
}

#[tokio::test]
async fn sends_only_what_was_asked_for() {
    let messages = json!([{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]);
    assert_eq!(
        body(Anthropic, prompt()).await,
        json!({"model": "model-x", "max_tokens": 8192, "stream": true, "messages": messages})
    );
    assert_eq!(
        body(OpenAiCompatible, prompt()).await,
        json!({
            "model": "model-x", "stream": true, "stream_options": {"include_usage": true},
            "messages": [{"role": "user", "content": "Hello"}],
        })
    );
}

#[tokio::test]
async fn needs_no_key_where_there_is_none() {
    for kind in KINDS {
        let upstream = Upstream::bind().await;
        let provider = upstream.provider(kind);
        let answering = async {
            let (mut connection, request) = upstream.request().await;
            connection.send(STREAM_HEAD).await;
            connection.chunk(end_event(kind)).await;
            request
        };
        let (_stream, request) =
            within(async { tokio::join!(provider.stream(prompt()), answering) }).await;
        assert_eq!(request.header("authorization"), None);
        assert_eq!(request.header("x-api-key"), None);
    }
}

#[tokio::test]
async fn asks_each_claude_for_thinking_in_its_way() {
    let thinking = |budget_tokens| ModelSettings {
        thinking: Some(Thinking { budget_tokens }),
        temperature: Some(0.5),
        top_p: Some(0.5),
        ..ModelSettings::default()
    };
    let parts = |body: Value| {
        let part = |name: &str| body.get(name).cloned().unwrap_or(Value::Null);
        [
            part("thinking"),
            part("output_config"),
            part("max_tokens"),
            part("temperature"),
            part("top_p"),
        ]
    };
    let limited = ModelSettings {
        max_tokens: Some(1000),
        ..thinking(2048)
    };
    let effort = ModelSettings {
        reasoning_effort: Some(ReasoningEffort::Medium),
        ..ModelSettings::default()
    };
    let sampling = ModelSettings {
        thinking: None,
        ..thinking(2048)
    };
    let short = ModelSettings {
        max_tokens: Some(30),
        ..ModelSettings::default()
    };
    let adaptive = json!({"type": "adaptive", "display": "summarized"});
    let enabled = json!({"type": "enabled", "budget_tokens": 2048});
    for (model, settings, expected) in [
        (
            "claude-sonnet-4-5",
            thinking(2048),
            [
                enabled.clone(),
                Value::Null,
                json!(32_000),
                Value::Null,
                Value::Null,
            ],
        ),
        (
            "claude-sonnet-4-5",
            limited,
            [enabled, Value::Null, json!(3048), Value::Null, Value::Null],
        ),
        (
            "claude-sonnet-4-5",
            sampling.clone(),
            [
                Value::Null,
                Value::Null,
                json!(32_000),
                json!(0.5),
                Value::Null,
            ],
        ),
        (
            "claude-opus-4-7",
            thinking(20_000),
            [
                adaptive.clone(),
                json!({"effort": "high"}),
                json!(32_000),
                Value::Null,
                Value::Null,
            ],
        ),
        (
            "claude-opus-5",
            effort,
            [
                adaptive.clone(),
                json!({"effort": "medium"}),
                json!(32_000),
                Value::Null,
                Value::Null,
            ],
        ),
        (
            "claude-opus-4-8",
            sampling.clone(),
            [
                Value::Null,
                Value::Null,
                json!(32_000),
                Value::Null,
                Value::Null,
            ],
        ),
        (
            "claude-opus-5",
            sampling.clone(),
            [
                adaptive.clone(),
                Value::Null,
                json!(32_000),
                Value::Null,
                Value::Null,
            ],
        ),
        (
            "claude-sonnet-5",
            short.clone(),
            [
                json!({"type": "disabled"}),
                Value::Null,
                json!(30),
                Value::Null,
                Value::Null,
            ],
        ),
        (
            "claude-fable-5",
            short,
            [
                adaptive.clone(),
                Value::Null,
                json!(30),
                Value::Null,
                Value::Null,
            ],
        ),
        (
            "another-makers",
            sampling,
            [
                Value::Null,
                Value::Null,
                json!(8192),
                json!(0.5),
                json!(0.5),
            ],
        ),
    ] {
        let body = body(Anthropic, with(model, settings)).await;
        assert_eq!(parts(body), expected, "{model}");
    }
}

#[tokio::test]
async fn does_not_call_with_nothing_to_say() {
    for kind in KINDS {
        let upstream = Upstream::bind().await;
        let mut request = prompt();
        request.messages = vec![message(Role::User, [text(" \n")])];
        let result = upstream.provider(kind).stream(request).await;
        assert!(matches!(refused(result), ProviderError::BadRequest { .. }));
        assert!(!upstream.is_being_called());
    }
}

#[tokio::test]
async fn learns_which_fields_a_server_does_not_know() {
    let upstream = Upstream::bind().await;
    let provider = upstream.provider(OpenAiCompatible);
    let ask = || {
        let settings = ModelSettings {
            max_tokens: Some(5),
            ..ModelSettings::default()
        };
        provider.stream(with("m", settings))
    };
    let answering = async {
        let (mut connection, first) = upstream.request().await;
        assert_eq!(first.body["max_tokens"], 5);
        connection
            .respond(
                "422 Unprocessable",
                "",
                r#"{"detail":[{"loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}"#,
            )
            .await;
        let second = connection.request().await;
        assert_eq!(second.body.get("stream_options"), None);
        connection
            .respond(
                "400 Bad Request",
                "",
                r#"{"error":{"message":"Use 'max_completion_tokens' instead."}}"#,
            )
            .await;
        let third = connection.request().await;
        connection.send(STREAM_HEAD).await;
        connection.chunk(end_event(OpenAiCompatible)).await;
        third
    };
    let (stream, third) = within(async { tokio::join!(ask(), answering) }).await;
    drop(stream.unwrap());
    let expected = json!({
        "model": "m", "stream": true, "max_completion_tokens": 5,
        "messages": [{"role": "user", "content": "Hello"}],
    });
    assert_eq!(third.body, expected);
    let answering = async {
        let (mut connection, request) = upstream.request().await;
        connection.send(STREAM_HEAD).await;
        connection.chunk(end_event(OpenAiCompatible)).await;
        request
    };
    let (_stream, fourth) = within(async { tokio::join!(ask(), answering) }).await;
    assert_eq!(fourth.body, expected);
}

#[tokio::test]
async fn goes_on_without_reasoning_whose_signature_is_refused() {
    let upstream = Upstream::bind().await;
    let provider = upstream.provider(Anthropic);
    let mut request = prompt();
    request.messages.push(message(
        Role::Assistant,
        [
            Part::Reasoning {
                text: "I look.".to_owned(),
                duration_ms: None,
                signature: Some("foreign".to_owned()),
            },
            text("Hi."),
        ],
    ));
    request.messages.push(message(Role::User, [text("Again")]));
    let answering = async {
        let (mut connection, first) = upstream.request().await;
        assert_eq!(
            first.body["messages"][1]["content"][0]["signature"],
            "foreign"
        );
        connection
            .respond(
                "400 Bad Request",
                "",
                r#"{"error":{"message":"messages.1.content.0: Invalid `signature` in `thinking` block"}}"#,
            )
            .await;
        let second = connection.request().await;
        connection.send(STREAM_HEAD).await;
        connection.chunk(end_event(Anthropic)).await;
        second
    };
    let (stream, second) =
        within(async { tokio::join!(provider.stream(request), answering) }).await;
    assert!(stream.is_ok());
    assert_eq!(
        second.body["messages"],
        json!([
            {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "Hi."}]},
            {"role": "user", "content": [{"type": "text", "text": "Again"}]},
        ])
    );
}
