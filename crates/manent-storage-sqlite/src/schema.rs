//! The schema and its versions. A migration that was released is never changed; the next one follows it.

use rusqlite::{Connection, OptionalExtension};
use rusqlite_migration::{M, Migrations};

/// Written into the header of the file ("Mane"), so that another program's database is not taken for ours.
const APPLICATION_ID: i32 = 0x4d61_6e65;

const MIGRATIONS: &[M<'static>] = &[
    M::up(include_str!(
        "../migrations/0001_conversations_messages_search.sql"
    )),
    M::up(include_str!("../migrations/0002_changes_runs_feed.sql")),
    M::up(include_str!("../migrations/0003_accounts.sql")),
    M::up(include_str!("../migrations/0004_what_surfaces_keep.sql")),
    M::up(include_str!("../migrations/0005_server_secret.sql")),
];

/// Why the schema could not be brought up to date.
#[derive(Debug)]
pub(crate) enum SchemaError {
    /// The file is another program's database.
    Foreign,
    /// The schema is newer than this program.
    Newer {
        /// Its version.
        found: i64,
        /// The newest version that this program knows.
        known: usize,
    },
    /// SQLite failed.
    Sqlite(rusqlite::Error),
    /// A migration is faulty.
    Migration(rusqlite_migration::Error),
}

impl From<rusqlite::Error> for SchemaError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// The newest version that this program knows.
pub(crate) const fn newest() -> usize {
    MIGRATIONS.len()
}

/// The schema's version; 0 for an empty database. Refuses another program's database.
pub(crate) fn version(connection: &Connection) -> Result<i64, SchemaError> {
    let application: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if application != APPLICATION_ID {
        let table = connection
            .query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(()))
            .optional()?;
        if application != 0 || version != 0 || table.is_some() {
            return Err(SchemaError::Foreign);
        }
    }
    Ok(version)
}

/// Brings the schema up to date.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), SchemaError> {
    let found = version(connection)?;
    let known = newest();
    if usize::try_from(found).map_or(true, |found| found > known) {
        return Err(SchemaError::Newer { found, known });
    }
    if found == 0 {
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    Migrations::from_slice(MIGRATIONS)
        .to_latest(connection)
        .map_err(|error| match error {
            rusqlite_migration::Error::RusqliteError { err, .. } => SchemaError::Sqlite(err),
            other => SchemaError::Migration(other),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_apply_to_an_empty_database() {
        Migrations::from_slice(MIGRATIONS).validate().unwrap();
    }

    #[test]
    fn migrating_twice_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        let version: i64 = connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(usize::try_from(version), Ok(MIGRATIONS.len()));
    }
}
