//! The provider in process shows what the plan says.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use manent_domain::completion::{
    CompletionEvent, ModelDescription, PromptMessage, ProviderError, ProviderRequest,
};
use manent_domain::ports::CompletionProvider;
use manent_scripted::script::{self, Opening, ScriptRequest, Step};
use manent_scripted::{Rules, ScriptedProvider};
use manent_types::{ModelSettings, Part, Role};

type Event = Result<CompletionEvent, ProviderError>;

fn asked(text: &str) -> ProviderRequest {
    ProviderRequest {
        owner: "0199c0de-0000-7000-8000-000000000001".parse().unwrap(),
        messages: vec![PromptMessage {
            role: Role::User,
            content: vec![Part::Text {
                text: text.to_owned(),
            }],
        }],
        model: "scripted-test".to_owned(),
        settings: ModelSettings::default(),
    }
}

fn test_rules() -> Arc<Rules> {
    Arc::new(Rules::test().unwrap_or_else(|error| panic!("{error}")))
}

async fn events(provider: &ScriptedProvider, text: &str) -> Vec<Event> {
    match provider.stream(asked(text)).await {
        Ok(stream) => stream.collect().await,
        Err(error) => vec![Err(error)],
    }
}

/// What the plan says, written as events.
fn planned(rules: &Rules, text: &str) -> Vec<Event> {
    let plan = script::plan(rules, &ScriptRequest::from(&asked(text)));
    let steps = match plan.opening {
        Opening::Answer(steps) => steps,
        Opening::Fail(failure) => return vec![Err(failure.to_provider_error())],
        Opening::Drop => return vec![Err(ProviderError::Unreachable)],
        Opening::Hang => {
            return vec![Err(ProviderError::Timeout {
                stage: "first byte",
            })];
        }
    };
    let mut events = Vec::new();
    for timed in *steps {
        let event = match timed.step {
            Step::Text(text) => Ok(CompletionEvent::Text(Cow::into_owned(text))),
            Step::Reasoning(text) => Ok(CompletionEvent::Reasoning(Cow::into_owned(text))),
            Step::Signature(signature) => Ok(CompletionEvent::ReasoningSignature(signature)),
            Step::ToolCall { index, id, name } => Ok(CompletionEvent::ToolCall {
                index,
                id: Some(id),
                name: Some(name),
                arguments_delta: None,
            }),
            Step::ToolArguments { index, json } => Ok(CompletionEvent::ToolCall {
                index,
                id: None,
                name: None,
                arguments_delta: Some(json),
            }),
            Step::Usage(usage) => Ok(CompletionEvent::Usage(usage)),
            Step::Finish(reason) => Ok(CompletionEvent::Done(reason)),
            Step::Malformed(_) => Err(ProviderError::Protocol {
                detail: "malformed on purpose by the script".to_owned(),
            }),
            Step::Fail(failure) => Err(failure.to_provider_error()),
            Step::Drop => Err(ProviderError::Truncated),
            Step::Hang => Err(ProviderError::Timeout { stage: "silence" }),
        };
        let is_error = event.is_err();
        events.push(event);
        if is_error {
            break;
        }
    }
    events
}

#[tokio::test(start_paused = true)]
async fn shows_the_plan_of_every_test_rule() {
    let rules = test_rules();
    let provider = ScriptedProvider::new("scripted", Arc::clone(&rules));
    for question in [
        "hello",
        "long",
        "think",
        "markdown",
        "xss",
        "fail early",
        "fail overloaded",
        "fail rate",
        "fail auth",
        "fail late",
        "drop early",
        "drop",
        "refuse",
        "cut",
        "hang early",
        "hang",
        "malformed",
        "empty",
        "unicode",
        "tool",
        "tokens 1000",
        "slow 40",
        "pace 10",
        "late",
        "system",
        "turn",
        "anything else",
    ] {
        let planned = planned(&rules, question);
        assert!(!planned.is_empty(), "{question}");
        assert_eq!(events(&provider, question).await, planned, "{question}");
    }
}

#[tokio::test(start_paused = true)]
async fn takes_the_time_that_the_rule_gives() {
    let provider = ScriptedProvider::new("scripted", test_rules());
    let begun = tokio::time::Instant::now();
    events(&provider, "slow 41").await;
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn reports_silence_after_its_time_out() {
    let provider = ScriptedProvider::new("scripted", test_rules())
        .with_silence_timeout(Duration::from_secs(7));
    let begun = tokio::time::Instant::now();
    let events = events(&provider, "hang").await;
    assert_eq!(
        events[2..],
        [
            Ok(CompletionEvent::Text(" three".to_owned())),
            Err(ProviderError::Timeout { stage: "silence" }),
        ]
    );
    assert_eq!(begun.elapsed(), Duration::from_secs(7));
}

#[tokio::test]
async fn lists_the_models_of_the_file() {
    let provider = ScriptedProvider::new("mine", test_rules());
    assert_eq!(
        provider.models(),
        [
            ModelDescription {
                provider: "mine".to_owned(),
                model: "scripted-test".to_owned(),
                name: "Scripted test model".to_owned(),
                vision: Some(true),
                reasoning: Some(true),
                context_window: Some(200_000),
            },
            ModelDescription {
                provider: "mine".to_owned(),
                model: "scripted-other".to_owned(),
                name: "Another scripted model".to_owned(),
                vision: None,
                reasoning: None,
                context_window: None,
            },
        ]
    );
    assert_eq!(provider.id(), "mine");
    assert_eq!(provider.title_model(), None);
}
