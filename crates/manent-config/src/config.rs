//! The result: plain typed values, complete and checked. A `Config` exists only when nothing was wrong.

mod provider;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use manent_domain::limits::Limits;

pub use provider::{ModelConfig, ProviderConfig, ProviderKind};

/// Everything that can be configured.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to accept connections; always a loopback address. Port 0 takes a free one.
    pub listen: SocketAddr,
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
    /// What a client may send.
    pub limits: LimitsConfig,
    /// How long the parts of a request may take.
    pub http: HttpConfig,
    /// Streams of events.
    pub sse: SseConfig,
    /// The database.
    pub store: StoreConfig,
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
            data_dir: PathBuf::new(),
            default_provider: None,
            default_model: None,
            providers_from_environment: false,
            demo: false,
            log: LogConfig {
                filter: String::new(),
                format: LogFormat::Auto,
            },
            limits: LimitsConfig {
                body_bytes: 0,
                max_connections: 0,
                content: Limits::default(),
            },
            http: HttpConfig {
                header_read_timeout: Duration::ZERO,
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
            providers: Vec::new(),
        }
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
}

/// How long the parts of a request may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// From the connection, or from the answer before, to the end of a request's head. So it is also how long a connection
    /// may stay idle.
    pub header_read_timeout: Duration,
    /// From the head to the end of the body.
    pub body_read_timeout: Duration,
    /// How long running requests may take to finish after a stop is asked for.
    pub shutdown_grace: Duration,
}

/// Streams of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseConfig {
    /// A comment is sent when nothing else was for this long.
    pub heartbeat: Duration,
}

/// The database.
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
