//! Copies between stores in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use manent_domain::append::{LanePosition, NewItem, NewMessage, ParentRef, Submission};
use manent_domain::completion::{CompletionEvent, FinishReason};
use manent_domain::conversation::NewConversation;
use manent_domain::message::Fingerprint;
use manent_domain::ports::{
    ConversationRepository, MessageRepository, RunRepository, StoreError, TransferRepository,
};
use manent_domain::run::{
    AnswerSnapshot, LoggedEvent, NewRun, RecordTarget, RunEnd, RunEvent, RunProgress,
};
use manent_domain::transfer::{RecordKind, TransferRecord};
use manent_storage_memory::MemoryStore;
use manent_types::{
    ConversationId, Extras, MessageId, MessageStatus, NodeId, Part, Role, RunId, Timestamp, UserId,
};
use uuid::Uuid;

use super::compare::{compare, table};
use super::copy::{CopyError, Progress, copy};

struct Silent;

impl Progress for Silent {
    fn reached(&mut self, _: RecordKind, _: u64) {}
    fn finished(&mut self, _: RecordKind, _: u64) {}
}

fn now() -> Timestamp {
    Timestamp::from_millisecond(1_700_000_000_000).unwrap()
}

fn text(words: &str) -> Vec<Part> {
    vec![Part::Text {
        text: words.to_owned(),
    }]
}

/// Two people with conversations, messages in lanes, a refusal, and a run.
async fn filled() -> MemoryStore {
    let store = MemoryStore::default();
    for person in 1..3_u128 {
        let owner = UserId::new(Uuid::from_u128(person));
        for number in 0..3_u128 {
            let conversation = ConversationId::new(Uuid::from_u128(person << 32 | number));
            let new = NewConversation::new(conversation);
            store.create(owner, new, now()).await.unwrap();
            for device_seq in 1..60 {
                append(&store, owner, conversation, device_seq).await;
            }
            run(&store, owner, conversation).await;
        }
    }
    store
}

async fn append(store: &MemoryStore, owner: UserId, conversation: ConversationId, device_seq: u64) {
    let id = conversation.as_uuid().as_u128() << 32 | u128::from(device_seq);
    let id = MessageId::new(Uuid::from_u128(id));
    // The tenth has a parent that nobody knows.
    let parent = if device_seq == 10 {
        ParentRef::Message(MessageId::new(Uuid::from_u128(1)))
    } else {
        ParentRef::Newest
    };
    let content = text(&format!("words {device_seq}\nwith a line feed"));
    let message = NewMessage {
        id,
        parent,
        role: Role::User,
        fingerprint: Fingerprint::of(Role::User, &content).unwrap(),
        content,
        status: MessageStatus::Complete,
        model: None,
        provider: None,
        usage: None,
        created_at: None,
        extras: Extras::new(),
    };
    let submission = Submission {
        conversation,
        lane: Some(LanePosition {
            device: "phone".parse().unwrap(),
            device_seq,
        }),
        id: Some(id),
        body: Ok(NewItem::Message(message)),
    };
    store.append(owner, vec![submission], now()).await.unwrap();
}

async fn run(store: &MemoryStore, owner: UserId, conversation: ConversationId) {
    let id = conversation.as_uuid().as_u128() << 64;
    let node = NodeId::new(Uuid::from_u128(9));
    let new = NewRun {
        id: RunId::new(Uuid::from_u128(id)),
        node,
        record: Some(RecordTarget {
            conversation,
            message: MessageId::new(Uuid::from_u128(id)),
            parent: ParentRef::Newest,
        }),
        started_at: now(),
    };
    store.begin(owner, new, now()).await.unwrap();
    let end = RunEnd {
        status: MessageStatus::Complete,
        finish_reason: Some(FinishReason::Stop),
        failure: None,
    };
    let progress = RunProgress {
        owner,
        run: new.id,
        events: vec![
            LoggedEvent {
                position: 1,
                event: RunEvent::Completion(CompletionEvent::Text("answer".to_owned())),
            },
            LoggedEvent {
                position: 2,
                event: RunEvent::Ended(end.clone()),
            },
        ],
        answer: Some(AnswerSnapshot {
            content: text("answer"),
            usage: None,
            position: 2,
        }),
        end: Some(end),
    };
    store.record(node, vec![progress], now()).await.unwrap();
}

/// A store that fails after so many imports.
struct Failing {
    store: Arc<MemoryStore>,
    left: AtomicUsize,
}

#[async_trait]
impl TransferRepository for Failing {
    async fn export(
        &self,
        kind: RecordKind,
        after: Option<TransferRecord>,
        limit: usize,
    ) -> Result<Vec<TransferRecord>, StoreError> {
        self.store.export(kind, after, limit).await
    }

