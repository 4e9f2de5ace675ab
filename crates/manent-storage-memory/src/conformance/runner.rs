//! A process that runs generations for a person, and short ways to say what a test does.

use manent_domain::append::ParentRef;
use manent_domain::completion::{CompletionEvent, FinishReason};
use manent_domain::feed::{Change, Changed, FeedPage, Subject};
use manent_domain::run::{
    AnswerSnapshot, AnswerStanding, Begun, LoggedEvent, NewRun, RecordTarget, Run, RunEnd,
    RunEvent, RunLogPage, RunProgress, RunStanding,
};
use manent_types::{ConversationId, MessageId, MessageStatus, NodeId, RunId, UserId};
use uuid::Uuid;

use super::FullStore;
use super::person::{Person, at, text};

/// More bytes than any log of the suite has.
pub const WHOLE: usize = 1_000_000;

/// A run's id.
pub fn run(number: u128) -> RunId {
    RunId::new(Uuid::from_u128(0x70 << 120 | number))
}

/// A process.
pub fn node(number: u128) -> NodeId {
    NodeId::new(Uuid::from_u128(0x90 << 120 | number))
}

/// An answer's place: this message in this conversation, after the newest one.
pub const fn target(conversation: ConversationId, message: MessageId) -> RecordTarget {
    RecordTarget {
        conversation,
        message,
        parent: ParentRef::Newest,
    }
}

/// The provider `scripted` took the request for the model `m-1`.
pub fn started() -> RunEvent {
    RunEvent::Started {
        provider: "scripted".to_owned(),
        model: "m-1".to_owned(),
    }
}

/// Words of an answer.
pub fn words(words: &str) -> RunEvent {
    RunEvent::Completion(CompletionEvent::Text(words.to_owned()))
}

/// The end of an answer that is whole.
pub fn completed() -> RunEnd {
    RunEnd {
        status: MessageStatus::Complete,
        finish_reason: Some(FinishReason::Stop),
        failure: None,
    }
}

/// Events from this position on.
pub fn logged<const COUNT: usize>(first: u64, events: [RunEvent; COUNT]) -> Vec<LoggedEvent> {
    (first..)
        .zip(events)
        .map(|(position, event)| LoggedEvent { position, event })
        .collect()
}

/// An answer of one text part that goes up to this position.
pub fn snapshot(words: &str, position: u64) -> AnswerSnapshot {
    AnswerSnapshot {
        content: text(words),
        usage: None,
        position,
    }
}

/// How a run without a message stands while it runs.
pub const fn running(last_position: u64) -> RunStanding {
    RunStanding {
        status: MessageStatus::Running,
        last_position,
        stop_requested: false,
        answer: AnswerStanding::NotWanted,
    }
}

/// A process that runs generations for a person.
#[derive(Clone, Copy)]
pub struct Runner<'store> {
    /// The store.
    pub store: &'store dyn FullStore,
    /// For whom.
    pub person: Person<'store>,
    /// The process.
    pub node: NodeId,
}

impl<'store> Runner<'store> {
    /// The first process, for the first person.
    pub fn new(store: &'store dyn FullStore) -> Self {
        Self {
            store,
            person: Person::new(store, 1),
            node: node(1),
        }
    }

    /// The same with a conversation without a title.
    pub async fn with_conversation(store: &'store dyn FullStore, id: ConversationId) -> Self {
        let runner = Self::new(store);
        runner.person.create(id, None, 0).await;
        runner
    }

    /// Another process, for the same person.
    #[must_use]
    pub fn on(self, number: u128) -> Self {
        Self {
            node: node(number),
            ..self
        }
    }

    /// The same process, for another person.
    #[must_use]
    pub fn of(self, number: u128) -> Self {
        Self {
            person: Person::new(self.store, number),
            ..self
        }
    }

    /// For whom.
    pub const fn owner(&self) -> UserId {
        self.person.owner
    }

    /// Registers a run ten seconds after the beginning.
    pub async fn begin(&self, id: RunId, record: Option<RecordTarget>) -> Begun {
        self.begin_at(id, record, 10).await
    }

    /// Registers a run so many seconds after the beginning.
    pub async fn begin_at(&self, id: RunId, record: Option<RecordTarget>, seconds: i64) -> Begun {
        let new = NewRun {
            id,
            node: self.node,
            record,
            started_at: at(seconds),
        };
        let begun = self.store.begin(self.owner(), new, at(seconds)).await;
        begun.unwrap()
    }

