//! The tables of all settings but the providers'. The only place where a key, its default and its range stand.

mod accounts;
mod database;
mod general;
mod librechat;
mod mail;
mod oidc;
mod requests;
mod runs;
mod testing;
mod usage;

use std::time::Duration;

use crate::config::Config;
use crate::setting::{Kind, Presence, Setting};

/// Sections in the order of the sample, with what they are for.
pub(crate) const SECTIONS: [(&str, &str); 14] = [
    ("", ""),
    ("log", "What is logged, to standard error."),
    (
        "accounts",
        "How people sign in, in the modes accounts and oidc.",
    ),
    (
        "oidc",
        "Signing in through an OpenID provider, in the mode oidc.",
    ),
    ("librechat", "The API of LibreChat, for its web client."),
    (
        "mail",
        "Mail that the server sends: links that reset a password, verify an address, invite somebody.",
    ),
    (
        "limits",
        "What a client may send, and how much. What is larger is refused with a clear error, and nothing of it is stored.",
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
    (
        "testing",
        "For tests of clients. Leave it out everywhere else.",
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
pub(crate) fn settings() -> impl Iterator<Item = &'static Setting<Config>> {
    [
        general::SETTINGS,
        accounts::SETTINGS,
        oidc::SETTINGS,
        librechat::SETTINGS,
        mail::SETTINGS,
        requests::SETTINGS,
        usage::SETTINGS,
        database::SETTINGS,
        runs::SETTINGS,
        testing::SETTINGS,
    ]
    .into_iter()
    .flatten()
}

/// A name that can stand in a request.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 200 && !text.chars().any(char::is_control)
}
