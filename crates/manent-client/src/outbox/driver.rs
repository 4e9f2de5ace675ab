//! The task that drives the two machines of the engine, the outbox and the answers: what they want written goes to the store, what they want
//! sent to the server, and they are woken in time.
//!
//! Invariants: the machines are touched by this task alone; there is one transaction at a time, and it holds everything that both machines
//! wanted written by then, so that a message and the wish for its answer become durable together.

mod answers;
mod events;
mod write;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use manent_engine::answers::{AnswerInput, Answers, NewAnswer};
use manent_engine::{
    Answer, Engine, FailReason, Input, ItemId, ItemState, LaneId, Millis, NewItem, Output,
    RequestId, WaitReason,
};
use manent_types::{DeviceId, RunId};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::send;
use super::status::{QueueStatus, Shared};
use crate::answers::{AnswerPayload, Attempt, Board};
use crate::creations::Creations;
use crate::environment;
use crate::error::QueueError;
use crate::http::Api;
use crate::payload::Payload;
use crate::store::{SharedStore, WriteError};
use write::Writes;

/// A machine that slept wakes its timers late: the engine is asked again at least so often.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

type Reply = oneshot::Sender<Result<(), QueueError>>;

/// Reads the engine between two steps.
pub(crate) type Look = Box<dyn FnOnce(&Engine<Payload>) + Send>;

/// What the services ask of the driver.
pub(crate) enum Command {
    /// Follow a command about an item, and tell when that is durable.
    Do {
        input: Input<Payload>,
        id: ItemId,
        expect: Expect,
        reply: Reply,
    },
    /// Take a message and the wish for its answer, together.
    Send {
        item: NewItem<Payload>,
        answer: NewAnswer<AnswerPayload>,
        reply: Reply,
    },
    /// Take the wish for an answer.
    Want(NewAnswer<AnswerPayload>),
    /// Nobody wants this answer any more.
    GiveUp(RunId),
    /// Tell the engine something that needs no answer.
    ProbeNow,
    /// Someone signed in.
    SignedIn,
    /// Try now, and tell when nothing more can be done at once.
    Flush(oneshot::Sender<()>),
    /// Empty the store.
    SignOut { is_confirmed: bool, reply: Reply },
    /// Look at the engine.
    Look(Look),
    /// Finish what is being written and end.
    Close(oneshot::Sender<()>),
}

/// The state that shows that a command was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// Any state that is durable.
    Durable,
    /// On its way to the server again.
    Pending,
    /// In the tray, as taken back.
    Withdrawn,
    /// In the tray.
    InTray,
    /// Thrown away.
    Discarded,
}

impl Expect {
    fn is_met(self, state: &ItemState) -> bool {
        match self {
            Self::Durable => !matches!(state, ItemState::Storing),
            Self::Pending => !matches!(
                state,
                ItemState::Storing | ItemState::Failed(_) | ItemState::Discarded
            ),
            Self::Withdrawn => matches!(state, ItemState::Failed(FailReason::Withdrawn)),
            Self::InTray => matches!(state, ItemState::Failed(_)),
            Self::Discarded => matches!(state, ItemState::Discarded),
        }
    }
}

struct Waiter {
    id: ItemId,
    /// The item that it takes the place of, about which a refusal may be, too.
    replaces: Option<ItemId>,
    expect: Expect,
    reply: Reply,
}

enum Finished {
    Written(Result<(), WriteError>),
    Answered(RequestId, Answer),
    Attempted(RunId, Attempt),
}

/// The driver of one outbox.
pub(crate) struct Driver {
    engine: Engine<Payload>,
    answers: Answers<AnswerPayload>,
    store: SharedStore,
    api: Api,
    shared: Arc<Shared>,
    board: Board,
    creations: Creations,
    device: DeviceId,
    /// The installation's name, which a new file gets too.
    installation: String,
    work: JoinSet<Finished>,
    requests: HashMap<RequestId, AbortHandle>,
    attempts: HashMap<RunId, AbortHandle>,
    began: (mpsc::Sender<RunId>, mpsc::Receiver<RunId>),
    wake_at: Option<Millis>,
    wake_answers_at: Option<Millis>,
    writes: Writes,
    waiters: Vec<Waiter>,
    flushes: Vec<oneshot::Sender<()>>,
    sign_outs: Vec<Reply>,
    lanes: HashMap<ItemId, LaneId>,
    /// What holds up the items that wait.
    wait: Option<WaitReason>,
}

