//! The stored form is frozen: a change needs a new version and a reader for the old one.

use manent_domain::Refusal;
use manent_domain::append::{
    ChangeKind, LanePosition, NewChange, NewItem, NewMessage, ParentRef, Submission,
};
use manent_domain::completion::{CompletionEvent, FinishReason};
use manent_domain::conversation::NewConversation;
use manent_domain::journal::{JournalEntry, JournalLane, JournalWrite};
use manent_domain::message::Fingerprint;
use manent_domain::run::{
    AnswerSnapshot, LoggedEvent, NewRun, RecordTarget, RunEnd, RunEvent, RunProgress,
};
use manent_types::{
    ConversationId, Extras, MessageId, MessageStatus, ModelSettings, NodeId, Part, Role, RunId,
    Timestamp, Usage, UserId,
};
use uuid::Uuid;

use crate::stored::{Batch, Refused, Settled};

const fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn time() -> Timestamp {
    "2026-11-21T05:48:25.123Z".parse().unwrap()
}

fn text(text: &str) -> Vec<Part> {
    vec![Part::Text {
        text: text.to_owned(),
    }]
}

fn of(write: JournalWrite) -> Batch {
    Batch {
        at: 1_700_000_000_000,
        entries: vec![JournalEntry {
            owner: UserId::new(id(1)),
            lane: JournalLane::conversation(ConversationId::new(id(2))),
            write,
        }],
    }
}

fn change(kind: ChangeKind) -> JournalWrite {
    JournalWrite::Append(Submission {
        conversation: ConversationId::new(id(2)),
        lane: Some(LanePosition {
            device: "phone".parse().unwrap(),
            device_seq: 9,
        }),
        id: Some(MessageId::new(id(5))),
        body: Ok(NewItem::Change(NewChange {
            id: MessageId::new(id(5)),
            fingerprint: Fingerprint([1; 16]),
            kind,
        })),
    })
}

fn samples() -> Vec<JournalWrite> {
    let message = MessageId::new(id(3));
    vec![
        JournalWrite::CreateConversation(NewConversation {
            id: ConversationId::new(id(2)),
            title: Some("T".to_owned()),
            config: ModelSettings {
                model: Some("m".to_owned()),
                temperature: Some(0.5),
                ..ModelSettings::default()
            },
            ..NewConversation::new(ConversationId::new(id(2)))
        }),
        JournalWrite::Append(Submission {
            conversation: ConversationId::new(id(2)),
            lane: None,
            id: Some(message),
            body: Ok(NewItem::Message(NewMessage {
                id: message,
                parent: ParentRef::Message(MessageId::new(id(4))),
                role: Role::User,
                content: text("hello"),
                fingerprint: Fingerprint([1; 16]),
                status: MessageStatus::Complete,
                model: Some("m".to_owned()),
                provider: Some("p".to_owned()),
                usage: Some(Usage {
                    input_tokens: Some(3),
                    ..Usage::default()
                }),
                created_at: Some(time()),
                extras: Extras::new(),
            })),
        }),
        change(ChangeKind::Edit {
            message,
            content: text("bye"),
        }),
        change(ChangeKind::Delete { message }),
        change(ChangeKind::Undelete { message }),
        change(ChangeKind::Trash),
        change(ChangeKind::Restore),
        JournalWrite::Append(Submission {
            conversation: ConversationId::new(id(2)),
            lane: None,
            id: None,
            body: Err(Refusal::ContentEmpty),
        }),
        JournalWrite::BeginRun(NewRun {
            id: RunId::new(id(6)),
            node: NodeId::new(id(7)),
            record: Some(RecordTarget {
                conversation: ConversationId::new(id(2)),
                message,
                parent: ParentRef::Newest,
            }),
            started_at: time(),
        }),
        JournalWrite::BeginRun(NewRun {
            id: RunId::new(id(6)),
            node: NodeId::new(id(7)),
            record: None,
            started_at: time(),
        }),
        JournalWrite::RecordRun {
            node: NodeId::new(id(7)),
            progress: RunProgress {
                owner: UserId::new(id(1)),
                run: RunId::new(id(6)),
                events: vec![LoggedEvent {
                    position: 4,
                    event: RunEvent::Completion(CompletionEvent::Text("x".to_owned())),
                }],
                answer: Some(AnswerSnapshot {
                    content: text("x"),
                    usage: None,
                    position: 4,
                }),
                end: Some(RunEnd {
                    status: MessageStatus::Complete,
                    finish_reason: Some(FinishReason::Stop),
                    failure: None,
                }),
            },
        },
        JournalWrite::RecordRun {
            node: NodeId::new(id(7)),
            progress: RunProgress {
                owner: UserId::new(id(1)),
                run: RunId::new(id(6)),
                events: Vec::new(),
                answer: None,
                end: None,
            },
        },
        JournalWrite::CreateConversation(NewConversation {
            expires_at: Some(time()),
            labels: ["tag:ü".parse().unwrap(), "tag:a".parse().unwrap()].into(),
            extras: kept(),
            ..NewConversation::new(ConversationId::new(id(2)))
        }),
        JournalWrite::Append(Submission {
            conversation: ConversationId::new(id(2)),
            lane: None,
            id: Some(message),
            body: Ok(NewItem::Message(NewMessage {
                id: message,
                parent: ParentRef::Root,
                role: Role::User,
                content: text("hello"),
                fingerprint: Fingerprint([1; 16]),
                status: MessageStatus::Complete,
                model: None,
                provider: None,
                usage: None,
                created_at: None,
                extras: kept(),
            })),
        }),
    ]
}

