//! Entries applied to a store.

use std::sync::Arc;

use manent_domain::append::ParentRef;
use manent_domain::completion::{CompletionEvent, FinishReason};
use manent_domain::conversation::NewConversation;
use manent_domain::journal::{JournalEntry, JournalLane, JournalWrite};
use manent_domain::limits::Limits;
use manent_domain::ports::{IdSource, IgnoreAppends, MessageRepository, RunRepository};
use manent_domain::run::{
    AnswerSnapshot, LoggedEvent, NewRun, RecordTarget, RunEnd, RunEvent, RunProgress,
};
use manent_domain::services::MessageService;
use manent_storage_memory::MemoryStore;
use manent_types::{
    ConversationId, MessageId, MessageStatus, NodeId, Part, RunId, Timestamp, UserId,
};
use uuid::Uuid;

use super::samples::{FixedClock, entry};
use crate::{Applied, JournalTarget, StoreTarget};

struct NoIds;

impl IdSource for NoIds {
    fn next(&self) -> Uuid {
        Uuid::nil()
    }
}

fn target() -> (Arc<MemoryStore>, StoreTarget) {
    let store = Arc::new(MemoryStore::default());
    let clock = Arc::new(FixedClock);
    let messages = MessageService::new(
        store.clone(),
        Arc::new(IgnoreAppends),
        clock.clone(),
        Arc::new(NoIds),
        Limits::default(),
    );
    let target = StoreTarget::new(store.clone(), messages, store.clone(), clock);
    (store, target)
}

const OWNER: UserId = UserId::new(Uuid::from_u128(7));
const CONVERSATION: ConversationId = ConversationId::new(Uuid::from_u128(1));
const RUN: RunId = RunId::new(Uuid::from_u128(50));
const NODE: NodeId = NodeId::new(Uuid::from_u128(60));
const ANSWER: MessageId = MessageId::new(Uuid::from_u128(70));

fn of(write: JournalWrite) -> JournalEntry {
    JournalEntry {
        owner: OWNER,
        lane: JournalLane::conversation(CONVERSATION),
        write,
    }
}

fn create() -> JournalEntry {
    of(JournalWrite::CreateConversation(NewConversation::new(
        CONVERSATION,
    )))
}

fn begin(parent: ParentRef) -> JournalEntry {
    of(JournalWrite::BeginRun(NewRun {
        id: RUN,
        node: NODE,
        record: Some(RecordTarget {
            conversation: CONVERSATION,
            message: ANSWER,
            parent,
        }),
        started_at: manent_domain::ports::Clock::now(&FixedClock),
    }))
}

/// Text events from a position on, with the whole answer and the end behind them when it is the last.
fn progress(first: u64, count: u64, is_last: bool) -> JournalEntry {
    let end = RunEnd {
        status: MessageStatus::Complete,
        finish_reason: Some(FinishReason::Stop),
        failure: None,
    };
    let mut events: Vec<LoggedEvent> = (first..first + count)
        .map(|position| LoggedEvent {
            position,
            event: RunEvent::Completion(CompletionEvent::Text("x".to_owned())),
        })
        .collect();
    let mut position = first + count - 1;
    let text = "x".repeat(usize::try_from(position).unwrap());
    if is_last {
        position += 1;
        events.push(LoggedEvent {
            position,
            event: RunEvent::Ended(end.clone()),
        });
    }
    of(JournalWrite::RecordRun {
        node: NODE,
        progress: RunProgress {
            owner: OWNER,
            run: RUN,
            events,
            answer: Some(AnswerSnapshot {
                content: vec![Part::Text { text }],
                usage: None,
                position,
            }),
            end: is_last.then_some(end),
        },
    })
}

fn refused(code: &str) -> Applied {
    Applied::Refused {
        code: code.to_owned(),
    }
}

#[tokio::test]
async fn a_whole_turn_is_stored_once_however_often_it_comes() {
    let (store, target) = target();
    let turn = [
        create(),
        entry(1, 1),
        begin(ParentRef::Newest),
        progress(1, 3, false),
        progress(4, 2, true),
    ];
    for _ in 0..3 {
        for entry in turn.clone() {
            assert_eq!(target.apply(entry).await, Applied::Stored);
        }
    }
    let run = store.find_run(OWNER, RUN).await.unwrap().unwrap();
    assert_eq!(
        (run.status, run.last_position),
        (MessageStatus::Complete, 6)
    );
    let answer = store
        .find_message(OWNER, ANSWER, Timestamp::EPOCH)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(answer.seq, 2);
    assert_eq!(answer.status, MessageStatus::Complete);
    assert_eq!(
        answer.content,
        [Part::Text {
            text: "xxxxx".to_owned()
        }]
    );
}

#[tokio::test]
async fn what_can_never_be_stored_is_refused_with_its_code() {
    let (_, target) = target();
    assert_eq!(
        target.apply(entry(1, 1)).await,
        refused("conversation_not_found")
    );
    assert_eq!(
        target.apply(begin(ParentRef::Root)).await,
        refused("conversation_not_found")
    );
    assert_eq!(
        target.apply(progress(1, 1, true)).await,
        refused("run_not_found")
    );
    target.apply(create()).await;
    target.apply(begin(ParentRef::Root)).await;
    assert_eq!(target.apply(progress(3, 1, false)).await, refused("gap"));
    assert_eq!(target.apply(progress(1, 1, true)).await, Applied::Stored);
    assert_eq!(
        target.apply(progress(3, 1, false)).await,
        refused("run_ended")
    );
}

#[tokio::test]
async fn an_answer_whose_parent_comes_late_waits_and_is_stored_whole() {
    let (store, target) = target();
    let parent = entry(1, 1);
    let JournalWrite::Append(submission) = &parent.write else {
        panic!("an append");
    };
    let parent_id = submission.id.unwrap();
    target.apply(create()).await;
    target.apply(begin(ParentRef::Message(parent_id))).await;
    // Not the last piece: the whole answer comes again.
    assert_eq!(target.apply(progress(1, 2, false)).await, Applied::Stored);
    for _ in 0..2 {
        let applied = target.apply(progress(3, 1, true)).await;
        assert_eq!(applied, Applied::ParentMissing);
    }
    assert_eq!(target.apply(parent).await, Applied::Stored);
    assert_eq!(target.apply(progress(3, 1, true)).await, Applied::Stored);
    let answer = store
        .find_message(OWNER, ANSWER, Timestamp::EPOCH)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(answer.parent, Some(parent_id));
    assert_eq!(
        answer.content,
        [Part::Text {
            text: "xxx".to_owned()
        }]
    );
}
