//! The native client: a durable outbox, answers that outlive a crash, conversations.
//!
//! [`Client::builder`] opens a client. [`MessageService::send_message`] is the whole of a chat: what is said is durable on this device when
//! the call returns, reaches the server once and in order, and its answer is brought back, whatever dies in between. The rules are those of
//! [`manent_engine`]; this crate is the shell around it, with SQLite for the outbox and HTTP to the server.
//!
//! # Invariants
//!
//! - A message and the wish for its answer become durable in one transaction.
//! - One process at a time uses an outbox; another one is refused with a clear error.
//! - What cannot be read of the outbox is put aside under another name and reported, never deleted.
//! - An answer is asked for under one run id, however often: the server pays for it once.
//! - Headers (such as a token) are asked for when a request is sent and are never stored. Content is never logged.
#![warn(missing_docs)]

mod address;
mod answers;
mod client;
mod completion;
mod conversations;
mod creations;
mod environment;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod http;
mod limits;
mod messages;
mod outbox;
mod payload;
mod persistence;
mod sessions;
mod store;
mod transcript;

pub use answers::{AnswerHandle, AnswerProgress, AnswerStage};
pub use client::{Client, ClientBuilder};
pub use completion::{AnswerContent, CompletionEvent, CompletionStream, PromptMessage, Receipt};
pub use conversations::{ConversationQuery, ConversationService, MessageQuery};
pub use error::{ApiError, OpenError, QueueError, SendError};
pub use messages::{LaterMessage, MessageService, SentMessage};
pub use outbox::{OutboxItem, QueueStatus, SaveStatus};
pub use payload::{NewConversation, OutgoingChange, OutgoingMessage};
pub use persistence::PersistenceService;
pub use store::StorageWarning;
pub use transcript::{Transcript, TranscriptMessage};

pub use manent_engine::answers::AnswerWait;
pub use manent_engine::{
    BreakerState, EngineConfig, FailReason, HistoryEntry, HistoryStep, ItemState, Metrics,
    WaitReason,
};
pub use manent_protocol::{
    ConversationList, ConversationResource, DeltaEvent, FinishReasonName, MessageList,
    MessageResource, Problem,
};
pub use manent_types::{
    ConversationId, MessageId, MessageStatus, ModelSettings, Part, Role, RunId, Usage, text_of,
};
pub use reqwest::header;
