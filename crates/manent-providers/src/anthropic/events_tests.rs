use manent_domain::completion::CompletionEvent::{
    Done, Reasoning, ReasoningSignature, Text, ToolCall, Usage as Counted,
};
use proptest::prelude::*;

use super::*;
use crate::answer::{decode, decode_every_way};

const ANSWER: &str = concat!(
    "event: message_start\n",
    r#"data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[],"stop_reason":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":3,"cache_read_input_tokens":700,"output_tokens":1}}}"#,
    "\n\n",
    "event: content_block_start\n",
    r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
    "\n\n",
    "event: content_block_delta\n",
    r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Let me see.\nA gärden 🌱"}}"#,
    "\n\n",
    "event: content_block_delta\n",
    r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQBCg+/="}}"#,
    "\n\n",
    "event: content_block_stop\n",
    r#"data: {"type":"content_block_stop","index":0}"#,
    "\n\n",
    "event: content_block_start\n",
    r#"data: {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"EmwKAhgB"}}"#,
    "\n\n",
    "event: content_block_stop\n",
    r#"data: {"type":"content_block_stop","index":1}"#,
    "\n\n",
    "event: content_block_start\n",
    r#"data: {"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}"#,
    "\n\n",
    "event: ping\n",
    r#"data: {"type":"ping"}"#,
    "\n\n",
    "event: content_block_delta\n",
    r#"data: {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"Möhren, 🥕 and 漢字"}}"#,
    "\n\n",
    "event: content_block_delta\n",
    r#"data: {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"\u00e9 \"quoted\" \ud83e\udd80"}}"#,
    "\n\n",
    "event: content_block_stop\n",
    r#"data: {"type":"content_block_stop","index":2}"#,
    "\n\n",
    "event: content_block_start\n",
    r#"data: {"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_1","name":"weather","input":{}}}"#,
    "\n\n",
    "event: content_block_delta\n",
    r#"data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":""}}"#,
    "\n\n",
    "event: content_block_delta\n",
    r#"data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"city\": \"Köln\""}}"#,
    "\n\n",
    "event: content_block_delta\n",
    r#"data: {"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"}"}}"#,
    "\n\n",
    "event: content_block_stop\n",
    r#"data: {"type":"content_block_stop","index":3}"#,
    "\n\n",
    "event: message_delta\n",
    r#"data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":89,"output_tokens_details":{"thinking_tokens":40}}}"#,
    "\n\n",
    "event: message_stop\n",
    r#"data: {"type":"message_stop"}"#,
    "\n\n",
);

fn translator() -> MessagesTranslator {
    MessagesTranslator::new(Arc::new(Redaction::default()))
}

fn every_way(events: &[&str]) -> Vec<Result<CompletionEvent, ProviderError>> {
    let bytes = format!("data: {}\n\n", events.join("\n\ndata: "));
    decode_every_way(translator, bytes.as_bytes())
}

#[test]
fn says_the_same_at_every_cut() {
    let first = Usage {
        input_tokens: Some(25),
        output_tokens: Some(1),
        reasoning_tokens: None,
        cache_read_tokens: Some(700),
        cache_write_tokens: Some(3),
    };
    let last = Usage {
        output_tokens: Some(89),
        reasoning_tokens: Some(40),
        ..first
    };
    let expected = vec![
        Ok(Counted(first)),
        Ok(Reasoning("Let me see.\nA gärden 🌱".to_owned())),
        Ok(ReasoningSignature("EqQBCg+/=".to_owned())),
        Ok(Text("Möhren, 🥕 and 漢字".to_owned())),
        Ok(Text("é \"quoted\" 🦀".to_owned())),
        Ok(ToolCall {
            index: 0,
            id: Some("toolu_1".to_owned()),
            name: Some("weather".to_owned()),
            arguments_delta: None,
        }),
        Ok(ToolCall {
            index: 0,
            id: None,
            name: None,
            arguments_delta: Some("{\"city\": \"Köln\"".to_owned()),
        }),
        Ok(ToolCall {
            index: 0,
            id: None,
            name: None,
            arguments_delta: Some("}".to_owned()),
        }),
        Ok(Counted(last)),
        Ok(Done(FinishReason::ToolUse)),
    ];
    assert_eq!(decode_every_way(translator, ANSWER.as_bytes()), expected);
    let crlf = ANSWER.replace('\n', "\r\n");
    assert_eq!(decode_every_way(translator, crlf.as_bytes()), expected);
}

