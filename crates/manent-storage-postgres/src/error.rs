//! What goes wrong inside, and what the ports say about it.

use manent_domain::ports::StoreError;
use tokio_postgres::error::SqlState;

/// A failure inside the adapter.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Postgres or the way to it failed.
    #[error("{}", describe(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// Nothing came back.
    #[error("no answer from Postgres in time")]
    Silence,
    /// No connection could be had.
    #[error("{}", describe_pool(.0))]
    Pool(#[from] deadpool_postgres::PoolError),
    /// A row holds what this program never writes.
    #[error("column {column} holds a value that cannot be read")]
    Unreadable {
        /// Such as `messages.role`.
        column: &'static str,
    },
    /// A value that does not fit a column, or a plan that does not fit the rows.
    #[error("{what} does not fit the schema")]
    Unfit {
        /// Which.
        what: &'static str,
    },
}

impl Error {
    /// Whether the connection is of no use any more.
    pub(crate) fn is_broken_connection(&self) -> bool {
        match self {
            Self::Silence => true,
            Self::Postgres(error) => match error.code() {
                Some(code) => {
                    let class = &code.code()[..2];
                    // The server goes down, became a copy of another one, or its tables were changed under the prepared statements.
                    class == "08"
                        || class == "57" && *code != SqlState::QUERY_CANCELED
                        || *code == SqlState::READ_ONLY_SQL_TRANSACTION
                        || *code == SqlState::FEATURE_NOT_SUPPORTED
                }
                None => true,
            },
            Self::Pool(_) | Self::Unreadable { .. } | Self::Unfit { .. } => false,
        }
    }

    /// Whether doing the same again may go well at once: others were in the way.
    pub(crate) fn is_conflict(&self) -> bool {
        let Self::Postgres(error) = self else {
            return false;
        };
        match error.as_db_error() {
            // Two processes made the row of the same new owner.
            Some(error) if *error.code() == SqlState::UNIQUE_VIOLATION => {
                error.table() == Some("users") || error.table() == Some("writers")
            }
            Some(error) => [
                SqlState::T_R_SERIALIZATION_FAILURE,
                SqlState::T_R_DEADLOCK_DETECTED,
            ]
            .contains(error.code()),
            None => false,
        }
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::Postgres(error) => from_postgres(&error, detail),
            Error::Silence => Self::Unavailable { detail },
            Error::Pool(error) => from_pool(&error, detail),
            Error::Unreadable { .. } => Self::Corrupt { detail },
            Error::Unfit { .. } => Self::Internal { detail },
        }
    }
}

fn from_postgres(error: &tokio_postgres::Error, detail: String) -> StoreError {
    let Some(code) = error.code() else {
        return StoreError::Unavailable { detail };
    };
    if *code == SqlState::QUERY_CANCELED
        || *code == SqlState::LOCK_NOT_AVAILABLE
        || *code == SqlState::TOO_MANY_CONNECTIONS
    {
        return StoreError::Busy { detail };
    }
    if *code == SqlState::DISK_FULL {
        return StoreError::Full { detail };
    }
    if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        return StoreError::ReadOnly { detail };
    }
    match &code.code()[..2] {
        // Rolled back because of others.
        "40" => StoreError::Busy { detail },
        // No connection, no right to one, no such database, no memory, going down, a fault of the machine.
        "08" | "28" | "3D" | "53" | "57" | "58" => StoreError::Unavailable { detail },
        "XX" => StoreError::Corrupt { detail },
        _ => StoreError::Internal { detail },
    }
}

fn from_pool(error: &deadpool_postgres::PoolError, detail: String) -> StoreError {
    use deadpool_postgres::{HookError, PoolError, TimeoutType};
    match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
            from_postgres(error, detail)
        }
        PoolError::Timeout(TimeoutType::Wait) => StoreError::Busy { detail },
        PoolError::Timeout(_)
        | PoolError::Closed
        | PoolError::PostCreateHook(_)
        | PoolError::NoRuntimeSpecified => StoreError::Unavailable { detail },
    }
}

/// The failure without any content: not the details, which show rows, and no messages that repeat values.
pub(crate) fn describe(error: &tokio_postgres::Error) -> String {
    let Some(failure) = error.as_db_error() else {
        return match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
    };
    let code = failure.code().code();
    match &code[..2] {
        "22" | "23" => match failure.constraint() {
            Some(constraint) => format!("a value was refused ({code}, {constraint})"),
            None => format!("a value was refused ({code})"),
        },
        _ => format!("{} ({code})", failure.message()),
    }
}

fn describe_pool(error: &deadpool_postgres::PoolError) -> String {
    use deadpool_postgres::{HookError, PoolError, TimeoutType};
    match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
            describe(error)
        }
        PoolError::Timeout(TimeoutType::Wait) => "all connections are in use".to_owned(),
        PoolError::Timeout(_) => "no connection in time".to_owned(),
        PoolError::Closed => "the store is closed".to_owned(),
        PoolError::PostCreateHook(_) | PoolError::NoRuntimeSpecified => {
            "a connection could not be set up".to_owned()
        }
    }
}

/// A count as Postgres keeps it.
pub(crate) fn to_integer(value: u64, what: &'static str) -> Result<i64, Error> {
    i64::try_from(value).map_err(|_| Error::Unfit { what })
}

/// A count as the domain has it.
pub(crate) fn to_count(value: i64, column: &'static str) -> Result<u64, Error> {
    u64::try_from(value).map_err(|_| Error::Unreadable { column })
}
