//! A whole world of runs: one store, some processes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use manent_domain::append::{NewMessage, ParentRef};
use manent_domain::conversation::NewConversation;
use manent_domain::limits::Limits;
use manent_domain::message::Message;
use manent_domain::ports::{
    Admission, Clock, ConversationRepository, IdSource, IgnoreAppends, Journal, MessageRepository,
    NoAdmission, RunRepository, Signal, SignalListener,
};
use manent_domain::run::{AnswerBuilder, RecordTarget, Run};
use manent_domain::services::{AppendRequestBody, CompletionService, MessageService};
use manent_runs::{
    NewTurn, RunPorts, RunReader, RunService, RunsConfig, StartRun, Started, TurnService,
};
use manent_types::{
    ConversationId, Extras, MessageId, MessageStatus, ModelSettings, NodeId, Role, RunId,
    Timestamp, UserId,
};
use tokio::time::Instant;
use uuid::Uuid;

use super::journal::MemoryJournal;
use super::provider::{Puppet, Voice};
use super::store::FaultyStore;
use super::{request, uuid, words};

/// A clock that follows tokio's, which tests pause.
pub(crate) struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.0.elapsed().as_millis()).unwrap();
        Timestamp::from_millisecond(1_790_000_000_000 + passed).unwrap()
    }
}

struct Ids(AtomicU64);

impl IdSource for Ids {
    fn next(&self) -> Uuid {
        uuid(0xffff_0000 + u128::from(self.0.fetch_add(1, Ordering::SeqCst)))
    }
}

/// Hands the store's signals to the processes that listen.
#[derive(Default)]
struct Switchboard {
    listeners: Mutex<Vec<RunService>>,
}

impl SignalListener for Switchboard {
    fn signal(&self, signal: Signal) {
        let listeners = self.listeners.lock().unwrap().clone();
        for listener in listeners {
            listener.signal(signal);
        }
    }
}

/// One process.
pub(crate) struct Node {
    pub(crate) runs: RunService,
    pub(crate) turns: TurnService,
    pub(crate) puppet: Arc<Puppet>,
    pub(crate) journal: Arc<MemoryJournal>,
}

/// The world.
pub(crate) struct World {
    pub(crate) store: Arc<FaultyStore>,
    pub(crate) config: RunsConfig,
    pub(crate) admission: Arc<dyn Admission>,
    clock: Arc<TokioClock>,
    switchboard: Arc<Switchboard>,
}

pub(crate) fn owner() -> UserId {
    UserId::new(uuid(1))
}

pub(crate) fn conversation() -> ConversationId {
    ConversationId::new(uuid(2))
}

pub(crate) fn run_id(number: u128) -> RunId {
    RunId::new(uuid(0x1000 + number))
}

pub(crate) fn message_id(number: u128) -> MessageId {
    MessageId::new(uuid(0x2000 + number))
}

/// An untitled conversation to create.
pub(crate) fn new_conversation(id: ConversationId) -> NewConversation {
    NewConversation::new(id)
}

/// A run that keeps its answer as the message with the same number, as a root.
pub(crate) fn recorded(number: u128) -> StartRun {
    StartRun {
        record: Some(RecordTarget {
            conversation: conversation(),
            message: message_id(number),
            parent: ParentRef::Root,
        }),
        ..plain(number)
    }
}

/// A run that keeps no answer.
pub(crate) fn plain(number: u128) -> StartRun {
    StartRun {
        id: run_id(number),
        record: None,
        retained: Vec::new(),
        request: request(),
    }
}

impl World {
    /// A world with an empty conversation.
    pub(crate) async fn new() -> Self {
        let switchboard = Arc::new(Switchboard::default());
        let store = Arc::new(FaultyStore::new(switchboard.clone()));
        let world = Self {
            store,
            config: RunsConfig::default(),
            admission: Arc::new(NoAdmission),
            clock: Arc::new(TokioClock(Instant::now())),
            switchboard,
        };
        world.create().await;
        world
    }

