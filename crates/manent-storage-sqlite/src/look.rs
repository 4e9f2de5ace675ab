//! Looking at a database without opening it as a store: nothing is created, migrated or checkpointed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::directory;
use crate::open::{OpenError, from_schema, from_sqlite};
use crate::schema::{self, SchemaError};

/// How a database stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseLook {
    /// Its file.
    pub path: PathBuf,
    /// The version of its schema.
    pub schema: i64,
    /// The newest version that this program knows; it brings older ones up to date when it opens them.
    pub known_schema: usize,
    /// The file's size.
    pub bytes: u64,
    /// The size of its write-ahead log; large only after a crash, or while a server works.
    pub log_bytes: u64,
    /// What `PRAGMA quick_check` found wrong, at most ten lines; absent when it was not asked for.
    pub damage: Option<Vec<String>>,
}

/// Looks at the database in a data directory that no process holds; absent: there is none yet. `checks_pages` reads the whole file.
///
/// # Errors
/// What opening it would meet: a database that is damaged, foreign, newer, or cannot be read.
pub fn look(data_dir: &Path, checks_pages: bool) -> Result<Option<DatabaseLook>, OpenError> {
    let path = directory::database_path(data_dir);
    let bytes = match fs::metadata(&path) {
        Ok(file) if file.len() > 0 => file.len(),
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(OpenError::Other {
                path,
                reason: error.to_string(),
            });
        }
    };
    let log = directory::log_path(data_dir);
    let log_bytes = fs::metadata(log).map_or(0, |file| file.len());
    let of_sqlite = |error| from_sqlite(&path, &error);
    let connection = open(&path, log_bytes > 0).map_err(of_sqlite)?;
    let schema = schema::version(&connection).map_err(|error| from_schema(&path, error))?;
    let damage = if checks_pages {
        Some(quick_check(&connection).map_err(of_sqlite)?)
    } else {
        None
    };
    let known_schema = schema::newest();
    if usize::try_from(schema).map_or(true, |schema| schema > known_schema) {
        let newer = SchemaError::Newer {
            found: schema,
            known: known_schema,
        };
        return Err(from_schema(&path, newer));
    }
    Ok(Some(DatabaseLook {
        path,
        schema,
        known_schema,
        bytes,
        log_bytes,
        damage,
    }))
}

/// Without a log the file is all there is, and nobody writes it: then SQLite need not put files of its own beside it.
fn open(path: &Path, has_log: bool) -> rusqlite::Result<Connection> {
    let read = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match path.to_str() {
        Some(text) if !has_log => {
            let mut escaped = String::new();
            for character in text.chars() {
                match character {
                    '%' => escaped.push_str("%25"),
                    '?' => escaped.push_str("%3f"),
                    '#' => escaped.push_str("%23"),
                    other => escaped.push(other),
                }
            }
            let address = format!("file:{escaped}?immutable=1");
            Connection::open_with_flags(address, read | OpenFlags::SQLITE_OPEN_URI)?
        }
        Some(_) | None => Connection::open_with_flags(path, read)?,
    };
    connection.busy_timeout(Duration::from_secs(2))?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

fn quick_check(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("PRAGMA quick_check(10)")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut lines = lines.collect::<rusqlite::Result<Vec<String>>>()?;
    lines.retain(|line| line != "ok");
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SqliteConfig, SqliteStore};

    #[test]
    fn there_is_nothing_to_see_before_the_first_start() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(look(directory.path(), true), Ok(None));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_closed_database_is_seen_and_stays_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("a %20?#b");
        let store = SqliteStore::open(SqliteConfig::new(&data_dir)).unwrap();
        store.close().await;
        let files = || {
            let mut files: Vec<_> = fs::read_dir(&data_dir)
                .unwrap()
                .map(|file| file.unwrap().path())
                .map(|path| (fs::read(&path).unwrap(), path))
                .collect();
            files.sort();
            files
        };
        let before = files();
        let seen = look(&data_dir, true).unwrap().unwrap();
        assert_eq!(seen.schema, i64::try_from(seen.known_schema).unwrap());
        assert_eq!(seen.damage, Some(Vec::new()));
        assert_eq!(files(), before);
    }

    #[test]
    fn tells_foreign_newer_and_damaged_files_apart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory::database_path(directory.path());
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("CREATE TABLE other (a)").unwrap();
        let seen = look(directory.path(), false);
        assert!(matches!(seen, Err(OpenError::Foreign { .. })), "{seen:?}");
        connection
            .execute_batch(
                "DROP TABLE other; PRAGMA application_id = 0x4d616e65; PRAGMA user_version = 99",
            )
            .unwrap();
        drop(connection);
        let seen = look(directory.path(), false);
        assert!(
            matches!(seen, Err(OpenError::Newer { found: 99, .. })),
            "{seen:?}"
        );
        fs::write(&path, "no database at all, but long enough to have a header of one hundred bytes and then some more of it").unwrap();
        let seen = look(directory.path(), true);
        assert!(matches!(seen, Err(OpenError::Corrupt { .. })), "{seen:?}");
    }
}
