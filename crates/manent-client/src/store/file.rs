//! Opening the database file, and what its errors mean.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use rusqlite_migration::{M, Migrations};

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It is damaged, or no database.
    Damaged(String),
    /// A newer program wrote it.
    Newer,
    /// Nothing is known to be wrong with the file itself: permissions, no room.
    Other(String),
}

impl Trouble {
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Damaged(reason) | Self::Other(reason) => reason.clone(),
            Self::Newer => "a newer version wrote it".to_owned(),
        }
    }
}

const MIGRATIONS: &[M<'static>] = &[M::up(
    "CREATE TABLE record (
        key TEXT NOT NULL PRIMARY KEY,
        body TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE set_aside (
        number INTEGER PRIMARY KEY,
        set_aside_at INTEGER NOT NULL,
        key BLOB NOT NULL,
        body BLOB NOT NULL,
        reason TEXT NOT NULL
    ) STRICT;
    CREATE TABLE copy (
        conversation TEXT NOT NULL PRIMARY KEY,
        touched_at INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;",
)];

/// Opens the file, brings its schema up to date and looks whether it is whole.
pub(super) fn open(path: &Path) -> Result<Connection, Trouble> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection =
        Connection::open_with_flags(path, flags).map_err(|error| trouble(&error))?;
    configure(&connection).map_err(|error| trouble(&error))?;
    Migrations::from_slice(MIGRATIONS)
        .to_latest(&mut connection)
        .map_err(|error| migration_trouble(&error))?;
    let verdict: String = connection
        .pragma_query_value(None, "quick_check", |row| row.get(0))
        .map_err(|error| trouble(&error))?;
    if verdict == "ok" {
        Ok(connection)
    } else {
        // What SQLite says is about pages, which help nobody here.
        Err(Trouble::Damaged("it is damaged".to_owned()))
    }
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    // Nobody else has a reason to touch it: this is for a backup that copies it.
    connection.busy_timeout(Duration::from_secs(1))?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "full")
}

fn migration_trouble(error: &rusqlite_migration::Error) -> Trouble {
    match error {
        rusqlite_migration::Error::MigrationDefinition(
            rusqlite_migration::MigrationDefinitionError::DatabaseTooFarAhead,
        ) => Trouble::Newer,
        rusqlite_migration::Error::RusqliteError { err, .. } => trouble(err),
        other => Trouble::Other(other.to_string()),
    }
}

/// What an error says about the file.
pub(super) fn trouble(error: &rusqlite::Error) -> Trouble {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            Trouble::Damaged(error.to_string())
        }
        _ => Trouble::Other(error.to_string()),
    }
}