fn kept() -> Extras {
    Extras::from_stored(Some(r#"{"a":{"b":[1,null]}}"#)).unwrap()
}

#[test]
fn every_write_has_its_frozen_form() {
    let start = r#"{"at":1700000000000,"entries":[{"owner":"00000000-0000-0000-0000-000000000001","lane":"00000000-0000-0000-0000-000000000002","write":"#;
    let frozen = [
        r#"{"createConversation":{"id":"00000000-0000-0000-0000-000000000002","title":"T","config":{"model":"m","temperature":0.5}}}"#,
        r#"{"append":{"conversation":"00000000-0000-0000-0000-000000000002","id":"00000000-0000-0000-0000-000000000003","body":{"message":{"id":"00000000-0000-0000-0000-000000000003","parent":{"message":"00000000-0000-0000-0000-000000000004"},"role":"user","content":[{"type":"text","text":"hello"}],"fingerprint":"01010101-0101-0101-0101-010101010101","status":"complete","model":"m","provider":"p","usage":{"inputTokens":3},"createdAt":"2026-11-21T05:48:25.123Z"}}}}"#,
        r#"{"append":{"conversation":"00000000-0000-0000-0000-000000000002","lane":{"device":"phone","deviceSeq":9},"id":"00000000-0000-0000-0000-000000000005","body":{"change":{"id":"00000000-0000-0000-0000-000000000005","kind":{"edit":{"message":"00000000-0000-0000-0000-000000000003","content":[{"type":"text","text":"bye"}]}},"fingerprint":"01010101-0101-0101-0101-010101010101"}}}}"#,
        r#"{"append":{"conversation":"00000000-0000-0000-0000-000000000002","lane":{"device":"phone","deviceSeq":9},"id":"00000000-0000-0000-0000-000000000005","body":{"change":{"id":"00000000-0000-0000-0000-000000000005","kind":{"delete":{"message":"00000000-0000-0000-0000-000000000003"}},"fingerprint":"01010101-0101-0101-0101-010101010101"}}}}"#,
        r#"{"append":{"conversation":"00000000-0000-0000-0000-000000000002","lane":{"device":"phone","deviceSeq":9},"id":"00000000-0000-0000-0000-000000000005","body":{"change":{"id":"00000000-0000-0000-0000-000000000005","kind":{"undelete":{"message":"00000000-0000-0000-0000-000000000003"}},"fingerprint":"01010101-0101-0101-0101-010101010101"}}}}"#,
        r#"{"append":{"conversation":"00000000-0000-0000-0000-000000000002","lane":{"device":"phone","deviceSeq":9},"id":"00000000-0000-0000-0000-000000000005","body":{"change":{"id":"00000000-0000-0000-0000-000000000005","kind":"trash","fingerprint":"01010101-0101-0101-0101-010101010101"}}}}"#,
        r#"{"append":{"conversation":"00000000-0000-0000-0000-000000000002","lane":{"device":"phone","deviceSeq":9},"id":"00000000-0000-0000-0000-000000000005","body":{"change":{"id":"00000000-0000-0000-0000-000000000005","kind":"restore","fingerprint":"01010101-0101-0101-0101-010101010101"}}}}"#,
        r#"{"append":{"conversation":"00000000-0000-0000-0000-000000000002","body":{"refused":"content_empty"}}}"#,
        r#"{"beginRun":{"id":"00000000-0000-0000-0000-000000000006","node":"00000000-0000-0000-0000-000000000007","record":{"conversation":"00000000-0000-0000-0000-000000000002","message":"00000000-0000-0000-0000-000000000003","parent":"newest"},"startedAt":"2026-11-21T05:48:25.123Z"}}"#,
        r#"{"beginRun":{"id":"00000000-0000-0000-0000-000000000006","node":"00000000-0000-0000-0000-000000000007","startedAt":"2026-11-21T05:48:25.123Z"}}"#,
        r#"{"recordRun":{"node":"00000000-0000-0000-0000-000000000007","owner":"00000000-0000-0000-0000-000000000001","run":"00000000-0000-0000-0000-000000000006","events":"[[4,{\"t\":\"x\"}]]","answer":{"content":[{"type":"text","text":"x"}],"position":4},"end":{"status":"complete","finish_reason":"stop"}}}"#,
        r#"{"recordRun":{"node":"00000000-0000-0000-0000-000000000007","owner":"00000000-0000-0000-0000-000000000001","run":"00000000-0000-0000-0000-000000000006"}}"#,
        r#"{"createConversation":{"id":"00000000-0000-0000-0000-000000000002","config":{},"expiresAt":"2026-11-21T05:48:25.123Z","labels":["tag:a","tag:ü"],"extras":{"a":{"b":[1,null]}}}}"#,
        r#"{"append":{"conversation":"00000000-0000-0000-0000-000000000002","id":"00000000-0000-0000-0000-000000000003","body":{"message":{"id":"00000000-0000-0000-0000-000000000003","parent":"root","role":"user","content":[{"type":"text","text":"hello"}],"fingerprint":"01010101-0101-0101-0101-010101010101","status":"complete","extras":{"a":{"b":[1,null]}}}}}}"#,
    ];
    for (write, frozen) in samples().into_iter().zip(frozen) {
        let batch = of(write);
        let bytes = batch.encode().unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert_eq!(text, format!("{start}{frozen}}}]}}"));
        assert_eq!(Batch::decode(&bytes), Ok(batch));
    }
    assert_eq!(samples().len(), frozen.len());
}

#[test]
fn notes_and_refused_entries_have_their_frozen_form() {
    let settled = Settled::of([1, 2, 3, 7, 9, 10]);
    let bytes = settled.encode().unwrap();
    assert_eq!(bytes, br#"{"settled":[[1,3],[7,7],[9,10]]}"#);
    assert_eq!(Settled::decode(&bytes), Ok(settled));

    let refused = Refused {
        position: 8,
        at: 1_700_000_000_001,
        code: "gap".to_owned(),
        batch: of(change(ChangeKind::Trash)),
    };
    let bytes = refused.encode().unwrap();
    assert_eq!(
        String::from_utf8(bytes.clone()).unwrap(),
        r#"{"position":8,"refusedAt":1700000000001,"code":"gap","at":1700000000000,"entry":{"owner":"00000000-0000-0000-0000-000000000001","lane":"00000000-0000-0000-0000-000000000002","write":{"append":{"conversation":"00000000-0000-0000-0000-000000000002","lane":{"device":"phone","deviceSeq":9},"id":"00000000-0000-0000-0000-000000000005","body":{"change":{"id":"00000000-0000-0000-0000-000000000005","kind":"trash","fingerprint":"01010101-0101-0101-0101-010101010101"}}}}}}"#
    );
    assert_eq!(Refused::decode(&bytes), Ok(refused));
}

#[test]
fn says_where_reading_stopped_and_never_what_stands_there() {
    let error = Batch::decode(br#"{"at":1,"entries":"secret words"}"#).unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
}
