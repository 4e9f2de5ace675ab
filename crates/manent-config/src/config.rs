//! The result: plain typed values, complete and checked. A `Config` exists only when nothing was wrong.

mod accounts;
mod librechat;
mod mail;
mod oidc;
mod provider;
mod usage;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use manent_domain::limits::Limits;

pub use usage::{ResolvedLimits, UsageLimits};

pub use crate::database::DatabaseUrl;
pub use accounts::{AccountsConfig, Mode, Registration, SecureCookies};
pub use librechat::{EndpointBinding, LibreChatConfig};
pub use mail::{MailConfig, MailTls};
pub use oidc::{OidcConfig, RoleRule, RoleSource};
pub use provider::{ModelConfig, OwnAccess, PriceConfig, ProviderConfig, ProviderKind};

/// Everything that can be configured.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to accept connections; a loopback address where [`Mode::Local`] holds. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who may use the server.
    pub mode: Mode,
    /// Under which address people reach it; without a `/` at its end.
    pub public_url: Option<String>,
    /// The origins of other web pages that may use it, as browsers write them.
    pub cors_origins: Vec<String>,
    /// Where everything is kept. It may not exist yet.
    pub data_dir: PathBuf,
    /// The provider that answers when a request names none; already the first of [`Self::providers`].
    pub default_provider: Option<String>,
    /// The model that answers when a request names none; already the first of its provider.
    pub default_model: Option<String>,
    /// Whether the providers' own variables (`ANTHROPIC_API_KEY` …) were looked at.
    pub providers_from_environment: bool,
    /// Whether the built-in demonstration answers when there is no provider; see [`Config::is_demo`].
    pub demo: bool,
    /// What is logged.
    pub log: LogConfig,
    /// How people sign in; without meaning in [`Mode::Local`].
    pub accounts: AccountsConfig,
    /// Signing in through an OpenID provider; without meaning but in [`Mode::Oidc`].
    pub oidc: OidcConfig,
    /// LibreChat's API.
    pub librechat: LibreChatConfig,
    /// Mail that the server sends.
    pub mail: MailConfig,
    /// What a client may send.
    pub limits: LimitsConfig,
    /// How long the parts of a request may take.
    pub http: HttpConfig,
    /// Streams of events.
    pub sse: SseConfig,
    /// Which store, and how it is reached.
    pub database: DatabaseConfig,
    /// How it is written and read.
    pub store: StoreConfig,
    /// Answers that outlive their readers.
    pub runs: RunsConfig,
    /// Where writes wait while the store cannot take them.
    pub journal: JournalConfig,
    /// What only tests of clients switch on.
    pub testing: TestingConfig,
    /// The providers. The default one comes first, with its default model first.
    pub providers: Vec<ProviderConfig>,
}

impl Config {
    /// Whether only the built-in demonstration can answer.
    pub fn is_demo(&self) -> bool {
        self.demo && self.providers.is_empty()
    }

    /// Zeros, to be overwritten by the defaults of the table of settings.
    pub(crate) fn blank() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            mode: Mode::Local,
            public_url: None,
            cors_origins: Vec::new(),
            data_dir: PathBuf::new(),
            default_provider: None,
            default_model: None,
            providers_from_environment: false,
            demo: false,
            log: LogConfig {
                filter: String::new(),
                format: LogFormat::Auto,
            },
            accounts: AccountsConfig::blank(),
            oidc: OidcConfig::blank(),
            mail: MailConfig::blank(),
            limits: LimitsConfig {
                body_bytes: 0,
                max_connections: 0,
                content: Limits::default(),
                usage: UsageLimits::blank(),
            },
            http: HttpConfig {
                header_read_timeout: Duration::ZERO,
                write_timeout: Duration::ZERO,
                body_read_timeout: Duration::ZERO,
                shutdown_grace: Duration::ZERO,
            },
            sse: SseConfig {
                heartbeat: Duration::ZERO,
            },
            store: StoreConfig {
                synchronous: Synchronous::Full,
                readers: 0,
                group_max_writes: 0,
                group_max_bytes: 0,
                queue_max_bytes: 0,
                queue_wait: Duration::ZERO,
                read_timeout: Duration::ZERO,
                lock_wait: Duration::ZERO,
            },
            database: DatabaseConfig {
                url: DatabaseUrl::Sqlite(None),
                pool_size: 0,
                acquire_timeout: Duration::ZERO,
                statement_timeout: Duration::ZERO,
                start_wait: Duration::ZERO,
                writers: 0,
                missed_check_interval: Duration::ZERO,
            },
            runs: RunsConfig {
                flush_interval: Duration::ZERO,
                snapshot_interval: Duration::ZERO,
                heartbeat_interval: Duration::ZERO,
                dead_after: Duration::ZERO,
                registration_wait: Duration::ZERO,
                store_wait: Duration::ZERO,
                join_wait: Duration::ZERO,
                parent_wait: Duration::ZERO,
                log_retention: Duration::ZERO,
                max_running: 0,
            },
            journal: JournalConfig {
                enabled: false,
                directory: None,
                max_bytes: 0,
            },
            librechat: LibreChatConfig::blank(),
            testing: TestingConfig {
                sign_in_switch: false,
            },
            providers: Vec::new(),
        }
    }

    /// The directory of the embedded database; absent with another store.
    pub fn sqlite_directory(&self) -> Option<&Path> {
        match &self.database.url {
            DatabaseUrl::Sqlite(directory) => Some(directory.as_deref().unwrap_or(&self.data_dir)),
            DatabaseUrl::Postgres(_) => None,
        }
    }

    /// The directory of the journal, whether it is switched on or not.
    pub fn journal_directory(&self) -> PathBuf {
        self.journal
            .directory
            .clone()
            .unwrap_or_else(|| self.data_dir.join("journal"))
    }
}

