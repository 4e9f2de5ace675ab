//! What runs need from the world.

use std::sync::Arc;

use manent_domain::ports::{
    Admission, Clock, ConversationRepository, IdSource, Journal, MessageRepository, RunRepository,
};
use manent_domain::services::{CompletionService, MessageService};
use manent_types::NodeId;

/// What runs need from the world.
#[derive(Clone)]
pub struct RunPorts {
    /// This process.
    pub node: NodeId,
    /// Generations.
    pub completions: CompletionService,
    /// Whether a run may begin, and what it uses.
    pub admission: Arc<dyn Admission>,
    /// Checks of what a turn appends.
    pub messages: MessageService,
    /// The store of runs.
    pub runs: Arc<dyn RunRepository>,
    /// The store of conversations.
    pub conversation_store: Arc<dyn ConversationRepository>,
    /// The store of messages.
    pub message_store: Arc<dyn MessageRepository>,
    /// Where writes wait that the store cannot take; absent: they are told as lost.
    pub journal: Option<Arc<dyn Journal>>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// Whether no other process can use this store: then runs of other nodes are dead at the start.
    pub is_store_exclusive: bool,
}
