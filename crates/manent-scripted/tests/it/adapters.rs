//! The real adapters, over a real socket, hear what the provider in process says.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use manent_domain::completion::{CompletionEvent, FinishReason, PromptMessage, ProviderRequest};
use manent_domain::ports::CompletionProvider;
use manent_providers::{
    HttpClients, ProviderConfig, ProviderKind, Retries, Timeouts, http_provider,
};
use manent_scripted::{Rules, ScriptedProvider, ScriptedServer, ServeArgs};
use manent_types::{ModelSettings, Part, Role, Usage};

use crate::client::start;

/// What is left of an answer when it does not matter how it was cut.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    text: String,
    reasoning: String,
    signature: String,
    /// Id, name, arguments.
    tools: Vec<(String, String, String)>,
    usage: Usage,
    finish: Option<FinishReason>,
    failure: Option<&'static str>,
}

async fn listen(provider: &dyn CompletionProvider, question: &str) -> Heard {
    let mut heard = Heard::default();
    let request = ProviderRequest {
        owner: "0199c0de-0000-7000-8000-000000000001".parse().unwrap(),
        messages: vec![PromptMessage {
            role: Role::User,
            content: vec![Part::Text {
                text: question.to_owned(),
            }],
        }],
        model: "scripted-test".to_owned(),
        settings: ModelSettings {
            system: Some("Be kind.".to_owned()),
            ..ModelSettings::default()
        },
    };
    let mut stream = match provider.stream(request).await {
        Ok(stream) => stream,
        Err(error) => {
            heard.failure = Some(error.code());
            return heard;
        }
    };
    while let Some(event) = stream.next().await {
        match event {
            Ok(CompletionEvent::Text(text)) => heard.text.push_str(&text),
            Ok(CompletionEvent::Reasoning(text)) => heard.reasoning.push_str(&text),
            Ok(CompletionEvent::ReasoningSignature(text)) => heard.signature.push_str(&text),
            Ok(CompletionEvent::ToolCall {
                index,
                id,
                name,
                arguments_delta,
            }) => {
                let index = usize::try_from(index).unwrap();
                heard
                    .tools
                    .resize(heard.tools.len().max(index + 1), Default::default());
                let tool = &mut heard.tools[index];
                tool.0.push_str(&id.unwrap_or_default());
                tool.1.push_str(&name.unwrap_or_default());
                tool.2.push_str(&arguments_delta.unwrap_or_default());
            }
            Ok(CompletionEvent::Usage(usage)) => heard.usage.merge(&usage),
            Ok(CompletionEvent::Done(finish)) => heard.finish = Some(finish),
            Err(error) => heard.failure = Some(error.code()),
        }
    }
    heard
}

/// Takes away what a format cannot carry, and figures that say nothing.
fn comparable(mut heard: Heard, kind: ProviderKind) -> Heard {
    match kind {
        ProviderKind::Anthropic => heard.usage.reasoning_tokens = None,
        ProviderKind::OpenAiCompatible => heard.signature.clear(),
    }
    for figure in [
        &mut heard.usage.cache_read_tokens,
        &mut heard.usage.cache_write_tokens,
        &mut heard.usage.reasoning_tokens,
    ] {
        *figure = figure.filter(|count| *count > 0);
    }
    if heard.failure.is_some() {
        heard.usage = Usage::default();
    }
    heard
}

const QUICK: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    first_byte: Duration::from_millis(300),
    silence: Duration::from_millis(300),
};

fn adapter(
    server: &ScriptedServer,
    kind: ProviderKind,
    timeouts: Timeouts,
) -> Arc<dyn CompletionProvider> {
    let address = format!("http://{}", server.address());
    let config = ProviderConfig {
        timeouts,
        retries: Retries {
            limit: 0,
            ..Retries::default()
        },
        api_key: Some("any".into()),
        ..ProviderConfig::new("http", kind, address)
    };
    http_provider(&config, &HttpClients::new(), Arc::new(|| 0)).unwrap()
}

async fn compare(questions: &[&str], timeouts: Timeouts) {
    let rules = Arc::new(Rules::test().unwrap());
    let server = start(ServeArgs::new(Arc::clone(&rules))).await;
    let in_process = ScriptedProvider::new("here", rules).with_silence_timeout(timeouts.silence);
    for kind in [ProviderKind::Anthropic, ProviderKind::OpenAiCompatible] {
        let adapter = adapter(&server, kind, timeouts);
        for question in questions {
            let expected = comparable(listen(&in_process, question).await, kind);
            assert!(
                expected.finish.is_some() != expected.failure.is_some(),
                "{question}"
            );
            let heard = comparable(listen(adapter.as_ref(), question).await, kind);
            assert_eq!(heard, expected, "{kind:?}: {question}");
        }
    }
}

#[tokio::test]
async fn hear_every_kind_of_answer() {
    let questions = [
        "hello",
        "think",
        "markdown",
        "xss",
        "refuse",
        "cut",
        "unicode",
        "empty",
        "tool",
        "tokens 2000",
        "system",
        "turn",
        "anything else",
    ];
    compare(&questions, Timeouts::default()).await;
}

#[tokio::test]
async fn hear_every_kind_of_failure() {
    let questions = [
        "fail early",
        "fail overloaded",
        "fail rate",
        "fail auth",
        "fail late",
        "drop early",
        "drop",
        "malformed",
    ];
    compare(&questions, Timeouts::default()).await;
}

#[tokio::test]
async fn hear_silence() {
    compare(&["hang early", "hang"], QUICK).await;
}
