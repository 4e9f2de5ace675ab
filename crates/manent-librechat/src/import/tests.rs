use manent_types::{MessageId, MessageStatus, Part, Role, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::tree::Draft;
use crate::wire::{KeptOfAnswer, KeptOfQuestion};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-21T12:00:00Z")
}

fn drafts(imported: &Imported) -> Vec<Draft> {
    let mut number = 0;
    let new_id = || {
        number += 1;
        MessageId::new(Uuid::from_u128(number))
    };
    imported.drafts(now(), new_id).unwrap()
}

fn one(file: &Value) -> Imported {
    let mut all = read(&file.to_string()).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// Number, number of the parent, role, content as JSON.
fn outline(drafts: &[Draft]) -> Vec<(u128, u128, Role, String)> {
    let number = |id: MessageId| id.as_uuid().as_u128();
    let content = |draft: &Draft| serde_json::to_value(&draft.content).unwrap();
    let short = |part: &Value| {
        let text = ["text", "detail", "name", "content"]
            .iter()
            .find_map(|name| part[*name].as_str());
        format!(
            "{}:{}",
            part["type"].as_str().unwrap(),
            text.unwrap_or_default()
        )
    };
    let said = |draft: &Draft| {
        content(draft)
            .as_array()
            .unwrap()
            .iter()
            .map(short)
            .collect::<Vec<_>>()
            .join("|")
    };
    drafts
        .iter()
        .map(|draft| {
            (
                number(draft.id),
                draft.parent.map_or(0, number),
                draft.role,
                said(draft),
            )
        })
        .collect()
}

fn row(number: u128, parent: u128, role: Role, said: &str) -> (u128, u128, Role, String) {
    (number, parent, role, said.to_owned())
}

const TIMES: [&str; 4] = [
    "2025-01-01T10:00:00.000Z",
    "2025-01-01T10:00:01.000Z",
    "2025-01-01T10:00:02.000Z",
    "2025-01-01T10:00:03.000Z",
];

fn libre_chat_messages() -> [Value; 4] {
    [
        json!({"messageId": "q", "parentMessageId": "00000000-0000-0000-0000-000000000000", "text": "Hi", "isCreatedByUser": true, "sender": "User",
               "createdAt": TIMES[0], "quotes": ["said"], "files": [{"file_id": "someone-elses"}]}),
        json!({"messageId": "a", "parentMessageId": "q", "text": "", "isCreatedByUser": false, "sender": "GPT-5", "model": "gpt-5", "unfinished": true,
               "content": [{"type": "think", "think": "Hm"}, {"type": "text", "text": {"value": "Hello"}}, {"type": "tool_call",
               "tool_call": {"id": "c", "name": "look", "args": "{\"a\":1}", "output": "seen"}}], "createdAt": TIMES[1], "feedback": {"rating": "thumbsUp"}}),
        json!({"messageId": "b", "parentMessageId": "q", "text": "Servus", "isCreatedByUser": false, "createdAt": TIMES[1]}),
        json!({"messageId": "e", "parentMessageId": "a", "text": "Broken", "error": true, "isCreatedByUser": false, "createdAt": TIMES[3]}),
    ]
}

#[test]
fn librechats_own_export_comes_back() {
    let file = json!({"conversationId": "x", "title": "T", "endpoint": "custom", "options": {"model": "gpt-5", "temperature": 0.5, "resendFiles": null},
        "messages": libre_chat_messages(), "recursive": false});
    let imported = one(&file);
    assert_eq!(
        (
            imported.title.as_deref(),
            imported.endpoint.as_deref(),
            imported.model.as_deref()
        ),
        (Some("T"), Some("custom"), Some("gpt-5"))
    );
    assert_eq!(imported.parameters.number(&["temperature"]), Some(0.5));
    assert_eq!(imported.begun_at, Some(at(TIMES[0])));
    let drafts = drafts(&imported);
    assert_eq!(
        outline(&drafts),
        [
            row(1, 0, Role::User, "text:Hi"),
            row(
                2,
                1,
                Role::Assistant,
                "reasoning:Hm|text:Hello|toolCall:look|toolResult:seen"
            ),
            row(3, 1, Role::Assistant, "text:Servus"),
            row(4, 2, Role::Assistant, "error:Broken"),
        ]
    );
    assert_eq!(drafts[1].status, MessageStatus::Stopped);
    assert_eq!(drafts[1].created_at, at(TIMES[1]));
    assert_eq!(
        KeptOfAnswer::of(&drafts[1].extras).feedback,
        Some(json!({"rating": "thumbsUp"}))
    );
    let kept = KeptOfQuestion::of(&drafts[0].extras);
    assert_eq!(
        (kept.quotes, kept.files),
        (vec!["said".to_owned()], Vec::new())
    );
}

#[test]
fn messages_that_lie_in_one_another_are_the_same_tree() {
    let [mut question, mut first, second, last] = libre_chat_messages();
    let flat = one(&json!({"conversationId": "x", "messages": libre_chat_messages()}));
    first["children"] = json!([last]);
    question["children"] = json!([first, second]);
    for name in ["messages", "messagesTree"] {
        let nested = one(&json!({"conversationId": "x", name: [question], "recursive": true}));
        assert_eq!(outline(&drafts(&nested)), outline(&drafts(&flat)));
    }
}

#[test]
fn a_long_conversation_may_be_nested() {
    let mut text = String::new();
    for number in 0..800 {
        text = format!("{text}[{{\"messageId\":\"{number}\",\"text\":\"{number}\",\"children\":");
    }
    text.push_str("[]");
    text.push_str(&"}]".repeat(800));
    let imported = read(&format!(
        "{{\"conversationId\":\"x\",\"recursive\":true,\"messages\":{text}}}"
    ))
    .unwrap();
    let drafts = drafts(&imported[0]);
    assert_eq!(drafts.len(), 800);
    assert!(
        drafts
            .windows(2)
            .all(|pair| pair[1].parent == Some(pair[0].id)
                && pair[0].created_at < pair[1].created_at)
    );
}

#[test]
fn chat_gpts_thoughts_and_tools_are_merged() {
    let message = |role: &str, kind: &str, more: Value, time: f64| {
        let mut content = json!({"content_type": kind});
        content
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({"author": {"role": role}, "content": content, "create_time": time, "metadata": {"model_slug": "gpt-4o",
            "citations": [{"start_ix": 3, "end_ix": 6, "metadata": {"type": "webpage", "title": "P", "url": "https://example.org"}}]}})
    };
    let file = json!([{"title": "G", "create_time": 1_700_000_000.5, "mapping": {
        "root": {"id": "root", "message": null, "parent": null, "children": ["sys"]},
        "sys": {"message": message("system", "text", json!({"parts": ["be kind"]}), 0.0), "parent": "root"},
        "q": {"message": message("user", "text", json!({"parts": ["Hi", "there"]}), 1_700_000_001.0), "parent": "sys"},
        "t": {"message": message("assistant", "thoughts", json!({"thoughts": [{"content": "Hm"}, {"summary": "Hm!"}]}), 1_700_000_002.0), "parent": "q"},
        "r": {"message": message("assistant", "reasoning_recap", json!({"content": "2 s"}), 1_700_000_003.0), "parent": "t"},
        "a": {"message": message("assistant", "text", json!({"parts": ["Yes [1]."]}), 1_700_000_000.0), "parent": "r"},
        "c": {"message": message("assistant", "code", json!({"language": "sh", "text": "ls"}), 1_700_000_004.0), "parent": "a"},
    }}]);
    let imported = one(&file);
    assert_eq!(imported.model.as_deref(), Some("gpt-4o"));
    assert_eq!(
        imported.begun_at.map(Timestamp::as_millisecond),
        Some(1_700_000_000_500)
    );
    let drafts = drafts(&imported);
    assert_eq!(
        outline(&drafts),
        [
            row(1, 0, Role::User, "text:Hi there"),
            row(
                2,
                1,
                Role::Assistant,
                "reasoning:Hm\n\nHm!|text:Yes ([P](https://example.org))]."
            ),
            row(3, 2, Role::Assistant, "text:```sh\nls\n```"),
        ]
    );
    assert_eq!(drafts[1].created_at.as_millisecond(), 1_700_000_001_001);
    assert_eq!(
        KeptOfAnswer::of(&drafts[1].extras).sender.as_deref(),
        Some("GPT-4o")
    );
}

#[test]
fn claudes_and_chatbot_uis_lists_are_chains() {
    let claude = one(
        &json!([{"name": "", "created_at": TIMES[0], "chat_messages": [
            {"sender": "human", "text": "Hi", "content": [{"type": "text", "text": "Hi"}], "created_at": TIMES[0]},
            {"sender": "assistant", "text": "", "content": [], "created_at": TIMES[1]},
            {"sender": "assistant", "content": [{"type": "thinking", "thinking": "Hm"}, {"type": "text", "text": "Hello"}], "created_at": TIMES[0]},
        ]}]),
    );
    assert_eq!(claude.title.as_deref(), Some("Imported Claude Chat"));
    assert_eq!(
        outline(&drafts(&claude)),
        [
            row(1, 0, Role::User, "text:Hi"),
            row(2, 1, Role::Assistant, "reasoning:Hm|text:Hello")
        ]
    );
    let chatbot = one(
        &json!({"version": 4, "history": [{"name": "C", "model": {"id": "m"}, "messages": [
            {"role": "user", "content": "Hi"}, {"role": "tool", "content": "?"}, {"role": "assistant", "content": "Hello"},
        ]}]}),
    );
    assert_eq!(
        (chatbot.title.as_deref(), chatbot.model.as_deref()),
        (Some("C"), Some("m"))
    );
    let drafts = drafts(&chatbot);
    assert_eq!(
        outline(&drafts),
        [
            row(1, 0, Role::User, "text:Hi"),
            row(2, 1, Role::Assistant, "text:Hello")
        ]
    );
    assert_eq!(
        (drafts[0].created_at, drafts[1].model.as_deref()),
        (now(), Some("m"))
    );
}

#[test]
fn what_is_no_such_file_is_refused() {
    for unsupported in [
        "{}",
        "[1]",
        "[{}]",
        "7",
        "{\"conversationId\":\"x\"}",
        "{\"conversationId\":\"x\",\"messages\":7}",
        "[{\"mapping\":7}]",
    ] {
        assert_eq!(
            read(unsupported),
            Err(ImportError::Unsupported),
            "{unsupported}"
        );
    }
    for broken in ["", "{", "[{\"mapping\":", "secret words"] {
        let error = read(broken).unwrap_err();
        assert!(
            matches!(error, ImportError::NotJson(_)) && !error.to_string().contains("secret"),
            "{broken} {error}"
        );
    }
    assert_eq!(read("[]"), Ok(Vec::new()));
    let deep = format!("[{{\"mapping\":{}1{}}}]", "[".repeat(500), "]".repeat(500));
    assert_eq!(read(&deep), Err(ImportError::TooDeep));
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-5_i64..5).prop_map(Value::from),
        Just(json!(TIMES[2])),
        "[ab]{0,2}".prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let names = prop::sample::select(vec![
            "messageId",
            "parentMessageId",
            "text",
            "content",
            "children",
            "type",
            "isCreatedByUser",
            "createdAt",
            "mapping",
            "message",
            "parent",
            "author",
            "role",
            "content_type",
            "parts",
            "thoughts",
            "chat_messages",
            "messages",
            "sender",
            "error",
            "a",
            "b",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(names.prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_read_can_be_stored(inside in values(), kind in 0..4) {
        let file = match kind {
            0 => json!({"conversationId": "x", "messages": [inside]}),
            1 => json!([{"mapping": {"a": inside, "b": {"parent": "a", "message": inside}}}]),
            2 => json!([{"chat_messages": [inside]}]),
            _ => json!({"version": 4, "history": [inside]}),
        };
        for imported in read(&file.to_string()).unwrap_or_default() {
            let drafts = drafts(&imported);
            for (index, draft) in drafts.iter().enumerate() {
                prop_assert!(crate::tree::says_something(&draft.content));
                if let Some(parent) = draft.parent {
                    let before = drafts[..index].iter().find(|before| before.id == parent);
                    prop_assert!(before.is_some_and(|before| before.created_at < draft.created_at));
                }
            }
        }
    }
}

#[test]
fn a_part_of_another_kind_is_passed_over() {
    let file = json!({"conversationId": "x", "messages": [{"messageId": "a", "content": [7, {"type": "image_file"}, {"type": "text", "text": "b"}]}]});
    assert_eq!(
        drafts(&one(&file))[0].content,
        [Part::Text {
            text: "b".to_owned()
        }]
    );
}
