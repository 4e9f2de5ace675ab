//! Composition: from a configuration to services over real adapters.

mod providers;
mod store;

use std::sync::Arc;

use manent_config::Config;
use manent_domain::ports::{Clock, CompletionProvider, IdSource};
use manent_domain::services::{
    CompletionService, ConversationService, MessageService, SearchService, TitleService,
};
use manent_storage_sqlite::{OpenError, SqliteMetrics, SqliteStore};
use manent_types::UserId;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::app::{App, HttpOptions};
use crate::background::titles::{self, TitleQueue};
use crate::environment::{RandomIds, SystemClock};
use crate::operations::ReadinessCheck;

pub use providers::ProviderSetupError;

/// The one user of a server without accounts.
const LOCAL_OWNER: UserId = UserId::new(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001));

/// The parts could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// A provider cannot be set up.
    #[error(transparent)]
    Provider(#[from] ProviderSetupError),
    /// The thread that opens the store failed.
    #[error("the store could not be opened: {0}")]
    Thread(#[from] tokio::task::JoinError),
}

/// Everything that runs below HTTP.
pub(crate) struct Composition {
    pub(crate) app: App,
    pub(crate) tasks: TaskTracker,
    store: SqliteStore,
}

impl Composition {
    /// Opens the store, sets the providers up, starts the background work.
    pub(crate) async fn new(config: &Config) -> Result<Self, ComposeError> {
        let tasks = TaskTracker::new();
        let shutdown = CancellationToken::new();
        let providers = providers::set_up(config, &tasks, &shutdown)?;
        let settings = store::settings(config);
        let store = tokio::task::spawn_blocking(move || SqliteStore::open(settings)).await??;
        let app = assemble(config, &store, providers, &tasks, shutdown);
        Ok(Self { app, tasks, store })
    }

    /// What the store did since it was opened, and how it stands.
    pub(crate) fn store_metrics(&self) -> SqliteMetrics {
        self.store.metrics()
    }

    /// Ends the background work and closes the store; call it when no request runs any more.
    pub(crate) async fn close(self) {
        self.app.shutdown.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.store.close().await;
    }
}

fn assemble(
    config: &Config,
    store: &SqliteStore,
    providers: Vec<Arc<dyn CompletionProvider>>,
    tasks: &TaskTracker,
    shutdown: CancellationToken,
) -> App {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids: Arc<dyn IdSource> = Arc::new(RandomIds);
    let limits = config.limits.content;
    let repository = Arc::new(store.clone());
    let completions = CompletionService::new(providers, limits);
    let (queue, wanted) = TitleQueue::new();
    let title_service =
        TitleService::new(completions.clone(), repository.clone(), Arc::clone(&clock));
    titles::run(tasks, title_service, wanted, shutdown.clone());
    let readiness: [Arc<dyn ReadinessCheck>; 1] =
        [Arc::new(store::StoreReadiness::new(store.clone()))];
    App {
        conversations: ConversationService::new(
            repository.clone(),
            Arc::clone(&clock),
            Arc::clone(&ids),
            limits,
        ),
        messages: MessageService::new(repository.clone(), queue, clock, Arc::clone(&ids), limits),
        completions,
        search: SearchService::new(repository),
        readiness: Arc::new(readiness),
        local_owner: LOCAL_OWNER,
        demo: config.is_demo(),
        ids,
        shutdown,
        http: http_options(config),
    }
}

fn http_options(config: &Config) -> HttpOptions {
    HttpOptions {
        body_bytes: config.limits.body_bytes,
        header_timeout: config.http.header_read_timeout,
        body_timeout: config.http.body_read_timeout,
        heartbeat: config.sse.heartbeat,
        shutdown_grace: config.http.shutdown_grace,
        max_connections: config.limits.max_connections,
    }
}
