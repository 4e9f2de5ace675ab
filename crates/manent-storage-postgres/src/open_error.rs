//! Why a store could not be opened.

/// Why a store could not be opened, in words for the person who starts the server. None of them holds the address's password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address cannot be read.
    #[error("database.url: {detail}")]
    Address {
        /// What is wrong with it, without the address.
        detail: String,
    },
    /// A file for the encryption cannot be used.
    #[error("the certificates for the connection to Postgres cannot be used: {detail}")]
    Certificates {
        /// Which, and why.
        detail: String,
    },
    /// Nobody answers.
    #[error("Postgres at {place} cannot be reached: {detail}")]
    Unreachable {
        /// Host, port and database.
        place: String,
        /// Why.
        detail: String,
    },
    /// It answers, and refuses.
    #[error("Postgres at {place} refuses: {detail}")]
    Refused {
        /// Host, port and database.
        place: String,
        /// Why.
        detail: String,
    },
    /// It is older than this program needs.
    #[error("Postgres at {place} has version {version}; 15 or later is needed")]
    TooOld {
        /// Host, port and database.
        place: String,
        /// As it names itself.
        version: String,
    },
    /// The database cannot hold every text.
    #[error(
        "the database at {place} is encoded in {encoding}; it must be UTF8: create it with ENCODING 'UTF8' TEMPLATE template0"
    )]
    Encoding {
        /// Host, port and database.
        place: String,
        /// As it names itself.
        encoding: String,
    },
    /// A newer program wrote it.
    #[error(
        "the database at {place} has schema {found}, and this program knows schemas up to {known}: use the newer program again, or restore a backup"
    )]
    Newer {
        /// Host, port and database.
        place: String,
        /// Of the database.
        found: i32,
        /// Of the program.
        known: i32,
    },
    /// The tables could not be made.
    #[error(
        "the tables in the database at {place} could not be brought up to date, nothing was changed: {detail}"
    )]
    Migration {
        /// Host, port and database.
        place: String,
        /// Why.
        detail: String,
    },
}
