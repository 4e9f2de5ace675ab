//! The table of all settings but the providers'. The only place where a key, its default and its range stand.

use std::time::Duration;

use crate::config::{Config, LogFormat, Synchronous};
use crate::setting::{Kind, Presence, Setting};

/// Sections in the order of the sample, with what they are for.
pub(crate) const SECTIONS: [(&str, &str); 6] = [
    ("", ""),
    ("log", "What is logged, to standard error."),
    (
        "limits",
        "What a client may send. What is larger is refused with a clear error, and nothing of it is stored.",
    ),
    ("http", "How long the parts of a request may take."),
    ("sse", "Streams of events."),
    ("store", "The database."),
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
        Presence::Default("10s"),
        Kind::Duration {
            least: Duration::ZERO,
            most: Duration::from_mins(10),
            set: |config, value| config.http.shutdown_grace = value,
        },
        "How long running requests may take to finish after a stop is asked for. Answers that still stream are not waited for: they end at once, with the error shutting_down.",
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
        "What a commit waits for: full (the disk; what was answered as stored survives a power cut) or normal (a power cut may lose the newest commits).",
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
        "Connections to the database that read.",
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
        "How long a write waits for room in a full queue before it is told to come back later.",
    ),
    setting(
        "store.read_timeout",
        Presence::Default("10s"),
        Kind::Duration {
            least: milliseconds(10),
            most: Duration::from_mins(10),
            set: |config, value| config.store.read_timeout = value,
        },
        "How long one read may take before it is told to come back later.",
    ),
    setting(
        "store.lock_wait",
        Presence::Default("5s"),
        Kind::Duration {
            least: Duration::ZERO,
            most: Duration::from_mins(1),
            set: |config, value| config.store.lock_wait = value,
        },
        "How long to wait for a lock that another process holds on the database.",
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
