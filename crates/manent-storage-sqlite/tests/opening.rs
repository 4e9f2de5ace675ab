//! Every way in which a data directory can be wrong gets its sentence.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use manent_domain::append::Outcome;
use manent_domain::ports::{MessageRepository, StoreError};
use manent_storage_memory::conformance::person::{Person, at, conversation, message, plain, said};
use manent_storage_sqlite::{OpenError, SqliteConfig, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;

fn quick(directory: &Path) -> SqliteConfig {
    SqliteConfig {
        busy_timeout: Duration::from_millis(10),
        ..SqliteConfig::new(directory)
    }
}

fn database(directory: &TempDir) -> PathBuf {
    directory.path().join("manent.db")
}

/// A directory with a closed database that has one message.
async fn used() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(quick(directory.path())).unwrap();
    let person = Person::with_conversation(&store, conversation(1)).await;
    person
        .append(vec![plain(conversation(1), said(message(1), "Hello"))])
        .await;
    store.close().await;
    directory
}

fn refused(config: SqliteConfig) -> OpenError {
    SqliteStore::open(config).unwrap_err()
}

/// The directory may be older than Manent, and open to others.
#[cfg(unix)]
#[tokio::test]
async fn the_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let store = SqliteStore::open(quick(directory.path())).unwrap();
    Person::with_conversation(&store, conversation(1)).await;
    let mut modes: Vec<(String, u32)> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            (entry.file_name().into_string().unwrap(), mode)
        })
        .collect();
    modes.sort();
    let private = |name: &str| (name.to_owned(), 0o600);
    assert_eq!(
        modes,
        [
            private("manent.db"),
            private("manent.db-shm"),
            private("manent.db-wal"),
            private("manent.lock")
        ]
    );
    store.close().await;
}

#[tokio::test]
async fn creates_the_directory_for_its_owner_alone() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("deep/data");
    let store = SqliteStore::open(SqliteConfig::new(&data_dir)).unwrap();
    assert_eq!(store.path(), data_dir.join("manent.db"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&data_dir).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
    store.close().await;
}

#[tokio::test]
async fn what_was_closed_is_one_file_and_opens_again() {
    let directory = used().await;
    let mut names: Vec<_> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["manent.db", "manent.lock"]);
    let store = SqliteStore::open(quick(directory.path())).unwrap();
    let person = Person::new(&store, 1);
    assert_eq!(person.message_ids(conversation(1)).await, [message(1)]);
    store.close().await;
}

#[tokio::test]
async fn says_who_else_uses_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(quick(directory.path())).unwrap();
    let path = directory.path().to_owned();
    let holder = format!("another Manent (process {})", std::process::id());
    let error = refused(quick(directory.path()));
    assert_eq!(error, OpenError::Locked { path, holder });
    assert_eq!(
        error.to_string(),
        format!(
            "{} is in use by another Manent (process {}). Stop that process, or choose another directory with --data-dir: \
             one data directory serves one process.",
            directory.path().display(),
            std::process::id()
        )
    );
    store.close().await;
    let store = SqliteStore::open(quick(directory.path())).unwrap();
    store.close().await;
}

