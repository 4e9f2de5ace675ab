//! Generations: what comes, in which order, how they end, and how they are cancelled.

mod failures;

use std::time::Duration;

use manent_scripted::server::RequestState;
use manent_testkit::{Client, Event, TestServer};
use serde_json::{Value, json};

use crate::support::redaction::redacted;
use crate::support::upstream::Upstream;
use crate::support::{Test, servers};

fn prompt(text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": text}]})
}

fn prompt_to(provider: &str, text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": text}], "config": {"provider": provider, "model": "scripted-test"}})
}

/// Names and data, without traces, neighbouring pieces of the same kind joined: where they are cut says nothing.
fn story(events: &[Event]) -> Value {
    let mut story: Vec<Value> = Vec::new();
    for event in events {
        let data = redacted(&event.data);
        let joins = |last: &Value| {
            last[0] == "delta"
                && event.name == "delta"
                && last[1]["type"] == data["type"]
                && last[1]["text"].is_string()
                && data["text"].is_string()
        };
        match story.last_mut().filter(|last| joins(last)) {
            Some(last) => {
                let whole = format!(
                    "{}{}",
                    last[1]["text"].as_str().unwrap_or_default(),
                    data["text"].as_str().unwrap_or_default()
                );
                last[1]["text"] = whole.into();
            }
            None => story.push(json!([event.name, data])),
        }
    }
    json!(story)
}

async fn events(client: &Client, body: &Value) -> anyhow::Result<Vec<Event>> {
    let events = client.generate(body).await?.rest().await?;
    let ids: Vec<u64> = events.iter().map(|event| event.id).collect();
    let expected: Vec<u64> = (1..).take(ids.len()).collect();
    assert_eq!(ids, expected, "ids count up from 1");
    let ends = events
        .iter()
        .filter(|event| event.name == "done" || event.name == "error");
    assert_eq!(ends.count(), 1, "exactly one end: {events:?}");
    let last = events.last().map(|event| event.name.as_str());
    assert!(matches!(last, Some("done" | "error")), "{events:?}");
    Ok(events)
}

#[tokio::test]
async fn a_generation_starts_answers_counts_and_is_done() -> Test {
    let server = servers::start("").await?;
    let events = events(server.client(), &prompt("hello")).await?;
    assert_eq!(
        story(&events),
        json!([
            ["start", {"provider": "scripted", "model": "scripted-test"}],
            ["delta", {"type": "text", "text": "Hello! This is a scripted answer."}],
            ["usage", {"inputTokens": 2, "outputTokens": 11}],
            ["done", {"finishReason": "stop"}],
        ])
    );
    Ok(())
}

#[tokio::test]
async fn both_wire_formats_tell_the_same_story_as_the_script() -> Test {
    let over_http = servers::OverHttp::start("").await?;
    let in_process = servers::start("").await?;
    for question in [
        "hello",
        "unicode",
        "refuse",
        "cut",
        "empty",
        "tokens 300",
        "fail late",
        "drop",
        "malformed",
    ] {
        let told = events(in_process.client(), &prompt(question)).await?;
        for provider in ["anthropic", "openai"] {
            let heard = events(over_http.server.client(), &prompt_to(provider, question)).await?;
            assert_eq!(
                comparable(&heard),
                comparable(&told),
                "{question} by {provider}"
            );
        }
    }
    Ok(())
}

/// The story without what formats cannot agree on: names, costs and the provider's own words about an error.
fn comparable(events: &[Event]) -> Value {
    let events: Vec<Event> = events
        .iter()
        .filter(|event| !matches!(event.name.as_str(), "start" | "usage"))
        .cloned()
        .map(|mut event| {
            if event.name == "error" {
                event.data["detail"] = "".into();
            }
            event
        })
        .collect();
    story(&events)
}

