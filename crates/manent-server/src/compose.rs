//! Composition: from a configuration to services over real adapters.

mod accounts;
mod data_directory;
mod journal;
mod oidc;
mod prices;
mod providers;
mod runs;
mod secret;
mod store;

use std::sync::Arc;

use manent_config::{Config, Mode};
use manent_domain::ports::{Admission, Clock, CompletionProvider, IdSource, Journal};
use manent_domain::services::{
    CompletionService, ConversationService, DocumentService, FeedService, MessageService,
    SearchService, TitleService,
};
use manent_journal::{FileJournal, JournalOpenError, StoreTarget};
use manent_runs::{RunPorts, RunService, TurnService};
use manent_storage_sqlite::SqliteMetrics;
use manent_types::{NodeId, UserId};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use self::journal::JournalReadiness;
use self::prices::ConfiguredPrices;
use self::runs::RunsReadiness;
use self::store::Store;
use crate::access::{ClientAddress, Gate};
use crate::accounts::Accounts;
use crate::app::{App, HttpOptions, Stopping};
use crate::background::titles::{self, TitleQueue};
use crate::background::welcome::{self, Watch};
use crate::background::{expiry, housekeeping};
use crate::environment::{RandomIds, SystemClock};
use crate::feed::FeedFollower;
use crate::http::cors::AllowedOrigins;
use crate::http::guard::PublicName;
use crate::http::sign_in_switch::SignInSwitch;
use crate::librechat::{Catalog, Chats, LimitFigures, Surface};
use crate::limits::{GenerationLimits, Rates, Spending};
use crate::signals::SignalHub;

pub use accounts::AccountSetupError;
pub use providers::ProviderSetupError;

/// The one user of a server without accounts; with accounts, the first one.
pub const LOCAL_OWNER: UserId =
    UserId::new(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001));

