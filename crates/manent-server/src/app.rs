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
pub struct HttpOptions {
    /// The largest body of a request in bytes.
    pub body_bytes: usize,
    /// How long the head of a request may take.
    pub header_timeout: Duration,
    /// How long the body of a request may take as a whole.
    pub body_timeout: Duration,
    /// How often a silent event stream says that it lives.
    pub heartbeat: Duration,
    /// How long running requests get when the server stops.
    pub shutdown_grace: Duration,
    /// Open connections at once; more wait in the listen queue.
    pub max_connections: usize,
    /// Names under which the server may be asked, beside the loopback ones; guards against DNS rebinding.
    pub allowed_hosts: Vec<String>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            body_bytes: 3_000_000,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            heartbeat: Duration::from_secs(10),
            shutdown_grace: Duration::from_secs(10),
            max_connections: 1024,
            allowed_hosts: Vec::new(),
        }
    }
}

/// Everything that the surfaces need.
#[derive(Clone)]
pub struct App {
    /// Conversations.
    pub conversations: ConversationService,
    /// Messages.
    pub messages: MessageService,
    /// Generations.
    pub completions: CompletionService,
    /// Search.
    pub search: SearchService,
    /// What `/readyz` asks.
    pub readiness: Arc<[Arc<dyn ReadinessCheck>]>,
    /// The one local user, until there are accounts.
    pub local_owner: UserId,
    /// True when only the built-in demonstration answers.
    pub demo: bool,
    /// Trace ids come from here.
    pub ids: Arc<dyn IdSource>,
    /// Cancelled when the server stops; event streams end then.
    pub shutdown: CancellationToken,
    /// Bounds of HTTP.
    pub http: HttpOptions,
}
