//! What goes wrong inside, and what the ports say about it.

use manent_domain::ports::StoreError;
use rusqlite::ErrorCode;

/// A failure inside the adapter.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// SQLite said no.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A row holds what this program never writes.
    #[error("column {column} holds a value that cannot be read")]
    Unreadable {
        /// Such as `messages.role`.
        column: &'static str,
    },
    /// A value that does not fit a column.
    #[error("{what} does not fit the schema")]
    Unfit {
        /// Which.
        what: &'static str,
    },
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Sqlite(error) => from_sqlite(&error, detail),
            Error::Unreadable { .. } => Self::Corrupt { detail },
            Error::Unfit { .. } => Self::Internal { detail },
        }
    }
}

fn from_sqlite(error: &rusqlite::Error, detail: String) -> StoreError {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OperationInterrupted
            | ErrorCode::FileLockingProtocolFailed,
        ) => StoreError::Busy { detail },
        Some(ErrorCode::ReadOnly) => StoreError::ReadOnly { detail },
        Some(ErrorCode::DiskFull) => StoreError::Full { detail },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt { detail }
        }
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::SystemIoFailure
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory,
        ) => StoreError::Unavailable { detail },
        _ => StoreError::Internal { detail },
    }
}

/// A count as SQLite keeps it.
pub(crate) fn to_integer(value: u64, what: &'static str) -> Result<i64, Error> {
    i64::try_from(value).map_err(|_| Error::Unfit { what })
}

/// A count as the domain has it.
pub(crate) fn to_count(value: i64, column: &'static str) -> Result<u64, Error> {
    u64::try_from(value).map_err(|_| Error::Unreadable { column })
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn of(code: i32) -> StoreError {
        Error::Sqlite(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)).into()
    }

    #[test]
    fn sqlite_codes_get_the_names_that_the_ports_have() {
        assert!(matches!(of(ffi::SQLITE_BUSY), StoreError::Busy { .. }));
        assert!(matches!(
            of(ffi::SQLITE_BUSY_SNAPSHOT),
            StoreError::Busy { .. }
        ));
        assert!(matches!(
            of(ffi::SQLITE_READONLY_DIRECTORY),
            StoreError::ReadOnly { .. }
        ));
        assert!(matches!(of(ffi::SQLITE_FULL), StoreError::Full { .. }));
        assert!(matches!(
            of(ffi::SQLITE_CORRUPT_VTAB),
            StoreError::Corrupt { .. }
        ));
        assert!(matches!(of(ffi::SQLITE_NOTADB), StoreError::Corrupt { .. }));
        assert!(matches!(
            of(ffi::SQLITE_IOERR_FSYNC),
            StoreError::Unavailable { .. }
        ));
        assert!(matches!(
            of(ffi::SQLITE_CONSTRAINT),
            StoreError::Internal { .. }
        ));
    }
}
