//! Opening: everything that can be wrong with a data directory gets a sentence that says so and what to do.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use rusqlite::{Connection, ErrorCode};

use crate::checkpoint::Checkpointer;
use crate::config::SqliteConfig;
use crate::connection;
use crate::directory::{self, DirectoryError, DirectoryLock};
use crate::metrics::Counters;
use crate::placed_files::PlacedFiles;
use crate::reader::ReadQueue;
use crate::schema::{self, SchemaError};
use crate::writer::{self, WriteQueue, WriterParts};

/// Why a store could not be opened. The texts are for the person who starts the server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The data directory cannot be created or used.
    #[error(
        "the data directory {} cannot be used: {reason}. Choose another one with --data-dir, or correct its permissions.",
        path.display()
    )]
    Directory {
        /// The data directory.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// There is no database, and none was to be created.
    #[error("there is no database at {}. Name the data directory of a server that ran before.", path.display())]
    Missing {
        /// Where it would be.
        path: PathBuf,
    },
    /// Another process uses the data directory or the database.
    #[error(
        "{} is in use by {holder}. Stop that process, or choose another directory with --data-dir: one data directory serves one process.",
        path.display()
    )]
    Locked {
        /// The data directory or the database.
        path: PathBuf,
        /// Who, as far as it is known.
        holder: String,
    },
    /// The database may not be written.
    #[error(
        "the database {} is read-only: {reason}. Make the file and its directory writable for this user, and the file system too.",
        path.display()
    )]
    ReadOnly {
        /// The database.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// There is no room to open or migrate the database.
    #[error(
        "there is no room for the database {}: {reason}. Free space on its disk, then start again; nothing is lost.",
        path.display()
    )]
    Full {
        /// The database.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is damaged or no database.
    #[error(
        "the database {} is damaged or no database: {reason}. Put back a backup of it, or move the file away to begin with an empty one.",
        path.display()
    )]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file is a database of another program.
    #[error(
        "{} is a database of another program. Choose another directory with --data-dir, or move the file away.",
        path.display()
    )]
    Foreign {
        /// The database.
        path: PathBuf,
    },
    /// The database was written by a newer program.
    #[error(
        "the database {} has schema version {found}, and this program knows versions up to {known}. Start a newer Manent, or put back a backup from before the upgrade.",
        path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema's version.
        found: i64,
        /// The newest version that this program knows.
        known: usize,
    },
    /// Something else.
    #[error("the database {} cannot be opened: {reason}.", path.display())]
    Other {
        /// The database.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

/// A store's working parts.
pub(crate) struct Opened {
    pub(crate) writes: WriteQueue,
    pub(crate) reads: ReadQueue,
    pub(crate) counters: Arc<Counters>,
    pub(crate) path: PathBuf,
}

/// Takes the directory, brings the schema up to date and starts the threads.
pub(crate) fn open(config: SqliteConfig) -> Result<Opened, OpenError> {
    let lock = claim(&config.data_dir)?;
    let path = directory::database_path(&config.data_dir);
    let of_sqlite = |error| from_sqlite(&path, &error);
    let mut write_connection = connection::open_writer(&path, &config).map_err(of_sqlite)?;
    schema::migrate(&mut write_connection).map_err(|error| from_schema(&path, error))?;
    connection::use_write_ahead_log(&write_connection).map_err(of_sqlite)?;
    start(config, write_connection, Some(lock))
}

/// The same, or beside the process that has the directory: then the schema must be up to date, and whatever belongs to the whole file is left
/// to that process.
pub(crate) fn open_beside(config: SqliteConfig) -> Result<Opened, OpenError> {
    match open(config.clone()) {
        Err(OpenError::Locked { .. }) => {}
        other => return other,
    }
    let path = directory::database_path(&config.data_dir);
    let write_connection =
        connection::open_writer(&path, &config).map_err(|error| from_sqlite(&path, &error))?;
    let found = schema::version(&write_connection).map_err(|error| from_schema(&path, error))?;
    let known = schema::newest();
    match usize::try_from(found) {
        Ok(found) if found == known => start(config, write_connection, None),
        Ok(older) if older < known => Err(OpenError::Other {
            path,
            reason: format!(
                "it has schema version {older}, this program has {known}, and the process that uses it must be stopped before it can be brought up to date"
            ),
        }),
        _ => Err(OpenError::Newer { path, found, known }),
    }
}

/// Starts the threads. `lock` is absent beside the process that has the directory.
fn start(
    config: SqliteConfig,
    write_connection: Connection,
    lock: Option<DirectoryLock>,
) -> Result<Opened, OpenError> {
    let path = directory::database_path(&config.data_dir);
    let of_sqlite = |error| from_sqlite(&path, &error);
    // Now, and not at the first message, is the time to find out.
    connection::write_something(&write_connection).map_err(of_sqlite)?;
    let files = PlacedFiles::of(&path).map_err(|error| OpenError::Other {
        path: path.clone(),
        reason: error.to_string(),
    })?;
    let read_connections = (0..config.readers.max(1))
        .map(|_| connection::open_reader(&path, &config))
        .collect::<Result<Vec<_>, _>>()
        .map_err(of_sqlite)?;
    let checkpoint_connection = connection::open_checkpointer(&path, &config).map_err(of_sqlite)?;

    let counters = Arc::new(Counters::default());
    let of_threads = |error: std::io::Error| OpenError::Other {
        path: path.clone(),
        reason: format!("a thread could not be started: {error}"),
    };
    let (reads, readers) =
        ReadQueue::start(read_connections, &config, Arc::clone(&counters)).map_err(of_threads)?;
    let checkpointer = Checkpointer::start(
        checkpoint_connection,
        config.checkpoint_pages,
        config.log_limit_pages,
        Arc::clone(&counters),
    )
    .map_err(of_threads)?;
    let (writes, receiver) =
        WriteQueue::new(config.queue_bytes, config.queue_wait, Arc::clone(&counters));
    let parts = WriterParts {
        connection: write_connection,
        files,
        receiver,
        checkpointer,
        readers,
        lock,
        config,
        counters: Arc::clone(&counters),
    };
    thread::Builder::new()
        .name("manent-writer".to_owned())
        .spawn(move || writer::run(parts))
        .map_err(of_threads)?;
    Ok(Opened {
        writes,
        reads,
        counters,
        path,
    })
}

fn claim(data_dir: &Path) -> Result<DirectoryLock, OpenError> {
    let path = data_dir.to_owned();
    directory::claim(data_dir).map_err(|error| match error {
        DirectoryError::Held { process } => OpenError::Locked {
            path,
            holder: process.map_or_else(
                || "another Manent".to_owned(),
                |process| format!("another Manent (process {process})"),
            ),
        },
        DirectoryError::Unusable(error) if error.kind() == std::io::ErrorKind::StorageFull => {
            OpenError::Full {
                path: directory::database_path(data_dir),
                reason: error.to_string(),
            }
        }
        DirectoryError::Unusable(error) => OpenError::Directory {
            path,
            reason: error.to_string(),
        },
    })
}

pub(crate) fn from_schema(path: &Path, error: SchemaError) -> OpenError {
    let path_of = path.to_owned();
    match error {
        SchemaError::Foreign => OpenError::Foreign { path: path_of },
        SchemaError::Newer { found, known } => OpenError::Newer {
            path: path_of,
            found,
            known,
        },
        SchemaError::Sqlite(error) => from_sqlite(path, &error),
        SchemaError::Migration(error) => OpenError::Other {
            path: path_of,
            reason: error.to_string(),
        },
    }
}

pub(crate) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> OpenError {
    let reason = error.to_string();
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked {
            path,
            holder: "another process".to_owned(),
        },
        Some(ErrorCode::ReadOnly) => OpenError::ReadOnly { path, reason },
        Some(ErrorCode::DiskFull) => OpenError::Full { path, reason },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            OpenError::Corrupt { path, reason }
        }
        _ => OpenError::Other { path, reason },
    }
}