    async fn import(&self, records: Vec<TransferRecord>) -> Result<(), StoreError> {
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Err(StoreError::Unavailable {
                detail: "gone".to_owned(),
            });
        }
        self.left.store(left - 1, Ordering::Relaxed);
        self.store.import(records).await
    }
}

async fn is_same(source: &dyn TransferRepository, target: &dyn TransferRepository) -> bool {
    let comparisons = compare(source, target).await.unwrap();
    comparisons.iter().all(super::compare::Comparison::is_same)
}

#[tokio::test]
async fn a_copy_has_every_record_and_a_second_one_writes_nothing() {
    let source = filled().await;
    let target = MemoryStore::default();
    assert!(!is_same(&source, &target).await);
    let copied = copy(&source, &target, &mut Silent).await.unwrap();
    assert!(copied.iter().all(|copied| copied.found == 0));
    // Changes and documents alone are not among the samples; accounts move in the suite of the stores.
    let empty: Vec<RecordKind> = copied
        .iter()
        .filter(|copied| copied.written == 0)
        .map(|copied| copied.kind)
        .filter(|kind| !kind.is_of_accounts())
        .collect();
    assert_eq!(empty, [RecordKind::Change, RecordKind::Document]);
    assert!(is_same(&source, &target).await);
    let again = copy(&source, &target, &mut Silent).await.unwrap();
    assert!(again.iter().all(|copied| copied.written == 0));
}

#[derive(Default)]
struct Totals(Vec<(RecordKind, u64)>);

impl Progress for Totals {
    fn reached(&mut self, _: RecordKind, _: u64) {}
    fn finished(&mut self, kind: RecordKind, records: u64) {
        self.0.push((kind, records));
    }
}

#[tokio::test]
async fn the_last_word_on_each_kind_is_all_that_the_target_holds() {
    let source = filled().await;
    let target = MemoryStore::default();
    let mut first = Totals::default();
    let copied = copy(&source, &target, &mut first).await.unwrap();
    let written: Vec<(RecordKind, u64)> = copied
        .iter()
        .map(|copied| (copied.kind, copied.written))
        .collect();
    assert_eq!(first.0, written);
    let mut again = Totals::default();
    copy(&source, &target, &mut again).await.unwrap();
    assert_eq!(again.0, written);
}

#[tokio::test]
async fn an_interrupted_copy_goes_on_where_it_stopped() {
    let source = filled().await;
    let store = Arc::new(MemoryStore::default());
    let mut tries = 0;
    for imports in 1.. {
        let target = Failing {
            store: store.clone(),
            left: AtomicUsize::new(imports),
        };
        tries += 1;
        match copy(&source, &target, &mut Silent).await {
            Ok(_) => break,
            Err(CopyError::Target(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert!(tries > 3);
    assert!(is_same(&source, store.as_ref()).await);
}

#[tokio::test]
async fn a_target_with_other_data_is_refused_and_left_alone() {
    let source = filled().await;
    let other = MemoryStore::default();
    let owner = UserId::new(Uuid::from_u128(1));
    let new = NewConversation {
        title: Some("other".to_owned()),
        ..NewConversation::new(ConversationId::new(Uuid::from_u128(77)))
    };
    other.create(owner, new, now()).await.unwrap();
    let untouched = MemoryStore::default();
    copy(&other, &untouched, &mut Silent).await.unwrap();

    let error = copy(&source, &other, &mut Silent).await.unwrap_err();
    assert!(matches!(error, CopyError::OtherData { .. }), "{error}");
    assert!(is_same(&other, &untouched).await);
}

#[tokio::test]
async fn a_target_that_went_on_by_itself_is_refused() {
    let source = filled().await;
    let target = MemoryStore::default();
    copy(&source, &target, &mut Silent).await.unwrap();
    let owner = UserId::new(Uuid::from_u128(1));
    append(
        &target,
        owner,
        ConversationId::new(Uuid::from_u128(1 << 32)),
        99,
    )
    .await;
    let conversation = ConversationId::new(Uuid::from_u128(1 << 32));
    append(&target, owner, conversation, 60).await;
    let error = copy(&source, &target, &mut Silent).await.unwrap_err();
    assert!(matches!(error, CopyError::OtherData { .. }), "{error}");
    let comparisons = compare(&source, &target).await.unwrap();
    let table = table(&comparisons);
    assert!(table.contains("DIFFERENT"), "{table}");
    assert_eq!(table.lines().count(), 1 + RecordKind::ALL.len());
}
