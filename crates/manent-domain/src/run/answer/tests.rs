//! Folding events.

use manent_types::text_of;
use proptest::prelude::*;

use super::*;
use crate::run::RunFailure;

fn events() -> impl Strategy<Value = Vec<RunEvent>> {
    let piece = || prop::sample::select(vec!["", "a", "b ", "\n", "\u{1f600}"]);
    let arguments = prop::sample::select(vec!["{", "}", "\"a\":1", "[1]", "{}", ""]);
    let event = prop_oneof![
        4 => piece().prop_map(|text| CompletionEvent::Text(text.to_owned())),
        2 => piece().prop_map(|text| CompletionEvent::Reasoning(text.to_owned())),
        1 => piece().prop_map(|text| CompletionEvent::ReasoningSignature(text.to_owned())),
        3 => (0..2_u32, any::<bool>(), arguments).prop_map(|(index, has_name, arguments)| {
            CompletionEvent::ToolCall {
                index,
                id: has_name.then(|| format!("t{index}")),
                name: has_name.then(|| "look".to_owned()),
                arguments_delta: Some(arguments.to_owned()),
            }
        }),
        1 => (0..9_u64).prop_map(|tokens| CompletionEvent::Usage(Usage {
            output_tokens: Some(tokens),
            ..Usage::default()
        })),
    ];
    prop::collection::vec(event.prop_map(RunEvent::Completion), 0..24)
}

fn fold(events: &[RunEvent]) -> AnswerBuilder {
    let mut builder = AnswerBuilder::default();
    for event in events {
        builder.apply(event);
    }
    builder
}

fn seen(builder: &AnswerBuilder) -> (Vec<Part>, Option<Usage>, Option<RunEnd>, bool) {
    (
        builder.content(),
        builder.usage(),
        builder.end().cloned(),
        builder.has_content(),
    )
}

fn completion(events: &[CompletionEvent]) -> Vec<Part> {
    let events: Vec<RunEvent> = events.iter().cloned().map(RunEvent::Completion).collect();
    fold(&events).content()
}

fn call(index: u32, name: Option<&str>, arguments: &str) -> CompletionEvent {
    CompletionEvent::ToolCall {
        index,
        id: name.map(|_| format!("t{index}")),
        name: name.map(str::to_owned),
        arguments_delta: Some(arguments.to_owned()),
    }
}

fn text(text: &str) -> Part {
    Part::Text {
        text: text.to_owned(),
    }
}

proptest! {
    #[test]
    fn folding_in_pieces_is_folding_at_once(events in events(), cut in 0..24_usize) {
        let (first, rest) = events.split_at(cut.min(events.len()));
        let mut builder = fold(first);
        // Looking changes nothing.
        builder.content();
        for event in rest {
            builder.apply(event);
        }
        prop_assert_eq!(seen(&builder), seen(&fold(&events)));
    }

    #[test]
    fn the_text_of_a_beginning_is_the_beginning_of_the_text(events in events(), cut in 0..24_usize) {
        let begun = text_of(&fold(&events[..cut.min(events.len())]).content());
        let whole = text_of(&fold(&events).content());
        prop_assert!(whole.starts_with(&begun), "{whole:?} does not begin with {begun:?}");
    }

    #[test]
    fn whether_there_is_content_is_told_rightly(events in events()) {
        let builder = fold(&events);
        prop_assert_eq!(builder.has_content(), !builder.content().is_empty());
    }

    #[test]
    fn an_end_adds_nothing_but_its_failure(events in events()) {
        let before = fold(&events);
        let mut complete = before.clone();
        complete.apply(&RunEvent::Ended(RunEnd {
            status: MessageStatus::Complete,
            finish_reason: Some(FinishReason::Stop),
            failure: None,
        }));
        prop_assert_eq!(complete.content(), before.content());
        let mut interrupted = before.clone();
        interrupted.apply(&RunEvent::Ended(RunEnd::interrupted()));
        prop_assert_eq!(interrupted.content(), before.content());
        let mut failed = before.clone();
        failed.apply(&RunEvent::Ended(RunEnd {
            status: MessageStatus::Failed,
            finish_reason: None,
            failure: Some(RunFailure {
                code: "c".to_owned(),
                detail: "d".to_owned(),
                retryable: false,
            }),
        }));
        let mut expected = before.content();
        expected.push(Part::Error { code: "c".to_owned(), detail: "d".to_owned() });
        prop_assert_eq!(failed.content(), expected);
    }
}

