//! The wire format of Anthropic Messages, byte for byte.

use crate::client::{Reply, call, server};

const RULES: &str = r#"
[[model]]
id = "claude-scripted"
name = "Claude (scripted)"

[[rule]]
when = { exact = "plain" }
chunks = ["Hel", "lo \"you\"\n"]

[[rule]]
when = { exact = "rich" }
reasoning = "Hm."
signature = "c2ln"
text = "Wait."
tool_calls = [{ id = "toolu_1", name = "look", arguments = { at = "x" } }]
usage = { input_tokens = 12, output_tokens = 34, cache_read_tokens = 5, cache_write_tokens = 6 }

[[rule]]
when = { exact = "early" }
error = { kind = "overloaded", message = "Overloaded", retry_after_ms = 1200 }

[[rule]]
when = { exact = "late" }
chunks = ["a", "b"]
error = { kind = "overloaded", message = "Overloaded", after_chunks = 1 }

[[rule]]
when = { exact = "refuse" }
text = "No."
finish = "refusal"

[fallback]
text = "system={{system}} turn={{turn}} last={{last}} model={{model}}"
chunk = "whole"
"#;

async fn ask(body: &str) -> Reply {
    let server = server(RULES).await;
    call(
        server.address(),
        "POST",
        "/v1/messages",
        &["anthropic-version: 2023-06-01", "x-api-key: secret"],
        body,
    )
    .await
    .unwrap()
}

async fn stream(question: &str) -> Reply {
    ask(&format!(
        r#"{{"model":"claude-scripted","max_tokens":100,"stream":true,"messages":[{{"role":"user","content":"{question}"}}]}}"#
    ))
    .await
}

async fn whole(question: &str) -> Reply {
    ask(&format!(
        r#"{{"model":"claude-scripted","max_tokens":100,"messages":[{{"role":"user","content":"{question}"}}]}}"#
    ))
    .await
}

#[tokio::test]
async fn streams_a_plain_answer() {
    let reply = stream("plain").await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    assert_eq!(reply.header("request-id"), Some("req_scripted_000001"));
    assert!(reply.is_whole);
    assert_eq!(
        reply.body,
        r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_scripted_000001","type":"message","role":"assistant","model":"claude-scripted","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":2,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1}}}

event: ping
data: {"type": "ping"}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hel"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"lo \"you\"\n"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":2,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":4}}

event: message_stop
data: {"type":"message_stop"}

"#
    );
}

#[tokio::test]
async fn streams_thinking_text_and_a_tool_call_in_blocks_of_their_own() {
    assert_eq!(
        stream("rich").await.body,
        r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_scripted_000001","type":"message","role":"assistant","model":"claude-scripted","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":12,"cache_creation_input_tokens":6,"cache_read_input_tokens":5,"output_tokens":1}}}

event: ping
data: {"type": "ping"}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Wait."}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: content_block_start
data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"look","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"at\":\"x\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":2}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":12,"cache_creation_input_tokens":6,"cache_read_input_tokens":5,"output_tokens":34}}

event: message_stop
data: {"type":"message_stop"}

"#
    );
}

#[tokio::test]
async fn ends_a_stream_with_an_error_event() {
    let reply = stream("late").await;
    assert!(reply.is_whole);
    assert!(
        reply.body.ends_with(
            r#"
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}

event: error
data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_scripted_000001"}

"#
        ),
        "{}",
        reply.body
    );
}

#[tokio::test]
async fn refuses_with_a_status_before_the_first_byte() {
    for reply in [stream("early").await, whole("early").await] {
        assert_eq!(reply.status, 529);
        assert_eq!(reply.header("retry-after"), Some("2"));
        assert_eq!(
            reply.body,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_scripted_000001"}"#
        );
    }
}

#[tokio::test]
async fn answers_in_one_piece() {
    let reply = whole("rich").await;
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(
        reply.body,
        r#"{"id":"msg_scripted_000001","type":"message","role":"assistant","model":"claude-scripted","content":[{"type":"thinking","thinking":"Hm.","signature":"c2ln"},{"type":"text","text":"Wait."},{"type":"tool_use","id":"toolu_1","name":"look","input":{"at":"x"}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":12,"cache_creation_input_tokens":6,"cache_read_input_tokens":5,"output_tokens":34}}"#
    );
}

#[tokio::test]
async fn tells_a_refusal_by_its_stop_reason() {
    let reply = whole("refuse").await;
    assert!(
        reply
            .body
            .contains(r#""content":[{"type":"text","text":"No."}],"stop_reason":"refusal""#),
        "{}",
        reply.body
    );
}

#[tokio::test]
async fn looks_at_the_system_prompt_and_at_every_kind_of_message() {
    let reply = ask(
        r#"{"model":"x","max_tokens":9,"system":[{"type":"text","text":"Be kind.","cache_control":{"type":"ephemeral"}}],"messages":[
            {"role":"user","content":"one"},
            {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"n","input":{}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"42"}]},
            {"role":"assistant","content":"so"},
            {"role":"user","content":[{"type":"text","text":"two"},{"type":"image","source":{"type":"url","url":"http://x"}},{"type":"text","text":"three"}]}]}"#,
    )
    .await;
    assert!(
        reply
            .body
            .contains(r#""text":"system=Be kind. turn=2 last=two\nthree model=x""#),
        "{}",
        reply.body
    );
}

#[tokio::test]
async fn refuses_what_the_api_refuses() {
    let reply = ask(r#"{"model":"x","messages":[{"role":"user","content":"a"}]}"#).await;
    assert_eq!(reply.status, 400);
    assert!(
        reply.body.contains("invalid_request_error")
            && reply.body.contains("missing field `max_tokens`"),
        "{}",
        reply.body
    );
    let reply = ask(r#"{"model":"x","max_tokens":1,"messages":[]}"#).await;
    assert_eq!(reply.status, 400);
    let reply =
        ask(r#"{"model":"x","max_tokens":1,"messages":[{"role":"system","content":"a"}]}"#).await;
    assert_eq!(reply.status, 400);
    let server = server(RULES).await;
    let reply = call(server.address(), "POST", "/v1/messages", &[], "{}")
        .await
        .unwrap();
    assert_eq!(reply.status, 400);
    assert!(reply.body.contains("anthropic-version: header is required"));
}
