//! Connections and their settings.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::config::{Durability, SqliteConfig};

const STATEMENTS: usize = 128;

/// The connection that writes. Creates the file.
pub(crate) fn open_writer(path: &Path, config: &SqliteConfig) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags, config)?;
    connection.pragma_update(None, "cache_size", -16_000)?;
    if let Some(bytes) = config.max_database_bytes {
        let page_bytes: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = i64::try_from(bytes / u64::from(page_bytes.max(1))).unwrap_or(i64::MAX);
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    Ok(connection)
}

/// Turns on the write-ahead log. Needs the database for itself for a moment when it was off.
pub(crate) fn use_write_ahead_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))
}

/// A connection that can only read.
pub(crate) fn open_reader(path: &Path, config: &SqliteConfig) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags, config)?;
    connection.pragma_update(None, "cache_size", -4_000)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// The connection that copies the write-ahead log into the database.
pub(crate) fn open_checkpointer(
    path: &Path,
    config: &SqliteConfig,
) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    open(path, flags, config)
}

fn open(path: &Path, flags: OpenFlags, config: &SqliteConfig) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(config.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    let synchronous = match config.durability {
        Durability::Full => "full",
        Durability::Normal => "normal",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    // The log's file shrinks to this when it starts anew.
    connection.pragma_update_and_check(None, "journal_size_limit", 67_108_864, |_| Ok(()))?;
    Ok(connection)
}

/// Writes one page without changing anything, so that a database that cannot be written says so.
pub(crate) fn write_something(connection: &Connection) -> rusqlite::Result<()> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    connection.pragma_update(None, "user_version", version)
}