/// The parts could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The embedded store cannot be opened.
    #[error(transparent)]
    Sqlite(#[from] manent_storage_sqlite::OpenError),
    /// The Postgres store cannot be opened.
    #[error(transparent)]
    Postgres(#[from] manent_storage_postgres::OpenError),
    /// The journal cannot be opened.
    #[error(transparent)]
    Journal(#[from] JournalOpenError),
    /// A provider cannot be set up.
    #[error(transparent)]
    Provider(#[from] ProviderSetupError),
    /// Accounts cannot be set up.
    #[error(transparent)]
    Accounts(#[from] AccountSetupError),
    /// The thread that opens the store failed.
    #[error("the store could not be opened: {0}")]
    Thread(#[from] tokio::task::JoinError),
}

/// Everything that runs below HTTP.
pub(crate) struct Composition {
    pub(crate) app: App,
    pub(crate) tasks: TaskTracker,
    /// Ends the background work.
    pub(crate) background: CancellationToken,
    journal: Option<FileJournal>,
    store: Store,
}

impl Composition {
    /// Opens the store and the journal, sets the providers up, starts the background work.
    pub(crate) async fn new(config: &Config) -> Result<Self, ComposeError> {
        let tasks = TaskTracker::new();
        let background = CancellationToken::new();
        let signals = Arc::new(SignalHub::default());
        let store = Store::open(config, signals.clone()).await?;
        data_directory::tell_exposure(&config.data_dir, &secret::own_file(config));
        let accounts = match set_up_accounts(config, &store, &tasks, &background).await {
            Ok(accounts) => accounts,
            Err(error) => {
                store.close().await;
                return Err(error.into());
            }
        };
        let own_keys = accounts.as_ref().map(|accounts| &accounts.own_keys);
        let providers = match providers::set_up(config, &tasks, &background, own_keys) {
            Ok(providers) => providers,
            Err(error) => {
                store.close().await;
                return Err(error.into());
            }
        };
        let journal = match journal::open(config, Arc::new(SystemClock)).await {
            Ok(journal) => journal,
            Err(error) => {
                store.close().await;
                return Err(error.into());
            }
        };
        let parts = Parts {
            store: &store,
            journal: journal.as_ref(),
            signals,
            providers,
            accounts,
        };
        let app = assemble(config, parts, &tasks, &background);
        Ok(Self {
            app,
            tasks,
            background,
            journal,
            store,
        })
    }

    /// What an SQLite store did since it was opened, and how it stands.
    pub(crate) fn sqlite_metrics(&self) -> Option<SqliteMetrics> {
        self.store.sqlite_metrics()
    }

    /// Ends the background work and closes the store; call it when no request and no run runs any more.
    pub(crate) async fn close(self) {
        self.background.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        if let Some(journal) = &self.journal {
            journal.close().await;
        }
        self.store.close().await;
    }
}

/// What the services stand on.
struct Parts<'parts> {
    store: &'parts Store,
    journal: Option<&'parts FileJournal>,
    signals: Arc<SignalHub>,
    providers: Vec<Arc<dyn CompletionProvider>>,
    accounts: Option<Accounts>,
}

async fn set_up_accounts(
    config: &Config,
    store: &Store,
    tasks: &TaskTracker,
    background: &CancellationToken,
) -> Result<Option<Accounts>, AccountSetupError> {
    match config.mode {
        Mode::Local => Ok(None),
        Mode::Accounts | Mode::Oidc => accounts::set_up(
            config,
            store,
            LOCAL_OWNER,
            Arc::new(SystemClock),
            Arc::new(RandomIds),
            tasks,
            background,
        )
        .await
        .map(Some),
    }
}

fn assemble(
    config: &Config,
    parts: Parts<'_>,
    tasks: &TaskTracker,
    background: &CancellationToken,
) -> App {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids: Arc<dyn IdSource> = Arc::new(RandomIds);
    let limits = config.limits.content;
    let usage = config.limits.usage.resolved(config.mode);
    let Parts {
        store,
        journal,
        signals,
        providers,
        accounts,
    } = parts;
    let accounts = accounts.map(Arc::new);
    if let Some(oidc) = accounts
        .as_ref()
        .and_then(|accounts| accounts.oidc.as_ref())
    {
        oidc::introduce(oidc, tasks, background);
    }
    let repositories = store.repositories();
    let completions = CompletionService::new(providers, limits);
    let (queue, wanted) = TitleQueue::new();
    let title_service = TitleService::new(
        completions.clone(),
        repositories.conversations.clone(),
        Arc::clone(&clock),
    );
    titles::run(tasks, title_service, wanted, background.clone());
    let messages = MessageService::new(
        repositories.messages.clone(),
        queue,
        Arc::clone(&clock),
        Arc::clone(&ids),
        limits,
    );
    let rates = Rates::new(&usage, Arc::clone(&clock));
    let admission: Arc<dyn Admission> = Arc::new(GenerationLimits::new(
        rates.clone(),
        usage.concurrent_generations,
        accounts.as_ref().map(|accounts| Spending {
            budgets: accounts.upkeep.budgets.clone(),
            completions: completions.clone(),
            prices: Arc::new(ConfiguredPrices::of(config)),
        }),
        Arc::clone(&clock),
        tasks.clone(),
    ));
    let run_settings = runs::settings(config);
    let most_runs = run_settings.max_running;
    let runs = RunService::new(
        RunPorts {
            node: NodeId::new(ids.next()),
            completions: completions.clone(),
            admission: Arc::clone(&admission),
            messages: messages.clone(),
            runs: repositories.runs.clone(),
            conversation_store: repositories.conversations.clone(),
            message_store: repositories.messages,
            journal: journal.map(|journal| Arc::new(journal.clone()) as Arc<dyn Journal>),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            is_store_exclusive: store.is_exclusive(),
        },
        run_settings,
    );
    signals.connect(runs.clone(), journal.cloned());
    if let Some(accounts) = &accounts {
        let watch = Watch {
            standing: accounts.upkeep.standing.clone(),
            streams: Arc::clone(accounts.standings.streams()),
            runs: runs.clone(),
            interval: config.accounts.recheck_interval,
        };
        welcome::run(tasks, watch, background.clone());
        let housekeeping = accounts.upkeep.housekeeping.clone();
        housekeeping::run(tasks, housekeeping, background.clone());
    }
    let surface = Arc::new(Surface::new(config));
    let chats = Chats::new(
        Catalog::new(Arc::clone(&surface), completions.clone()),
        LimitFigures {
            at_once: usage.concurrent_generations,
            by_person: usage.generations_per_minute,
            by_address: usage.generations_per_minute_by_address,
        },
        Arc::clone(&clock),
        tasks.clone(),
    );
    let mut readiness = vec![store.readiness()];
    if let Some(journal) = journal {
        journal.start_draining(Arc::new(StoreTarget::new(
            repositories.conversations.clone(),
            messages.clone(),
            repositories.runs,
            Arc::clone(&clock),
        )));
        readiness.push(Arc::new(JournalReadiness::new(journal.clone())));
    }
    readiness.push(Arc::new(RunsReadiness::new(runs.clone(), most_runs)));
    let conversations = ConversationService::new(
        repositories.conversations,
        Arc::clone(&clock),
        Arc::clone(&ids),
        limits,
    );
    expiry::run(tasks, conversations.clone(), background.clone());
    App {
        documents: DocumentService::new(repositories.documents, Arc::clone(&clock)),
        conversations,
        messages,
        completions,
        turns: TurnService::new(runs.clone()),
        runs,
        feed: FeedFollower::new(FeedService::new(repositories.feed), signals),
        search: SearchService::new(repositories.search),
        rates,
        admission,
        readiness: readiness.into(),
        gate: accounts
            .clone()
            .map_or(Gate::Local(LOCAL_OWNER), Gate::Accounts),
        public_name: PublicName::of_url(config.public_url.as_deref()),
        allowed_origins: AllowedOrigins::new(&config.cors_origins),
        addresses: ClientAddress::new(&config.accounts.trusted_proxies),
        accounts,
        librechat: config.librechat.enabled.then(|| Arc::clone(&surface)),
        chats,
        demo: config.is_demo(),
        ids,
        stopping: Stopping::default(),
        http: http_options(config),
        sign_in_switch: config.testing.sign_in_switch.then(SignInSwitch::default),
    }
}

fn http_options(config: &Config) -> HttpOptions {
    HttpOptions {
        body_bytes: config.limits.body_bytes,
        header_timeout: config.http.header_read_timeout,
        body_timeout: config.http.body_read_timeout,
        write_timeout: config.http.write_timeout,
        connections_by_address: config
            .limits
            .usage
            .resolved(config.mode)
            .connections_by_address,
        heartbeat: config.sse.heartbeat,
        shutdown_grace: config.http.shutdown_grace,
        max_connections: config.limits.max_connections,
    }
}
