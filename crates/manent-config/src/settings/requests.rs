//! Bounds of what clients may send and how long it may take.

use std::time::Duration;

use super::{milliseconds, seconds, setting, size};
use crate::config::Config;
use crate::setting::{Kind, Presence, Setting};

pub(super) static SETTINGS: &[Setting<Config>] = &[
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
        "http.write_timeout",
        Presence::Default("60s"),
        Kind::Duration {
            least: milliseconds(100),
            most: Duration::from_hours(1),
            set: |config, value| config.http.write_timeout = value,
        },
        "How long a client may take nothing of what waits for it, before its connection is closed. What is kept of an answer is not affected.",
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
];
