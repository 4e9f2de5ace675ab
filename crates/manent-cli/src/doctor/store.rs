//! The store: whether it can be opened, its schema, its pages.

use manent_config::Config;
use manent_storage_postgres::{OpenError, PostgresStore, SchemaVersions};
use manent_storage_sqlite::{DatabaseLook, look};

use super::check::{Check, size};
use crate::migrate::store::{Place, postgres_config};

const NAME: &str = "store";

/// A larger database is not read from beginning to end.
const LARGEST_TO_READ: u64 = 2_000_000_000;

/// A log of this size is not what a server leaves behind that was stopped in order.
const LARGE_LOG: u64 = 100_000_000;

pub(super) async fn check(config: &Config, is_running: bool) -> Check {
    let place = Place::of(config.clone());
    match &place {
        Place::Sqlite(_) if is_running => Check::ok(
            NAME,
            "SQLite, used by the running server, which was asked instead",
        ),
        Place::Sqlite(directory) => {
            let path = directory.join("manent.db");
            let bytes = std::fs::metadata(&path).map_or(0, |file| file.len());
            match look(directory, bytes <= LARGEST_TO_READ) {
                Ok(Some(seen)) => of_sqlite(&seen),
                Ok(None) => Check::ok(NAME, "SQLite, made at the first start"),
                Err(error) => Check::problem(NAME, error.to_string(), None),
            }
        }
        Place::Postgres { url, config } => {
            match PostgresStore::look(postgres_config(url, config)).await {
                Ok(versions) => of_postgres(&place, versions),
                Err(error) => {
                    let advice = match &error {
                        OpenError::Unreachable { .. } => {
                            Some("see that Postgres runs there, or correct database.url")
                        }
                        OpenError::Refused { .. } => Some(
                            "see to it that the database is there and lets this user in, or correct database.url",
                        ),
                        // The others say it themselves.
                        _ => None,
                    };
                    Check::problem(NAME, error.to_string(), advice)
                }
            }
        }
    }
}

fn of_sqlite(seen: &DatabaseLook) -> Check {
    let mut detail = format!(
        "SQLite {}, {}, schema {}",
        seen.path.display(),
        size(seen.bytes),
        seen.schema
    );
    match &seen.damage {
        Some(damage) if !damage.is_empty() => {
            return Check::problem(
                NAME,
                format!("{detail}, damaged: {}", damage.join("; ")),
                Some("stop the server, keep a copy of the whole directory, and put back a backup"),
            );
        }
        Some(_) => detail.push_str(", every page is sound"),
        None => detail.push_str(", too large to read every page here"),
    }
    if usize::try_from(seen.schema).is_ok_and(|schema| schema < seen.known_schema) {
        return Check::warning(
            NAME,
            detail,
            format!(
                "the next start, or `manent migrate`, brings it to schema {}; make a backup before",
                seen.known_schema
            ),
        );
    }
    if seen.log_bytes > LARGE_LOG {
        let detail = format!("{detail}, {} in its log", size(seen.log_bytes));
        return Check::warning(
            NAME,
            detail,
            "the next start takes the log into the database",
        );
    }
    Check::ok(NAME, detail)
}

fn of_postgres(place: &Place, versions: SchemaVersions) -> Check {
    let SchemaVersions { before, after } = versions;
    match before {
        0 => Check::ok(
            NAME,
            format!("Postgres, {place}, tables made at the first start"),
        ),
        before if before < after => Check::warning(
            NAME,
            format!("Postgres, {place}, schema {before}"),
            format!(
                "the next start, or `manent migrate`, brings it to schema {after}; make a backup before"
            ),
        ),
        before => Check::ok(NAME, format!("Postgres, {place}, schema {before}")),
    }
}
