//! Runs and the journal.

use std::time::Duration;

use super::{milliseconds, seconds, setting, size};
use crate::config::Config;
use crate::setting::{Kind, Presence, Setting};

pub(super) static SETTINGS: &[Setting<Config>] = &[
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
        Presence::Default("75ms"),
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