    async fn create(&self) {
        let new = new_conversation(conversation());
        self.store
            .inner
            .create(owner(), new, self.now())
            .await
            .unwrap();
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn messages(&self) -> MessageService {
        MessageService::new(
            self.store.clone(),
            Arc::new(IgnoreAppends),
            self.clock.clone(),
            Arc::new(Ids(AtomicU64::new(0))),
            Limits::default(),
        )
    }

    /// A process with a journal that hears the store's signals.
    pub(crate) fn node(&self, number: u128) -> Node {
        self.hearing(self.custom_node(number, true, false))
    }

    /// A process without a journal.
    pub(crate) fn node_without_journal(&self, number: u128) -> Node {
        self.hearing(self.custom_node(number, false, false))
    }

    /// A process that hears no signals and has no journal.
    pub(crate) fn deaf_node(&self, number: u128) -> Node {
        self.custom_node(number, false, false)
    }

    /// A process that has the store for itself.
    pub(crate) fn only_node(&self, number: u128) -> Node {
        self.hearing(self.custom_node(number, true, true))
    }

    fn hearing(&self, node: Node) -> Node {
        self.switchboard
            .listeners
            .lock()
            .unwrap()
            .push(node.runs.clone());
        node
    }

    fn custom_node(&self, number: u128, has_journal: bool, is_store_exclusive: bool) -> Node {
        let journal = Arc::new(MemoryJournal::new(self.store.clone()));
        journal.spawn_drain(self.clock.clone());
        let puppet = Arc::new(Puppet::default());
        let ports = RunPorts {
            node: NodeId::new(uuid(0x100 + number)),
            completions: CompletionService::new(vec![puppet.clone()], Limits::default()),
            admission: self.admission.clone(),
            messages: self.messages(),
            runs: self.store.clone(),
            conversation_store: self.store.clone(),
            message_store: self.store.clone(),
            journal: has_journal.then(|| journal.clone() as Arc<dyn Journal>),
            clock: self.clock.clone(),
            ids: Arc::new(Ids(AtomicU64::new(0x1_0000))),
            is_store_exclusive,
        };
        let runs = RunService::new(ports, self.config.clone());
        Node {
            turns: TurnService::new(runs.clone()),
            runs,
            puppet,
            journal,
        }
    }

    /// The message, as the store has it.
    pub(crate) async fn message(&self, number: u128) -> Option<Message> {
        let find = self
            .store
            .inner
            .find_message(owner(), message_id(number), Timestamp::EPOCH);
        find.await.unwrap()
    }

    /// The run, as the store has it.
    pub(crate) async fn run(&self, number: u128) -> Option<Run> {
        self.store
            .inner
            .find_run(owner(), run_id(number))
            .await
            .unwrap()
    }

    /// A turn: the person's message has the number and a thousand, the answer the number itself.
    pub(crate) fn turn(&self, number: u128) -> NewTurn {
        let body = AppendRequestBody {
            parent: ParentRef::Root,
            role: Role::User,
            content: words("Hello"),
            status: MessageStatus::Complete,
            model: None,
            provider: None,
            usage: None,
            created_at: None,
            extras: Extras::new(),
        };
        let message: NewMessage = self
            .messages()
            .check(Some(message_id(number + 1_000)), body)
            .unwrap();
        NewTurn {
            conversation: conversation(),
            create: None,
            message,
            told: None,
            history: Vec::new(),
            settings: ModelSettings::default(),
            answer: message_id(number),
            run: run_id(number),
        }
    }
}

impl Node {
    /// Starts a run whose provider speaks with this voice.
    pub(crate) async fn start(&self, run: StartRun) -> (Voice, RunReader) {
        let voice = self.puppet.expect_call();
        let started = self.runs.start(owner(), run).await.expect("a started run");
        assert!(started.is_new);
        (voice, started.reader)
    }

    pub(crate) async fn start_again(&self, run: StartRun) -> Started {
        self.runs.start(owner(), run).await.expect("a started run")
    }
}

/// Lets the processes work for so long.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// What the store's log of a run comes to.
pub(crate) async fn logged_text(world: &World, number: u128) -> String {
    let read = world
        .store
        .inner
        .read_log(owner(), run_id(number), 0, usize::MAX);
    let page = read.await.unwrap().unwrap();
    let mut builder = AnswerBuilder::default();
    for logged in &page.events {
        builder.apply(&logged.event);
    }
    manent_types::text_of(&builder.content())
}
