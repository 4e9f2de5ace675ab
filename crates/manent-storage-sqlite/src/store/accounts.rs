//! The ports of accounts.

mod api_keys;
mod audit;
mod budgets;
mod change;
mod deletion;
mod links;
mod provider_keys;
mod repository;
mod roles;
mod rows;
mod secret;
mod sessions;
mod transfer;

use manent_domain::ports::StoreError;
use rusqlite::Connection;

use super::{SMALL, SqliteStore};
use crate::error::Error;
use crate::writer::Unit;

pub(super) use transfer::{import_accounts, read_accounts};

impl SqliteStore {
    /// One small unit of work. It is done again when another job of its group fails.
    async fn write<T, W>(&self, mut work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnMut(&mut Unit<'_>) -> Result<T, Error> + Send + 'static,
    {
        let job = move |unit: &mut Unit<'_>| Ok(work(unit)?);
        self.opened.writes.run(SMALL, job).await
    }

    /// One statement.
    async fn read<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        self.opened.reads.run(work).await
    }
}
