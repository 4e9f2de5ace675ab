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

/// Brings the schema up to date.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), SchemaError> {
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
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    let known = MIGRATIONS.len();
    if usize::try_from(version).map_or(true, |version| version > known) {
        return Err(SchemaError::Newer {
            found: version,
            known,
        });
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
