//! The wire format of OpenAI Chat Completions, byte for byte.

use crate::client::{Reply, call, server};

const RULES: &str = r#"
[[rule]]
when = { exact = "plain" }
chunks = ["Hel", "lo \"you\"\n"]

[[rule]]
when = { exact = "rich" }
reasoning = "Hm."
text = "Wait."
tool_calls = [{ id = "call_1", name = "look", arguments = { at = "x" } }]
usage = { input_tokens = 12, output_tokens = 34, cache_read_tokens = 5, reasoning_tokens = 8 }

[[rule]]
when = { exact = "early" }
error = { kind = "rate_limited", message = "Slow down", retry_after_ms = 1200 }

[[rule]]
when = { exact = "late" }
chunks = ["a", "b"]
error = { kind = "failed", message = "Oh", after_chunks = 1 }

[[rule]]
when = { exact = "refuse" }
text = "No."
finish = "refusal"

[[rule]]
when = { exact = "endless" }
text = "No end is told."
chunk = "whole"
omit_done = true

[fallback]
text = "system={{system}} turn={{turn}} last={{last}} model={{model}}"
chunk = "whole"
"#;

async fn ask(body: &str) -> Reply {
    let server = server(RULES).await;
    call(
        server.address(),
        "POST",
        "/v1/chat/completions",
        &["authorization: Bearer secret"],
        body,
    )
    .await
    .unwrap()
}

async fn stream(question: &str, more: &str) -> Reply {
    ask(&format!(
        r#"{{"model":"gpt-scripted","stream":true,"messages":[{{"role":"user","content":"{question}"}}]{more}}}"#
    ))
    .await
}

async fn whole(question: &str) -> Reply {
    ask(&format!(
        r#"{{"model":"gpt-scripted","messages":[{{"role":"user","content":"{question}"}}]}}"#
    ))
    .await
}

const WITH_USAGE: &str = r#","stream_options":{"include_usage":true}"#;

/// The stream's chunks with the head that all of them share taken away.
fn chunks(body: &str) -> Vec<String> {
    const HEAD: &str = r#"data: {"id":"chatcmpl-scripted000001","object":"chat.completion.chunk","created":1763700000,"model":"gpt-scripted","service_tier":"default","system_fingerprint":"fp_scripted","choices":["#;
    body.split_terminator("\n\n")
        .map(|chunk| chunk.strip_prefix(HEAD).unwrap_or(chunk).to_owned())
        .collect()
}

#[tokio::test]
async fn streams_a_plain_answer_with_figures() {
    let reply = stream("plain", WITH_USAGE).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    assert_eq!(reply.header("x-request-id"), Some("req_scripted_000001"));
    assert!(reply.is_whole);
    assert_eq!(
        reply.body,
        r#"data: {"id":"chatcmpl-scripted000001","object":"chat.completion.chunk","created":1763700000,"model":"gpt-scripted","service_tier":"default","system_fingerprint":"fp_scripted","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-scripted000001","object":"chat.completion.chunk","created":1763700000,"model":"gpt-scripted","service_tier":"default","system_fingerprint":"fp_scripted","choices":[{"index":0,"delta":{"content":"Hel"},"logprobs":null,"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-scripted000001","object":"chat.completion.chunk","created":1763700000,"model":"gpt-scripted","service_tier":"default","system_fingerprint":"fp_scripted","choices":[{"index":0,"delta":{"content":"lo \"you\"\n"},"logprobs":null,"finish_reason":null}],"usage":null}

data: {"id":"chatcmpl-scripted000001","object":"chat.completion.chunk","created":1763700000,"model":"gpt-scripted","service_tier":"default","system_fingerprint":"fp_scripted","choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null}

data: {"id":"chatcmpl-scripted000001","object":"chat.completion.chunk","created":1763700000,"model":"gpt-scripted","service_tier":"default","system_fingerprint":"fp_scripted","choices":[],"usage":{"prompt_tokens":2,"completion_tokens":4,"total_tokens":6,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0}}}

data: [DONE]

"#
    );
}

