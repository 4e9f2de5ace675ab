use manent_domain::completion::CompletionEvent::{
    Done, Reasoning, Text, ToolCall, Usage as Counted,
};
use proptest::prelude::*;

use super::*;
use crate::answer::{decode, decode_every_way};

const ANSWER: &str = concat!(
    ": OPENROUTER PROCESSING\n\n",
    r#"data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"prompt_filter_results":[]}"#,
    "\n\n",
    r#"data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"usage":null}"#,
    "\n\n",
    r#"data: {"choices":[{"index":0,"delta":{"reasoning_content":"Hm — 🤔","content":null},"finish_reason":null}]}"#,
    "\n\n",
    r#"data: {"choices":[{"index":0,"delta":{"reasoning":"so","reasoning_content":"so"},"finish_reason":null}]}"#,
    "\n\n",
    r#"data: {"choices":[{"index":0,"delta":{"content":"Grüße, 世界"},"finish_reason":null}]}"#,
    "\n\n",
    ": keep-alive\n",
    r#"data:{"choices":[{"index":0,"delta":{"content":"\nline \u00e9 \ud83e\udd80"},"finish_reason":null}]}"#,
    "\n\n",
    r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"weather","arguments":""}}]},"finish_reason":null}]}"#,
    "\n\n",
    r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}},{"index":1,"id":"call_2","function":{"name":"time","arguments":"{}"}}]},"finish_reason":null}]}"#,
    "\n\n",
    r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"Köln\"}"}}]},"finish_reason":null}]}"#,
    "\n\n",
    r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
    "\n\n",
    r#"data: {"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":9,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":16},"completion_tokens_details":{"reasoning_tokens":4}}}"#,
    "\n\n",
);
const DONE: &str = "data: [DONE]\n\n";

fn translator() -> ChatTranslator {
    ChatTranslator::new(Arc::new(Redaction::default()))
}

fn every_way(events: &[&str]) -> Vec<Result<CompletionEvent, ProviderError>> {
    let bytes = format!("data: {}\n\n", events.join("\n\ndata: "));
    decode_every_way(translator, bytes.as_bytes())
}

fn call(
    index: u32,
    id: Option<&str>,
    name: Option<&str>,
    arguments: Option<&str>,
) -> CompletionEvent {
    ToolCall {
        index,
        id: id.map(str::to_owned),
        name: name.map(str::to_owned),
        arguments_delta: arguments.map(str::to_owned),
    }
}

fn expected() -> Vec<Result<CompletionEvent, ProviderError>> {
    vec![
        Ok(Reasoning("Hm — 🤔".to_owned())),
        Ok(Reasoning("so".to_owned())),
        Ok(Text("Grüße, 世界".to_owned())),
        Ok(Text("\nline é 🦀".to_owned())),
        Ok(call(0, Some("call_1"), Some("weather"), None)),
        Ok(call(0, None, None, Some("{\"city\":"))),
        Ok(call(1, Some("call_2"), Some("time"), Some("{}"))),
        Ok(call(0, None, None, Some("\"Köln\"}"))),
        Ok(Counted(Usage {
            input_tokens: Some(20),
            output_tokens: Some(9),
            reasoning_tokens: Some(4),
            cache_read_tokens: Some(16),
            cache_write_tokens: None,
        })),
        Ok(Done(FinishReason::ToolUse)),
    ]
}

#[test]
fn says_the_same_at_every_cut() {
    let whole = format!("{ANSWER}{DONE}");
    assert_eq!(decode_every_way(translator, whole.as_bytes()), expected());
    let crlf = whole.replace('\n', "\r\n");
    assert_eq!(decode_every_way(translator, crlf.as_bytes()), expected());
}

#[test]
fn does_not_need_the_formal_end_once_the_reason_is_known() {
    assert_eq!(decode_every_way(translator, ANSWER.as_bytes()), expected());
    let half_done = format!("{ANSWER}data: [DO");
    assert_eq!(
        decode_every_way(translator, half_done.as_bytes()),
        expected()
    );
}

