//! Hashing of passwords.

use async_trait::async_trait;

use crate::password::{Password, PasswordHash};

/// Whether a password fits a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordMatch {
    /// It does.
    Match {
        /// The hash is of a weaker kind than new ones are: hash the password again and store that.
        needs_upgrade: bool,
    },
    /// It does not. Also the answer for a hash of an unknown kind, which the adapter logs.
    NoMatch,
}

/// A password was not hashed or checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Too many wait already; may pass.
    #[error("too many passwords are being checked")]
    Overloaded,
    /// The hasher failed.
    #[error("the password could not be hashed: {detail}")]
    Failed {
        /// For the log; never the password.
        detail: String,
    },
}

/// Hashes passwords, slowly on purpose: off the async threads, few at a time.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// The hash of a new password.
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError>;

    /// Whether the password fits the hash. A hash of an older kind must not show by the time it takes: it takes as long as one of the
    /// newest kind, or longer only while [`Self::verify_dummy`] takes as long too.
    async fn verify(
        &self,
        password: &Password,
        hash: &PasswordHash,
    ) -> Result<PasswordMatch, HashError>;

    /// Takes as long as [`Self::verify`] with a hash as new ones are, and fits nothing: for accounts that do not exist or have no password.
    async fn verify_dummy(&self, password: &Password) -> Result<(), HashError>;
}
