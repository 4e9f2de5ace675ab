//! Rows written past the store, for what is too much to append one by one. The schema is the store's own.

use std::path::Path;

use manent_storage_sqlite::{SqliteConfig, SqliteStore};
use rusqlite::{Connection, params};
use uuid::Uuid;

/// Creates a database with the store's schema in this directory and opens it as plainly as can be: write-ahead log, `synchronous = FULL`.
///
/// # Errors
/// When it cannot be created.
pub(crate) async fn create(directory: &Path) -> anyhow::Result<Connection> {
    SqliteStore::open(SqliteConfig::new(directory))?
        .close()
        .await;
    open(directory)
}

/// Opens a database that the store has created.
///
/// # Errors
/// When it cannot be opened.
pub(crate) fn open(directory: &Path) -> anyhow::Result<Connection> {
    let connection = Connection::open(directory.join("manent.db"))?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "full")?;
    // As much as the store's writer has.
    connection.pragma_update(None, "cache_size", -16_000)?;
    Ok(connection)
}

/// A conversation to insert.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewConversation<'a> {
    /// Its id.
    pub(crate) id: Uuid,
    /// Its title.
    pub(crate) title: &'a str,
    /// How many messages will be inserted.
    pub(crate) last_seq: i64,
    /// Milliseconds since 1970.
    pub(crate) last_message_at: i64,
}

/// Inserts an owner.
///
/// # Errors
/// When the database fails.
pub(crate) fn insert_owner(connection: &Connection, id: Uuid) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("INSERT INTO users (id, created_at) VALUES (?1, 0)")?
        .insert([id.to_string()])
}

/// Inserts a conversation and its entry in the search index.
///
/// # Errors
/// When the database fails.
pub(crate) fn insert_conversation(
    connection: &Connection,
    owner: i64,
    new: &NewConversation<'_>,
) -> rusqlite::Result<i64> {
    let pk = connection
        .prepare_cached(
            "INSERT INTO conversations (owner_pk, id, title, title_source, config, pinned, last_seq, created_at, updated_at, last_message_at)
             VALUES (?1, ?2, ?3, 'cut', '{}', 0, ?4, ?5, ?5, ?5)",
        )?
        .insert(params![
            owner,
            new.id.to_string(),
            new.title,
            new.last_seq,
            new.last_message_at
        ])?;
    connection
        .prepare_cached("INSERT INTO title_search (rowid, owner, text) VALUES (?1, ?2, ?3)")?
        .execute(params![pk, owner_word(owner), new.title])?;
    Ok(pk)
}

/// The word that stands for an owner in the search index.
pub(crate) fn owner_word(owner: i64) -> String {
    format!("u{owner}")
}
