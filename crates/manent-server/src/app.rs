//! What the surfaces share: the services and the options of HTTP.

use std::sync::Arc;
use std::time::Duration;

use manent_accounts::AccountError;
use manent_domain::DomainError;
use manent_domain::ports::{Admission, IdSource};
use manent_domain::services::{
    CompletionService, ConversationService, DocumentService, MessageService, SearchService,
};
use manent_runs::{RunService, TurnService};
use manent_types::UserId;
use tokio_util::sync::CancellationToken;

use crate::access::{ClientAddress, Gate};
use crate::accounts::Accounts;
use crate::feed::FeedFollower;
use crate::http::cors::AllowedOrigins;
use crate::http::guard::PublicName;
use crate::http::sign_in_switch::SignInSwitch;
use crate::librechat::{Chats, Surface};
use crate::limits::Rates;
use crate::native::ApiError;
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
    /// How long running answers and requests get when the server stops.
    pub(crate) shutdown_grace: Duration,
    /// How long a client may take nothing of what waits for it.
    pub(crate) write_timeout: Duration,
    /// Connections of one address at once; more are closed.
    pub(crate) connections_by_address: Option<u32>,
    /// Open connections at once; more wait in the listen queue.
    pub(crate) max_connections: usize,
}

/// How far the server has come with stopping; each step is cancelled when it is reached.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stopping {
    /// Nothing new is taken; feeds end.
    pub(crate) begun: CancellationToken,
    /// What still generates had its time; answers that nobody keeps end.
    pub(crate) grace_is_over: CancellationToken,
    /// Every run of this process has ended and is kept; readers of other processes' runs end.
    pub(crate) runs_have_ended: CancellationToken,
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
    /// Runs.
    pub(crate) runs: RunService,
    /// Turns.
    pub(crate) turns: TurnService,
    /// The feed.
    pub(crate) feed: FeedFollower,
    /// Search.
    pub(crate) search: SearchService,
    /// What surfaces keep for people.
    pub(crate) documents: DocumentService,
    /// How often one may store something.
    pub(crate) rates: Rates,
    /// Which generations may begin.
    pub(crate) admission: Arc<dyn Admission>,
    /// What `/readyz` asks.
    pub(crate) readiness: Arc<[Arc<dyn ReadinessCheck>]>,
    /// Who may use the server.
    pub(crate) gate: Gate,
    /// Under which name people reach it.
    pub(crate) public_name: PublicName,
    /// The origins of other pages that may ask.
    pub(crate) allowed_origins: AllowedOrigins,
    /// From which address a client asks.
    pub(crate) addresses: ClientAddress,
    /// Signing in and what belongs to it; absent where nobody needs to.
    pub(crate) accounts: Option<Arc<Accounts>>,
    /// LibreChat's view of this server; absent where its API is not served.
    pub(crate) librechat: Option<Arc<Surface>>,
    /// Generations of LibreChat's client.
    pub(crate) chats: Chats,
    /// True when only the built-in demonstration answers.
    pub(crate) demo: bool,
    /// Trace ids come from here.
    pub(crate) ids: Arc<dyn IdSource>,
    /// How far the server has come with stopping.
    pub(crate) stopping: Stopping,
    /// Bounds of HTTP.
    pub(crate) http: HttpOptions,
    /// With which tests let everyone's session expire; absent everywhere else.
    pub(crate) sign_in_switch: Option<SignInSwitch>,
}

impl App {
    /// Signing in and what belongs to it.
    pub(crate) fn accounts(&self) -> Result<&Accounts, ApiError> {
        self.accounts.as_deref().ok_or_else(ApiError::no_accounts)
    }

    /// Whether another client is served at `/`, so that the page is under its own path.
    pub(crate) fn serves_client(&self) -> bool {
        let surface = self.librechat.as_deref();
        surface.is_some_and(|surface| surface.client.is_some())
    }

    /// LibreChat's view of this server.
    pub(crate) fn librechat(&self) -> Result<&Surface, ApiError> {
        self.librechat
            .as_deref()
            .ok_or_else(|| ApiError::internal("a route of LibreChat's where its API is not served"))
    }

    /// Deletes an account; what runs for it ends and brings nothing of it back.
    pub(crate) async fn delete_account(
        &self,
        owner: UserId,
        deletion: impl Future<Output = Result<(), AccountError>>,
    ) -> Result<(), AccountError> {
        self.runs.owner_leaves(owner);
        let deleted = deletion.await;
        match deleted {
            Ok(()) => self.runs.stop_all_of(owner),
            Err(_) => self.runs.owner_stays(owner),
        }
        deleted
    }

    /// Why a run was not taken: a server that stops says so.
    pub(crate) fn refused(&self, error: DomainError) -> ApiError {
        if matches!(error, DomainError::Overloaded) && self.stopping.begun.is_cancelled() {
            return ApiError::shutting_down();
        }
        error.into()
    }
}