/// What is logged and in which shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// Directives such as `info` or `info,manent_storage_sqlite=debug`.
    pub filter: String,
    /// The shape of a line.
    pub format: LogFormat,
}

/// The shape of a line of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text when the log goes to a terminal, JSON otherwise.
    Auto,
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Bounds of what is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsConfig {
    /// A request's body in bytes.
    pub body_bytes: usize,
    /// Connections at the same time.
    pub max_connections: usize,
    /// Bounds of messages, batches, prompts and titles.
    pub content: Limits,
    /// How much one person or address may do.
    pub usage: UsageLimits,
}

/// How long the parts of a request may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// From the connection, or from the answer before, to the end of a request's head. So it is also how long a connection
    /// may stay idle.
    pub header_read_timeout: Duration,
    /// How long a client may take nothing of an answer that waits for it.
    pub write_timeout: Duration,
    /// From the head to the end of the body.
    pub body_read_timeout: Duration,
    /// How long running answers and requests may take to finish after a stop is asked for.
    pub shutdown_grace: Duration,
}

/// Streams of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseConfig {
    /// A comment is sent when nothing else was for this long.
    pub heartbeat: Duration,
}

/// Which store, and how it is reached.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// Which store, and where.
    pub url: DatabaseUrl,
    /// Postgres: the most connections.
    pub pool_size: usize,
    /// Postgres: how long a request waits for a connection before it is refused as `store_busy` or `store_unavailable`.
    pub acquire_timeout: Duration,
    /// Postgres: how long one statement may take.
    pub statement_timeout: Duration,
    /// Postgres: how long starting waits for a database that cannot be reached.
    pub start_wait: Duration,
    /// Postgres: groups of writes that may be under way at once.
    pub writers: usize,
    /// Postgres: how often to look for what was missed of other servers.
    pub missed_check_interval: Duration,
}

/// Answers that outlive their readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunsConfig {
    /// How often what happened is stored.
    pub flush_interval: Duration,
    /// How often the answer so far is written into its message.
    pub snapshot_interval: Duration,
    /// How often a run that is silent says that it lives.
    pub heartbeat_interval: Duration,
    /// After which silence a run of another process counts as dead.
    pub dead_after: Duration,
    /// How long the provider's request waits for the registration of a run whose id came from the client.
    pub registration_wait: Duration,
    /// How long a write may take before it goes to the journal.
    pub store_wait: Duration,
    /// How long the end of an answer waits for what is not stored yet.
    pub join_wait: Duration,
    /// How long an answer is offered to a conversation whose parent message is not there yet.
    pub parent_wait: Duration,
    /// How long the log of a run that ended is kept.
    pub log_retention: Duration,
    /// How many runs the process carries at once.
    pub max_running: usize,
}

/// Where writes wait while the store cannot take them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalConfig {
    /// Whether there is one.
    pub enabled: bool,
    /// Where it lies; see [`Config::journal_directory`].
    pub directory: Option<PathBuf>,
    /// The largest size in bytes.
    pub max_bytes: u64,
}

/// What only tests of clients switch on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestingConfig {
    /// Whether a test may let everyone's session expire.
    pub sign_in_switch: bool,
}

/// How the database is written and read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// What a commit waits for.
    pub synchronous: Synchronous,
    /// Connections that read.
    pub readers: usize,
    /// The most writes that share a commit.
    pub group_max_writes: usize,
    /// No further write joins a commit that has this many bytes.
    pub group_max_bytes: usize,
    /// The most bytes of writes that wait or are being written.
    pub queue_max_bytes: usize,
    /// How long a write waits for room in a full queue before it is refused as `store_busy`.
    pub queue_wait: Duration,
    /// How long one read may take before it is refused as `store_busy`.
    pub read_timeout: Duration,
    /// How long to wait for a lock that another process holds on the database.
    pub lock_wait: Duration,
}

/// What a commit waits for (SQLite's `PRAGMA synchronous`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// The disk. What was answered `stored` survives a power cut.
    Full,
    /// The operating system. A power cut may lose the newest commits; a crash of the process does not.
    Normal,
}