#[test]
fn words_of_one_kind_run_together() {
    let content = completion(&[
        CompletionEvent::Reasoning("h".to_owned()),
        CompletionEvent::Reasoning("m".to_owned()),
        CompletionEvent::ReasoningSignature("si".to_owned()),
        CompletionEvent::ReasoningSignature("g".to_owned()),
        CompletionEvent::Reasoning("more".to_owned()),
        CompletionEvent::Text("a".to_owned()),
        CompletionEvent::Text("b".to_owned()),
    ]);
    let reasoning = |text: &str, signature: Option<&str>| Part::Reasoning {
        text: text.to_owned(),
        duration_ms: None,
        signature: signature.map(str::to_owned),
    };
    assert_eq!(
        content,
        [
            reasoning("hm", Some("sig")),
            reasoning("more", None),
            text("ab")
        ]
    );
}

#[test]
fn a_call_is_there_once_its_arguments_are_whole() {
    let look = |arguments: serde_json::Value| Part::ToolCall {
        id: "t0".to_owned(),
        name: "look".to_owned(),
        arguments,
    };
    let begun = [
        CompletionEvent::Text("a".to_owned()),
        call(0, Some("look"), "{\"a\":"),
    ];
    assert_eq!(completion(&begun), [text("a")]);
    let mut whole = begun.to_vec();
    whole.push(call(0, None, "1}"));
    let arguments = serde_json::json!({"a": 1});
    assert_eq!(completion(&whole), [text("a"), look(arguments)]);
    assert_eq!(
        completion(&[call(0, Some("look"), "")]),
        [look(serde_json::json!({}))],
        "no arguments are none"
    );
    // What never became whole is left out, and so is what is no object.
    let mut broken = begun.to_vec();
    broken.push(CompletionEvent::Text("b".to_owned()));
    assert_eq!(completion(&broken), [text("ab")]);
    assert_eq!(completion(&[call(0, Some("look"), "[1]")]), []);
}

#[test]
fn an_answer_that_is_not_whole_says_why() {
    let ended = |finish_reason| {
        let mut builder = AnswerBuilder::default();
        builder.apply(&RunEvent::Completion(CompletionEvent::Text("A".to_owned())));
        builder.apply(&RunEvent::Ended(RunEnd {
            status: MessageStatus::Complete,
            finish_reason: Some(finish_reason),
            failure: None,
        }));
        builder.content()
    };
    let text = Part::Text {
        text: "A".to_owned(),
    };
    assert_eq!(ended(FinishReason::Stop), *std::slice::from_ref(&text));
    let cut = Part::Error {
        code: "finish_length".to_owned(),
        detail: "The answer reached its length limit.".to_owned(),
    };
    assert_eq!(ended(FinishReason::Length), [text, cut]);
}

#[test]
fn an_answer_goes_on_after_what_it_retains() {
    let text = |text: &str| Part::Text {
        text: text.to_owned(),
    };
    let thought = Part::Reasoning {
        text: "hm".to_owned(),
        duration_ms: None,
        signature: None,
    };
    let more = |event| RunEvent::Completion(event);
    let retained = RunEvent::Retained(vec![thought.clone(), text("Hel")]);
    let same = fold(&[
        retained.clone(),
        more(CompletionEvent::Text("lo".to_owned())),
    ]);
    assert_eq!(same.content(), vec![thought.clone(), text("Hello")]);
    let other = fold(&[
        retained,
        more(CompletionEvent::Reasoning("so".to_owned())),
        more(CompletionEvent::Text("lo".to_owned())),
    ]);
    let second = Part::Reasoning {
        text: "so".to_owned(),
        duration_ms: None,
        signature: None,
    };
    assert_eq!(
        other.content(),
        vec![thought, text("Hel"), second, text("lo")]
    );
}
