//! Everything that a store holds, as records: for moving from one store to another.
//!
//! Invariant: two stores with the same content export the same records in the same order.

use manent_types::{ConversationId, DeviceId, MessageId, RunId, Timestamp, UserId};

use crate::append::{LanePosition, RefusalFacts};
use crate::conversation::Conversation;
use crate::document::Document;
use crate::feed::Subject;
use crate::message::{Fingerprint, Message};
use crate::run::Run;

/// The kinds of records, in the order of their export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// Owners, by id.
    User,
    /// By owner and id.
    Conversation,
    /// By owner, conversation and `seq`.
    Message,
    /// By owner, conversation and device.
    Lane,
    /// By owner, conversation, device and number.
    Refusal,
    /// By owner and id.
    Change,
    /// By owner and id.
    Run,
    /// By owner, run and first position.
    RunEvents,
    /// By owner and number.
    Feed,
    /// By owner, kind and id.
    Document,
    /// By id.
    Account,
    /// What was changed about roles, by name.
    Role,
    /// By digest.
    OneTimeLink,
    /// By id.
    ApiKey,
    /// By owner and endpoint.
    ProviderKey,
    /// By number.
    Audit,
    /// What owners spent, by owner and period.
    Budget,
    /// Reservations of budgets, by owner and run.
    Reservation,
}

impl RecordKind {
    /// Every kind, in the order of their export.
    pub const ALL: [Self; 18] = [
        Self::User,
        Self::Conversation,
        Self::Message,
        Self::Lane,
        Self::Refusal,
        Self::Change,
        Self::Run,
        Self::RunEvents,
        Self::Feed,
        Self::Document,
        Self::Account,
        Self::Role,
        Self::OneTimeLink,
        Self::ApiKey,
        Self::ProviderKey,
        Self::Audit,
        Self::Budget,
        Self::Reservation,
    ];

    /// Whether its records are rows of accounts.
    pub const fn is_of_accounts(self) -> bool {
        matches!(
            self,
            Self::Account
                | Self::Role
                | Self::OneTimeLink
                | Self::ApiKey
                | Self::ProviderKey
                | Self::Audit
                | Self::Budget
                | Self::Reservation
        )
    }

    /// For people: `users`, `conversations` and so on.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "users",
            Self::Conversation => "conversations",
            Self::Message => "messages",
            Self::Lane => "lanes",
            Self::Refusal => "refusals",
            Self::Change => "changes",
            Self::Run => "runs",
            Self::RunEvents => "run log batches",
            Self::Feed => "feed entries",
            Self::Document => "documents",
            Self::Account => "accounts",
            Self::Role => "roles",
            Self::OneTimeLink => "one-time links",
            Self::ApiKey => "API keys",
            Self::ProviderKey => "provider keys",
            Self::Audit => "audit entries",
            Self::Budget => "budgets",
            Self::Reservation => "reservations",
        }
    }
}

/// One record. Ids order by their bytes, devices by the bytes of their text.
#[derive(Debug, Clone, PartialEq)]
pub enum TransferRecord {
    /// An owner.
    User {
        /// The owner.
        id: UserId,
        /// When the row was made.
        created_at: Timestamp,
        /// The number of the newest change of its feed.
        feed_seq: u64,
    },
    /// A conversation.
    Conversation {
        /// Whose.
        owner: UserId,
        /// It.
        conversation: Conversation,
    },
    /// A message.
    Message {
        /// Whose.
        owner: UserId,
        /// It.
        message: Message,
        /// As it was appended.
        fingerprint: Fingerprint,
        /// Its place in a lane.
        lane: Option<LanePosition>,
    },
    /// A lane.
    Lane {
        /// Whose.
        owner: UserId,
        /// Which conversation.
        conversation: ConversationId,
        /// Which device.
        device: DeviceId,
        /// The last number applied.
        device_seq: u64,
    },
    /// A refused number.
    Refusal {
        /// Whose.
        owner: UserId,
        /// Which conversation.
        conversation: ConversationId,
        /// Which number of which device.
        position: LanePosition,
        /// What.
        facts: RefusalFacts,
    },
    /// An applied change.
    Change {
        /// Whose.
        owner: UserId,
        /// The change's id.
        id: MessageId,
        /// Where it was applied.
        conversation: ConversationId,
        /// `edit`, `delete`, `undelete`, `trash` or `restore`.
        kind: String,
        /// The message that it changed.
        message: Option<MessageId>,
        /// The content before, as JSON, for an edit.
        before: Option<String>,
        /// What it was.
        fingerprint: Fingerprint,
        /// The place that was answered.
        seq: u64,
        /// Its place in a lane.
        lane: Option<LanePosition>,
        /// When.
        applied_at: Timestamp,
    },
    /// A run.
    Run {
        /// Whose.
        owner: UserId,
        /// It.
        run: Run,
    },
    /// A batch of a run's log.
    RunEvents {
        /// Whose.
        owner: UserId,
        /// Which run.
        run: RunId,
        /// The position of its first event.
        first: u64,
        /// The position of its last event.
        last: u64,
        /// As [`crate::run::encode_events`] wrote it.
        events: String,
    },
    /// A change of the feed.
    Feed {
        /// Whose.
        owner: UserId,
        /// Its number.
        seq: u64,
        /// When.
        at: Timestamp,
        /// What changed.
        subject: Subject,
    },
    /// A document.
    Document {
        /// Whose.
        owner: UserId,
        /// It.
        document: Document,
    },
    /// A row of accounts. What is in it is known to the crate of accounts, which writes and reads it; not to be logged.
    AccountRow {
        /// [`RecordKind::Account`] or one that follows it.
        kind: RecordKind,
        /// Its place in the order of its kind: keys go by their bytes.
        key: String,
        /// The row, as JSON.
        row: String,
    },
}

impl TransferRecord {
    /// Its kind.
    pub const fn kind(&self) -> RecordKind {
        match self {
            Self::User { .. } => RecordKind::User,
            Self::Conversation { .. } => RecordKind::Conversation,
            Self::Message { .. } => RecordKind::Message,
            Self::Lane { .. } => RecordKind::Lane,
            Self::Refusal { .. } => RecordKind::Refusal,
            Self::Change { .. } => RecordKind::Change,
            Self::Run { .. } => RecordKind::Run,
            Self::RunEvents { .. } => RecordKind::RunEvents,
            Self::Feed { .. } => RecordKind::Feed,
            Self::Document { .. } => RecordKind::Document,
            Self::AccountRow { kind, .. } => *kind,
        }
    }
}
