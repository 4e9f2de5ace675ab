//! Bodies of chat starts.

use manent_types::Part;
use serde_json::json;

use super::*;

const QUESTION: &str = "0199c0de-0000-7000-8000-000000000001";
const ANSWER: &str = "0199c0de-0000-7000-8000-000000000002";

fn read(body: Value) -> Result<ChatStart, InvalidRequest> {
    let Value::Object(body) = body else {
        panic!("no object")
    };
    ChatStart::read(Some("openAI"), &body)
}

fn wish_of(body: Value) -> Wish {
    read(body).unwrap().wish
}

fn refused(body: Value) -> &'static str {
    read(body).unwrap_err().field
}

#[test]
fn a_first_turn_is_read() {
    let start = read(json!({
        "text": "hello", "messageId": "x", "parentMessageId": NO_PARENT, "endpoint": "Mock Provider A", "endpointType": "custom",
        "model": "m", "spec": "s", "isTemporary": false, "isContinued": false, "clientRequestId": "r:1", "temperature": "0.5",
        "quotes": ["a", " "], "files": [{"file_id": "f", "height": null, "odd": {}}], "promptPrefix": "Be kind.", "nobody": "knows",
    }))
    .unwrap();
    assert_eq!(
        start,
        ChatStart {
            wish: Wish::Ask {
                parent: Parent::None,
                id: None
            },
            conversation: None,
            text: "hello".to_owned(),
            endpoint: "Mock Provider A".to_owned(),
            endpoint_type: Some("custom".to_owned()),
            model: Some("m".to_owned()),
            spec: Some("s".to_owned()),
            parameters: Parameters::read(
                json!({"temperature": 0.5, "promptPrefix": "Be kind."})
                    .as_object()
                    .unwrap()
            )
            .unwrap(),
            quotes: vec!["a".to_owned()],
            files: vec![json!({"file_id": "f"})],
            is_temporary: false,
            project: None,
            request_id: Some("r:1".to_owned()),
        }
    );
}

#[test]
fn what_it_wants_is_told_by_its_fields() {
    let question: MessageId = QUESTION.parse().unwrap();
    let answer: MessageId = ANSWER.parse().unwrap();
    assert_eq!(
        wish_of(json!({"text": "a", "parentMessageId": QUESTION})),
        Wish::Ask {
            parent: Parent::Message(question),
            id: None
        }
    );
    assert_eq!(
        wish_of(json!({"text": "a", "parentMessageId": format!("{QUESTION}_")})),
        Wish::Ask {
            parent: Parent::Placeholder,
            id: None
        }
    );
    let again = json!({"text": "a", "parentMessageId": NO_PARENT, "overrideParentMessageId": QUESTION,
        "responseMessageId": format!("{ANSWER}_"), "isRegenerate": true});
    assert_eq!(wish_of(again), Wish::Regenerate { question });
    // The client says of a rerun that it regenerates, too.
    let rerun = json!({"overrideParentMessageId": QUESTION, "responseMessageId": ANSWER, "isRegenerate": true,
        "editedContent": {"index": 1, "type": "think", "think": "so"}});
    assert_eq!(
        wish_of(rerun),
        Wish::Rerun {
            question,
            answer,
            edit: Edit {
                index: 1,
                is_thought: true,
                text: "so".to_owned()
            }
        }
    );
    let more = json!({"overrideParentMessageId": QUESTION, "responseMessageId": ANSWER, "isContinued": true, "isEdited": true});
    assert_eq!(wish_of(more), Wish::Continue { question, answer });
}

#[test]
fn what_cannot_be_read_is_named() {
    let cases = [
        (json!({"text": 1}), "text"),
        (json!({"conversationId": "x"}), "conversationId"),
        (json!({"parentMessageId": "x"}), "parentMessageId"),
        (
            json!({"overrideParentMessageId": "x"}),
            "overrideParentMessageId",
        ),
        (json!({"isRegenerate": true}), "overrideParentMessageId"),
        (json!({"isTemporary": "yes"}), "isTemporary"),
        (json!({"clientRequestId": "a b"}), "clientRequestId"),
        (json!({"clientRequestId": ""}), "clientRequestId"),
        (json!({"quotes": "a"}), "quotes"),
        (json!({"quotes": [1]}), "quotes"),
        (json!({"quotes": ["x".repeat(20_000)]}), "quotes"),
        (json!({"files": [{"name": "x"}]}), "files"),
        (
            json!({"files": vec![json!({"file_id": "x".repeat(100)}); 100]}),
            "files",
        ),
        (json!({"temperature": "warm"}), "temperature"),
        (json!({"stop": [1]}), "stop"),
        (json!({"greeting": "x".repeat(9_000)}), "parameters"),
        (json!({"endpoint": "x".repeat(300)}), "endpoint"),
        (json!({"model": "a\nb"}), "model"),
        (
            json!({"overrideParentMessageId": QUESTION, "editedContent": {"index": 0, "type": "text", "text": "x"}}),
            "responseMessageId",
        ),
        (
            json!({"overrideParentMessageId": QUESTION, "responseMessageId": ANSWER, "editedContent": {"index": -1, "type": "text", "text": "x"}}),
            "editedContent",
        ),
    ];
    for (body, field) in cases {
        assert_eq!(refused(body.clone()), field, "{body}");
    }
    assert_eq!(
        ChatStart::read(None, &Map::new()).unwrap_err().field,
        "endpoint"
    );
}

#[test]
fn one_request_has_the_same_ids_in_each_try_and_nobody_elses() {
    let start = read(json!({"clientRequestId": "one"})).unwrap();
    let other = read(json!({"clientRequestId": "two"})).unwrap();
    let (ada, eve) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let id = start.derived_id(ada, "run").unwrap();
    assert_eq!(id, start.derived_id(ada, "run").unwrap());
    assert_eq!(id.to_string(), "21226d99-a19e-8d3f-a582-a776d80925ce");
    for another in [
        start.derived_id(ada, "conversation"),
        start.derived_id(eve, "run"),
        other.derived_id(ada, "run"),
    ] {
        assert_ne!(another, Some(id));
    }
    assert_eq!(read(json!({})).unwrap().derived_id(ada, "run"), None);
}

#[test]
fn excerpts_stand_before_the_words() {
    let text = |text: &str| Part::Text {
        text: text.to_owned(),
    };
    let quotes = ["one\ntwo".to_owned(), "three".to_owned()];
    assert_eq!(
        quoted(&quotes, vec![text("so?")]),
        vec![text("> one\n> two\n\n> three\n\nso?")]
    );
    assert_eq!(quoted(&[], vec![text("so?")]), vec![text("so?")]);
}

#[test]
fn both_families_of_names_come_to_the_same_settings() {
    let of = |body: Value| {
        let parameters = Parameters::read(body.as_object().unwrap()).unwrap();
        settings(&parameters, Some("p"), Some("m"), Abilities::default())
    };
    let one = of(
        json!({"top_p": 0.5, "max_tokens": 7, "stop": ["x", ""], "temperature": 9, "promptPrefix": " "}),
    );
    let other = of(
        json!({"topP": 0.5, "maxOutputTokens": "7", "stop": "x", "thinking": true, "reasoning_effort": "high"}),
    );
    assert_eq!(one, other);
    assert_eq!(
        (one.top_p, one.max_tokens, one.temperature),
        (Some(0.5), Some(7), None)
    );
}