#[tokio::test]
async fn streams_reasoning_and_a_tool_call_without_figures() {
    assert_eq!(
        chunks(&stream("rich", "").await.body),
        [
            r#"{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}]}"#,
            r#"{"index":0,"delta":{"reasoning_content":"Hm."},"logprobs":null,"finish_reason":null}]}"#,
            r#"{"index":0,"delta":{"content":"Wait."},"logprobs":null,"finish_reason":null}]}"#,
            r#"{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"look","arguments":""}}]},"logprobs":null,"finish_reason":null}]}"#,
            r#"{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"at\":\"x\"}"}}]},"logprobs":null,"finish_reason":null}]}"#,
            r#"{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}]}"#,
            "data: [DONE]",
        ]
    );
}

#[tokio::test]
async fn ends_a_stream_with_an_error_and_without_done() {
    let reply = stream("late", "").await;
    assert!(reply.is_whole);
    assert_eq!(
        chunks(&reply.body)[1..],
        [
            r#"{"index":0,"delta":{"content":"a"},"logprobs":null,"finish_reason":null}]}"#,
            r#"data: {"error":{"message":"Oh","type":"server_error","param":null,"code":null}}"#,
        ]
    );
}

#[tokio::test]
async fn refuses_with_a_status_before_the_first_byte() {
    for reply in [stream("early", "").await, whole("early").await] {
        assert_eq!(reply.status, 429);
        assert_eq!(reply.header("retry-after"), Some("2"));
        assert_eq!(reply.header("retry-after-ms"), Some("1200"));
        assert_eq!(
            reply.body,
            r#"{"error":{"message":"Slow down","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#
        );
    }
}

#[tokio::test]
async fn tells_a_refusal_in_a_field_of_its_own() {
    assert_eq!(
        chunks(&stream("refuse", "").await.body)[1..],
        [
            r#"{"index":0,"delta":{"refusal":"No."},"logprobs":null,"finish_reason":null}]}"#,
            r#"{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}"#,
            "data: [DONE]",
        ]
    );
    let reply = whole("refuse").await;
    assert!(
        reply.body.contains(r#""content":null,"refusal":"No.""#),
        "{}",
        reply.body
    );
}

#[tokio::test]
async fn leaves_out_done_where_a_rule_says_so() {
    let reply = stream("endless", "").await;
    assert!(reply.is_whole);
    assert_eq!(
        chunks(&reply.body).last().map(String::as_str),
        Some(r#"{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}"#)
    );
}

#[tokio::test]
async fn answers_in_one_piece() {
    let reply = whole("rich").await;
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(
        reply.body,
        r#"{"id":"chatcmpl-scripted000001","object":"chat.completion","created":1763700000,"model":"gpt-scripted","choices":[{"index":0,"message":{"role":"assistant","content":"Wait.","refusal":null,"reasoning_content":"Hm.","tool_calls":[{"id":"call_1","type":"function","function":{"name":"look","arguments":"{\"at\":\"x\"}"}}],"annotations":[]},"logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":17,"completion_tokens":34,"total_tokens":51,"prompt_tokens_details":{"cached_tokens":5,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":8,"audio_tokens":0}},"service_tier":"default","system_fingerprint":"fp_scripted"}"#
    );
}

#[tokio::test]
async fn looks_at_the_system_prompt_and_at_every_kind_of_message() {
    let reply = ask(
        r#"{"model":"x","messages":[
            {"role":"developer","content":"Be kind."},
            {"role":"user","content":"one"},
            {"role":"assistant","content":null,"tool_calls":[{"id":"t","type":"function","function":{"name":"n","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"t","content":"42"},
            {"role":"user","content":[{"type":"text","text":"two"},{"type":"image_url","image_url":{"url":"http://x"}}]}]}"#,
    )
    .await;
    assert!(
        reply
            .body
            .contains(r#""content":"system=Be kind. turn=2 last=two model=x""#),
        "{}",
        reply.body
    );
}

#[tokio::test]
async fn refuses_what_the_api_refuses() {
    for body in [
        "{",
        r#"{"messages":[{"role":"user","content":"a"}]}"#,
        r#"{"model":"x","messages":[]}"#,
        r#"{"model":"x","messages":[{"role":"king","content":"a"}]}"#,
        r#"{"model":"x","n":2,"messages":[{"role":"user","content":"a"}]}"#,
    ] {
        let reply = ask(body).await;
        assert_eq!(reply.status, 400, "{body}");
        assert!(
            reply.body.contains(r#""type":"invalid_request_error""#),
            "{body}"
        );
    }
}
