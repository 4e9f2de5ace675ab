//! The database.

use std::time::Duration;

use super::{milliseconds, setting, size};
use crate::config::{Config, Synchronous};
use crate::setting::{Kind, Presence, Setting};

pub(super) static SETTINGS: &[Setting<Config>] = &[
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
];