/// What a driver is made from.
pub(crate) struct Parts {
    pub(crate) engine: Engine<Payload>,
    pub(crate) answers: Answers<AnswerPayload>,
    pub(crate) store: SharedStore,
    pub(crate) api: Api,
    pub(crate) shared: Arc<Shared>,
    pub(crate) board: Board,
    pub(crate) device: DeviceId,
    pub(crate) installation: String,
}

impl Driver {
    pub(crate) fn new(parts: Parts) -> Self {
        let lanes = parts
            .engine
            .items()
            .into_iter()
            .map(|(item, _)| (item.id, item.lane.clone()))
            .collect();
        for (answer, _) in parts.answers.pending() {
            parts.board.put(answer.run, &answer.payload);
        }
        Self {
            engine: parts.engine,
            answers: parts.answers,
            store: parts.store,
            api: parts.api,
            shared: parts.shared,
            board: parts.board,
            creations: Creations::default(),
            device: parts.device,
            installation: parts.installation,
            work: JoinSet::new(),
            requests: HashMap::new(),
            attempts: HashMap::new(),
            began: mpsc::channel(16),
            wake_at: None,
            wake_answers_at: None,
            writes: Writes::default(),
            waiters: Vec::new(),
            flushes: Vec::new(),
            sign_outs: Vec::new(),
            lanes,
            wait: None,
        }
    }

