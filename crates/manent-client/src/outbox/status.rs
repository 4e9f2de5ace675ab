//! What is told about the outbox, and to whom.

use std::sync::Arc;

use manent_engine::{BreakerState, ItemState, Metrics, Millis, WaitReason};
use manent_types::{ConversationId, MessageId};
use serde_json::{Map, Value};
use tokio::sync::{broadcast, watch};

use crate::store::StorageWarning;

/// Where an item stands on its way to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaveStatus {
    /// Which item: a message, or a change with an id of its own.
    pub message_id: MessageId,
    /// Its conversation.
    pub conversation_id: ConversationId,
    /// Where it stands.
    pub state: ItemState,
}

/// An item with its content.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxItem {
    /// Where it stands.
    pub status: SaveStatus,
    /// The item as `POST /message/append` takes it, without the fields that the outbox fills in.
    pub payload: Map<String, Value>,
    /// The message that it builds on.
    pub parent_id: Option<MessageId>,
    /// When it was queued, in milliseconds since 1970 by this device's clock.
    pub queued_at: Millis,
}

impl OutboxItem {
    /// Its text; empty where it has none, as for most changes.
    pub fn text(&self) -> String {
        crate::payload::text_of(&self.payload)
    }

    /// Whether it is a message that is on its way to the server.
    pub(crate) fn is_pending_message(&self) -> bool {
        self.kind() == "message"
            && !matches!(
                self.status.state,
                ItemState::Failed(_) | ItemState::Discarded
            )
    }

    /// `message`, or what kind of change it is.
    pub fn kind(&self) -> &str {
        self.payload
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or("message")
    }
}

/// How the outbox as a whole stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueStatus {
    /// Not yet safe on this device.
    pub storing: usize,
    /// Safe on this device, to be sent next.
    pub queued: usize,
    /// In a request.
    pub sending: usize,
    /// Safe on this device and held up.
    pub waiting: usize,
    /// In the tray.
    pub failed: usize,
    /// What holds up those that wait.
    pub wait: Option<WaitReason>,
    /// When the next try goes by itself, while one is awaited; in milliseconds since 1970 by this device's clock.
    pub next_try_at: Option<Millis>,
    /// When the oldest item to be sent was queued.
    pub oldest_queued_at: Option<Millis>,
    /// The circuit breaker.
    pub breaker: BreakerState,
    /// Whether someone has to sign in.
    pub is_paused_for_sign_in: bool,
    /// Whether the device's store refuses writes at the moment.
    pub is_storage_refusing: bool,
}

impl QueueStatus {
    /// Items that the server does not have and that are on their way to it.
    pub fn unsaved(&self) -> usize {
        self.storing + self.queued + self.sending + self.waiting
    }

    pub(crate) fn new(metrics: &Metrics, wait: Option<WaitReason>) -> Self {
        let held = metrics.storing_messages + metrics.sending_messages + metrics.waiting_messages;
        Self {
            storing: metrics.storing_messages,
            queued: metrics.queued_messages.saturating_sub(held),
            sending: metrics.sending_messages,
            waiting: metrics.waiting_messages,
            failed: metrics.failed_messages,
            wait,
            next_try_at: metrics.next_try_at,
            oldest_queued_at: metrics.oldest_enqueued_at,
            breaker: metrics.breaker,
            is_paused_for_sign_in: metrics.is_paused_for_sign_in,
            is_storage_refusing: metrics.is_storage_refusing,
        }
    }
}

impl Default for QueueStatus {
    /// An empty outbox.
    fn default() -> Self {
        Self {
            storing: 0,
            queued: 0,
            sending: 0,
            waiting: 0,
            failed: 0,
            wait: None,
            next_try_at: None,
            oldest_queued_at: None,
            breaker: BreakerState::Closed,
            is_paused_for_sign_in: false,
            is_storage_refusing: false,
        }
    }
}

/// Called with the counts after each request.
pub(crate) type MetricsListener = Arc<dyn Fn(&Metrics) + Send + Sync>;

/// How many changes of state a slow listener may be behind.
const STATUS_BACKLOG: usize = 4_096;

/// What the driver tells and everybody may hear.
pub(crate) struct Shared {
    pub(crate) queue: watch::Sender<QueueStatus>,
    pub(crate) statuses: broadcast::Sender<SaveStatus>,
    pub(crate) warnings: broadcast::Sender<StorageWarning>,
    pub(crate) on_metrics: Option<MetricsListener>,
}

impl Shared {
    pub(crate) fn new(status: QueueStatus, on_metrics: Option<MetricsListener>) -> Self {
        Self {
            queue: watch::Sender::new(status),
            statuses: broadcast::Sender::new(STATUS_BACKLOG),
            warnings: broadcast::Sender::new(64),
            on_metrics,
        }
    }
}
