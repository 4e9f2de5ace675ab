//! The table of all settings but the providers'. The only place where a key, its default and its range stand.

use std::time::Duration;

use crate::config::{Config, LogFormat, Synchronous};
use crate::setting::{Kind, Presence, Setting};

/// Sections in the order of the sample, with what they are for.
pub(crate) const SECTIONS: [(&str, &str); 9] = [
    ("", ""),
    ("log", "What is logged, to standard error."),
    (
        "limits",
        "What a client may send. What is larger is refused with a clear error, and nothing of it is stored.",
    ),
    ("http", "How long the parts of a request may take."),
    ("sse", "Streams of events."),
    (
        "database",
        "Where conversations are kept: in SQLite, embedded, which needs nothing, or in Postgres, which several servers can share. `manent migrate` moves everything from one to the other.",
    ),
    (
        "store",
        "How the database is written and read. What bounds groups of writes and their queue holds for both kinds, the rest for SQLite.",
    ),
    (
        "runs",
        "Answers that outlive their readers (requests with a `runId`, and turns).",
    ),
    (
        "journal",
        "Where the server keeps what it has to store while the store cannot take it, on this machine's disk, until it can.",
    ),
];

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn milliseconds(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Ranges keep numbers far below what a 32-bit machine holds.
fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

const fn setting(
    key: &'static str,
    presence: Presence,
    kind: Kind<Config>,
    doc: &'static str,
) -> Setting<Config> {
    Setting {
        key,
        doc,
        presence,
        kind,
        short_variable: None,
        flag: None,
    }
}

const fn with_flag(setting: Setting<Config>, flag: &'static str) -> Setting<Config> {
    Setting {
        flag: Some(flag),
        ..setting
    }
}

/// Every setting outside of `[[providers]]`, in the order of the sample.
pub(crate) static SETTINGS: &[Setting<Config>] = &[
    with_flag(
        setting(
            "listen",
            Presence::Default("127.0.0.1:3080"),
            Kind::Address(|config, value| config.listen = value),
            "Where to accept connections. Loopback only, for now: there are no accounts yet. Port 0 takes a free port.",
        ),
        "--listen",
    ),
    with_flag(
        setting(
            "data_dir",
            Presence::PlatformData,
            Kind::Path(|config, value| config.data_dir = value),
            "Where everything is kept. A relative path in the file starts at the file's folder.",
        ),
        "--data-dir",
    ),
    with_flag(
        setting(
            "default_provider",
            Presence::Optional("anthropic"),
            Kind::Text {
                expects: "the id of a provider",
                accepts: is_name,
                set: |config, value| config.default_provider = Some(value),
            },
            "The provider that answers when a request names none. Without it: the first one.",
        ),
        "--default-provider",
    ),
    with_flag(
        setting(
            "default_model",
            Presence::Optional("claude-sonnet-5-5"),
            Kind::Text {
                expects: "the name of a model",
                accepts: is_name,
                set: |config, value| config.default_model = Some(value),
            },
            "The model that answers when a request names none. Without it: the default provider's first one.",
        ),
        "--default-model",
    ),
    setting(
        "providers_from_environment",
        Presence::Default("true"),
        Kind::Switch(|config, value| config.providers_from_environment = value),
        "Whether ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, OPENAI_API_KEY and OPENAI_BASE_URL are looked at.",
    ),
    setting(
        "demo",
        Presence::Default("true"),
        Kind::Switch(|config, value| config.demo = value),
        "Whether a built-in demonstration answers while no provider is configured.",
    ),
    Setting {
        short_variable: Some("MANENT_LOG"),
        flag: Some("--log"),
        ..setting(
            "log.filter",
            Presence::Default("info"),
            Kind::Text {
                expects: "a level (off, error, warn, info, debug or trace), or directives such as \"info,manent_server=debug\"",
                accepts: is_log_filter,
                set: |config, value| config.log.filter = value,
            },
            "How much is logged: off, error, warn, info, debug or trace, also per module. Content and keys never are.",
        )
    },
    with_flag(
        setting(
            "log.format",
            Presence::Default("auto"),
            Kind::Choice(&[
                ("auto", |config| config.log.format = LogFormat::Auto),
                ("text", |config| config.log.format = LogFormat::Text),
                ("json", |config| config.log.format = LogFormat::Json),
            ]),
            "The shape of a line: text, json, or auto (text on a terminal, json otherwise).",
        ),
        "--log-format",
    ),
    setting(
        "limits.body_bytes",
        Presence::Default("3000000"),
        Kind::Whole {
            least: 1_024,
            most: 100_000_000,
            unit: "bytes",
            set: |config, value| config.limits.body_bytes = size(value),
        },
        "The body of a request.",
    ),
    setting(
        "limits.max_connections",
        Presence::Default("1000"),
        Kind::Whole {
            least: 1,
            most: 100_000,
            unit: "connections",
            set: |config, value| config.limits.max_connections = size(value),
        },
        "Connections at the same time. Further ones wait until one is closed.",
    ),
    setting(
        "limits.message_text_bytes",
        Presence::Default("262144"),
        Kind::Whole {
            least: 1,
            most: 50_000_000,
            unit: "bytes",
            set: |config, value| config.limits.content.message_text_bytes = size(value),
        },
        "The text of one message.",
    ),
    setting(
        "limits.message_image_bytes",
        Presence::Default("2900000"),
        Kind::Whole {
            least: 0,
            most: 90_000_000,
            unit: "bytes",
            set: |config, value| config.limits.content.message_image_bytes = size(value),
        },
        "The pictures of one message, in base64.",
    ),
    setting(
        "limits.message_parts",
        Presence::Default("1000"),
        Kind::Whole {
            least: 1,
            most: 100_000,
            unit: "parts",
            set: |config, value| config.limits.content.message_parts = size(value),
        },
        "The parts of one message.",
    ),
    setting(
        "limits.batch_items",
        Presence::Default("200"),
        Kind::Whole {
            least: 1,
            most: 10_000,
            unit: "messages",
            set: |config, value| config.limits.content.batch_items = size(value),
        },
        "The messages of one append.",
    ),
    setting(
        "limits.prompt_messages",
        Presence::Default("10000"),
        Kind::Whole {
            least: 1,
            most: 1_000_000,
            unit: "messages",
            set: |config, value| config.limits.content.prompt_messages = size(value),
        },
        "The messages of one completion request.",
    ),
    setting(
        "limits.title_characters",
        Presence::Default("200"),
        Kind::Whole {
            least: 1,
            most: 10_000,
            unit: "characters",
            set: |config, value| config.limits.content.title_characters = size(value),
        },
        "A title.",
    ),
    setting(
        "limits.system_bytes",
        Presence::Default("65536"),
        Kind::Whole {
            least: 1,
            most: 10_000_000,
            unit: "bytes",
            set: |config, value| config.limits.content.system_bytes = size(value),
        },
        "A system prompt.",
    ),
    setting(
        "http.header_read_timeout",
        Presence::Default("30s"),
        Kind::Duration {
            least: milliseconds(100),
            most: Duration::from_mins(10),
            set: |config, value| config.http.header_read_timeout = value,
        },
        "From the connection, or from the answer before, to the end of a request's head; so also how long a connection may stay idle.",
    ),
    setting(
        "http.body_read_timeout",
        Presence::Default("20s"),
        Kind::Duration {
            least: milliseconds(100),
            most: Duration::from_hours(1),
            set: |config, value| config.http.body_read_timeout = value,
        },
        "From the request's head to the end of its body.",
    ),
    setting(
        "http.shutdown_grace",
        Presence::Default("30s"),
        Kind::Duration {
            least: Duration::ZERO,
            most: Duration::from_mins(10),
            set: |config, value| config.http.shutdown_grace = value,
        },
        "How long running answers and requests may take to finish after a stop is asked for; nothing new is taken meanwhile. What is left of a run then is kept and marked as interrupted; an answer that nobody keeps ends with the error shutting_down.",
    ),
    setting(
        "sse.heartbeat",
        Presence::Default("10s"),
        Kind::Duration {
            least: milliseconds(100),
            most: seconds(55),
            set: |config, value| config.sse.heartbeat = value,
        },
        "A comment is sent when a stream was silent for this long, so that nobody takes it for dead. Many proxies cut a connection that is silent for 60 seconds.",
    ),
    setting(
        "database.url",
        Presence::Default("sqlite:"),
        Kind::Database(|config, value| config.database.url = value),
        "Which store, and where: sqlite: (in data_dir), sqlite:DIRECTORY, or the address of a Postgres database (15 or later). A password is best given by the variable.",
    ),
    setting(
        "database.pool_size",
        Presence::Default("10"),
        Kind::Whole {
            least: 3,
            most: 200,
            unit: "connections",
            set: |config, value| config.database.pool_size = size(value),
        },
        "Postgres: connections at the same time, at most.",
    ),
    setting(
        "database.acquire_timeout",
        Presence::Default("5s"),
        Kind::Duration {
            least: milliseconds(10),
            most: Duration::from_mins(1),
            set: |config, value| config.database.acquire_timeout = value,
        },
        "Postgres: how long a request waits for a connection before it is told to come back later.",
    ),
    setting(
        "database.statement_timeout",
        Presence::Default("10s"),
        Kind::Duration {
            least: milliseconds(100),
            most: Duration::from_mins(10),
            set: |config, value| config.database.statement_timeout = value,
        },
        "Postgres: how long one statement may take before it is given up.",
    ),
    setting(
        "database.start_wait",
        Presence::Default("30s"),
        Kind::Duration {
            least: Duration::ZERO,
            most: Duration::from_hours(1),
            set: |config, value| config.database.start_wait = value,
        },
        "Postgres: how long a starting server waits for a database that cannot be reached yet, before it gives up.",
    ),
    setting(
        "database.writers",
        Presence::Default("4"),
        Kind::Whole {
            least: 1,
            most: 64,
            unit: "writers",
            set: |config, value| config.database.writers = size(value),
        },
        "Postgres: groups of writes that may be under way at the same time, each on a connection of its own.",
    ),
    setting(
        "database.missed_check_interval",
        Presence::Default("5s"),
        Kind::Duration {
            least: milliseconds(100),
            most: Duration::from_mins(5),
            set: |config, value| config.database.missed_check_interval = value,
        },
        "Postgres: how often to look whether another server did something of which no notification came.",
    ),
    setting(
        "store.synchronous",
        Presence::Default("full"),
        Kind::Choice(&[
            ("full", |config| {
                config.store.synchronous = Synchronous::Full;
            }),
            ("normal", |config| {
                config.store.synchronous = Synchronous::Normal;
            }),
        ]),
        "SQLite: what a commit waits for: full (the disk; what was answered as stored survives a power cut) or normal (a power cut may lose the newest commits).",
    ),
    setting(
        "store.readers",
        Presence::Default("4"),
        Kind::Whole {
            least: 1,
            most: 64,
            unit: "connections",
            set: |config, value| config.store.readers = size(value),
        },
        "SQLite: connections to the database that read.",
    ),
    setting(
        "store.group_max_writes",
        Presence::Default("512"),
        Kind::Whole {
            least: 1,
            most: 100_000,
            unit: "writes",
            set: |config, value| config.store.group_max_writes = size(value),
        },
        "Writes that share one commit, and so one wait for the disk, at most.",
    ),
    setting(
        "store.group_max_bytes",
        Presence::Default("8388608"),
        Kind::Whole {
            least: 65_536,
            most: 1_000_000_000,
            unit: "bytes",
            set: |config, value| config.store.group_max_bytes = size(value),
        },
        "No further write joins a commit that has this many bytes.",
    ),
    setting(
        "store.queue_max_bytes",
        Presence::Default("67108864"),
        Kind::Whole {
            least: 1_000_000,
            most: 4_000_000_000,
            unit: "bytes",
            set: |config, value| config.store.queue_max_bytes = size(value),
        },
        "Writes that may wait for their commit, in bytes of memory.",
    ),
    setting(
        "store.queue_wait",
        Presence::Default("5s"),
        Kind::Duration {
            least: milliseconds(10),
            most: Duration::from_mins(1),
            set: |config, value| config.store.queue_wait = value,
        },
        "SQLite: how long a write waits for room in a full queue before it is told to come back later.",
    ),
    setting(
        "store.read_timeout",
        Presence::Default("10s"),
        Kind::Duration {
            least: milliseconds(10),
            most: Duration::from_mins(10),
            set: |config, value| config.store.read_timeout = value,
        },
        "SQLite: how long one read may take before it is told to come back later.",
    ),
    setting(
        "store.lock_wait",
        Presence::Default("5s"),
        Kind::Duration {
            least: Duration::ZERO,
            most: Duration::from_mins(1),
            set: |config, value| config.store.lock_wait = value,
        },
        "SQLite: how long to wait for a lock that another process holds on the database.",
    ),
    setting(
        "runs.flush_interval",
        Presence::Default("100ms"),
        Kind::Duration {
            least: milliseconds(10),
            most: seconds(5),
            set: |config, value| config.runs.flush_interval = value,
        },
        "How often what a run says is stored. A server that dies loses at most about this much of an answer.",
    ),
    setting(
        "runs.snapshot_interval",
        Presence::Default("2s"),
        Kind::Duration {
            least: milliseconds(100),
            most: Duration::from_mins(1),
            set: |config, value| config.runs.snapshot_interval = value,
        },
        "How often the answer so far is written into its message.",
    ),
    setting(
        "runs.heartbeat_interval",
        Presence::Default("2s"),
        Kind::Duration {
            least: milliseconds(100),
            most: Duration::from_mins(1),
            set: |config, value| config.runs.heartbeat_interval = value,
        },
        "How often a run that is silent says that it lives.",
    ),
    setting(
        "runs.dead_after",
        Presence::Default("8s"),
        Kind::Duration {
            least: milliseconds(500),
            most: Duration::from_mins(10),
            set: |config, value| config.runs.dead_after = value,
        },
        "After which silence a run counts as dead, so that another server marks it as interrupted.",
    ),
    setting(
        "runs.registration_wait",
        Presence::Default("25ms"),
        Kind::Duration {
            least: Duration::ZERO,
            most: seconds(10),
            set: |config, value| config.runs.registration_wait = value,
        },
        "How long the request to the provider waits for the store to know a run whose id came from the client. Knowing it keeps a repeated request from asking the provider twice.",
    ),
    setting(
        "runs.store_wait",
        Presence::Default("2s"),
        Kind::Duration {
            least: milliseconds(50),
            most: Duration::from_mins(1),
            set: |config, value| config.runs.store_wait = value,
        },
        "How long a write of the server's own may take before it goes to the journal.",
    ),
    setting(
        "runs.join_wait",
        Presence::Default("5s"),
        Kind::Duration {
            least: Duration::ZERO,
            most: Duration::from_mins(1),
            set: |config, value| config.runs.join_wait = value,
        },
        "How long the end of an answer waits for what is not stored yet before it says so.",
    ),
    setting(
        "runs.parent_wait",
        Presence::Default("60s"),
        Kind::Duration {
            least: Duration::ZERO,
            most: Duration::from_hours(1),
            set: |config, value| config.runs.parent_wait = value,
        },
        "How long an answer is offered to a conversation in which the message that it answers is not there yet.",
    ),
    setting(
        "runs.log_retention",
        Presence::Default("24h"),
        Kind::Duration {
            least: Duration::from_mins(1),
            most: Duration::from_hours(8760),
            set: |config, value| config.runs.log_retention = value,
        },
        "How long the log of a run that ended is kept, so that readers can attach to it. The message is kept anyway.",
    ),
    setting(
        "runs.max_running",
        Presence::Default("2000"),
        Kind::Whole {
            least: 1,
            most: 100_000,
            unit: "runs",
            set: |config, value| config.runs.max_running = size(value),
        },
        "How many runs the server carries at once; more are refused as overloaded.",
    ),
    setting(
        "journal.enabled",
        Presence::Default("true"),
        Kind::Switch(|config, value| config.journal.enabled = value),
        "Whether there is a journal. Without it, what the store cannot take is told as lost.",
    ),
    setting(
        "journal.directory",
        Presence::Optional("/var/lib/manent/journal"),
        Kind::Path(|config, value| config.journal.directory = Some(value)),
        "Where the journal lies. Without it: the directory journal in data_dir. One directory serves one process.",
    ),
    setting(
        "journal.max_bytes",
        Presence::Default("268435456"),
        Kind::Whole {
            least: 1_000_000,
            most: 1_000_000_000_000,
            unit: "bytes",
            set: |config, value| config.journal.max_bytes = value,
        },
        "The largest size of the journal. A full one takes nothing more, and /readyz says so.",
    ),
];

/// A name that can stand in a request.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 200 && !text.chars().any(char::is_control)
}

/// The forms that people use; spans and fields are left to the subscriber's own check.
fn is_log_filter(text: &str) -> bool {
    !text.is_empty()
        && text.split(',').all(|directive| {
            let (target, level) = directive.rsplit_once('=').unwrap_or(("", directive));
            let is_level = ["off", "error", "warn", "info", "debug", "trace"]
                .contains(&level.trim().to_ascii_lowercase().as_str());
            let is_target = target.trim().chars().all(|character| {
                character.is_ascii_alphanumeric() || matches!(character, '_' | ':' | '-')
            });
            is_level && is_target
        })
}
