//! Stores of the mark of the server's secret.

use async_trait::async_trait;
use manent_domain::ports::StoreError;
use manent_types::Timestamp;

use crate::server_secret::{SecretMark, SecretStanding};

/// Which of the server's secrets the accounts of the store belong to.
#[async_trait]
pub trait SecretRegistry: Send + Sync {
    /// The registered one, if there is one.
    async fn registered_secret(&self) -> Result<Option<SecretMark>, StoreError>;

    /// Registers the first of a server's secrets (the others are older ones) if [`crate::server_secret::decide_secret`] decides so; answers how
    /// they stand afterwards. Of several servers that start at once, one is first.
    async fn register_secret(
        &self,
        offered: Vec<SecretMark>,
        now: Timestamp,
    ) -> Result<SecretStanding, StoreError>;

    /// Registers a secret in place of whichever is registered.
    async fn replace_secret(&self, mark: SecretMark, now: Timestamp) -> Result<(), StoreError>;
}
