//! The store behind the ports: which one, its readiness, its figures, its end.

mod postgres;
mod sqlite;

use std::sync::Arc;

use manent_accounts::ports::SecretRegistry;
use manent_config::{Config, DatabaseUrl};
use manent_domain::ports::{
    ConversationRepository, DocumentRepository, FeedRepository, MessageRepository, RunRepository,
    SearchRepository, SignalListener,
};
use manent_storage_postgres::PostgresStore;
use manent_storage_sqlite::{SqliteMetrics, SqliteStore};

use super::ComposeError;
use super::accounts::AccountRepositories;
use crate::operations::ReadinessCheck;

/// The ports of one store.
pub(super) struct Repositories {
    pub(super) conversations: Arc<dyn ConversationRepository>,
    pub(super) messages: Arc<dyn MessageRepository>,
    pub(super) search: Arc<dyn SearchRepository>,
    pub(super) runs: Arc<dyn RunRepository>,
    pub(super) feed: Arc<dyn FeedRepository>,
    pub(super) documents: Arc<dyn DocumentRepository>,
}

impl Repositories {
    fn of<S>(store: &S) -> Self
    where
        S: ConversationRepository
            + MessageRepository
            + SearchRepository
            + RunRepository
            + FeedRepository
            + DocumentRepository
            + Clone
            + 'static,
    {
        let store = Arc::new(store.clone());
        Self {
            conversations: store.clone(),
            messages: store.clone(),
            search: store.clone(),
            runs: store.clone(),
            feed: store.clone(),
            documents: store,
        }
    }
}

/// An open store.
pub(super) enum Store {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

impl Store {
    /// Opens the configured store and brings its schema up to date.
    pub(super) async fn open(
        config: &Config,
        signals: Arc<dyn SignalListener>,
    ) -> Result<Self, ComposeError> {
        Ok(match &config.database.url {
            DatabaseUrl::Sqlite(directory) => {
                let directory = directory.as_deref().unwrap_or(&config.data_dir);
                Self::Sqlite(sqlite::open(config, directory, signals).await?)
            }
            DatabaseUrl::Postgres(url) => {
                Self::Postgres(postgres::open(config, url.clone(), signals).await?)
            }
        })
    }

    pub(super) fn repositories(&self) -> Repositories {
        match self {
            Self::Sqlite(store) => Repositories::of(store),
            Self::Postgres(store) => Repositories::of(store),
        }
    }

    /// What accounts need of it.
    pub(super) fn account_repositories(&self) -> AccountRepositories {
        match self {
            Self::Sqlite(store) => AccountRepositories::of(store),
            Self::Postgres(store) => AccountRepositories::of(store),
        }
    }

    /// Which of the server's secrets its accounts belong to.
    pub(super) fn secret_registry(&self) -> Arc<dyn SecretRegistry> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
        }
    }

    pub(super) fn readiness(&self) -> Arc<dyn ReadinessCheck> {
        match self {
            Self::Sqlite(store) => Arc::new(sqlite::Readiness::new(store.clone())),
            Self::Postgres(store) => Arc::new(postgres::Readiness::new(store.clone())),
        }
    }

    /// Whether no other process can use it.
    pub(super) const fn is_exclusive(&self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            Self::Postgres(_) => false,
        }
    }

    /// What an SQLite store did since it was opened.
    pub(super) fn sqlite_metrics(&self) -> Option<SqliteMetrics> {
        match self {
            Self::Sqlite(store) => Some(store.metrics()),
            Self::Postgres(_) => None,
        }
    }

    pub(super) async fn close(self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}
