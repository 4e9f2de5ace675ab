//! Gets messages to the server: each once, those of one conversation in the order in which they were queued, whatever dies.

mod decisions;

use std::sync::Arc;

use manent_engine::answers::NewAnswer;
use manent_engine::{
    Engine, HistoryEntry, Input, ItemId, ItemState, LaneId, Metrics, NewItem, TraceContext,
};
use manent_types::{ConversationId, DeviceId, MessageId, Part, RunId};
use serde_json::json;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::answers::AnswerPayload;
use crate::environment;
use crate::error::QueueError;
use crate::limits::Limits;
use crate::outbox::{Command, Expect, OutboxItem, QueueStatus, SaveStatus, Shared};
use crate::payload::{NewConversation, OutgoingChange, OutgoingMessage, Payload};
use crate::store::StorageWarning;

/// The durable outbox of this device. Cheap to clone; all clones are one outbox.
#[derive(Clone)]
pub struct PersistenceService {
    commands: mpsc::Sender<Command>,
    shared: Arc<Shared>,
    device: DeviceId,
    limits: Limits,
}

impl PersistenceService {
    pub(crate) fn new(
        commands: mpsc::Sender<Command>,
        shared: Arc<Shared>,
        device: DeviceId,
        limits: Limits,
    ) -> Self {
        Self {
            commands,
            shared,
            device,
            limits,
        }
    }

    /// The device id under which items are numbered.
    pub fn device_id(&self) -> &DeviceId {
        &self.device
    }

    /// Takes responsibility for a message: when this returns, it is durable on this device. An id that was taken before is ignored.
    /// `create` makes the conversation first where it is new.
    ///
    /// While the device's store refuses writes this waits; [`Self::warnings`] tells.
    ///
    /// # Errors
    /// [`QueueError::TextTooLong`], [`QueueError::TooLarge`], [`QueueError::Empty`]: the server would refuse it for good;
    /// [`QueueError::Full`], [`QueueError::SignedOut`], [`QueueError::Closed`]. Nothing was taken.
    pub async fn queue_message(
        &self,
        message: &OutgoingMessage,
        conversation_id: ConversationId,
        create: Option<NewConversation>,
    ) -> Result<(), QueueError> {
        let trace = environment::new_trace();
        let item = self.item_of(message, conversation_id, create, trace)?;
        let id = item.id;
        self.order(Input::Enqueue(item), id, Expect::Durable).await
    }

    /// Refuses content that the server would refuse for good.
    pub(crate) fn check(&self, content: &[Part]) -> Result<(), QueueError> {
        self.limits.check_content(content)
    }

    /// Takes a message and the wish for its answer, together: both are durable when this returns, or neither was taken.
    pub(crate) async fn send(
        &self,
        message: &OutgoingMessage,
        create: Option<NewConversation>,
        run: RunId,
        answer: AnswerPayload,
    ) -> Result<(), QueueError> {
        let trace = environment::new_trace();
        let item = self.item_of(message, answer.conversation_id, create, trace.clone())?;
        let answer = NewAnswer {
            run,
            payload: answer,
            trace,
        };
        let (reply, done) = oneshot::channel();
        let command = Command::Send {
            item,
            answer,
            reply,
        };
        self.commands
            .send(command)
            .await
            .map_err(|_| QueueError::Closed)?;
        done.await.map_err(|_| QueueError::Closed)?
    }

    /// Wants an answer to something that was said before. Returns when the wish is taken.
    pub(crate) async fn want(&self, run: RunId, answer: AnswerPayload) -> Result<(), QueueError> {
        let answer = NewAnswer {
            run,
            payload: answer,
            trace: environment::new_trace(),
        };
        self.commands
            .send(Command::Want(answer))
            .await
            .map_err(|_| QueueError::Closed)
    }

    fn item_of(
        &self,
        message: &OutgoingMessage,
        conversation_id: ConversationId,
        create: Option<NewConversation>,
        trace: Option<TraceContext>,
    ) -> Result<NewItem<Payload>, QueueError> {
        self.limits.check_content(&message.content)?;
        let mut payload = message.payload();
        if let Some(create) = create {
            payload.insert("create".to_owned(), json!(create));
        }
        let parent = message.parent_id.map(|parent| ItemId(parent.as_uuid()));
        let id = ItemId(message.id.as_uuid());
        self.item(id, parent, conversation_id, payload, trace)
    }

    fn item(
        &self,
        id: ItemId,
        parent: Option<ItemId>,
        conversation_id: ConversationId,
        payload: Payload,
        trace: Option<TraceContext>,
    ) -> Result<NewItem<Payload>, QueueError> {
        let lane = LaneId {
            device: self.device.clone(),
            stream: conversation_id.as_uuid(),
        };
        Ok(NewItem {
            id,
            lane,
            parent,
            size_bytes: self.limits.checked_size(&payload)?,
            payload,
            trace,
        })
    }

    /// Queues a change of what is stored, in order with the messages of its conversation. The answer is the change's own id.
    ///
    /// # Errors
    /// As [`Self::queue_message`].
    pub async fn queue_change(
        &self,
        change: &OutgoingChange,
        conversation_id: ConversationId,
    ) -> Result<MessageId, QueueError> {
        if let OutgoingChange::Edit { content, .. } = change {
            self.limits.check_content(content)?;
        }
        let id = environment::new_id();
        let parent = match change {
            OutgoingChange::Edit { message_id, .. }
            | OutgoingChange::Delete { message_id }
            | OutgoingChange::Undelete { message_id } => Some(ItemId(message_id.as_uuid())),
            OutgoingChange::Trash | OutgoingChange::Restore => None,
        };
        let trace = environment::new_trace();
        let payload = change.payload();
        let item = self.item(ItemId(id), parent, conversation_id, payload, trace)?;
        self.order(Input::Enqueue(item), ItemId(id), Expect::Durable)
            .await?;
        Ok(MessageId::new(id))
    }