#[tokio::test]
async fn reasoning_signature_and_tool_calls_arrive_whole() -> Test {
    let over_http = servers::OverHttp::start("").await?;
    let client = over_http.server.client();
    let thought = events(client, &prompt_to("anthropic", "think")).await?;
    let thought = comparable(&thought);
    assert_eq!(
        thought[0],
        json!(["delta", {"type": "reasoning",
            "text": "First I look at the question. Then I weigh two answers. The second one is better."}])
    );
    assert_eq!(
        thought[1],
        json!(["delta", {"type": "reasoningSignature", "signature": "c2NyaXB0ZWQtc2lnbmF0dXJl"}])
    );
    for provider in ["anthropic", "openai"] {
        let called = events(client, &prompt_to(provider, "tool")).await?;
        let deltas: Vec<&Value> = called
            .iter()
            .filter(|event| event.data["type"] == "toolCall")
            .map(|event| &event.data)
            .collect();
        let joined = |field: &str| -> String {
            deltas
                .iter()
                .filter_map(|delta| delta[field].as_str())
                .collect()
        };
        assert_eq!(
            (joined("id"), joined("name")),
            ("call_weather_1".to_owned(), "get_weather".to_owned())
        );
        assert_eq!(
            serde_json::from_str::<Value>(&joined("argumentsDelta"))?,
            json!({"city": "Kraków", "unit": "celsius"})
        );
        assert!(deltas.iter().all(|delta| delta["index"] == 0));
        assert_eq!(
            called.last().map(|event| event.data.clone()),
            Some(json!({"finishReason": "toolUse"}))
        );
    }
    Ok(())
}

#[tokio::test]
async fn settings_reach_the_provider() -> Test {
    let server = servers::start("").await?;
    let body = json!({"messages": [{"role": "user", "content": [{"type": "text", "text": "system"}]}],
        "config": {"system": "be kind", "model": "scripted-other"}});
    let events = events(server.client(), &body).await?;
    assert_eq!(
        events[0].data,
        json!({"provider": "scripted", "model": "scripted-other"})
    );
    assert_eq!(
        story(&events)[1][1]["text"],
        "The system prompt says: be kind"
    );
    Ok(())
}

#[tokio::test]
async fn closing_the_connection_cancels_the_providers_call() -> Test {
    let over_http = servers::OverHttp::start("").await?;
    for (done, provider) in [(1, "anthropic"), (2, "openai")] {
        let client = Client::new(over_http.server.address())?;
        let mut stream = client.generate(&prompt_to(provider, "hang")).await?;
        while stream
            .next()
            .await?
            .is_some_and(|event| event.name != "delta")
        {}
        drop(stream);
        drop(client);
        let cancelled = over_http.upstream.requests().wait_until(|requests| {
            let cancelled = |request: &&manent_scripted::server::RecordedRequest| {
                request.state == RequestState::Cancelled
            };
            requests.iter().filter(cancelled).count() == done
        });
        tokio::time::timeout(Duration::from_secs(10), cancelled).await?;
    }
    Ok(())
}

#[tokio::test]
async fn closing_the_connection_before_the_first_byte_cancels_too() -> Test {
    let (mut upstream, server) = Upstream::with_server("", "").await?;
    let client = Client::new(server.address())?;
    let asking = tokio::spawn(async move { client.generate(&prompt("x")).await.map(drop) });
    let call = upstream.call().await?;
    asking.abort();
    tokio::time::timeout(Duration::from_secs(10), call.cancelled()).await?;
    Ok(())
}

#[tokio::test]
async fn many_generations_run_side_by_side_without_mixing() -> Test {
    let server = TestServer::start_with(&servers::scripted_provider()).await?;
    let client = server.client();
    let all = (0..50).map(|number| async move {
        let question = format!("question {number}");
        let events = events(client, &prompt(&question)).await?;
        assert_eq!(
            story(&events)[1][1]["text"],
            format!("You said: {question}")
        );
        anyhow::Ok(())
    });
    futures_util::future::try_join_all(all).await?;
    Ok(())
}
