//! Generations that fail, before the first byte and after it.

use std::time::Instant;

use manent_testkit::Block;
use serde_json::{Value, json};

use super::{comparable, prompt, prompt_to};
use crate::support::reply::Reply;
use crate::support::upstream::Upstream;
use crate::support::{Test, servers};

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