#[test]
fn keeps_parallel_tool_calls_apart_and_ignores_the_providers_own_tools() {
    let said = every_way(&[
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"q\":1}"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"a","name":"one","input":{"x":1}}}"#,
        r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"b","name":"two"}}"#,
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
        r#"{"type":"something_new","data":[1,2]}"#,
        r#"{"type":"message_stop"}"#,
    ]);
    let call = |index, id: Option<&str>, name: Option<&str>, arguments: Option<&str>| {
        Ok(ToolCall {
            index,
            id: id.map(str::to_owned),
            name: name.map(str::to_owned),
            arguments_delta: arguments.map(str::to_owned),
        })
    };
    assert_eq!(
        said,
        [
            call(0, Some("a"), Some("one"), Some("{\"x\":1}")),
            call(1, Some("b"), Some("two"), None),
            call(1, None, None, Some("{}")),
            Ok(Done(FinishReason::Other)),
        ]
    );
}

#[test]
fn knows_every_reason_to_stop() {
    for (word, reason) in [
        ("end_turn", FinishReason::Stop),
        ("stop_sequence", FinishReason::Stop),
        ("max_tokens", FinishReason::Length),
        ("model_context_window_exceeded", FinishReason::Length),
        ("tool_use", FinishReason::ToolUse),
        ("refusal", FinishReason::Refusal),
        ("pause_turn", FinishReason::Other),
        ("something_new", FinishReason::Other),
    ] {
        let delta = format!(
            r#"{{"type":"message_delta","delta":{{"stop_reason":"{word}"}},"usage":null}}"#
        );
        let said = every_way(&[&delta, r#"{"type":"message_stop"}"#]);
        assert_eq!(said, [Ok(Done(reason))], "{word}");
        assert_eq!(every_way(&[&delta]), [Ok(Done(reason))], "{word}");
    }
}

#[test]
fn keeps_what_came_before_an_error_and_nothing_after_it() {
    let said = every_way(&[
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Half"}}"#,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"more"}}"#,
        r#"{"type":"message_stop"}"#,
    ]);
    assert_eq!(
        said,
        [
            Ok(Text("Half".to_owned())),
            Err(ProviderError::Overloaded {
                retry_after_ms: None
            })
        ]
    );
}

#[test]
fn calls_a_missing_end_truncated_wherever_it_breaks() {
    let reason_at = ANSWER.find("event: message_delta").unwrap();
    for border in 0..reason_at {
        let said = decode(translator(), [&ANSWER.as_bytes()[..border]]);
        assert_eq!(
            said.last(),
            Some(&Err(ProviderError::Truncated)),
            "{border}"
        );
    }
}

#[test]
fn rejects_what_is_not_the_format_without_repeating_it() {
    for data in [
        r#"{"secret":1}"#,
        r#"{"type":7}"#,
        "secret",
        r#"{"type":"content_block_delta","delta":{"text":{"secret":1}}}"#,
    ] {
        match every_way(&[data, r#"{"type":"message_stop"}"#]).as_slice() {
            [Err(ProviderError::Protocol { detail })] => assert!(!detail.contains("secret")),
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    #[test]
    fn says_the_same_however_it_is_cut(cuts in prop::collection::vec(0..=ANSWER.len(), 0..40)) {
        let mut borders = cuts;
        borders.extend([0, ANSWER.len()]);
        borders.sort_unstable();
        let bytes = ANSWER.as_bytes();
        let parts = borders.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
        prop_assert_eq!(decode(translator(), parts), decode(translator(), [bytes]));
    }
}