    /// Tries what waits, now and once, as far as the schedule allows. Returns when nothing more can be done at once.
    pub async fn flush(&self) {
        let (reply, done) = oneshot::channel();
        if self.commands.send(Command::Flush(reply)).await.is_ok() {
            // Fails only when the client is closed meanwhile.
            let _ = done.await;
        }
    }

    /// How the outbox stands.
    pub fn queue_status(&self) -> QueueStatus {
        self.shared.queue.borrow().clone()
    }

    /// How the outbox stands, again whenever that changes.
    pub fn watch_status(&self) -> watch::Receiver<QueueStatus> {
        self.shared.queue.subscribe()
    }

    /// Each change of an item's state, from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<SaveStatus> {
        self.shared.statuses.subscribe()
    }

    /// What a person should know about the device's own store, from now on.
    pub fn warnings(&self) -> broadcast::Receiver<StorageWarning> {
        self.shared.warnings.subscribe()
    }

    /// The counts.
    ///
    /// # Errors
    /// [`QueueError::Closed`].
    pub async fn metrics(&self) -> Result<Metrics, QueueError> {
        self.look(Engine::metrics).await
    }

    /// Where an item stands; absent for one that never was there, or was saved before the last 200 that were.
    ///
    /// # Errors
    /// [`QueueError::Closed`].
    pub async fn status(&self, message_id: MessageId) -> Result<Option<ItemState>, QueueError> {
        let id = ItemId(message_id.as_uuid());
        self.look(move |engine| engine.state(id)).await
    }

    /// All items that are not saved, oldest first, those of the tray among them.
    ///
    /// # Errors
    /// [`QueueError::Closed`].
    pub async fn items(&self) -> Result<Vec<OutboxItem>, QueueError> {
        self.look(|engine| {
            let items = engine.items().into_iter();
            items
                .map(|(stored, state)| OutboxItem {
                    status: SaveStatus {
                        message_id: MessageId::new(stored.id.0),
                        conversation_id: ConversationId::new(stored.lane.stream),
                        state,
                    },
                    payload: stored.payload.clone(),
                    parent_id: stored.parent.map(|parent| MessageId::new(parent.0)),
                    queued_at: stored.enqueued_at,
                })
                .collect()
        })
        .await
    }

    /// What happened to an item since the client was opened, oldest first; also for the last 200 saved ones.
    ///
    /// # Errors
    /// [`QueueError::Closed`].
    pub async fn history(&self, message_id: MessageId) -> Result<Vec<HistoryEntry>, QueueError> {
        let id = ItemId(message_id.as_uuid());
        self.look(move |engine| engine.history(id).to_vec()).await
    }

    /// Try now: the network is back, or the person wants it. The schedule stays as it is.
    pub fn probe_now(&self) {
        self.tell(Command::ProbeNow);
    }

    /// Someone signed in: what was paused goes on.
    pub fn signed_in(&self) {
        self.tell(Command::SignedIn);
    }

    pub(crate) fn give_up(&self, run: RunId) {
        self.tell(Command::GiveUp(run));
    }

    /// Empties the device's store, answers that are waited for included.
    ///
    /// # Errors
    /// [`QueueError::WouldLose`] while something is not saved, unless it is confirmed.
    pub(crate) async fn sign_out(&self, is_confirmed: bool) -> Result<(), QueueError> {
        let (reply, done) = oneshot::channel();
        let command = Command::SignOut {
            is_confirmed,
            reply,
        };
        self.commands
            .send(command)
            .await
            .map_err(|_| QueueError::Closed)?;
        done.await.map_err(|_| QueueError::Closed)?
    }

    pub(crate) async fn close(&self) {
        let (reply, done) = oneshot::channel();
        if self.commands.send(Command::Close(reply)).await.is_ok() {
            // Fails only when it has ended already.
            let _ = done.await;
        }
    }

    fn tell(&self, command: Command) {
        match self.commands.try_send(command) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
            Err(mpsc::error::TrySendError::Full(command)) => {
                let commands = self.commands.clone();
                tokio::spawn(async move { commands.send(command).await.ok() });
            }
        }
    }

    async fn order(
        &self,
        input: Input<Payload>,
        id: ItemId,
        expect: Expect,
    ) -> Result<(), QueueError> {
        let (reply, done) = oneshot::channel();
        let command = Command::Do {
            input,
            id,
            expect,
            reply,
        };
        self.commands
            .send(command)
            .await
            .map_err(|_| QueueError::Closed)?;
        done.await.map_err(|_| QueueError::Closed)?
    }

    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Engine<Payload>) -> T + Send + 'static,
    ) -> Result<T, QueueError> {
        let (reply, seen) = oneshot::channel();
        let look = Box::new(move |engine: &Engine<Payload>| {
            // Nobody waits for it any more, perhaps.
            let _ = reply.send(look(engine));
        });
        self.commands
            .send(Command::Look(look))
            .await
            .map_err(|_| QueueError::Closed)?;
        seen.await.map_err(|_| QueueError::Closed)
    }
}
