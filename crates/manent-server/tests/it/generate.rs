//! Generations: what comes, in which order, how they end, and how they are cancelled.

use std::time::{Duration, Instant};

use manent_scripted::server::RequestState;
use manent_testkit::{Block, Client, Event, TestServer};
use serde_json::{Value, json};

use crate::support::redaction::redacted;
use crate::support::reply::Reply;
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
async fn a_failure_before_the_first_byte_has_a_status_and_a_code_of_our_own() -> Test {
    let over_http = servers::OverHttp::start("").await?;
    let in_process = servers::start("").await?;
    let expected = [
        ("fail early", 502, "provider_bad_request", None),
        ("fail overloaded", 503, "provider_overloaded", Some(1_500)),
        ("fail rate", 503, "provider_rate_limited", Some(2_000)),
        ("fail auth", 502, "provider_auth", None),
        ("drop early", 502, "provider_unreachable", None),
    ];
    for (question, status, code, wait) in expected {
        let bodies = [
            (in_process.client(), prompt(question)),
            (over_http.server.client(), prompt_to("anthropic", question)),
            (over_http.server.client(), prompt_to("openai", question)),
        ];
        for (client, body) in bodies {
            let request = client.http().post(client.url("/completion/generate"));
            let reply = Reply::to(request.json(&body)).await?;
            assert_eq!(reply.problem(), (status, code.to_owned()), "{body}");
            assert_eq!(reply.json()["retryAfterMs"].as_u64(), wait, "{body}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_provider_that_is_not_there_or_says_nothing_has_its_own_code() -> Test {
    // A port on which nobody listens: bound for a moment, and given back.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let (_upstream, server) = Upstream::with_server(
        &format!(
            "[[providers]]\nid = \"nobody\"\nkind = \"openai\"\nbase_url = \"http://{nobody}/v1\"\nmodels = [\"m\"]\nretries = 0\n"
        ),
        "connect_timeout = \"100ms\"\nfirst_byte_timeout = \"100ms\"",
    )
    .await?;
    for (provider, status, code) in [
        ("nobody", 502, "provider_unreachable"),
        ("gated", 504, "provider_timeout"),
    ] {
        let mut body = prompt("x");
        body["config"] = json!({"provider": provider});
        let answer = server.client().post("/completion/generate", &body).await?;
        assert_eq!((answer.status, answer.code()), (status, code));
    }
    Ok(())
}

#[tokio::test]
async fn an_error_in_mid_stream_is_one_event_and_the_last_one() -> Test {
    let over_http = servers::OverHttp::start("").await?;
    let client = over_http.server.client();
    let five = "One two three four five";
    for (question, text, code, retryable) in [
        ("fail late", five, "provider_overloaded", true),
        ("drop", five, "provider_truncated", true),
        ("malformed", "One two three", "provider_protocol", false),
    ] {
        for provider in ["anthropic", "openai"] {
            let request = client
                .http()
                .post(client.url("/completion/generate"))
                .json(&prompt_to(provider, question));
            let response = request.send().await?;
            let trace = response.headers()["x-trace-id"].to_str()?.to_owned();
            let events = manent_testkit::EventReader::new(response)?.rest().await?;
            let last = events
                .last()
                .map(|event| event.data.clone())
                .unwrap_or_default();
            assert_eq!(
                comparable(&events)[0][1]["text"],
                text,
                "{question} by {provider}"
            );
            assert_eq!(last["code"], code, "{question} by {provider}: {last}");
            assert_eq!(last["retryable"], retryable, "{question} by {provider}");
            assert_eq!(last["traceId"], trace, "{question} by {provider}");
            let errors = events.iter().filter(|event| event.name == "error").count();
            assert_eq!(errors, 1, "{question} by {provider}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn silence_is_filled_with_pings_and_ends_with_an_error() -> Test {
    let (mut upstream, server) =
        Upstream::with_server("[sse]\nheartbeat = \"100ms\"", "silence_timeout = \"1s\"").await?;
    let body = prompt("x");
    let (stream, call) = tokio::join!(server.client().generate(&body), async {
        let call = upstream.call().await?;
        call.say("a")?;
        anyhow::Ok(call)
    });
    let (mut stream, _call) = (stream?, call?);
    let begun = Instant::now();
    let mut pings = 0;
    let mut names = Vec::new();
    while let Some(block) = stream.next_block().await? {
        match block {
            Block::Comment(comment) => {
                assert_eq!(comment, "ping");
                pings += 1;
            }
            Block::Event(event) => names.push((event.name, event.data["code"].clone())),
        }
    }
    let most = begun.elapsed().as_millis() / 100 + 1;
    assert!((2..=most).contains(&pings), "{pings} pings, at most {most}");
    assert_eq!(
        names,
        [
            ("start".to_owned(), json!(null)),
            ("delta".to_owned(), json!(null)),
            ("error".to_owned(), json!("provider_timeout")),
        ]
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
async fn prompts_and_settings_are_checked_before_anybody_is_asked() -> Test {
    let over_http =
        servers::OverHttp::start("[limits]\nprompt_messages = 2\nsystem_bytes = 8\n").await?;
    let client = over_http.server.client();
    let with = |config: Value| {
        let mut body = prompt("x");
        body["config"] = config;
        body
    };
    let user = json!({"role": "user", "content": "x"});
    let cases = [
        (json!({}), 400, "invalid_body", Some("messages")),
        (
            json!({"messages": [{"role": "user"}]}),
            400,
            "invalid_body",
            Some("messages[0].content"),
        ),
        (json!([[user]]), 400, "invalid_body", None),
        (
            json!({"messages": [["user", "x"]]}),
            400,
            "invalid_body",
            Some("messages[0]"),
        ),
        (
            json!({"messages": [user], "config": ["p"]}),
            400,
            "invalid_body",
            Some("config"),
        ),
        (
            json!({"messages": []}),
            422,
            "invalid_value",
            Some("messages"),
        ),
        (
            json!({"messages": [user, user, user]}),
            422,
            "invalid_value",
            Some("messages"),
        ),
        (
            json!({"messages": [{"role": "user", "content": []}]}),
            422,
            "invalid_value",
            Some("messages.content"),
        ),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "image"}]}]}),
            422,
            "invalid_value",
            Some("messages.content"),
        ),
        (
            json!({"messages": [{"role": "wizard", "content": "x"}]}),
            400,
            "invalid_body",
            Some("messages[0].role"),
        ),
        (
            json!({"messages": [{"role": "user", "content": "x", "id": 1}]}),
            400,
            "invalid_body",
            Some("messages[0].id"),
        ),
        (
            with(json!({"temperature": 2.1})),
            422,
            "invalid_value",
            Some("config.temperature"),
        ),
        (
            with(json!({"temperature": -0.1})),
            422,
            "invalid_value",
            Some("config.temperature"),
        ),
        (
            with(json!({"topP": 1.1})),
            422,
            "invalid_value",
            Some("config.topP"),
        ),
        (
            with(json!({"maxTokens": 0})),
            422,
            "invalid_value",
            Some("config.maxTokens"),
        ),
        (
            with(json!({"maxTokens": 1.5})),
            400,
            "invalid_body",
            Some("config.maxTokens"),
        ),
        (
            with(json!({"stop": ["", "a"]})),
            422,
            "invalid_value",
            Some("config.stop"),
        ),
        (
            with(json!({"system": "too long for this"})),
            422,
            "invalid_value",
            Some("config.system"),
        ),
        (
            with(json!({"thinking": {"budgetTokens": 1}})),
            422,
            "invalid_value",
            Some("config.thinking.budgetTokens"),
        ),
        (
            with(json!({"reasoningEffort": "extreme"})),
            400,
            "invalid_body",
            Some("config.reasoningEffort"),
        ),
        (
            with(json!({"temprature": 1})),
            400,
            "invalid_body",
            Some("config.temprature"),
        ),
        (
            with(json!({"provider": "nobody"})),
            422,
            "unknown_provider",
            Some("config.provider"),
        ),
        (
            with(json!({"model": ""})),
            422,
            "invalid_value",
            Some("config.model"),
        ),
    ];
    for (body, status, code, field) in cases {
        let request = client.http().post(client.url("/completion/generate"));
        let reply = Reply::to(request.json(&body)).await?;
        assert_eq!(
            reply.problem(),
            (status, code.to_owned()),
            "{body}: {}",
            reply.json()
        );
        assert_eq!(reply.json()["field"].as_str(), field, "{body}");
    }
    assert_eq!(over_http.upstream.requests().total(), 0);
    Ok(())
}

#[tokio::test]
async fn a_model_that_is_not_listed_is_refused_where_the_configuration_says_so() -> Test {
    let (_upstream, server) = Upstream::with_server("", "limit_to_listed = true").await?;
    for config in [
        json!({"model": "other"}),
        json!({"provider": "gated", "model": "other"}),
    ] {
        let mut body = prompt("x");
        body["config"] = config;
        let answer = server.client().post("/completion/generate", &body).await?;
        assert_eq!((answer.status, answer.code()), (422, "unknown_model"));
    }
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