#[tokio::test]
async fn says_that_another_process_has_locked_the_database() {
    let directory = used().await;
    let other = Connection::open(database(&directory)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = refused(quick(directory.path()));
    assert_eq!(
        error,
        OpenError::Locked {
            path: database(&directory),
            holder: "another process".to_owned(),
        }
    );
    other.execute_batch("ROLLBACK").unwrap();
    let store = SqliteStore::open(quick(directory.path())).unwrap();
    store.close().await;
}

#[tokio::test]
async fn is_busy_while_another_process_has_locked_the_database_and_reads_go_on() {
    let directory = used().await;
    let store = SqliteStore::open(quick(directory.path())).unwrap();
    let other = Connection::open(database(&directory)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let person = Person::new(&store, 1);
    let answer = || plain(conversation(1), said(message(2), "Anybody there?"));
    let refused = store.append(person.owner, vec![answer()], at(1)).await;
    assert!(
        matches!(refused, Err(StoreError::Busy { .. })),
        "{refused:?}"
    );
    let health = store.check().await;
    assert!(matches!(health, Err(StoreError::Busy { .. })), "{health:?}");
    assert_eq!(person.message_ids(conversation(1)).await, [message(1)]);
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(
        person.append_one(answer()).await,
        Outcome::Stored { seq: 2 }
    );
    store.check().await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn says_that_the_database_is_read_only() {
    let directory = used().await;
    // The header's write version: SQLite opens one that it does not know for reading only. (Permissions do not stop root.)
    let mut bytes = fs::read(database(&directory)).unwrap();
    bytes[18] = 9;
    fs::write(database(&directory), bytes).unwrap();
    let error = refused(quick(directory.path()));
    assert_eq!(
        error,
        OpenError::ReadOnly {
            path: database(&directory),
            reason: "attempt to write a readonly database".to_owned(),
        }
    );
    assert_eq!(
        error.to_string(),
        format!(
            "the database {} is read-only: attempt to write a readonly database. Make the file and its directory writable for \
             this user, and the file system too.",
            database(&directory).display()
        )
    );
}

#[test]
fn says_that_the_directory_cannot_be_used() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let error = refused(quick(&file));
    assert!(matches!(error, OpenError::Directory { .. }), "{error:?}");
    assert!(error.to_string().contains("--data-dir"), "{error}");
    let below = refused(quick(&file.join("below")));
    assert!(matches!(below, OpenError::Directory { .. }), "{below:?}");
}

#[test]
fn says_that_the_file_is_no_database() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(database(&directory), "no database at all ".repeat(1_000)).unwrap();
    let error = refused(quick(directory.path()));
    assert_eq!(
        error,
        OpenError::Corrupt {
            path: database(&directory),
            reason: "file is not a database".to_owned(),
        }
    );
    assert_eq!(
        error.to_string(),
        format!(
            "the database {} is damaged or no database: file is not a database. Put back a backup of it, or move the file away to \
             begin with an empty one.",
            database(&directory).display()
        )
    );
    let content = fs::read_to_string(database(&directory)).unwrap();
    assert!(content.starts_with("no database at all"), "left as it was");
}

#[tokio::test]
async fn says_that_the_database_is_damaged() {
    let directory = used().await;
    let mut bytes = fs::read(database(&directory)).unwrap();
    // Everything but the first page, where the file's header is.
    bytes[4_096..].fill(0xff);
    fs::write(database(&directory), bytes).unwrap();
    let error = refused(quick(directory.path()));
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}");
}

#[test]
fn says_that_the_database_is_another_programs() {
    let directory = tempfile::tempdir().unwrap();
    let other = Connection::open(database(&directory)).unwrap();
    other.execute_batch("CREATE TABLE tracks (name)").unwrap();
    drop(other);
    let path = database(&directory);
    assert_eq!(
        refused(quick(directory.path())),
        OpenError::Foreign { path }
    );
}

#[tokio::test]
async fn says_that_the_database_is_newer() {
    let directory = used().await;
    let other = Connection::open(database(&directory)).unwrap();
    other.pragma_update(None, "user_version", 999).unwrap();
    drop(other);
    let error = refused(quick(directory.path()));
    let OpenError::Newer {
        found: 999, known, ..
    } = error
    else {
        unreachable!("{error:?}");
    };
    assert_eq!(
        error.to_string(),
        format!(
            "the database {} has schema version 999, and this program knows versions up to {known}. Start a newer Manent, or put \
             back a backup from before the upgrade.",
            database(&directory).display()
        )
    );
}

#[test]
fn says_that_there_is_no_room() {
    let directory = tempfile::tempdir().unwrap();
    let config = SqliteConfig {
        max_database_bytes: Some(16_384),
        ..quick(directory.path())
    };
    let error = refused(config);
    assert_eq!(
        error.to_string(),
        format!(
            "there is no room for the database {}: database or disk is full. Free space on its disk, then start again; nothing is \
             lost.",
            database(&directory).display()
        )
    );
    // The failed attempt left nothing in the way.
    let store = SqliteStore::open(quick(directory.path())).unwrap();
    drop(store);
}

#[tokio::test]
async fn a_full_database_stores_nothing_of_a_message_and_is_read_as_before() {
    let directory = used().await;
    let config = SqliteConfig {
        max_database_bytes: Some(fs::metadata(database(&directory)).unwrap().len() + 40_960),
        ..quick(directory.path())
    };
    let store = SqliteStore::open(config).unwrap();
    let person = Person::new(&store, 1);
    let long = "words and words ".repeat(10_000);
    let full = store
        .append(
            person.owner,
            vec![
                plain(conversation(1), said(message(2), "short")),
                plain(conversation(1), said(message(3), &long)),
            ],
            at(1),
        )
        .await;
    assert!(matches!(full, Err(StoreError::Full { .. })), "{full:?}");
    assert_eq!(person.message_ids(conversation(1)).await, [message(1)]);
    assert_eq!(person.search(&["short"]).await, []);
    let short = plain(conversation(1), said(message(2), "short"));
    assert_eq!(person.append_one(short).await, Outcome::Stored { seq: 2 });
    store.close().await;
}

#[test]
fn says_that_there_is_no_database_and_creates_none() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("nowhere");
    let error = SqliteStore::open_existing(quick(&missing)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "there is no database at {}. Name the data directory of a server that ran before.",
            missing.join("manent.db").display()
        )
    );
    assert!(!missing.exists());
}
