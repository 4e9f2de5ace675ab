//! SQLite: opening it, its readiness, its figures.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use manent_config::{Config, Synchronous};
use manent_domain::ports::SignalListener;
use manent_storage_sqlite::{Durability, SqliteConfig, SqliteStore};
use metrics::{counter, gauge};

use crate::compose::ComposeError;
use crate::operations::{NotReady, ReadinessCheck};

pub(super) async fn open(
    config: &Config,
    directory: &Path,
    signals: Arc<dyn SignalListener>,
) -> Result<SqliteStore, ComposeError> {
    let settings = settings(config, directory, signals);
    Ok(tokio::task::spawn_blocking(move || SqliteStore::open(settings)).await??)
}

fn settings(config: &Config, directory: &Path, signals: Arc<dyn SignalListener>) -> SqliteConfig {
    let store = &config.store;
    SqliteConfig {
        durability: match store.synchronous {
            Synchronous::Full => Durability::Full,
            Synchronous::Normal => Durability::Normal,
        },
        readers: store.readers,
        queue_wait: store.queue_wait,
        queue_bytes: store.queue_max_bytes,
        read_timeout: store.read_timeout,
        group_jobs: store.group_max_writes,
        group_bytes: store.group_max_bytes,
        busy_timeout: store.lock_wait,
        accounts_only: config.mode.has_accounts(),
        signals,
        ..SqliteConfig::new(directory)
    }
}

/// Asks the store whether it can work.
pub(super) struct Readiness(SqliteStore);

impl Readiness {
    pub(super) const fn new(store: SqliteStore) -> Self {
        Self(store)
    }
}

#[async_trait]
impl ReadinessCheck for Readiness {
    fn name(&self) -> &'static str {
        "store"
    }

    async fn check(&self) -> Result<Option<String>, NotReady> {
        match self.0.check().await {
            Ok(_) => Ok(None),
            Err(error) => Err(NotReady {
                detail: error.to_string(),
            }),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "gauges are floating point; the figures are small"
    )]
    fn publish_metrics(&self) {
        let figures = self.0.metrics();
        counter!("manent_store_commits_total").absolute(figures.commits);
        counter!("manent_store_jobs_total").absolute(figures.jobs);
        counter!("manent_store_failed_jobs_total").absolute(figures.failed_jobs);
        counter!("manent_store_messages_total").absolute(figures.messages);
        counter!("manent_store_reads_total").absolute(figures.reads);
        counter!("manent_store_checkpoints_total").absolute(figures.checkpoints);
        counter!("manent_store_writer_checkpoints_total").absolute(figures.writer_checkpoints);
        gauge!("manent_store_largest_group").set(figures.largest_group as f64);
        gauge!("manent_store_queued_writes").set(figures.queued_writes as f64);
        gauge!("manent_store_queued_reads").set(figures.queued_reads as f64);
        gauge!("manent_store_log_pages").set(figures.log_pages as f64);
    }
}