    /// Runs until it is closed, or the client is dropped, and lets go of the store then.
    pub(crate) async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        mut is_alive: watch::Receiver<()>,
    ) {
        let closed = self.work_until_closed(&mut commands, &mut is_alive).await;
        self.finish_writing().await;
        self.work.shutdown().await;
        self.board.close();
        self.store.close().await;
        if let Some(reply) = closed {
            // Nobody waits for it any more, perhaps.
            let _ = reply.send(());
        }
    }

    async fn work_until_closed(
        &mut self,
        commands: &mut mpsc::Receiver<Command>,
        is_alive: &mut watch::Receiver<()>,
    ) -> Option<oneshot::Sender<()>> {
        self.handle(Input::Wake);
        self.handle_answers(AnswerInput::Wake);
        self.settle();
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Close(reply)) => return Some(reply),
                    Some(command) => self.follow(command),
                    None => return None,
                },
                // Its other end is never used: it goes with the client.
                _ = is_alive.changed() => return None,
                Some(finished) = self.work.join_next() => if let Ok(finished) = finished {
                    self.take_in(finished);
                },
                Some(run) = self.began.1.recv() => self.handle_answers(AnswerInput::Began(run)),
                () = sleep_until(self.wake_at) => {
                    self.wake_at = None;
                    self.handle(Input::Wake);
                }
                () = sleep_until(self.wake_answers_at) => {
                    self.wake_answers_at = None;
                    self.handle_answers(AnswerInput::Wake);
                }
            }
            self.settle();
        }
    }

    /// A store that hangs does not keep the program from ending: what it was given is then written or not, as in a crash.
    async fn finish_writing(&mut self) {
        const PATIENCE: Duration = Duration::from_secs(5);
        self.handle(Input::Lead(false));
        for (_, attempt) in self.attempts.drain() {
            attempt.abort();
        }
        self.settle();
        let writing = async {
            while self.writes.is_writing()
                && let Some(finished) = self.work.join_next().await
            {
                if let Ok(finished @ Finished::Written(_)) = finished {
                    self.take_in(finished);
                    self.settle();
                }
            }
        };
        if tokio::time::timeout(PATIENCE, writing).await.is_err() {
            tracing::warn!("the outbox is closed while its store is still writing");
        }
    }

    fn follow(&mut self, command: Command) {
        match command {
            Command::Do {
                input,
                id,
                expect,
                reply,
            } => {
                if let Input::Enqueue(item)
                | Input::Resend {
                    replacement: item, ..
                } = &input
                {
                    self.lanes.entry(id).or_insert_with(|| item.lane.clone());
                }
                let replaces = match &input {
                    Input::Resend { failed, .. } => Some(*failed),
                    _ => None,
                };
                self.waiters.push(Waiter {
                    id,
                    replaces,
                    expect,
                    reply,
                });
                self.handle(input);
            }
            Command::Send {
                item,
                answer,
                reply,
            } => {
                let id = item.id;
                self.lanes.entry(id).or_insert_with(|| item.lane.clone());
                self.waiters.push(Waiter {
                    id,
                    replaces: None,
                    expect: Expect::Durable,
                    reply,
                });
                self.handle(Input::Enqueue(item));
                if self.engine.state(id).is_some() {
                    self.board.put(answer.run, &answer.payload);
                    self.handle_answers(AnswerInput::Want(answer));
                }
            }
            Command::Want(answer) => {
                self.board.put(answer.run, &answer.payload);
                self.handle_answers(AnswerInput::Want(answer));
            }
            Command::GiveUp(run) => self.give_up(run),
            Command::ProbeNow => {
                self.handle(Input::ProbeNow);
                self.handle_answers(AnswerInput::ProbeNow);
            }
            Command::SignedIn => {
                self.handle(Input::SignedIn);
                self.handle_answers(AnswerInput::SignedIn);
            }
            Command::Flush(reply) => {
                self.flushes.push(reply);
                self.handle(Input::ProbeNow);
            }
            Command::SignOut {
                is_confirmed,
                reply,
            } => {
                self.sign_outs.push(reply);
                self.handle(Input::SignOut { is_confirmed });
            }
            Command::Look(look) => look(&self.engine),
            Command::Close(_) => {}
        }
    }

    fn take_in(&mut self, finished: Finished) {
        match finished {
            Finished::Written(result) => self.on_written(result),
            Finished::Answered(request, answer) => {
                self.requests.remove(&request);
                self.handle(Input::Answered { request, answer });
            }
            Finished::Attempted(run, attempt) => self.on_attempted(run, attempt),
        }
    }

    fn handle(&mut self, input: Input<Payload>) {
        self.engine.handle(environment::now(), input);
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Persist(id, operations) => self.writes.of_engine(id, operations),
                Output::Send(request, batch) => {
                    let (api, creations) = (self.api.clone(), self.creations.clone());
                    let task = self.work.spawn(async move {
                        let answer = send::send(&api, &creations, &batch).await;
                        Finished::Answered(request, answer)
                    });
                    self.requests.insert(request, task);
                }
                Output::Cancel(request) => {
                    if let Some(task) = self.requests.remove(&request) {
                        task.abort();
                    }
                }
                Output::Notify(event) => self.on_event(event),
                Output::WakeAt(at) => self.wake_at = Some(at),
            }
        }
    }

    /// What follows from the steps that were made: a transaction, and news for those who listen.
    fn settle(&mut self) {
        self.write();
        self.tell_status();
        let is_sending = {
            let status = self.shared.queue.borrow();
            status.storing + status.queued + status.sending > 0 && !status.is_storage_refusing
        };
        if self.requests.is_empty() && !is_sending {
            for flush in self.flushes.drain(..) {
                // Nobody waits for it any more, perhaps.
                let _ = flush.send(());
            }
        }
    }

    fn tell_status(&self) {
        let metrics = self.engine.metrics();
        let status = QueueStatus::new(&metrics, self.wait);
        self.shared.queue.send_if_modified(|current| {
            let is_new = *current != status;
            *current = status;
            is_new
        });
    }
}

async fn sleep_until(wake_at: Option<Millis>) {
    match wake_at {
        Some(at) => {
            let wait = Duration::from_millis(at.saturating_sub(environment::now()));
            tokio::time::sleep(wait.min(LONGEST_SLEEP)).await;
        }
        None => std::future::pending().await,
    }
}