#[test]
fn calls_a_missing_end_truncated_wherever_it_breaks() {
    let reason_at = ANSWER
        .find(r#"data: {"choices":[{"index":0,"delta":{},"#)
        .unwrap();
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
fn knows_every_reason_to_stop() {
    for (word, reason) in [
        ("stop", FinishReason::Stop),
        ("eos_token", FinishReason::Stop),
        ("length", FinishReason::Length),
        ("tool_calls", FinishReason::ToolUse),
        ("function_call", FinishReason::ToolUse),
        ("content_filter", FinishReason::ContentFilter),
        ("something_new", FinishReason::Other),
    ] {
        let chunk = format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{word}"}}]}}"#);
        assert_eq!(every_way(&[&chunk, "[DONE]"]), [Ok(Done(reason))], "{word}");
    }
    assert_eq!(every_way(&["[DONE]"]), [Ok(Done(FinishReason::Other))]);
}

#[test]
fn tells_a_refusal_from_an_answer() {
    assert_eq!(
        every_way(&[
            r#"{"choices":[{"delta":{"content":null,"refusal":"I cannot"},"finish_reason":null}]}"#,
            r#"{"choices":[{"delta":{"refusal":" help."},"finish_reason":null}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
            "[DONE]",
        ]),
        [
            Ok(Text("I cannot".to_owned())),
            Ok(Text(" help.".to_owned())),
            Ok(Done(FinishReason::Refusal))
        ]
    );
}

#[test]
fn keeps_what_came_before_an_error_and_nothing_after_it() {
    let half = r#"{"choices":[{"delta":{"content":"Half"},"finish_reason":null}],"usage":{"completion_tokens":1}}"#;
    let counted = Counted(Usage {
        output_tokens: Some(1),
        ..Usage::default()
    });
    for (error, expected) in [
        (
            r#"{"id":"g","error":{"code":503,"message":"busy"},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}"#,
            ProviderError::Overloaded {
                retry_after_ms: None,
            },
        ),
        (
            r#"{"error":{"message":"the backend\nbroke","type":"server_error","code":null}}"#,
            ProviderError::Failed {
                detail: "the backend broke".to_owned(),
            },
        ),
        (
            r#"{"object":"error","message":"too long","type":"BadRequestError","code":400}"#,
            ProviderError::BadRequest {
                detail: "too long".to_owned(),
            },
        ),
        (
            r#"{"choices":[{"delta":{},"finish_reason":"error"}]}"#,
            ProviderError::Failed {
                detail: "it told no reason".to_owned(),
            },
        ),
    ] {
        assert_eq!(
            every_way(&[half, error, half, "[DONE]"]),
            [
                Ok(Text("Half".to_owned())),
                Ok(counted.clone()),
                Err(expected)
            ],
            "{error}"
        );
    }
}

#[test]
fn tells_tool_calls_apart_where_servers_number_them_badly() {
    // All with the same number, as some local servers do.
    assert_eq!(
        every_way(&[
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"x","arguments":"{}"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"b","function":{"name":"y","arguments":"{}"}}]}}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
        ]),
        [
            Ok(call(0, Some("a"), Some("x"), Some("{}"))),
            Ok(call(1, Some("b"), Some("y"), Some("{}"))),
            Ok(Done(FinishReason::ToolUse)),
        ]
    );
    // Without numbers, and with the id and name repeated in every piece.
    assert_eq!(
        every_way(&[
            r#"{"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"x","arguments":"{"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"x","arguments":"}"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"id":"b","function":{"name":"y"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#,
        ]),
        [
            Ok(call(0, Some("a"), Some("x"), Some("{"))),
            Ok(call(0, None, None, Some("}"))),
            Ok(call(1, Some("b"), Some("y"), None)),
            Ok(call(1, None, None, Some("{}"))),
            Ok(Done(FinishReason::ToolUse)),
        ]
    );
}

#[test]
fn passes_on_only_the_last_of_repeated_usages() {
    assert_eq!(
        every_way(&[
            r#"{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":5,"completion_tokens":1}}"#,
            r#"{"choices":[{"delta":{"content":"b"},"finish_reason":"length"}],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#,
            "[DONE]",
        ]),
        [
            Ok(Text("a".to_owned())),
            Ok(Text("b".to_owned())),
            Ok(Counted(Usage {
                input_tokens: Some(5),
                output_tokens: Some(2),
                ..Usage::default()
            })),
            Ok(Done(FinishReason::Length)),
        ]
    );
}

#[test]
fn rejects_what_is_not_the_format_without_repeating_it() {
    for data in [
        "secret",
        r#"{"choices":"secret"}"#,
        r#"{"choices":[{"delta":{"content":7}}]}"#,
        r#"["secret"]"#,
    ] {
        match every_way(&[data, "[DONE]"]).as_slice() {
            [Err(ProviderError::Protocol { detail })] => assert!(!detail.contains("secret")),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn rejects_invalid_utf_8() {
    let bytes = b"data: {\"choices\":[{\"delta\":{\"content\":\"\xff\xfe\"}}]}\n\n";
    let said = decode_every_way(translator, bytes);
    assert!(
        matches!(said.as_slice(), [Err(ProviderError::Protocol { .. })]),
        "{said:?}"
    );
}

proptest! {
    #[test]
    fn says_the_same_however_it_is_cut(cuts in prop::collection::vec(0..=ANSWER.len(), 0..40)) {
        let mut borders = cuts;
        borders.extend([0, ANSWER.len()]);
        borders.sort_unstable();
        let bytes = ANSWER.as_bytes();
        let parts = borders.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
        prop_assert_eq!(decode(translator(), parts), expected());
    }
}
