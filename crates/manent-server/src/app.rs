//! What the surfaces share: the services and the options of HTTP.

use std::sync::Arc;
use std::time::Duration;

use manent_domain::ports::IdSource;
use manent_domain::services::{
    CompletionService, ConversationService, MessageService, SearchService,
};
use manent_types::UserId;
use tokio_util::sync::CancellationToken;

use crate::operations::ReadinessCheck;

/// Bounds of HTTP; every time-out has a default.
#[derive(Debug, Clone)]
pub(crate) struct HttpOptions {
    /// The largest body of a request in bytes.
    pub(crate) body_bytes: usize,
    /// How long the head of a request may take.
    pub(crate) header_timeout: Duration,
    /// How long the body of a request may take as a whole.
    pub(crate) body_timeout: Duration,
    /// How often a silent event stream says that it lives.
    pub(crate) heartbeat: Duration,
    /// How long running requests get when the server stops.
    pub(crate) shutdown_grace: Duration,
    /// Open connections at once; more wait in the listen queue.
    pub(crate) max_connections: usize,
}

/// Everything that the surfaces need.
#[derive(Clone)]
pub(crate) struct App {
    /// Conversations.
    pub(crate) conversations: ConversationService,
    /// Messages.
    pub(crate) messages: MessageService,
    /// Generations.
    pub(crate) completions: CompletionService,
    /// Search.
    pub(crate) search: SearchService,
    /// What `/readyz` asks.
    pub(crate) readiness: Arc<[Arc<dyn ReadinessCheck>]>,
    /// The one local user, until there are accounts.
    pub(crate) local_owner: UserId,
    /// True when only the built-in demonstration answers.
    pub(crate) demo: bool,
    /// Trace ids come from here.
    pub(crate) ids: Arc<dyn IdSource>,
    /// Cancelled when the server stops; event streams end then.
    pub(crate) shutdown: CancellationToken,
    /// Bounds of HTTP.
    pub(crate) http: HttpOptions,
}