    /// Registers a run that must be new.
    pub async fn begin_new(&self, id: RunId, record: Option<RecordTarget>) -> Run {
        match self.begin(id, record).await {
            Begun::New(run) => run,
            other => panic!("the run is not new: {other:?}"),
        }
    }

    /// A piece of progress.
    pub fn progress(
        &self,
        run: RunId,
        events: Vec<LoggedEvent>,
        answer: Option<AnswerSnapshot>,
    ) -> RunProgress {
        let end = events.last().and_then(|last| match &last.event {
            RunEvent::Ended(end) => Some(end.clone()),
            _ => None,
        });
        RunProgress {
            owner: self.owner(),
            run,
            events,
            answer,
            end,
        }
    }

    /// Stores progress so many seconds after the beginning.
    pub async fn record(
        &self,
        progress: Vec<RunProgress>,
        seconds: i64,
    ) -> Vec<Option<RunStanding>> {
        let count = progress.len();
        let standings = self.store.record(self.node, progress, at(seconds)).await;
        let standings = standings.unwrap();
        assert_eq!(standings.len(), count, "one answer for each");
        standings
    }

    /// Stores the progress of one run, which must be registered, 20 seconds after the beginning.
    pub async fn go_on(
        &self,
        run: RunId,
        events: Vec<LoggedEvent>,
        answer: Option<AnswerSnapshot>,
    ) -> RunStanding {
        self.go_on_at(run, events, answer, 20).await
    }

    /// Stores the progress of one run, which must be registered, so many seconds after the beginning.
    pub async fn go_on_at(
        &self,
        run: RunId,
        events: Vec<LoggedEvent>,
        answer: Option<AnswerSnapshot>,
        seconds: i64,
    ) -> RunStanding {
        let progress = self.progress(run, events, answer);
        let standings = self.record(vec![progress], seconds).await;
        standings.into_iter().next().flatten().unwrap()
    }

    /// A run that must be registered.
    pub async fn run(&self, id: RunId) -> Run {
        self.find_run(id).await.unwrap()
    }

    /// A run.
    pub async fn find_run(&self, id: RunId) -> Option<Run> {
        self.store.find_run(self.owner(), id).await.unwrap()
    }

    /// A page of a run's log.
    pub async fn read_log(&self, id: RunId, after: u64, max_bytes: usize) -> Option<RunLogPage> {
        let page = self.store.read_log(self.owner(), id, after, max_bytes);
        page.await.unwrap()
    }

    /// A run's whole log.
    pub async fn log(&self, id: RunId) -> Vec<LoggedEvent> {
        self.read_log(id, 0, WHOLE).await.unwrap().events
    }

    /// Ends the runs of other processes that were not heard of since so many seconds after the beginning.
    pub async fn interrupt_dead(
        &self,
        heard_before: i64,
        limit: usize,
        seconds: i64,
    ) -> Vec<(UserId, RunId)> {
        let found = self
            .store
            .interrupt_dead(self.node, at(heard_before), limit, at(seconds));
        found.await.unwrap()
    }

    /// A page of the feed.
    pub async fn feed_page(&self, after: u64, limit: usize) -> FeedPage {
        let page = self.store.read_feed(self.owner(), after, limit).await;
        page.unwrap()
    }

    /// The number of the newest change.
    pub async fn head(&self) -> u64 {
        self.feed_page(0, 1).await.head
    }

    /// What changed after a number, which are at most 1,000 changes without holes.
    pub async fn changes(&self, after: u64) -> Vec<Change> {
        let page = self.feed_page(after, 1_000).await;
        let numbers: Vec<u64> = page.changes.iter().map(|change| change.seq).collect();
        let expected: Vec<u64> = (after + 1..=page.head.max(after)).collect();
        assert_eq!(numbers, expected, "the feed has no holes");
        page.changes
    }

    /// The subjects of what changed after a number.
    pub async fn subjects(&self, after: u64) -> Vec<Subject> {
        let changes = self.changes(after).await;
        changes
            .iter()
            .map(|change| subject_of(&change.changed))
            .collect()
    }
}

/// What a change is about.
pub const fn subject_of(changed: &Changed) -> Subject {
    match changed {
        Changed::Conversation(conversation) => Subject::Conversation(conversation.id),
        Changed::Message(message) => Subject::Message(message.id),
        Changed::Run(run) => Subject::Run(run.id),
    }
}
